// The library's own OpenFGA client, authorizer and retriever over the local tenant's engine, without sockets.
#include "tenant/fga/server.hpp"

#include <assent/fga_authorizer.hpp>
#include <assent/fga_client.hpp>
#include <assent/fga_retriever.hpp>
#include <assent/testing/manual_clock.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/tool.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace assent;
using namespace std::chrono_literals;

namespace local_engine_test {

struct ReadDocument {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ReadDocument, (), (id))

}  // namespace local_engine_test

namespace {

using local_engine_test::ReadDocument;

constexpr std::string_view documents_model = R"({
    "schema_version": "1.1",
    "type_definitions": [
        {"type": "user"},
        {"type": "group", "relations": {"member": {"this": {}}}, "metadata": {"relations": {
            "member": {"directly_related_user_types": [{"type": "user"}]}}}},
        {"type": "folder", "relations": {"viewer": {"this": {}}}, "metadata": {"relations": {
            "viewer": {"directly_related_user_types": [{"type": "user"}, {"type": "group", "relation": "member"}]}}}},
        {"type": "doc", "relations": {
            "parent": {"this": {}},
            "owner": {"this": {}},
            "blocked": {"this": {}},
            "viewer": {"difference": {
                "base": {"union": {"child": [{"this": {}}, {"computedUserset": {"relation": "owner"}},
                    {"tupleToUserset": {"tupleset": {"relation": "parent"}, "computedUserset": {"relation": "viewer"}}}]}},
                "subtract": {"computedUserset": {"relation": "blocked"}}}}},
         "metadata": {"relations": {
            "parent": {"directly_related_user_types": [{"type": "folder"}]},
            "owner": {"directly_related_user_types": [{"type": "user"}]},
            "blocked": {"directly_related_user_types": [{"type": "user"}]},
            "viewer": {"directly_related_user_types": [{"type": "user"}, {"type": "user", "wildcard": {}}]}}}}
    ]
})";

/// Carries requests to the engine as a connection would.
class EngineHttp final : public HttpClient {
public:
    explicit EngineHttp(std::shared_ptr<testing::ManualClock> clock) : clock_(std::move(clock)) {}

    awaitable<result<HttpResponse>> send(HttpRequest request) override {
        auto const executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(executor, boost::asio::deferred);
        constexpr std::string_view origin = "http://127.0.0.1:8080";
        BOOST_REQUIRE(request.url().starts_with(origin));
        auto const target = request.url().substr(origin.size());
        auto answer = engine.handle(to_string(request.method()), target, request.body(), clock_->now());
        if (request.on_body() != nullptr && answer.status == 200) {
            (*request.on_body())(answer.body);
            answer.body.clear();
        }
        co_return answer;
    }

    tenant::FgaServer engine;

private:
    std::shared_ptr<testing::ManualClock> clock_;
};

class EngineFixture : public testing::IoContextFixture {
public:
    EngineFixture() {
        http = std::make_shared<EngineHttp>(clock);
        runtime.http(http).clock(clock);
        std::vector<tenant::RelationTuple> const tuples{{"user:alice", "member", "group:finance"},
                                                        {"group:finance#member", "viewer", "folder:reports"},
                                                        {"folder:reports", "parent", "doc:forecast"},
                                                        {"user:*", "viewer", "doc:public"},
                                                        {"user:bob", "owner", "doc:private"}};
        seed = http->engine.make_store("documents", json::parse(documents_model).as_object(), tuples, clock->now());
    }

    FgaClient client() const {
        FgaConfig config("http://127.0.0.1:8080", seed.store_id);
        config.authorization_model_id(seed.model_id);
        return FgaClient(runtime, config);
    }
    template <class T>
    static T value_of(result<T> answer) {
        BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer.has_value() ? std::string() : answer.failure().message()));
        return std::move(answer).value();
    }
    static Principal alice() { return Principal("https://idp.example/", "alice"); }
    static Principal bob() { return Principal("https://idp.example/", "bob"); }

    std::shared_ptr<EngineHttp> http;
    Runtime runtime{io.get_executor()};
    tenant::FgaServer::Seed seed;
};

Check may_view(ReadDocument const& document, ToolCall const& call) {
    return Check(call.principal().subject_as("user"), "viewer", "doc:" + document.id);
}

