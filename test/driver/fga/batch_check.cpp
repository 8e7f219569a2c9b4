#include "support/fake_fga.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <set>

using namespace assent;
using namespace std::chrono_literals;
using assent::test::checks_of;
using assent::test::FakeFga;
using assent::test::FgaFixture;
namespace json = boost::json;

namespace {

class BatchFixture : public FgaFixture {
public:
    std::vector<CheckResult> ask(std::vector<Check> questions, FgaRequestOptions options = {}) {
        return ask(client(), std::move(questions), std::move(options));
    }
    std::vector<CheckResult> ask(FgaClient fga, std::vector<Check> questions, FgaRequestOptions options = {}) {
        return run(fga.batch_check(std::move(questions), std::move(options)));
    }
    /// Starts a batch check that is awaited later.
    std::shared_ptr<std::optional<std::vector<CheckResult>>> start(FgaClient fga, std::vector<Check> questions,
                                                                   asio::cancellation_signal& cancel) {
        auto answer = std::make_shared<std::optional<std::vector<CheckResult>>>();
        auto handler = [answer](std::exception_ptr thrown, std::vector<CheckResult> value) {
            if (thrown)
                std::rethrow_exception(thrown);
            answer->emplace(std::move(value));
        };
        asio::co_spawn(io, fga.batch_check(std::move(questions)),
                       asio::bind_cancellation_slot(cancel.slot(), std::move(handler)));
        return answer;
    }
};

/// The numbers of checks in the batches, as they were sent.
std::vector<std::size_t> sizes(std::vector<HttpRequest> const& requests) {
    std::vector<std::size_t> counts;
    for (auto const& request : requests)
        counts.push_back(json::parse(request.body()).as_object().at("checks").as_array().size());
    return counts;
}

std::string object_of(FakeFga::Item const& item) {
    return std::string(item.at("tuple_key").at("object").as_string());
}

std::size_t number_of(FakeFga::Item const& item) {
    return std::stoul(object_of(item).substr(4));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_batch_check, BatchFixture)

BOOST_DATA_TEST_CASE(answers_come_for_every_question_in_order, boost::unit_test::data::make({0, 1, 49, 50, 51, 101, 1000}),
                     count) {
    server.verdict = [](FakeFga::Item const& item) -> json::value { return number_of(item) % 3 == 0; };
    auto const total = static_cast<std::size_t>(count);
    auto const answers = ask(checks_of(total));
    BOOST_REQUIRE_EQUAL(answers.size(), total);
    for (std::size_t i = 0; i < total; ++i) {
        BOOST_TEST(!answers[i].has_failure());
        BOOST_TEST(answers[i].allowed() == (i % 3 == 0));
        BOOST_TEST(answers[i].denied() == (i % 3 != 0));
    }
    auto const sent = sizes(http->requests());
    BOOST_TEST(sent.size() == (total + 49) / 50);
    for (std::size_t i = 0; i + 1 < sent.size(); ++i)
        BOOST_TEST(sent[i] == 50u);
    BOOST_TEST(server.items.size() == total);
}

BOOST_DATA_TEST_CASE(a_failing_item_fails_alone, boost::unit_test::data::make({1, 49, 50, 51, 101, 1000}), count) {
    auto const total = static_cast<std::size_t>(count);
    auto const bad = total / 2;
    server.verdict = [bad](FakeFga::Item const& item) -> json::value {
        if (number_of(item) == bad)
            return "relation_not_found";
        return true;
    };
    auto const answers = ask(checks_of(total));
    BOOST_REQUIRE_EQUAL(answers.size(), total);
    for (std::size_t i = 0; i < total; ++i)
        BOOST_TEST(answers[i].allowed() == (i != bad));
    BOOST_REQUIRE(answers[bad].has_failure());
    auto const& failure = answers[bad].failure();
    BOOST_TEST((failure == FgaErrc::relation_not_found));
    BOOST_TEST(!answers[bad].denied());
    BOOST_REQUIRE(failure.server() != nullptr);
    BOOST_TEST(failure.server()->error == "relation_not_found");
    BOOST_TEST(failure.message().find("about") == std::string::npos);
}

BOOST_DATA_TEST_CASE(a_failing_chunk_fails_its_questions_only, boost::unit_test::data::make({51, 101, 1000}), count) {
    auto const total = static_cast<std::size_t>(count);
    server.before = [](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (request.body().find("\"doc:7\"") == std::string::npos)
            return std::nullopt;
        return HttpResponse(400, R"({"code":"validation_error","message":"no"})");
    };
    auto const answers = ask(checks_of(total));
    BOOST_REQUIRE_EQUAL(answers.size(), total);
    for (std::size_t i = 0; i < total; ++i)
        BOOST_TEST(answers[i].allowed() == (i >= 50));
    BOOST_TEST((answers[7].failure() == FgaErrc::validation_error));
    BOOST_TEST(http->requests().size() == (total + 49) / 50);  // what is refused is not asked again
}

BOOST_AUTO_TEST_CASE(a_failed_chunk_is_tried_again_alone) {
    int failures = 2;
    server.before = [&failures](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (request.body().find("\"doc:60\"") == std::string::npos || failures-- <= 0)
            return std::nullopt;
        if (failures == 1)
            return result<HttpResponse>(Errc::connection_reset);
        return HttpResponse(503, {});
    };
    auto const answers = ask(checks_of(101));
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }));
    BOOST_TEST(http->requests().size() == 5u);
    BOOST_TEST(server.items.size() == 101u);
}

