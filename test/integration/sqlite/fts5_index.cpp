#include "interop/support/run.hpp"
#include "support/temporary_folder.hpp"

#include <assent/fts5_index.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

using namespace assent;
using namespace std::chrono_literals;
using namespace std::string_literals;

Document document(std::string id, std::string text)
{
    boost::json::object metadata;
    metadata["title"] = "About " + id;
    return Document(std::move(id), std::move(text), std::move(metadata));
}

std::vector<std::string> ids(Documents const& documents)
{
    std::vector<std::string> out;
    for (auto const& each : documents)
        out.push_back(each.id());
    return out;
}

using Folder = test::TemporaryFolder;

struct Fixture {
    asio::io_context context;  // goes after the pool
    asio::thread_pool pool{2};

    Fts5Index in_memory() { return Fts5Index(":memory:", pool.get_executor()); }
    template <class T>
    T run(awaitable<result<T>> operation)
    {
        return test::run(context, std::move(operation)).value();
    }
    void put(Fts5Index& index, Documents documents)
    {
        auto const done = test::run(context, index.put(std::move(documents)));
        BOOST_REQUIRE_MESSAGE(done.has_value(), (done.has_failure() ? done.failure().message() : std::string()));
    }
    template <class T>
    Failure failure(awaitable<result<T>> operation)
    {
        auto const answer = test::run(context, std::move(operation));
        BOOST_REQUIRE(answer.has_failure());
        return answer.failure();
    }
};

std::string complaint(std::string const& path, asio::any_io_executor pool, Fts5IndexConfig config = {})
{
    try {
        Fts5Index const index(path, pool, config);
    }
    catch (ConfigurationError const& error) {
        return error.what();
    }
    return {};
}

Documents forecasts()
{
    Documents all;
    all.push_back(document("public", "The forecast for ZEKO in 2025: ZEKO will grow by 12 percent, analysts say."));
    all.push_back(document("private", "Internal: the ZEKO forecast is a loss."));
    all.push_back(document("weather", "The weather forecast for tomorrow: rain in the morning, sun at noon, wind at night, and so on."));
    all.push_back(document("cooking", "How to cook rice."));
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fts5_index, Fixture)

BOOST_AUTO_TEST_CASE(what_fits_best_comes_first_with_its_metadata_and_score)
{
    auto index = in_memory();
    put(index, forecasts());
    auto const found = run(index.retrieve("Show me forecast for ZEKO?", 10));
    BOOST_TEST(ids(found) == (std::vector<std::string>{"public", "private", "weather"}), boost::test_tools::per_element());
    BOOST_TEST(found[0].score() > found[1].score());
    BOOST_TEST(found[1].score() > found[2].score());
    BOOST_TEST(found[0].text().starts_with("The forecast for ZEKO"));
    BOOST_TEST(found[0].metadata().at("title").as_string() == "About public");
    BOOST_TEST(ids(run(index.retrieve("Show me forecast for ZEKO?", 1))) == (std::vector<std::string>{"public"}),
               boost::test_tools::per_element());
    BOOST_TEST(run(index.retrieve("ZEKO", 0)).empty());
    BOOST_TEST(run(index.retrieve("unheard words", 3)).empty());
}

BOOST_AUTO_TEST_CASE(a_search_can_be_confined_to_given_ids)
{
    auto index = in_memory();
    put(index, forecasts());
    std::vector<std::string> within = {"weather", "private", "absent", "\xff", "'); DROP TABLE documents; --", "\"]"};
    auto const found = run(index.retrieve_within("forecast ZEKO", 10, within));
    BOOST_TEST(ids(found) == (std::vector<std::string>{"private", "weather"}), boost::test_tools::per_element());
    BOOST_TEST(run(index.retrieve_within("forecast ZEKO", 10, {})).empty());
    BOOST_TEST(run(index.size()) == 4U);
}

BOOST_AUTO_TEST_CASE(a_document_is_replaced_and_removed_with_its_words)
{
    auto index = in_memory();
    put(index, forecasts());
    put(index, Documents(1, document("private", "Nothing to see here.")));
    BOOST_TEST(run(index.size()) == 4U);
    BOOST_TEST(ids(run(index.retrieve("ZEKO", 10))) == (std::vector<std::string>{"public"}), boost::test_tools::per_element());
    std::vector<std::string> const gone = {"public", "absent"};
    BOOST_TEST(run(index.erase(gone)) == 1U);
    BOOST_TEST(run(index.retrieve("ZEKO", 10)).empty());
    BOOST_TEST(run(index.size()) == 3U);
}

