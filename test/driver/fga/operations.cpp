#include "support/fake_fga.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <stdexcept>

using namespace assent;
using namespace std::chrono_literals;
using assent::test::fga_model;
using assent::test::fga_store;
using assent::test::FgaFixture;
namespace json = boost::json;

namespace {

class OperationsFixture : public FgaFixture {
public:
    OperationsFixture() { http->otherwise({}); }

    testing::ScriptedHttpClient::Expectation& expect(HttpMethod method, std::string_view path) {
        return http->expect(method, std::string("http://localhost:8080").append(path));
    }
    json::object sent() const { return json::parse(http->requests().back().body()).as_object(); }
    std::string url() const { return http->requests().back().url(); }
    void teardown() {
        http->verify();
        FgaFixture::teardown();
    }
    static std::string store_path(std::string_view rest) { return std::string("/stores/").append(fga_store).append(rest); }

    FgaClient fga = client();
};

json::value parsed(std::string_view text) {
    return json::parse(json::string_view(text.data(), text.size()));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_operations, OperationsFixture)

BOOST_AUTO_TEST_CASE(check_sends_the_question_and_reads_the_answer) {
    HttpHeaders headers;
    headers.add("X-Request-Id", "req-1");
    expect(HttpMethod::post, store_path("/check")).respond(200, headers, R"({"allowed":true,"resolution":"direct","new":[1]})");
    auto const answer = run(fga.check(Check("user:anne", "viewer", "doc:1").context({{"ip", "127.0.0.1"}})));
    BOOST_TEST(static_cast<bool>(answer));
    BOOST_TEST(answer.request_id() == "req-1");
    BOOST_TEST(answer.resolution() == "direct");
    BOOST_TEST(sent() == parsed(R"({"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"},"context":{"ip":"127.0.0.1"}})"));
    auto const& request = http->requests().back();
    BOOST_TEST(request.headers().find("Content-Type").value_or("") == "application/json");
    BOOST_TEST((request.deadline() == 10s));
}

BOOST_AUTO_TEST_CASE(an_answer_without_allowed_is_no_answer) {
    for (auto const* const body : {"{}", R"({"allowed":"true"})", R"({"allowed":1})", "true", "", R"({"allowed":true)"}) {
        expect(HttpMethod::post, store_path("/check")).respond(200, body);
        auto const answer = run(fga.check(Check("user:anne", "viewer", "doc:1")));
        BOOST_TEST(!answer);
        BOOST_TEST((answer.failure() == Errc::malformed_response));
    }
}

BOOST_AUTO_TEST_CASE(a_default_constructed_result_is_no_yes) {
    CheckResult const none;
    BOOST_TEST(!none);
    BOOST_TEST(!none.denied());
    BOOST_TEST((none.failure() == Errc::no_result));
    BOOST_CHECK_THROW(CheckResult::make_denied().failure(), BadAccess);
}

BOOST_AUTO_TEST_CASE(own_headers_are_added_and_replaced) {
    auto made = config();
    made.header("X-Tenant", "a").header("X-Other", "b");
    fga = client(made);
    expect(HttpMethod::post, store_path("/check")).respond(200, R"({"allowed":false})");
    auto const answer = run(fga.check(Check("user:anne", "viewer", "doc:1"), FgaRequestOptions().header("x-tenant", "c").deadline(2s)));
    BOOST_TEST(answer.denied());
    auto const& request = http->requests().back();
    BOOST_TEST(request.headers().find("X-Tenant").value_or("") == "c");
    BOOST_TEST(request.headers().find("X-Other").value_or("") == "b");
    BOOST_TEST((request.deadline() == 2s));
}

BOOST_AUTO_TEST_CASE(objects_are_listed) {
    expect(HttpMethod::post, store_path("/list-objects")).respond(200, R"({"objects":["doc:1","doc:2"]})");
    auto request = ListObjects("user:anne", "viewer", "doc");
    request.contextual_tuple(TupleKey("user:anne", "member", "team:a")).context({{"a", 1}});
    auto const objects = run(fga.list_objects(request, FgaRequestOptions().authorization_model_id(fga_model)));
    BOOST_TEST((objects.value() == std::vector<std::string>{"doc:1", "doc:2"}));
    BOOST_TEST(sent() == parsed(R"({"type":"doc","relation":"viewer","user":"user:anne",
        "contextual_tuples":{"tuple_keys":[{"user":"user:anne","relation":"member","object":"team:a"}]},
        "context":{"a":1},"authorization_model_id":"01BX5ZZKBKACTAV9WEVGEMMVRZ"})"));
    expect(HttpMethod::post, store_path("/list-objects")).respond(200, R"({"objects":["doc:1",2]})");
    BOOST_TEST((run(fga.list_objects(request)).failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(objects_are_streamed_as_they_come) {
    std::string body;
    for (int i = 0; i < 2000; ++i)
        body += R"({"result":{"object":"doc:)" + std::to_string(i) + "\"}}\n";
    expect(HttpMethod::post, store_path("/streamed-list-objects")).respond(200, body);
    std::vector<std::string> seen;
    auto on_object = [&seen](std::string_view object) {
        seen.emplace_back(object);
        return true;
    };
    auto const count = run(fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object));
    BOOST_TEST(count.value() == 2000u);
    BOOST_REQUIRE_EQUAL(seen.size(), 2000u);
    BOOST_TEST(seen[1999] == "doc:1999");
    BOOST_TEST(http->requests().back().max_body().value() > 1024u * 1024u);
}

BOOST_AUTO_TEST_CASE(a_stream_ends_when_no_more_is_wanted) {
    std::string body;
    for (int i = 0; i < 100; ++i)
        body += R"({"result":{"object":"doc:1"}})" "\n";
    expect(HttpMethod::post, store_path("/streamed-list-objects")).respond(200, body);
    int seen = 0;
    auto on_object = [&seen](std::string_view) { return ++seen < 3; };
    auto const count = run(fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object));
    BOOST_TEST(count.value() == 3u);
    BOOST_TEST(seen == 3);
}

BOOST_AUTO_TEST_CASE(a_stream_without_a_last_line_end_is_complete) {
    expect(HttpMethod::post, store_path("/streamed-list-objects"))
        .respond(200, R"({"result":{"object":"doc:1"}})" "\n\r\n" R"({"result":{"object":"doc:2"}})");
    int seen = 0;
    auto on_object = [&seen](std::string_view) { return ++seen > 0; };
    auto const count = run(fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object));
    BOOST_REQUIRE(count.has_value());
    BOOST_TEST(seen == 2);
}

