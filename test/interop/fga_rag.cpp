#include "interop/support/openfga_store.hpp"

#include <assent/fga_retriever.hpp>
#include <assent/fts5_index.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace assent;

Check viewer(Document const& document, Principal const& principal) {
    return Check(principal.subject_as("user"), "viewer", "doc:" + document.id());
}

test::OpenFgaProcess const& shared_server() {
    static test::OpenFgaProcess const server;
    return server;
}

struct Fixture : test::OpenFgaFixture {
    Fixture() : OpenFgaFixture(shared_server()) {}

    FgaRetriever retriever() { return FgaRetriever(client(), index).build_query(viewer); }

    /// Document "1" and so on, all about ZEKO; everybody may see each `nth`.
    void fill(int count, int nth) {
        Documents documents;
        std::vector<TupleKey> tuples;
        for (int i = 1; i <= count; ++i) {
            auto const id = std::to_string(i);
            documents.emplace_back(id, "The forecast for ZEKO, version " + id);
            if (i % nth == 0)
                tuples.emplace_back("user:*", "viewer", "doc:" + id);
        }
        BOOST_REQUIRE(run(index.put(std::move(documents))).has_value());
        store.write(tuples);
    }

    asio::thread_pool pool{1};
    Fts5Index index{":memory:", pool.get_executor()};
};

std::vector<std::string> ids(Documents const& documents) {
    std::vector<std::string> out;
    for (auto const& each : documents)
        out.push_back(each.id());
    return out;
}

BOOST_AUTO_TEST_SUITE(fga_rag, *boost::unit_test::precondition(assent::test::openfga_is_there))

BOOST_FIXTURE_TEST_CASE(the_forecast_for_zeko_is_what_the_person_may_see, Fixture) {
    Documents documents;
    documents.emplace_back("public-doc", "ZEKO: the public forecast is growth.");
    documents.emplace_back("private-doc", "ZEKO: the confidential forecast is a loss.");
    documents.emplace_back("other", "Rice is cooked in water.");
    BOOST_REQUIRE(run(index.put(std::move(documents))).has_value());
    store.write("user:*", "viewer", "doc:public-doc");
    store.write("user:alice", "viewer", "doc:private-doc");

    auto const hers = run(retriever().retrieve(alice(), "Show me forecast for ZEKO?", 4)).value();
    BOOST_TEST(hers.documents.size() == 2U);
    auto const his = run(retriever().retrieve(bob(), "Show me forecast for ZEKO?", 4)).value();
    BOOST_TEST(ids(his.documents) == (std::vector<std::string>{"public-doc"}), boost::test_tools::per_element());
    BOOST_TEST(his.report.denied == 1U);
}

BOOST_FIXTURE_TEST_CASE(k_documents_come_back_when_most_are_forbidden, Fixture) {
    fill(1000, 50);
    auto const found = run(retriever().retrieve(bob(), "forecast ZEKO", 5)).value();
    BOOST_TEST(ids(found.documents) == (std::vector<std::string>{"50", "100", "150", "200", "250"}),
               boost::test_tools::per_element());
    BOOST_TEST(found.report.checks <= 500U);
    BOOST_TEST(found.report.errored == 0U);
}

BOOST_FIXTURE_TEST_CASE(the_number_of_checks_is_bounded, Fixture) {
    fill(1000, 1001);
    auto const found = run(retriever().max_checks(200).retrieve(bob(), "forecast ZEKO", 5)).value();
    BOOST_TEST(found.empty());
    BOOST_TEST(found.report.checks == 200U);
    BOOST_TEST(!found.report.exhausted);
}

BOOST_FIXTURE_TEST_CASE(a_prefilter_finds_the_few_among_many, Fixture) {
    fill(1000, 1001);
    for (char const* id : {"777", "999", "1000"})
        store.write("user:alice", "viewer", std::string("doc:") + id);
    auto with_list = retriever();
    with_list.prefilter([](Principal const& principal) {
        return ListObjects(principal.subject_as("user"), "viewer", "doc");
    });
    auto const found = run(with_list.retrieve(alice(), "forecast ZEKO", 5)).value();
    BOOST_TEST(ids(found.documents) == (std::vector<std::string>{"777", "999", "1000"}),
               boost::test_tools::per_element());
    BOOST_TEST(found.report.checks == 3U);
    BOOST_TEST(found.report.exhausted);
    BOOST_TEST(run(with_list.retrieve(bob(), "forecast ZEKO", 5)).value().empty());
}

BOOST_FIXTURE_TEST_CASE(a_filter_keeps_order_and_scores, Fixture) {
    fill(120, 3);
    auto const all = run(index.retrieve("forecast ZEKO", 120)).value();
    FgaFilter filter(client());
    filter.build_query(viewer);
    auto const kept = run(filter.filter(bob(), all)).value();
    BOOST_REQUIRE(kept.size() == 40U);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        BOOST_TEST(kept.documents[i].id() == all[3 * i + 2].id());
        BOOST_TEST(kept.documents[i].score() == all[3 * i + 2].score());
    }
}

BOOST_FIXTURE_TEST_CASE(what_the_model_does_not_know_is_an_error_and_not_an_empty_answer, Fixture) {
    fill(10, 1);
    auto const odd = [](Document const& document, Principal const& principal) {
        return Check(principal.subject_as("user"), document.id() == "3" ? "no_such_relation" : "viewer",
                     "doc:" + document.id());
    };
    auto const documents = run(index.retrieve("forecast", 10)).value();
    FgaFilter filter(client());
    filter.build_query(odd);
    auto const kept = run(filter.filter(bob(), documents)).value();
    BOOST_TEST(kept.size() == 9U);
    BOOST_TEST(kept.report.errored == 1U);
    filter.on_error(FgaErrorPolicy::fail_request);
    BOOST_TEST(run(filter.filter(bob(), documents)).has_failure());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