Check may_see(Document const& document, Principal const& principal) {
    return Check(principal.subject_as("user"), "viewer", "doc:" + document.id());
}

awaitable<CheckResult> fga_check(FgaClient fga, std::string user, std::string object) {
    Check question(std::move(user), "viewer", std::move(object));
    co_return co_await fga.check(std::move(question));
}

awaitable<std::string> contents(ReadDocument document, ToolContext& context) {
    BOOST_TEST(context.credentials().decisions().size() == 1U);
    co_return "contents of " + document.id;
}

Tool tool_of() {
    return tool<ReadDocument>("read_document", "Reads a document", contents);
}

ToolCall read_call(std::string const& id, Principal principal) {
    json::object input;
    input["id"] = id;
    return ToolCall(std::move(principal), "read_document", std::move(input));
}

awaitable<Documents> three_documents(std::string, std::size_t k) {
    Documents out;
    for (auto const* id : {"private", "forecast", "public"}) {
        if (out.size() < k)
            out.emplace_back(id, std::string("text of ") + id);
    }
    co_return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_local_engine, EngineFixture)

BOOST_AUTO_TEST_CASE(checks_follow_groups_parents_owners_and_everybody) {
    auto const fga = client();
    BOOST_TEST(run(fga_check(fga, "user:alice", "doc:forecast")).allowed());
    BOOST_TEST(run(fga_check(fga, "user:bob", "doc:forecast")).denied());
    BOOST_TEST(run(fga_check(fga, "user:carol", "doc:public")).allowed());
    BOOST_TEST(run(fga_check(fga, "user:bob", "doc:private")).allowed());
    auto const wrong = run(fga_check(fga, "user:alice", "planet:1"));
    BOOST_REQUIRE(wrong.has_failure());
    BOOST_TEST((wrong.failure() == FgaErrc::validation_error));
}

BOOST_AUTO_TEST_CASE(a_batch_is_answered_question_by_question) {
    auto fga = client();
    std::vector<Check> questions;
    for (int i = 0; i < 120; ++i)
        questions.emplace_back("user:alice", i == 7 ? "none" : "viewer", i % 2 == 0 ? "doc:forecast" : "doc:" + std::to_string(i));
    auto const answers = run(fga.batch_check(questions));
    BOOST_REQUIRE(answers.size() == questions.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
        BOOST_TEST(answers[i].has_failure() == (i == 7));
        if (i != 7)
            BOOST_TEST(answers[i].allowed() == (i % 2 == 0));
    }
}

BOOST_AUTO_TEST_CASE(tuples_are_written_read_and_deleted) {
    auto fga = client();
    TupleKey const tuple("user:carol", "viewer", "doc:forecast");
    BOOST_TEST(run(fga.write(Write().write(tuple))).has_value());
    BOOST_TEST(run(fga_check(fga, "user:carol", "doc:forecast")).allowed());
    BOOST_TEST((run(fga.write(Write().write(tuple))).failure() == FgaErrc::write_failed_due_to_invalid_input));
    BOOST_TEST(run(fga.write(Write().write(tuple).ignore_duplicates(true))).has_value());
    auto const read = value_of(run(fga.read(ReadFilter().object("doc:forecast"))));
    BOOST_REQUIRE(read.items.size() == 2U);
    BOOST_TEST(read.items[1].key.user() == "user:carol");
    BOOST_TEST((read.items[1].written_at == clock->now()));
    BOOST_TEST(run(fga.write(Write().write(TupleKey("user:carol", "blocked", "doc:forecast")))).has_value());
    BOOST_TEST(run(fga_check(fga, "user:carol", "doc:forecast")).denied());
    BOOST_TEST(run(fga.write(Write().remove(tuple))).has_value());
    BOOST_TEST((run(fga.write(Write().remove(tuple))).failure() == FgaErrc::write_failed_due_to_invalid_input));
    BOOST_TEST(run(fga.write(Write().remove(tuple).ignore_missing(true))).has_value());
    auto const changes = value_of(run(fga.read_changes(ChangeFilter().type("doc"))));
    BOOST_REQUIRE(changes.items.size() == 3U);
    BOOST_TEST(changes.items[2].deleted);
    auto const later = value_of(run(fga.read_changes(ChangeFilter().type("doc"), FgaPage().continuation_token(changes.continuation_token))));
    BOOST_TEST(later.items.empty());
    BOOST_TEST(later.continuation_token == changes.continuation_token);
}