BOOST_AUTO_TEST_CASE(a_chunk_that_fails_to_the_end_is_tried_four_times) {
    server.before = [](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (request.body().find("\"doc:60\"") == std::string::npos)
            return std::nullopt;
        return HttpResponse(500, {});
    };
    auto const answers = ask(checks_of(101));
    for (std::size_t i = 0; i < answers.size(); ++i)
        BOOST_TEST(answers[i].allowed() == (i < 50 || i >= 100));
    BOOST_TEST((answers[60].failure() == FgaErrc::internal_error));
    BOOST_TEST((answers[60].failure() == Condition::retryable));
    BOOST_TEST(http->requests().size() == 6u);
}

BOOST_AUTO_TEST_CASE(too_many_requests_are_waited_out_as_the_server_says) {
    bool first = true;
    auto const begun = clock->steady_now();
    std::vector<std::chrono::nanoseconds> times;
    server.before = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (request.body().find("\"doc:0\"") == std::string::npos)
            return std::nullopt;
        times.push_back(clock->steady_now() - begun);
        if (!std::exchange(first, false))
            return std::nullopt;
        HttpResponse response(429, R"({"code":"rate_limit_exceeded","message":"slow"})");
        response.headers.add("Retry-After", "7");
        return response;
    };
    auto const answers = ask(checks_of(100));
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }));
    BOOST_REQUIRE_EQUAL(times.size(), 2u);
    BOOST_TEST((times[1] >= 7s && times[1] < 8s));
}

