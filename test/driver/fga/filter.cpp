#include "support/fake_openfga.hpp"

#include <assent/fga_filter.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
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

std::vector<std::string> texts(Documents const& documents)
{
    std::vector<std::string> out;
    for (auto const& each : documents)
        out.push_back(each.text());
    return out;
}

std::vector<std::string> list(std::initializer_list<char const*> items) { return {items.begin(), items.end()}; }

class Fixture : public test::FakeOpenFgaFixture {
public:
    /// id, text and score: "1" "text 1" 0.5
    static Documents documents(std::initializer_list<char const*> ids)
    {
        Documents out;
        for (auto const* id : ids) {
            out.emplace_back(id, std::string("text ") + id);
            out.back().score(1.0 / static_cast<double>(out.size() + 1));
        }
        return out;
    }
    FgaFilter filter() { return FgaFilter(client()).build_query(viewer); }
    result<FilteredDocuments> filtered(FgaFilter const& its_filter, Documents its_documents, Principal principal = alice())
    {
        return run(its_filter.filter(std::move(principal), std::move(its_documents)));
    }
    void error_for(std::string const& object)
    {
        server->verdict = [object](std::string const& question) -> std::optional<json::object> {
            if (!question.ends_with(object))
                return std::nullopt;
            return json::parse(R"({"error":{"input_error":"validation_error","message":"oops"}})").as_object();
        };
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_filter, Fixture)

BOOST_AUTO_TEST_CASE(allowed_documents_stay_in_order_with_their_scores)
{
    for (char const* id : {"4", "2", "1"})
        server->allow("user:alice", "viewer", std::string("doc:") + id);
    auto const kept = filtered(filter(), documents({"1", "2", "3", "4"})).value();
    BOOST_TEST(texts(kept.documents) == list({"text 1", "text 2", "text 4"}), boost::test_tools::per_element());
    BOOST_TEST(kept.documents[2].score() == 0.2);
    BOOST_TEST(kept.report.allowed == 3U);
    BOOST_TEST(kept.report.denied == 1U);
    BOOST_TEST(kept.report.errored == 0U);
    BOOST_TEST(server->paths == list({"batch-check"}), boost::test_tools::per_element());
    BOOST_TEST(server->bodies.front().at("consistency").as_string() == "HIGHER_CONSISTENCY");
}

BOOST_AUTO_TEST_CASE(the_principal_is_each_calls_own)
{
    server->allow("user:alice", "viewer", "doc:1");
    server->allow("user:bob", "viewer", "doc:2");
    auto const its_filter = filter();
    BOOST_TEST(texts(filtered(its_filter, documents({"1", "2"}), alice()).value().documents) == list({"text 1"}), boost::test_tools::per_element());
    BOOST_TEST(texts(filtered(its_filter, documents({"1", "2"}), bob()).value().documents) == list({"text 2"}), boost::test_tools::per_element());
    auto const nobody = filtered(its_filter, documents({"1"}), Principal());
    BOOST_TEST((nobody.failure() == Errc::no_subject));
}

BOOST_AUTO_TEST_CASE(chunks_of_one_document_are_checked_once)
{
    server->allow("user:alice", "viewer", "doc:1");
    Documents chunks;
    for (int i = 0; i < 100; ++i)
        chunks.emplace_back(i % 2 == 0 ? "1" : "2", "chunk " + std::to_string(i));
    auto const kept = filtered(filter(), chunks).value();
    BOOST_TEST(kept.documents.size() == 50U);
    BOOST_TEST(kept.documents.back().text() == "chunk 98");
    BOOST_TEST(kept.report.checks == 2U);
    BOOST_TEST(kept.report.denied == 50U);
    BOOST_TEST(server->questions.size() == 2U);
}

BOOST_AUTO_TEST_CASE(one_object_under_different_conditions_is_different_questions)
{
    auto const by_level = [](Document const& document, Principal const& principal) {
        json::object context;
        context["level"] = document.metadata().at("level");
        return Check(principal.subject_as("user"), "viewer", "doc:1").context(std::move(context));
    };
    server->fault = [this](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        json::object results;
        for (auto const& each : server->bodies.back().at("checks").as_array()) {
            json::object one;
            one["allowed"] = each.at("context").at("level").as_string() == "public";
            results[each.at("correlation_id").as_string()] = std::move(one);
        }
        json::object out;
        out["result"] = std::move(results);
        return HttpResponse(200, json::serialize(out));
    };
    Documents both;
    for (char const* level : {"public", "secret"}) {
        json::object metadata;
        metadata["level"] = level;
        both.emplace_back("1", level, std::move(metadata));
    }
    auto const kept = filtered(FgaFilter(client()).build_query(by_level), both).value();
    BOOST_TEST(texts(kept.documents) == list({"public"}), boost::test_tools::per_element());
    BOOST_TEST(kept.report.checks == 2U);
}

BOOST_AUTO_TEST_CASE(one_object_in_different_relations_is_different_questions)
{
    server->allow("user:alice", "viewer", "doc:1");
    auto const by_text = [](Document const& document, Principal const& principal) {
        return Check(principal.subject_as("user"), document.text(), "doc:1");
    };
    Documents both;
    both.emplace_back("1", "owner");
    both.emplace_back("1", "viewer");
    BOOST_TEST(texts(filtered(FgaFilter(client()).build_query(by_text), both).value().documents) == list({"viewer"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(documents_without_ids_are_judged_by_their_own_questions)
{
    // By something else than the id.
    server->allow("user:alice", "viewer", "doc:ok");
    auto const by_text = [](Document const& document) { return Check("user:alice", "viewer", "doc:" + document.text()); };
    Documents both;
    both.emplace_back("", "SECRET");
    both.emplace_back("", "ok");
    BOOST_TEST(texts(filtered(FgaFilter(client()).build_query(by_text), both).value().documents) == list({"ok"}),
               boost::test_tools::per_element());
    // By the id that is not there: no valid question, so not shown.
    auto mixed = both;
    mixed.emplace_back("ok", "named");
    auto const kept = filtered(filter(), mixed).value();
    BOOST_TEST(texts(kept.documents) == list({"named"}), boost::test_tools::per_element());
    BOOST_TEST(kept.report.errored == 2U);
    BOOST_REQUIRE(kept.report.errors.size() == 2U);
    BOOST_TEST((kept.report.errors.front().code() == FgaErrc::validation_error));
    // What cannot be sent at all.
    auto const with_space = filtered(filter(), documents({"1", "two words"})).value();
    BOOST_TEST(with_space.report.errored == 1U);
    BOOST_TEST((with_space.report.errors.front() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(what_errs_is_dropped_and_reported_or_fails_the_request)
{
    for (char const* id : {"1", "2", "3"})
        server->allow("user:alice", "viewer", std::string("doc:") + id);
    error_for("doc:2");
    auto const kept = filtered(filter(), documents({"1", "2", "3"})).value();
    BOOST_TEST(texts(kept.documents) == list({"text 1", "text 3"}), boost::test_tools::per_element());
    BOOST_TEST(kept.report.errored == 1U);
    BOOST_TEST((kept.report.errors.front().code() == FgaErrc::validation_error));
    auto const failed = filtered(filter().on_error(FgaErrorPolicy::fail_request), documents({"1", "2", "3"}));
    BOOST_REQUIRE(failed.has_failure());
    BOOST_TEST((failed.failure().code() == FgaErrc::validation_error));
}

BOOST_AUTO_TEST_CASE(a_server_that_answers_nothing_is_a_failure_and_not_an_empty_list)
{
    server->fault = [](HttpRequest const&) { return result<HttpResponse>(Errc::connect_failed); };
    auto const failed = filtered(filter(), documents({"1", "2"}));
    BOOST_REQUIRE(failed.has_failure());
    BOOST_TEST((failed.failure() == Errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(one_request_of_many_that_fails_costs_its_documents_only)
{
    Documents many;
    for (int i = 0; i < 120; ++i) {
        many.emplace_back(std::to_string(i), "text");
        server->allow("user:alice", "viewer", "doc:" + std::to_string(i));
    }
    bool first = true;
    server->fault = [&first](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        if (std::exchange(first, false))
            return HttpResponse(500, "");
        return std::nullopt;
    };
    auto const kept = filtered(filter(), many).value();
    BOOST_TEST(kept.report.allowed == 70U);
    BOOST_TEST(kept.report.errored == 50U);
    BOOST_TEST(kept.report.errors.size() == 16U);
}

BOOST_AUTO_TEST_CASE(a_query_that_throws_or_fails_hides_its_document)
{
    server->allow("user:alice", "viewer", "doc:1");
    auto const throwing = [](Document const& document, Principal const& principal) {
        if (document.id() == "2")
            throw std::runtime_error("no owner");
        return viewer(document, principal);
    };
    auto const kept = filtered(FgaFilter(client()).build_query(throwing), documents({"1", "2"})).value();
    BOOST_TEST(texts(kept.documents) == list({"text 1"}), boost::test_tools::per_element());
    BOOST_TEST(kept.report.errors.front().detail().find("no owner") != std::string_view::npos);
    auto const failing = [](Document document, Principal principal) -> awaitable<result<Check>> {
        if (document.id() == "2")
            co_return Errc::record_corrupt;
        co_return viewer(document, principal);
    };
    auto const also = filtered(FgaFilter(client()).build_query(failing), documents({"1", "2"})).value();
    BOOST_TEST(texts(also.documents) == list({"text 1"}), boost::test_tools::per_element());
    BOOST_TEST((also.report.errors.front() == Errc::record_corrupt));
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_about_nothing)
{
    auto const none = filtered(filter(), Documents()).value();
    BOOST_TEST(none.empty());
    BOOST_TEST(server->paths.empty());
    auto const unset = filtered(FgaFilter(client()), documents({"1"}));
    BOOST_REQUIRE(unset.has_failure());
    BOOST_TEST((unset.failure() == Errc::missing_configuration));
}

BOOST_AUTO_TEST_CASE(a_reranker_gets_allowed_documents_only_and_gives_at_most_k)
{
    for (char const* id : {"1", "2", "3"})
        server->allow("user:alice", "viewer", std::string("doc:") + id);
    auto const keep = FgaReranker(client()).build_query(viewer);
    auto const given = documents({"1", "x", "2", "3"});
    BOOST_TEST(texts(run(keep.rerank(alice(), "q", given, 2)).value().documents) == list({"text 1", "text 2"}), boost::test_tools::per_element());
    BOOST_TEST(run(keep.rerank(alice(), "q", given, 0)).value().empty());

    auto const reverse = [](std::string query, Documents some) -> awaitable<result<Documents>> {
        BOOST_TEST(query == "q");
        BOOST_TEST(some.size() == 3U);
        std::reverse(some.begin(), some.end());
        some.front().score(9).metadata({{"added", true}});
        co_return some;
    };
    auto const turned = FgaReranker(client(), reverse).build_query(viewer);
    auto const kept = run(turned.rerank(alice(), "q", given, 2)).value();
    BOOST_TEST(texts(kept.documents) == list({"text 3", "text 2"}), boost::test_tools::per_element());
    BOOST_TEST(kept.documents.front().score() == 9);
    BOOST_TEST(kept.documents.front().metadata().empty());

    auto const inventing = [](std::string, Documents) -> awaitable<result<Documents>> { co_return Documents(1, Document("x", "text x")); };
    auto const refused = run(FgaReranker(client(), inventing).build_query(viewer).rerank(alice(), "q", given, 2));
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST((refused.failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(tools_that_the_principal_may_not_use_are_hidden)
{
    auto const nothing = [](json::value input, ToolContext&) -> awaitable<outcome<json::value>> { co_return input; };
    std::vector<Tool> tools;
    for (char const* name : {"read_mail", "send_mail", "delete_everything"})
        tools.emplace_back(name, "", nullptr, nothing);
    server->allow("user:alice", "can_use", "tool:read_mail");
    server->allow("user:alice", "can_use", "tool:send_mail");
    auto const visible = FgaToolFilter(client()).build_query([](Tool const& each, Principal const& principal) {
        return Check(principal.subject_as("user"), "can_use", "tool:" + each.name());
    });
    auto const kept = run(visible.filter(alice(), tools)).value();
    BOOST_REQUIRE(kept.tools.size() == 2U);
    BOOST_TEST(kept.tools[1].name() == "send_mail");
    BOOST_TEST(kept.report.denied == 1U);
    BOOST_TEST(server->paths.size() == 1U);
    BOOST_TEST(run(visible.filter(bob(), tools)).value().tools.empty());
}

BOOST_AUTO_TEST_SUITE_END()