BOOST_AUTO_TEST_CASE(many_tuples_are_read_in_pages) {
    auto fga = client();
    std::vector<TupleKey> tuples;
    for (int i = 0; i < 100; ++i)
        tuples.emplace_back("user:dave", "viewer", "doc:" + std::to_string(i));
    BOOST_TEST(run(fga.write(Write().writes(tuples))).has_value());
    std::set<std::string> seen;
    FgaPage page;
    page.size(30);
    int pages = 0;
    do {
        auto const read = value_of(run(fga.read(ReadFilter().user("user:dave").object("doc:"), page)));
        for (auto const& tuple : read.items)
            seen.insert(tuple.key.object());
        page.continuation_token(read.continuation_token);
        ++pages;
    } while (!page.continuation_token().empty());
    BOOST_TEST(seen.size() == 100U);
    BOOST_TEST(pages == 4);
}

BOOST_AUTO_TEST_CASE(objects_and_users_are_searched) {
    auto fga = client();
    auto const listed = value_of(run(fga.list_objects(ListObjects("user:alice", "viewer", "doc"))));
    BOOST_TEST((listed == std::vector<std::string>{"doc:forecast", "doc:public"}));
    std::vector<std::string> streamed;
    auto keep = [&streamed](std::string_view object) {
        streamed.emplace_back(object);
        return true;
    };
    BOOST_TEST(value_of(run(fga.streamed_list_objects(ListObjects("user:alice", "viewer", "doc"), keep))) == 2U);
    BOOST_TEST(streamed == listed, boost::test_tools::per_element());
    auto const users = value_of(run(fga.list_users(ListUsers("doc:forecast", "viewer", "user"))));
    BOOST_TEST((users == std::vector<std::string>{"user:alice"}));
    auto const everybody = value_of(run(fga.list_users(ListUsers("doc:public", "viewer", "user"))));
    BOOST_TEST((everybody == std::vector<std::string>{"user:*"}));
    BOOST_TEST((run(fga.list_objects(ListObjects("user:alice", "viewer", "planet"))).failure() == FgaErrc::type_not_found));
    BOOST_TEST((run(fga.list_objects(ListObjects("user:alice", "none", "doc"))).failure() == FgaErrc::relation_not_found));
    auto const tree = value_of(run(fga.expand(Expand("viewer", "doc:public"))));
    BOOST_TEST(tree.at("root").at("name").as_string() == "doc:public#viewer");
}

BOOST_AUTO_TEST_CASE(contextual_tuples_hold_for_their_question_only) {
    auto fga = client();
    Check const plain("user:erin", "viewer", "doc:forecast");
    auto const member = Check(plain).contextual_tuple(TupleKey("user:erin", "member", "group:finance"));
    BOOST_TEST(run(fga.check(member)).allowed());
    BOOST_TEST(run(fga.check(plain)).denied());
    auto const wrong = Check(plain).contextual_tuple(TupleKey("user:erin", "parent", "doc:forecast"));
    BOOST_TEST((run(fga.check(wrong)).failure() == FgaErrc::invalid_tuple));
}

BOOST_AUTO_TEST_CASE(stores_models_and_assertions_are_kept) {
    auto fga = client();
    auto const store = value_of(run(fga.create_store("another store")));
    BOOST_TEST(value_of(run(fga.list_stores())).items.size() == 2U);
    auto other = fga.with_store(store.id);
    BOOST_TEST(value_of(run(other.get_store())).name == "another store");
    BOOST_TEST((run(other.read_latest_authorization_model()).failure() == FgaErrc::latest_authorization_model_not_found));
    auto const model = value_of(run(other.write_authorization_model(json::parse(documents_model).as_object())));
    auto const again = value_of(run(other.write_authorization_model(value_of(run(other.read_authorization_model(model))).document)));
    BOOST_TEST(value_of(run(other.read_latest_authorization_model())).id == again);
    auto const page = value_of(run(other.read_authorization_models(FgaPage().size(1))));
    BOOST_TEST(page.items[0].id == again);
    BOOST_TEST(value_of(run(other.read_authorization_models(FgaPage().continuation_token(page.continuation_token)))).items[0].id == model);
    std::vector<Assertion> const assertions(1, Assertion("user:alice", "viewer", "doc:1", true));
    auto const options = FgaRequestOptions().authorization_model_id(model);
    BOOST_TEST(run(other.write_assertions(assertions, options)).has_value());
    BOOST_TEST(value_of(run(other.read_assertions(options))).size() == 1U);
    BOOST_TEST(run(other.delete_store()).has_value());
    BOOST_TEST((run(other.get_store()).failure() == FgaErrc::store_id_not_found));
}

