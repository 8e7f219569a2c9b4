#include "support/fake_openfga.hpp"

#include <assent/fga_retriever.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace {

Check viewer(Document const& document, Principal const& principal)
{
    return Check(principal.subject_as("user"), "viewer", "doc:" + document.id());
}

std::vector<std::string> ids(Documents const& documents)
{
    std::vector<std::string> out;
    for (auto const& each : documents)
        out.push_back(each.id());
    return out;
}

/// Documents "0", "1" and so on, the best first, and how it was asked.
class Index {
public:
    explicit Index(std::size_t size) : size_(size) {}

    awaitable<Documents> retrieve(std::string query, std::size_t k)
    {
        BOOST_TEST(query == "forecast");
        asked->push_back(k);
        Documents out;
        for (std::size_t i = 0; i < std::min(k, size_); ++i) {
            out.emplace_back(std::to_string(i), "text");
            out.back().score(1.0 / static_cast<double>(i + 1));
        }
        co_return out;
    }

    std::shared_ptr<std::vector<std::size_t>> asked = std::make_shared<std::vector<std::size_t>>();

protected:
    std::size_t size_;
};

class Fixture : public test::FakeOpenFgaFixture {
public:
    void allow_every(std::size_t nth, std::size_t until)
    {
        for (std::size_t i = nth - 1; i < until; i += nth)
            server->allow("user:alice", "viewer", "doc:" + std::to_string(i));
    }
    FgaRetriever retriever(AnyRetriever source) { return FgaRetriever(client(), std::move(source)).build_query(viewer); }
    result<FilteredDocuments> find(FgaRetriever const& its_retriever, std::size_t k, Principal principal = alice())
    {
        return run(its_retriever.retrieve(std::move(principal), "forecast", k));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_retriever, Fixture)

BOOST_AUTO_TEST_CASE(k_documents_come_back_when_most_are_forbidden)
{
    allow_every(20, 1000);
    Index const index(1000);
    auto const found = find(retriever(index), 4).value();
    BOOST_TEST(ids(found.documents) == (std::vector<std::string>{"19", "39", "59", "79"}), boost::test_tools::per_element());
    BOOST_TEST(found.documents.front().score() == 1.0 / 20);
    BOOST_TEST(found.report.checks <= 200U);
    BOOST_TEST(found.report.searches <= 3U);
    BOOST_TEST(server->questions.size() == found.report.checks);
    BOOST_TEST(!found.report.exhausted);
}

BOOST_AUTO_TEST_CASE(no_question_is_asked_twice_however_deep_the_search)
{
    allow_every(200, 1000);
    auto const found = find(retriever(Index(1000)), 5).value();
    BOOST_TEST(found.documents.size() == 5U);
    auto asked = server->questions;
    std::sort(asked.begin(), asked.end());
    BOOST_TEST((std::adjacent_find(asked.begin(), asked.end()) == asked.end()));
}

BOOST_AUTO_TEST_CASE(a_source_that_is_exhausted_says_so)
{
    allow_every(10, 30);
    auto const found = find(retriever(Index(30)), 5).value();
    BOOST_TEST(found.documents.size() == 3U);
    BOOST_TEST(found.report.exhausted);
    BOOST_TEST(found.report.allowed == 3U);
    BOOST_TEST(found.report.denied == 27U);
    auto const none = find(retriever(Index(0)), 5).value();
    BOOST_TEST(none.empty());
    BOOST_TEST(none.report.exhausted);
}

BOOST_AUTO_TEST_CASE(the_number_of_checks_is_bounded)
{
    Index const endless(1'000'000);
    auto const found = find(retriever(endless).max_checks(300), 5).value();
    BOOST_TEST(found.empty());
    BOOST_TEST(found.report.checks == 300U);
    BOOST_TEST(server->questions.size() == 300U);
    BOOST_TEST(!found.report.exhausted);
    BOOST_TEST(endless.asked->back() == 300U);
}

BOOST_AUTO_TEST_CASE(when_all_are_allowed_one_search_and_one_request_do)
{
    allow_every(1, 1000);
    Index const index(1000);
    auto const found = find(retriever(index), 10).value();
    BOOST_TEST(found.documents.size() == 10U);
    BOOST_TEST(found.report.searches == 1U);
    BOOST_TEST(server->paths.size() == 1U);
    BOOST_TEST(index.asked->front() == 40U);
}

BOOST_AUTO_TEST_CASE(k_0_finds_nothing_and_asks_nothing)
{
    allow_every(1, 10);
    Index const index(10);
    BOOST_TEST(find(retriever(index), 0).value().empty());
    BOOST_TEST(index.asked->empty());
    BOOST_TEST(server->paths.empty());
}

BOOST_AUTO_TEST_CASE(a_source_that_gives_more_than_asked_is_cut)
{
    allow_every(1, 1000);
    auto const generous = [](std::string, std::size_t) -> awaitable<Documents> {
        Documents out;
        for (int i = 0; i < 1000; ++i)
            out.emplace_back(std::to_string(i), "text");
        co_return out;
    };
    BOOST_TEST(find(retriever(generous), 3).value().documents.size() == 3U);
    BOOST_TEST(server->questions.size() <= 12U);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_or_throws_is_a_failure)
{
    auto const failing = [](std::string, std::size_t) -> awaitable<result<Documents>> { co_return Errc::store_unavailable; };
    BOOST_TEST((find(retriever(failing), 3).failure() == Errc::store_unavailable));
    auto const throwing = [](std::string, std::size_t) -> awaitable<Documents> {
        throw std::runtime_error("the index is on fire");
        co_return Documents();
    };
    auto const threw = find(retriever(throwing), 3);
    BOOST_REQUIRE(threw.has_failure());
    BOOST_TEST(threw.failure().detail().find("the index is on fire") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(errors_are_reported_or_fail_the_request)
{
    allow_every(1, 100);
    server->verdict = [](std::string const& question) -> std::optional<json::object> {
        if (!question.ends_with("doc:1"))
            return std::nullopt;
        return json::parse(R"({"error":{"internal_error":"internal_error","message":"oops"}})").as_object();
    };
    auto const found = find(retriever(Index(100)), 3).value();
    BOOST_TEST(ids(found.documents) == (std::vector<std::string>{"0", "2", "3"}), boost::test_tools::per_element());
    BOOST_TEST(found.report.errored == 1U);
    BOOST_TEST(find(retriever(Index(100)).on_error(FgaErrorPolicy::fail_request), 3).has_failure());
    server->fault = [](HttpRequest const&) { return result<HttpResponse>(Errc::connect_failed); };
    auto const down = find(retriever(Index(100)), 3);
    BOOST_REQUIRE(down.has_failure());
    BOOST_TEST((down.failure() == Errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(settings_out_of_range_are_refused_and_named)
{
    auto const refused = [&](FgaRetriever const& its_retriever) {
        auto const answer = find(its_retriever, 1);
        return answer.has_failure() ? std::string(answer.failure().detail()) : std::string();
    };
    BOOST_TEST(refused(retriever(Index(1)).overfetch(0)).find("overfetch()") != std::string::npos);
    BOOST_TEST(refused(retriever(Index(1)).overfetch(101)).find("overfetch()") != std::string::npos);
    BOOST_TEST(refused(retriever(Index(1)).max_checks(0)).find("max_checks()") != std::string::npos);
    BOOST_TEST(refused(FgaRetriever(client(), Index(1))).find("build_query()") != std::string::npos);
    BOOST_TEST((find(retriever(Index(1)), 1, Principal()).failure() == Errc::no_subject));
    // A k beyond what may be checked, and the largest there is.
    allow_every(1, 100);
    BOOST_TEST(find(retriever(Index(100)).max_checks(50), static_cast<std::size_t>(-1)).value().documents.size() == 50U);
}

BOOST_AUTO_TEST_CASE(a_retriever_for_one_person_is_a_retriever)
{
    allow_every(2, 100);
    auto for_alice = retriever(Index(100)).for_principal(alice());
    auto for_bob = retriever(Index(100)).for_principal(bob());
    BOOST_TEST(ids(run(for_alice.retrieve("forecast", 2)).value()) == (std::vector<std::string>{"1", "3"}), boost::test_tools::per_element());
    BOOST_TEST(run(for_bob.retrieve("forecast", 2)).value().empty());
}

namespace {

/// Can search among ids; `obeys` whether it does.
class FilteringIndex : public Index {
public:
    explicit FilteringIndex(std::size_t size, bool obeys = true) : Index(size), obeys_(obeys) {}

    awaitable<Documents> retrieve_within(std::string, std::size_t k, std::vector<std::string> ids)
    {
        *within = ids.size();
        Documents out;
        for (std::size_t i = 0; i < size_ && out.size() < k; ++i) {
            auto const id = std::to_string(i);
            if (!obeys_ || std::find(ids.begin(), ids.end(), id) != ids.end())
                out.emplace_back(id, "text");
        }
        co_return out;
    }

    std::shared_ptr<std::size_t> within = std::make_shared<std::size_t>();

private:
    bool obeys_;
};

ListObjects visible_documents(Principal const& principal) { return ListObjects(principal.subject_as("user"), "viewer", "doc"); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_prefilter_finds_the_few_among_very_many)
{
    for (char const* id : {"doc:777", "doc:9999", "doc:50000", "folder:3"})
        server->allow("user:alice", "viewer", id);
    FilteringIndex const index(100'000);
    auto const found = find(retriever(index).prefilter(visible_documents), 5).value();
    BOOST_TEST(ids(found.documents) == (std::vector<std::string>{"777", "9999", "50000"}), boost::test_tools::per_element());
    BOOST_TEST(found.report.exhausted);
    BOOST_TEST(*index.within == 3U);
    BOOST_TEST(index.asked->empty());
    // What it lists is still checked.
    BOOST_TEST(found.report.checks == 3U);
}

BOOST_AUTO_TEST_CASE(an_index_that_ignores_the_prefilter_shows_nothing_forbidden)
{
    allow_every(10, 100);
    FilteringIndex const disobedient(100, false);
    auto const found = find(retriever(disobedient).prefilter(visible_documents), 3).value();
    BOOST_TEST(ids(found.documents) == (std::vector<std::string>{"9", "19", "29"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_list_that_may_be_incomplete_is_not_used)
{
    allow_every(1, 30);
    FilteringIndex const index(100);
    auto const too_many = find(retriever(index).prefilter(visible_documents).prefilter_limit(29), 3).value();
    BOOST_TEST(too_many.documents.size() == 3U);
    BOOST_TEST(index.asked->size() == 1U);
    // With room for them it is.
    BOOST_TEST(find(retriever(index).prefilter(visible_documents).prefilter_limit(30), 3).value().documents.size() == 3U);
    BOOST_TEST(index.asked->size() == 1U);
    // A list that took the server's time may have ended before its end.
    server->list_time = std::chrono::seconds(3);
    find(retriever(index).prefilter(visible_documents), 3).value();
    BOOST_TEST(index.asked->size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_list_now_is_asked_about_documents)
{
    allow_every(1, 30);
    server->fault = [this](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        if (server->paths.back().find("list") == std::string::npos)
            return std::nullopt;
        return HttpResponse(503, "");
    };
    BOOST_TEST(find(retriever(FilteringIndex(100)).prefilter(visible_documents), 3).value().documents.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_prefilter_needs_an_index_that_filters)
{
    auto const refused = find(retriever(Index(1)).prefilter(visible_documents), 3);
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST(refused.failure().detail().find("retrieve_within()") != std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE_END()