BOOST_AUTO_TEST_CASE(an_error_within_a_stream_is_a_failure) {
    expect(HttpMethod::post, store_path("/streamed-list-objects"))
        .respond(200, R"({"result":{"object":"doc:1"}})" "\n" R"({"error":{"code":"throttled_timeout_error","message":"later"}})" "\n");
    int seen = 0;
    auto on_object = [&seen](std::string_view) { return ++seen > 0; };
    auto const count = run(fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object));
    BOOST_TEST((count.failure() == FgaErrc::throttled_timeout_error));
    BOOST_TEST(seen == 1);
    expect(HttpMethod::post, store_path("/streamed-list-objects")).respond(200, std::string(100'000, 'x'));
    auto const flood = run(fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object));
    BOOST_TEST((flood.failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(what_the_receiver_of_a_stream_throws_reaches_the_caller) {
    expect(HttpMethod::post, store_path("/streamed-list-objects")).respond(200, R"({"result":{"object":"doc:1"}})" "\n");
    auto on_object = [](std::string_view) -> bool { throw std::runtime_error("full"); };
    auto operation = fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object);
    BOOST_CHECK_THROW(static_cast<void>(run(std::move(operation))), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_refused_stream_is_tried_again_and_read_as_an_error) {
    expect(HttpMethod::post, store_path("/streamed-list-objects")).respond(503, "{}");
    expect(HttpMethod::post, store_path("/streamed-list-objects")).respond(400, R"({"code":"type_not_found","message":"no"})");
    auto on_object = [](std::string_view) { return true; };
    auto const count = run(fga.streamed_list_objects(ListObjects("user:anne", "viewer", "doc"), on_object));
    BOOST_TEST((count.failure() == FgaErrc::type_not_found));
    BOOST_TEST(count.failure().server()->description == "no");
}

BOOST_AUTO_TEST_CASE(users_are_listed) {
    expect(HttpMethod::post, store_path("/list-users")).respond(200, R"({"users":[{"object":{"type":"user","id":"anne"}},
        {"userset":{"type":"team","id":"a","relation":"member"}},{"wildcard":{"type":"user"}}]})");
    auto request = ListUsers("doc:a:b", "viewer", "team#member");
    request.contextual_tuple(TupleKey("user:anne", "member", "team:a"));
    auto const users = run(fga.list_users(request));
    BOOST_TEST((users.value() == std::vector<std::string>{"user:anne", "team:a#member", "user:*"}));
    BOOST_TEST(sent() == parsed(R"({"object":{"type":"doc","id":"a:b"},"relation":"viewer",
        "user_filters":[{"type":"team","relation":"member"}],
        "contextual_tuples":[{"user":"user:anne","relation":"member","object":"team:a"}]})"));
    expect(HttpMethod::post, store_path("/list-users")).respond(200, R"({"users":[{"object":{"type":"user"}}]})");
    BOOST_TEST((run(fga.list_users(request)).failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(reasons_are_expanded) {
    expect(HttpMethod::post, store_path("/expand")).respond(200, R"({"tree":{"root":{"name":"doc:1#viewer"}}})");
    auto const tree = run(fga.expand(Expand("viewer", "doc:1")));
    BOOST_TEST(tree.value() == parsed(R"({"root":{"name":"doc:1#viewer"}})"));
    BOOST_TEST(sent() == parsed(R"({"tuple_key":{"relation":"viewer","object":"doc:1"}})"));
}

BOOST_AUTO_TEST_CASE(relationships_are_written_and_deleted) {
    expect(HttpMethod::post, store_path("/write")).respond(200, "{}");
    Write request;
    request.write(TupleKey("user:anne", "viewer", "doc:1").condition("in_hours", {{"from", 9}}))
        .remove(TupleKey("user:bob", "viewer", "doc:1").condition("in_hours"))
        .ignore_duplicates(true)
        .ignore_missing(true);
    BOOST_TEST(run(fga.write(request)).has_value());
    BOOST_TEST(sent() == parsed(R"({"writes":{"tuple_keys":[{"user":"user:anne","relation":"viewer","object":"doc:1",
        "condition":{"name":"in_hours","context":{"from":9}}}],"on_duplicate":"ignore"},
        "deletes":{"tuple_keys":[{"user":"user:bob","relation":"viewer","object":"doc:1"}],"on_missing":"ignore"}})"));
}

BOOST_AUTO_TEST_CASE(a_write_whose_answer_is_lost_is_repeated_only_when_that_is_harmless) {
    auto const tuple = TupleKey("user:anne", "viewer", "doc:1");
    expect(HttpMethod::post, store_path("/write")).fail(Errc::connection_reset);
    BOOST_TEST((run(fga.write(Write().write(tuple))).failure() == Errc::connection_reset));
    expect(HttpMethod::post, store_path("/write")).fail(Errc::connect_failed);
    expect(HttpMethod::post, store_path("/write")).respond(200, "{}");
    BOOST_TEST(run(fga.write(Write().write(tuple))).has_value());
    expect(HttpMethod::post, store_path("/write")).fail(Errc::timed_out);
    expect(HttpMethod::post, store_path("/write")).respond(200, "{}");
    BOOST_TEST(run(fga.write(Write().write(tuple).ignore_duplicates(true))).has_value());
    expect(HttpMethod::post, "/stores").fail(Errc::timed_out);
    BOOST_TEST((run(fga.create_store("a store")).failure() == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(statuses_are_tried_again_as_the_official_clients_do) {
    for (int const status : {429, 500, 502, 503, 504, 599}) {
        expect(HttpMethod::post, store_path("/write")).respond(status, "{}");
        expect(HttpMethod::post, store_path("/write")).respond(200, "{}");
        BOOST_TEST(run(fga.write(Write().write(TupleKey("user:anne", "viewer", "doc:1")))).has_value());
    }
    for (int const status : {400, 401, 403, 404, 405, 409, 422, 501}) {
        expect(HttpMethod::post, store_path("/write")).respond(status, "{}");
        auto const done = run(fga.write(Write().write(TupleKey("user:anne", "viewer", "doc:1"))));
        BOOST_TEST(done.failure().server()->status == status);
    }
}

BOOST_AUTO_TEST_CASE(errors_are_typed_by_their_code_and_the_servers_words_kept_apart) {
    HttpHeaders headers;
    headers.add("fga-request-id", "abc");
    expect(HttpMethod::post, store_path("/write"))
        .respond(409, headers, R"({"code":"Aborted","message":"transactional write failed: secret"})");
    auto const done = run(fga.write(Write().write(TupleKey("user:anne", "viewer", "doc:1"))));
    BOOST_TEST((done.failure() == FgaErrc::aborted));
    BOOST_TEST((done.failure() == Condition::retryable));
    BOOST_TEST(done.failure().server()->request_id == "abc");
    BOOST_TEST(done.failure().message().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_are_known_before_anything_is_sent) {
    TupleKey const tuple("user:anne", "viewer", "doc:1");
    auto const refused = [](auto const& answer) { return answer.has_failure() && answer.failure() == Errc::invalid_argument; };
    BOOST_TEST(refused(run(fga.write(Write()))));
    BOOST_TEST(refused(run(fga.write(Write().writes(std::vector<TupleKey>(101, tuple))))));
    BOOST_TEST(refused(run(fga.write(Write().write(TupleKey("user:anne", "viewer", "doc 1"))))));
    BOOST_TEST(refused(run(fga.write(Write().write(TupleKey(tuple).condition("c1", {{"a", std::string(33'000, 'x')}}))))));
    BOOST_TEST(refused(run(fga.list_objects(ListObjects("user:anne", "viewer", "doc:")))));
    BOOST_TEST(refused(run(fga.list_users(ListUsers("doc", "viewer", "user")))));
    BOOST_TEST(refused(run(fga.list_users(ListUsers("doc:1", "viewer", "")))));
    BOOST_TEST(refused(run(fga.expand(Expand("viewer", "doc:1").context({{"a", 1}})))));
    BOOST_TEST(refused(run(fga.read(ReadFilter().user("user:anne")))));
    BOOST_TEST(refused(run(fga.read(ReadFilter().object("doc:")))));
    BOOST_TEST(refused(run(fga.read(ReadFilter(), FgaPage().size(0)))));
    BOOST_TEST(refused(run(fga.read(ReadFilter(), FgaPage().size(101)))));
    BOOST_TEST(refused(run(fga.create_store("ab"))));
    BOOST_TEST(refused(run(fga.create_store("a\nb c"))));
    BOOST_TEST(refused(run(fga.read_authorization_model("latest"))));
    BOOST_TEST(refused(run(fga.write_authorization_model({{"schema_version", "1.1"}}))));
    BOOST_TEST(refused(run(fga.check(Check("user:anne", "viewer", "")))));
    auto const models = FgaRequestOptions().authorization_model_id(fga_model);
    BOOST_TEST(refused(run(fga.write_assertions(std::vector<Assertion>(101, Assertion("user:anne", "viewer", "doc:1", true)), models))));
    BOOST_TEST((run(fga.read_assertions()).failure() == Errc::missing_configuration));
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(tuples_are_read_page_by_page) {
    expect(HttpMethod::post, store_path("/read")).respond(200, R"({"tuples":[{"key":{"user":"user:anne","relation":"viewer",
        "object":"doc:1","condition":{"name":"c1","context":{"a":1}}},"timestamp":"2026-01-02T03:04:05.5Z"}],
        "continuation_token":"next=="})");
    auto const page = run(fga.read(ReadFilter().object("doc:1").relation("viewer"), FgaPage().size(1)));
    BOOST_REQUIRE(page.has_value());
    auto const& tuple = page.value().items.at(0);
    BOOST_TEST((tuple.key == TupleKey("user:anne", "viewer", "doc:1").condition("c1", {{"a", 1}})));
    auto const expected = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 3h + 4min + 5500ms;
    BOOST_TEST((tuple.written_at == expected));
    BOOST_TEST(page.value().continuation_token == "next==");
    BOOST_TEST(sent() == parsed(R"({"tuple_key":{"object":"doc:1","relation":"viewer"},"page_size":1})"));
    expect(HttpMethod::post, store_path("/read")).respond(200, R"({"tuples":[],"continuation_token":""})");
    auto const last = run(fga.read(ReadFilter(), FgaPage().continuation_token("next=="),
                                   FgaRequestOptions().consistency(Consistency::higher_consistency)));
    BOOST_TEST(last.value().items.empty());
    BOOST_TEST(sent() == parsed(R"({"continuation_token":"next==","consistency":"HIGHER_CONSISTENCY"})"));
}

BOOST_AUTO_TEST_CASE(changes_are_read_from_a_moment_on) {
    expect(HttpMethod::get, store_path("/changes?type=doc&page_size=10&continuation_token=a%3D%3D&start_time=2026-01-02T00%3A00%3A00.000000Z"))
        .respond(200, R"({"changes":[
            {"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"},"operation":"TUPLE_OPERATION_DELETE","timestamp":"x"},
            {"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"},"operation":"TUPLE_OPERATION_WRITE"}]})");
    auto const filter = ChangeFilter().type("doc").start_time(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2));
    auto const page = run(fga.read_changes(filter, FgaPage().size(10).continuation_token("a==")));
    BOOST_REQUIRE(page.has_value());
    BOOST_TEST(page.value().items.at(0).deleted);
    BOOST_TEST(!page.value().items.at(1).deleted);
}

BOOST_AUTO_TEST_CASE(models_are_written_and_read) {
    json::object const model{{"schema_version", "1.1"}, {"type_definitions", json::array{{{"type", "user"}}}}};
    expect(HttpMethod::post, store_path("/authorization-models")).respond(201, R"({"authorization_model_id":"01BX5ZZKBKACTAV9WEVGEMMVRZ"})");
    BOOST_TEST(run(fga.write_authorization_model(model)).value() == fga_model);
    BOOST_TEST(sent() == json::value(model));
    auto const one = R"({"id":"01BX5ZZKBKACTAV9WEVGEMMVRZ","schema_version":"1.1","type_definitions":[{"type":"user"}]})";
    expect(HttpMethod::get, store_path(std::string("/authorization-models/").append(fga_model)))
        .respond(200, std::string(R"({"authorization_model":)").append(one) + "}");
    auto const read = run(fga.read_authorization_model(fga_model));
    BOOST_TEST(read.value().schema_version == "1.1");
    BOOST_TEST(read.value().document.at("type_definitions").as_array().size() == 1u);
    expect(HttpMethod::get, store_path("/authorization-models?page_size=1"))
        .respond(200, std::string(R"({"authorization_models":[)").append(one) + "]}");
    BOOST_TEST(run(fga.read_latest_authorization_model()).value().id == fga_model);
    expect(HttpMethod::get, store_path("/authorization-models?page_size=1")).respond(200, R"({"authorization_models":[]})");
    BOOST_TEST((run(fga.read_latest_authorization_model()).failure() == FgaErrc::latest_authorization_model_not_found));
    expect(HttpMethod::get, store_path("/authorization-models?page_size=2")).respond(200, R"({"authorization_models":[]})");
    BOOST_TEST(run(fga.read_authorization_models(FgaPage().size(2))).value().items.empty());
}

BOOST_AUTO_TEST_CASE(assertions_are_written_and_read) {
    auto const options = FgaRequestOptions().authorization_model_id(fga_model);
    auto const path = store_path(std::string("/assertions/").append(fga_model));
    expect(HttpMethod::put, path).respond(204);
    Assertion assertion("user:anne", "viewer", "doc:1", true);
    assertion.contextual_tuple(TupleKey("user:anne", "member", "team:a")).context({{"a", 1}});
    std::vector<Assertion> const assertions{assertion};
    BOOST_TEST(run(fga.write_assertions(assertions, options)).has_value());
    BOOST_TEST(sent() == parsed(R"({"assertions":[{"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"},
        "expectation":true,"contextual_tuples":[{"user":"user:anne","relation":"member","object":"team:a"}],"context":{"a":1}}]})"));
    auto const body = http->requests().back().body();
    expect(HttpMethod::get, path).respond(200, body);
    auto const read = run(fga.read_assertions(options));
    BOOST_REQUIRE_EQUAL(read.value().size(), 1u);
    BOOST_TEST(read.value()[0].expectation());
    BOOST_TEST((read.value()[0].contextual_tuples() == assertion.contextual_tuples()));
}

BOOST_AUTO_TEST_CASE(stores_are_made_listed_read_and_deleted) {
    auto const one = R"({"id":"01BX5ZZKBKACTAV9WEVGEMMVRZ","name":"a store","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"})";
    fga = client(FgaConfig("http://localhost:8080/"));
    expect(HttpMethod::post, "/stores").respond(201, one);
    auto const made = run(fga.create_store("a store"));
    BOOST_TEST(made.value().name == "a store");
    BOOST_TEST(sent() == parsed(R"({"name":"a store"})"));
    expect(HttpMethod::get, "/stores?page_size=5&name=a+store").respond(200, std::string(R"({"stores":[)").append(one) + "]}");
    BOOST_TEST(run(fga.list_stores(FgaPage().size(5), "a store")).value().items.size() == 1u);
    auto const own = fga.with_store(made.value().id, fga_store);
    BOOST_TEST(own.config().authorization_model_id() == fga_store);
    auto const path = "/stores/" + made.value().id;
    expect(HttpMethod::get, path).respond(200, one);
    auto handle = own;
    BOOST_TEST(run(handle.get_store()).value().id == made.value().id);
    expect(HttpMethod::delete_, path).respond(204);
    BOOST_TEST(run(handle.delete_store()).has_value());
    BOOST_TEST((run(fga.get_store()).failure() == Errc::missing_configuration));
    BOOST_CHECK_THROW(fga.with_store("nonsense"), ConfigurationError);
}

BOOST_AUTO_TEST_SUITE_END()