BOOST_AUTO_TEST_CASE(a_model_that_makes_no_sense_is_refused) {
    auto fga = client();
    json::object model;
    model["schema_version"] = "1.1";
    model["type_definitions"] = json::parse(R"([{"type":"doc","relations":{"owner":{"computedUserset":{"relation":"none"}}}}])");
    BOOST_TEST((run(fga.write_authorization_model(model)).failure() == FgaErrc::invalid_authorization_model));
    model["conditions"] = json::parse(R"({"c":{"name":"c","expression":"true"}})");
    auto const refused = run(fga.write_authorization_model(model));
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST(refused.failure().server()->status == 501);
    BOOST_CHECK_THROW(http->engine.make_store("wrong", model, {}, clock->now()), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_tool_runs_only_for_whom_the_engine_allows) {
    auto const tool = protect(tool_of(), FgaAuthorizer(client(), Fga().build_query(may_view)));
    auto const allowed = run(tool.call(read_call("forecast", alice())));
    BOOST_REQUIRE(allowed.has_value());
    BOOST_TEST(json::serialize(allowed.value()) == "\"contents of forecast\"");
    BOOST_TEST(!run(tool.call(read_call("forecast", bob()))).has_value());
    BOOST_TEST(!run(tool.call(read_call("nothing", alice()))).has_value());
}

BOOST_AUTO_TEST_CASE(a_retriever_gives_each_person_what_is_theirs) {
    auto const retriever = FgaRetriever(client(), AnyRetriever(three_documents)).build_query(may_see);
    auto const ids = [&](Principal who) {
        std::vector<std::string> out;
        auto const found = run(retriever.retrieve(std::move(who), "forecast", 3));
        BOOST_REQUIRE(found.has_value());
        for (auto const& document : found.value())
            out.push_back(document.id());
        return out;
    };
    BOOST_TEST((ids(alice()) == std::vector<std::string>{"forecast", "public"}));
    BOOST_TEST((ids(bob()) == std::vector<std::string>{"private", "public"}));
}

BOOST_AUTO_TEST_CASE(what_costs_too_much_is_given_up) {
    // Every relation is twice the one before: more ways through it than can be walked.
    std::string relations = R"("r0":{"this":{}})";
    for (int i = 1; i < 30; ++i) {
        auto const before = R"({"computedUserset":{"relation":"r)" + std::to_string(i - 1) + R"("}})";
        relations += R"(,"r)" + std::to_string(i) + R"(":{"union":{"child":[)" + before + "," + before + "]}}";
    }
    auto const model = json::parse(R"({"schema_version":"1.1","type_definitions":[{"type":"user"},{"type":"doc","relations":{)" + relations +
                                   R"(},"metadata":{"relations":{"r0":{"directly_related_user_types":[{"type":"user"}]}}}}]})");
    BOOST_CHECK_THROW(http->engine.make_store("wide", model.as_object(), {}, clock->now()), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(every_text_is_answered) {
    auto const now = clock->now();
    for (std::string const target : {"", "/", "//", "/stores/", "/stores/x", "/stores/01ARZ3NDEKTSV4RRFFQ69G5FAV/check", "/stores?page_size=", "%", "/stores?a=%zz"}) {
        for (std::string const body : {"", "{", "[]", "null", "{\"tuple_key\":[]}", "{\"checks\":[1]}", "\xff"}) {
            for (std::string const method : {"GET", "POST", "DELETE", "PUT", "BREW"}) {
                auto const answer = http->engine.handle(method, target, body, now);
                BOOST_TEST(answer.status >= 200);
                BOOST_TEST(answer.status <= 501);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