BOOST_AUTO_TEST_CASE(a_server_that_asks_for_too_much_time_is_not_waited_for) {
    server.before = [](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        HttpResponse response(429, {});
        response.headers.add("Retry-After", "1800");
        return response;
    };
    auto const answers = ask(checks_of(1));
    BOOST_TEST((answers[0].failure() == FgaErrc::rate_limit_exceeded));
    BOOST_REQUIRE(answers[0].failure().server() != nullptr);
    BOOST_TEST((answers[0].failure().server()->retry_after == 1800s));
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(equal_questions_are_sent_once) {
    std::vector<Check> questions;
    for (int i = 0; i < 120; ++i)
        questions.emplace_back("user:anne", "viewer", i % 2 ? "doc:1" : "doc:secret");
    auto const answers = ask(questions);
    BOOST_TEST(server.items.size() == 2u);
    BOOST_TEST(http->requests().size() == 1u);
    for (std::size_t i = 0; i < answers.size(); ++i)
        BOOST_TEST(answers[i].allowed() == (i % 2 == 1));
}

BOOST_AUTO_TEST_CASE(the_same_object_with_another_relation_is_another_question) {
    server.verdict = [](FakeFga::Item const& item) -> json::value {
        return item.at("tuple_key").at("relation").as_string() == "viewer";
    };
    std::vector<Check> questions;
    questions.emplace_back("user:anne", "viewer", "doc:1");
    questions.emplace_back("user:anne", "owner", "doc:1");
    questions.emplace_back("user:bob", "viewer", "doc:1");
    auto const answers = ask(questions);
    BOOST_TEST(server.items.size() == 3u);
    BOOST_TEST(answers[0].allowed());
    BOOST_TEST(answers[1].denied());
    BOOST_TEST(answers[2].allowed());
}

BOOST_AUTO_TEST_CASE(the_same_object_with_another_context_is_another_question) {
    server.verdict = [](FakeFga::Item const& item) -> json::value {
        auto const* const context = item.if_contains("context");
        return context != nullptr && context->at("level").as_string() == "public";
    };
    Check const plain("user:anne", "viewer", "doc:1");
    std::vector<Check> const questions{Check(plain).context({{"level", "public"}}), Check(plain).context({{"level", "secret"}}),
                                       plain};
    auto const answers = ask(questions);
    BOOST_TEST(server.items.size() == 3u);
    BOOST_TEST(answers[0].allowed());
    BOOST_TEST(answers[1].denied());
    BOOST_TEST(answers[2].denied());
}

BOOST_AUTO_TEST_CASE(the_same_object_with_other_contextual_tuples_is_another_question) {
    server.verdict = [](FakeFga::Item const& item) -> json::value { return item.contains("contextual_tuples"); };
    Check const plain("user:anne", "viewer", "doc:1");
    TupleKey const tuple("user:anne", "member", "team:a");
    auto const conditional = TupleKey(tuple).condition("in_hours", {{"hour", 9}});
    std::vector<Check> const questions{plain, Check(plain).contextual_tuple(tuple), Check(plain).contextual_tuple(conditional),
                                       Check(plain).contextual_tuple(tuple)};
    auto const answers = ask(questions);
    BOOST_TEST(server.items.size() == 3u);
    BOOST_TEST(answers[0].denied());
    BOOST_TEST(answers[1].allowed());
    BOOST_TEST(answers[2].allowed());
    BOOST_TEST(answers[3].allowed());
    auto const condition = server.items[2].at("contextual_tuples").at("tuple_keys").at(0).at("condition");
    BOOST_TEST(json::serialize(condition) == R"({"name":"in_hours","context":{"hour":9}})");
}

BOOST_AUTO_TEST_CASE(what_would_spoil_a_request_is_kept_out_of_it) {
    std::vector<Check> questions;
    questions.emplace_back("user:anne", "viewer", "doc:1");
    questions.emplace_back("user:a nne", "viewer", "doc:2");
    questions.emplace_back("", "viewer", "doc:3");
    questions.emplace_back("user:anne", "vie:wer", "doc:4");
    questions.emplace_back("user:anne", "viewer", "doc:" + std::string(300, 'x'));
    questions.emplace_back("user:anne", "viewer", "doc:\xff\xfe");
    questions.emplace_back("user:anne", "viewer", "doc:7");
    Check heavy("user:anne", "viewer", "doc:8");
    heavy.contextual_tuples(std::vector<TupleKey>(101, TupleKey("user:anne", "member", "team:a")));
    questions.push_back(heavy);
    auto const answers = ask(questions);
    BOOST_TEST(server.items.size() == 2u);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        bool const good = i == 0 || i == 6;
        BOOST_TEST(answers[i].allowed() == good);
        if (!good)
            BOOST_TEST((answers[i].failure() == Errc::invalid_argument));
    }
}