BOOST_AUTO_TEST_CASE(hostile_queries_are_words)
{
    auto index = in_memory();
    put(index, forecasts());
    std::vector<std::string> hostile = {
        "\"", "\"\"\"", "ZEKO\"", "\" OR \"", "ZEKO AND", "NOT", "OR OR OR", "NEAR(", "NEAR(a b, 99999999999)", "id:public", "text : ZEKO",
        "{id text} : x", "^ZEKO", "ZEKO*", "*", "(((((", "-ZEKO", "+", "ZEKO\0\"x"s, "\0"s, "\xff\xff\xc3", "\xe2\x80\x94 \xe2\x80\x94",
        "'; DROP TABLE documents; --", "%s%n", "😀", std::string(100'000, '('), std::string(100'000, '"'), std::string(2'000'000, 'a'),
    };
    std::string many;
    for (int i = 0; i < 50'000; ++i)
        many += "\"w" + std::to_string(i) + "\" AND (";
    hostile.push_back(many);
    std::mt19937 random(7);  // the same in every run
    for (int i = 0; i < 300; ++i) {
        std::string bytes(1 + random() % 40, '\0');
        for (auto& byte : bytes)
            byte = static_cast<char>(random());
        hostile.push_back(bytes);
    }
    for (auto const& query : hostile) {
        auto const found = test::run(context, index.retrieve(query, 10));
        BOOST_TEST(found.has_value(), query.substr(0, 60));
    }
    BOOST_TEST(ids(run(index.retrieve("\"ZEKO\0 AND loss*"s, 1))) == (std::vector<std::string>{"private"}), boost::test_tools::per_element());
    BOOST_TEST(run(index.size()) == 4U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_document_is_refused_and_named)
{
    auto index = in_memory();
    for (auto const& id : {""s, std::string(513, 'a'), "a\xff"s, "a\0b"s}) {
        Documents documents = forecasts();
        documents.push_back(document(id, "text"));
        auto const refused = failure(index.put(std::move(documents)));
        BOOST_TEST((refused == Errc::invalid_argument));
        BOOST_TEST(refused.detail().find("document 4") != std::string_view::npos);
    }
    BOOST_TEST((failure(index.put(Documents(1, document("big", std::string(16 * 1024 * 1024 + 1, 'x'))))) == Errc::invalid_argument));
    BOOST_TEST((failure(index.retrieve("x", 100'001)) == Errc::invalid_argument));
    BOOST_TEST(run(index.size()) == 0U);
    // Text that is not UTF-8 or holds NUL is kept as it is.
    put(index, Documents(1, document("odd", "zeko \xff and\0more"s)));
    BOOST_TEST(run(index.retrieve("zeko", 1)).front().text() == "zeko \xff and\0more"s);
}

BOOST_AUTO_TEST_CASE(numbers_in_metadata_come_back_as_they_were_and_those_that_json_cannot_say_are_refused)
{
    auto index = in_memory();
    boost::json::object exact;
    for (int i = 0; i < 100; ++i)
        exact[std::to_string(i)] = 48.858370000000001 + i * 0.0137;
    put(index, Documents(1, Document("exact", "zeko", exact)));
    BOOST_TEST(run(index.retrieve("zeko", 1)).front().metadata() == exact);
    boost::json::object endless;
    endless["n"] = std::numeric_limits<double>::infinity();
    auto const refused = failure(index.put(Documents(1, Document("endless", "zeko", endless))));
    BOOST_TEST((refused == Errc::invalid_argument));
    BOOST_TEST(refused.detail().find("endless") != std::string_view::npos);
    BOOST_TEST(run(index.size()) == 1U);
}

BOOST_AUTO_TEST_CASE(a_file_keeps_the_documents)
{
    Folder const folder;
    {
        Fts5Index index(folder.file("index"), pool.get_executor());
        put(index, forecasts());
    }
    Fts5Index again(folder.file("index"), pool.get_executor());
    BOOST_TEST(run(again.size()) == 4U);
    BOOST_TEST(run(again.retrieve("ZEKO", 10)).size() == 2U);
}

BOOST_AUTO_TEST_CASE(stems_are_found_when_asked_for)
{
    Fts5Index plain(":memory:", pool.get_executor());
    Fts5Index stemming(":memory:", pool.get_executor(), Fts5IndexConfig().stemming(true));
    put(plain, forecasts());
    put(stemming, forecasts());
    BOOST_TEST(run(plain.retrieve("forecasts", 10)).empty());
    BOOST_TEST(run(stemming.retrieve("forecasts", 10)).size() == 3U);
}

BOOST_AUTO_TEST_CASE(what_is_no_index_is_refused_and_named)
{
    Folder const folder;
    auto const executor = pool.get_executor();
    std::ofstream(folder.file("text")) << std::string(5000, 'x');
    BOOST_TEST(complaint(folder.file("text"), executor).find("text\" cannot be used") != std::string::npos);
    BOOST_TEST(complaint(folder.file("no/such/folder"), executor).find("cannot be opened") != std::string::npos);
    BOOST_TEST(complaint("", executor).find("path") != std::string::npos);
    BOOST_TEST(complaint(":memory:", {}).find("thread pool") != std::string::npos);
    BOOST_TEST(complaint(":memory:", executor, Fts5IndexConfig().query_timeout(0ms)).find("query_timeout()") != std::string::npos);
    BOOST_TEST(complaint(":memory:", executor, Fts5IndexConfig().connections(0)).find("connections()") != std::string::npos);
    BOOST_TEST(complaint(":memory:", executor, Fts5IndexConfig().connections(65)).find("connections()") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_queries_and_writers_run_at_once)
{
    Folder const folder;
    asio::thread_pool many(4);
    Fts5Index index(folder.file("index"), many.get_executor(), Fts5IndexConfig().connections(3));
    put(index, forecasts());
    std::vector<std::optional<result<Documents>>> found(100);
    std::vector<std::optional<result<void>>> added(10);
    for (auto& each : found)
        test::start(context, each, index.retrieve("ZEKO forecast", 2));
    for (std::size_t i = 0; i < added.size(); ++i)
        test::start(context, added[i], index.put(Documents(1, document("more" + std::to_string(i), "Rice."))));
    test::run_until(context, [&] {
        return std::all_of(found.begin(), found.end(), [](auto const& each) { return each.has_value(); }) &&
               std::all_of(added.begin(), added.end(), [](auto const& each) { return each.has_value(); });
    });
    for (auto const& each : found)
        BOOST_TEST(each->value().size() == 2U);
    for (auto const& each : added)
        BOOST_TEST(each->has_value());
    BOOST_TEST(run(index.size()) == 14U);
}

BOOST_AUTO_TEST_CASE(the_callers_thread_goes_on_while_a_query_is_stuck)
{
    auto index = in_memory();
    put(index, forecasts());
    std::promise<void> gate;
    auto const opened = gate.get_future().share();
    for (int i = 0; i < 2; ++i)
        asio::post(pool, [opened] { opened.wait(); });  // both threads of the pool
    std::optional<result<Documents>> found;
    test::start(context, found, index.retrieve("ZEKO", 1));
    bool went_on = false;
    asio::post(context, [&] { asio::post(context, [&] { went_on = true; }); });
    test::run_until(context, [&] { return went_on; });
    BOOST_TEST(!found.has_value());
    gate.set_value();
    test::run_until(context, [&] { return found.has_value(); });
    BOOST_TEST(found->has_value());
}

namespace {

Documents endless()
{
    Documents all;
    std::string text;
    for (int word = 0; word < 64; ++word)
        text += "w" + std::to_string(word) + ' ';
    for (int i = 0; i < 20'000; ++i)
        all.push_back(document("d" + std::to_string(i), text));
    return all;
}

std::string all_words()
{
    std::string text;
    for (int word = 0; word < 64; ++word)
        text += "w" + std::to_string(word) + ' ';
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_query_that_takes_too_long_is_stopped)
{
    Folder const folder;
    {
        Fts5Index index(folder.file("index"), pool.get_executor(), Fts5IndexConfig().query_timeout(60s));
        put(index, endless());
    }
    Fts5Index index(folder.file("index"), pool.get_executor(), Fts5IndexConfig().query_timeout(1ms));
    auto const late = failure(index.retrieve(all_words(), 10));
    BOOST_TEST((late == Errc::timed_out));
    BOOST_TEST(late.detail().find("query_timeout()") != std::string_view::npos);

    // And one that is cancelled.
    Fts5Index patient(folder.file("index"), pool.get_executor(), Fts5IndexConfig().query_timeout(60s));
    asio::cancellation_signal signal;
    std::optional<result<Documents>> found;
    asio::co_spawn(context, test::keep(found, patient.retrieve(all_words(), 20'000)),
                   asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
    asio::post(context, [&] { signal.emit(asio::cancellation_type::terminal); });
    test::run_until(context, [&] { return found.has_value(); });
    BOOST_REQUIRE(found->has_failure());
    BOOST_TEST((found->failure() == Errc::cancelled));
    BOOST_TEST(run(patient.retrieve("w1", 1)).size() == 1U);  // the connection is good for the next one
}

BOOST_AUTO_TEST_CASE(an_io_context_may_go_while_a_query_waits)
{
    std::promise<void> gate;
    auto const opened = gate.get_future().share();
    std::optional<result<Documents>> found;
    {
        asio::io_context short_lived;
        asio::thread_pool one(1);
        Fts5Index index(":memory:", one.get_executor());
        asio::post(one, [opened] { opened.wait(); });
        test::start(short_lived, found, index.retrieve("ZEKO", 1));
        short_lived.poll();
        gate.set_value();
        one.join();
    }
    BOOST_TEST(!found.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