BOOST_AUTO_TEST_CASE(ids_of_every_legal_shape_arrive_as_they_are) {
    std::string every;
    for (int c = 1; c < 0x80; ++c) {
        if (std::string_view("\t\n\f\r ").find(static_cast<char>(c)) == std::string_view::npos)
            every += static_cast<char>(c);
    }
    std::string wide;
    for (int i = 0; i < 252; ++i)
        wide += "\xf0\x9f\x98\x80";  // 256 characters with the type, 1012 bytes
    std::vector<std::string> const objects{"doc:" + every, "doc:" + wide,  "doc:\xc3\xa9t\xc3\xa9", "doc:a/b?c=d&e", "doc:\"\\",
                                           "a:b",          "doc:01", "doc:1",                 "doc:001",       "doc:-1"};
    std::vector<Check> questions;
    for (auto const& object : objects)
        questions.emplace_back("user:auth0|1", "can_view", object);
    auto const answers = ask(questions);
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }));
    BOOST_REQUIRE_EQUAL(server.items.size(), objects.size());
    for (std::size_t i = 0; i < objects.size(); ++i)
        BOOST_TEST(object_of(server.items[i]) == objects[i]);
}

BOOST_AUTO_TEST_CASE(a_request_stays_below_what_the_server_takes) {
    std::vector<Check> questions;
    for (int i = 0; i < 20; ++i)
        questions.push_back(Check("user:anne", "viewer", "doc:" + std::to_string(i)).context({{"text", std::string(60'000, 'x')}}));
    questions.push_back(Check("user:anne", "viewer", "doc:huge").context({{"text", std::string(600'000, 'x')}}));
    auto const answers = ask(questions);
    for (auto const& request : http->requests())
        BOOST_TEST(request.body().size() <= 512u * 1024u);
    BOOST_TEST(http->requests().size() == 3u);
    BOOST_TEST(std::count_if(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }) == 20);
    BOOST_TEST((answers.back().failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(model_and_consistency_are_those_of_the_request_before_those_of_the_client) {
    auto settings = config();
    settings.authorization_model_id(test::fga_model).consistency(Consistency::minimize_latency);
    auto fga = client(settings);
    ask(fga, checks_of(1));
    ask(fga, checks_of(1), FgaRequestOptions().authorization_model_id(test::fga_store).consistency(Consistency::higher_consistency));
    auto const first = json::parse(http->requests()[0].body()).as_object();
    auto const second = json::parse(http->requests()[1].body()).as_object();
    BOOST_TEST(first.at("authorization_model_id").as_string() == test::fga_model);
    BOOST_TEST(first.at("consistency").as_string() == "MINIMIZE_LATENCY");
    BOOST_TEST(second.at("authorization_model_id").as_string() == test::fga_store);
    BOOST_TEST(second.at("consistency").as_string() == "HIGHER_CONSISTENCY");
    ask(checks_of(1));
    auto const bare = json::parse(http->requests()[2].body()).as_object();
    BOOST_TEST(!bare.contains("authorization_model_id"));
    BOOST_TEST(!bare.contains("consistency"));
}

BOOST_AUTO_TEST_CASE(limits_and_concurrency_can_be_chosen) {
    std::size_t most = 0;
    server.max_checks = 7;
    server.before = [&](HttpRequest const&) {
        most = std::max(most, http->outstanding());
        return std::nullopt;
    };
    auto settings = config();
    settings.max_checks_per_batch(7).max_parallel_requests(3);
    auto const answers = ask(client(settings), checks_of(100));
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }));
    BOOST_TEST(http->requests().size() == 15u);
    BOOST_TEST(most == 3u);
    most = 0;
    ask(client(settings), checks_of(100), FgaRequestOptions().max_checks_per_batch(1).max_parallel_requests(40));
    BOOST_TEST(most == 40u);
    BOOST_TEST(http->requests().size() == 115u);
}

BOOST_AUTO_TEST_CASE(ten_requests_at_a_time_by_default) {
    std::size_t most = 0;
    server.before = [&](HttpRequest const&) {
        most = std::max(most, http->outstanding());
        return std::nullopt;
    };
    ask(checks_of(1000));
    BOOST_TEST(most == 10u);
}

BOOST_AUTO_TEST_CASE(impossible_options_fail_every_question) {
    for (auto const& options : {FgaRequestOptions().max_checks_per_batch(0), FgaRequestOptions().max_parallel_requests(0),
                                FgaRequestOptions().authorization_model_id("latest"), FgaRequestOptions().header("a b", "c"),
                                FgaRequestOptions().header("X-A", "b\r\nHost: c"), FgaRequestOptions().header("Authorization", "x")}) {
        auto const answers = ask(checks_of(3), options);
        BOOST_REQUIRE_EQUAL(answers.size(), 3u);
        for (auto const& answer : answers)
            BOOST_TEST((answer.failure() == Errc::invalid_argument));
    }
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(without_batch_check_the_server_is_asked_one_by_one) {
    server.has_batch_check = false;
    std::size_t most = 0;
    server.before = [&](HttpRequest const&) {
        most = std::max(most, http->outstanding());
        return std::nullopt;
    };
    server.verdict = [](FakeFga::Item const& item) -> json::value {
        if (number_of(item) == 3)
            return "type_not_found";
        return number_of(item) % 2 == 0;
    };
    auto fga = client();
    auto const answers = ask(fga, checks_of(60));
    BOOST_TEST(server.checks == 60u);
    BOOST_TEST(most == 10u);
    for (std::size_t i = 0; i < answers.size(); ++i)
        BOOST_TEST(answers[i].allowed() == (i % 2 == 0));
    BOOST_TEST((answers[3].failure() == FgaErrc::type_not_found));
    // It is remembered for a while, and then tried again.
    auto const before = http->requests().size();
    ask(fga, checks_of(5));
    BOOST_TEST(http->requests().size() == before + 5);
    server.has_batch_check = true;
    clock->advance(11min);
    ask(fga, checks_of(5));
    BOOST_TEST(http->requests().size() == before + 6);
}

BOOST_AUTO_TEST_CASE(an_unknown_store_is_no_missing_endpoint) {
    server.before = [](HttpRequest const&) -> std::optional<result<HttpResponse>> {
        return HttpResponse(404, R"({"code":"store_id_not_found","message":"Store ID not found"})");
    };
    auto const answers = ask(checks_of(3));
    for (auto const& answer : answers)
        BOOST_TEST((answer.failure() == FgaErrc::store_id_not_found));
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_missing_or_doubtful_answer_is_no_yes) {
    std::vector<std::string> const bodies{
        R"({"result":{"0":{"allowed":true}}})",
        R"({"result":{"0":{"allowed":true},"1":{}}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":"true"}}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":1}}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":null}}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":[true]}}})",
        R"({"result":{"0":{"allowed":true},"1":true}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":true},"1":{"allowed":true}}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":true,"error":{"message":"no"}}}})",
        R"({"result":{"0":{"allowed":true},"1":{"allowed":false,"allowed":true}}})",
        R"({"result":{"0":{"allowed":true},"01":{"allowed":true}}})",
        R"({"result":{"0":{"allowed":true},"2":{"allowed":true}}})",
        R"({"result":{"0":{"allowed":true},"1":{"x":{"allowed":true}}}})",
    };
    for (auto const& body : bodies) {
        BOOST_TEST_CONTEXT(body) {
            server.before = [&body](HttpRequest const&) -> std::optional<result<HttpResponse>> { return HttpResponse(200, body); };
            auto const answers = ask(checks_of(2));
            BOOST_TEST(answers[0].allowed());
            BOOST_TEST(!answers[1].allowed());
            BOOST_TEST(!answers[1].denied());
            BOOST_TEST(answers[1].has_failure());
        }
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_none_fails_the_chunk) {
    for (auto const* const body : {"", "{}", "[]", "null", R"({"result":[]})", R"({"result":{"0":{"allowed":true})",
                                   R"({"result":{"0":{"allowed":true}}} x)", R"({"result":{},"result":{"0":{"allowed":true}}})",
                                   "<html>"}) {
        BOOST_TEST_CONTEXT(body) {
            server.before = [body](HttpRequest const&) -> std::optional<result<HttpResponse>> { return HttpResponse(200, body); };
            auto const answers = ask(checks_of(2));
            for (auto const& answer : answers)
                BOOST_TEST((answer.failure() == Errc::malformed_response));
        }
    }
}

BOOST_AUTO_TEST_CASE(cancelling_ends_a_hanging_batch_and_starts_no_other) {
    auto hanging = std::make_shared<testing::ScriptedHttpClient>(clock);
    for (int i = 0; i < 10; ++i)
        hanging->expect(HttpMethod::post, "/batch-check").hang();
    Runtime on(io.get_executor());
    on.http(hanging).clock(clock);
    asio::cancellation_signal cancel;
    auto const answer = start(FgaClient(on, config()), checks_of(1000), cancel);
    poll();
    BOOST_TEST(hanging->outstanding() == 10u);
    BOOST_TEST(!answer->has_value());
    cancel.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_REQUIRE(answer->has_value());
    BOOST_REQUIRE_EQUAL((*answer)->size(), 1000u);
    for (auto const& one : **answer)
        BOOST_TEST((one.failure() == Errc::cancelled));
    BOOST_TEST(hanging->outstanding() == 0u);
    hanging->verify();
}

BOOST_AUTO_TEST_CASE(one_hanging_chunk_does_not_hold_the_others_back) {
    auto slow = std::make_shared<testing::ScriptedHttpClient>(clock);
    slow->expect(HttpMethod::post, "/batch-check").fail(Errc::timed_out).respond_after(10s);
    slow->otherwise([this](HttpRequest const& request) { return server.answer(request); });
    Runtime on(io.get_executor());
    on.http(slow).clock(clock);
    asio::cancellation_signal cancel;
    auto const answer = start(FgaClient(on, config()), checks_of(1000), cancel);
    poll();
    BOOST_TEST(server.items.size() == 950u);
    clock->run_for(io, 12s);
    BOOST_REQUIRE(answer->has_value());
    BOOST_TEST(std::all_of((*answer)->begin(), (*answer)->end(), [](auto const& one) { return one.allowed(); }));
    BOOST_TEST(server.items.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(every_request_can_fail_in_every_way) {
    for (auto const code : {Errc::dns_failed, Errc::connect_failed, Errc::tls_failed, Errc::timed_out, Errc::connection_reset,
                            Errc::response_too_large, Errc::malformed_response, Errc::queue_full}) {
        for (std::size_t n = 0; n < 3; ++n) {
            auto failing = std::make_shared<testing::ScriptedHttpClient>(clock);
            failing->otherwise([this](HttpRequest const& request) { return server.answer(request); });
            failing->fail_at(n, code);
            Runtime on(io.get_executor());
            on.http(failing).clock(clock);
            auto settings = config();
            settings.max_retries(0);
            auto const answers = ask(FgaClient(on, settings), checks_of(150));
            for (std::size_t i = 0; i < answers.size(); ++i) {
                BOOST_TEST(answers[i].allowed() == (i / 50 != n));
                if (i / 50 == n)
                    BOOST_TEST((answers[i].failure() == code));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(without_a_store_every_question_fails_and_names_the_variable) {
    auto const answers = ask(client(FgaConfig("http://localhost:8080")), checks_of(2));
    BOOST_REQUIRE_EQUAL(answers.size(), 2u);
    BOOST_TEST((answers[1].failure() == Errc::missing_configuration));
    BOOST_TEST(answers[1].failure().message().find("FGA_STORE_ID") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
