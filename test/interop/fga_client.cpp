// Every operation of the client against the real OpenFGA server.
#include "interop/support/oidc_provider_process.hpp"
#include "interop/support/openfga_store.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/fga_client.hpp>

#include <boost/json.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace assent;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr std::string_view audience = "https://api.example.test/";

test::OpenFgaProcess const& shared_server() {
    static test::OpenFgaProcess const server;
    return server;
}

struct Fixture : test::OpenFgaFixture {
    Fixture() : OpenFgaFixture(shared_server()) {}

    void must(result<void> const& done) { BOOST_REQUIRE_MESSAGE(done.has_value(), (done.has_value() ? std::string() : text_of(done.failure()))); }
    static std::string text_of(Failure const& failure) {
        return failure.message() + (failure.server() != nullptr ? " (" + failure.server()->error + ": " + failure.server()->description + ")" : "");
    }
    template <class T>
    T value_of(result<T> answer) {
        BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer.has_value() ? std::string() : text_of(answer.failure())));
        return std::move(answer).value();
    }
    void grant(std::string user, std::string relation, std::string object) {
        must(run(fga.write(Write().write(TupleKey(std::move(user), std::move(relation), std::move(object))))));
    }

    FgaClient fga = client();
};

/// A client of another server of the test's own.
struct Guarded {
    explicit Guarded(FgaConfig config) : fga((prepare(), runtime), std::move(config)) {}
    void prepare() {
        BeastHttpClientConfig http;
        http.proxy_from_environment(false);
        runtime.http(make_beast_http_client(context.get_executor(), http));
    }

    asio::io_context context;
    Runtime runtime{context.get_executor()};
    FgaClient fga;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fga_client, *boost::unit_test::precondition(assent::test::openfga_is_there))

BOOST_FIXTURE_TEST_CASE(a_check_says_yes_or_no, Fixture) {
    grant("user:alice", "viewer", "doc:1");
    auto const yes = run(fga.check(Check("user:alice", "viewer", "doc:1")));
    BOOST_TEST(yes.allowed());
    BOOST_TEST(!yes.request_id().empty());
    auto const no = run(fga.check(Check("user:bob", "viewer", "doc:1")));
    BOOST_TEST(no.denied());
}

BOOST_FIXTURE_TEST_CASE(a_check_that_the_model_does_not_know_is_a_typed_failure, Fixture) {
    auto const type = run(fga.check(Check("user:alice", "viewer", "planet:1")));
    BOOST_REQUIRE(type.has_failure());
    BOOST_TEST((type.failure() == FgaErrc::validation_error || type.failure() == FgaErrc::type_not_found));
    auto const model = run(fga.check(Check("user:alice", "viewer", "doc:1"),
                                     FgaRequestOptions().authorization_model_id("01ARZ3NDEKTSV4RRFFQ69G5FAV")));
    BOOST_REQUIRE(model.has_failure());
    BOOST_TEST((model.failure() == FgaErrc::authorization_model_not_found));
    BOOST_TEST(model.failure().server()->status == 400);
}

BOOST_FIXTURE_TEST_CASE(conditions_are_evaluated_with_the_context, Fixture) {
    auto const tuple = TupleKey("user:alice", "can_buy", "stock:ZEKO").condition("is_open", {{"closes_at", "2026-01-01T17:00:00Z"}});
    must(run(fga.write(Write().write(tuple))));
    Check const question("user:alice", "can_buy", "stock:ZEKO");
    BOOST_TEST(run(fga.check(Check(question).context({{"current_time", "2026-01-01T16:00:00Z"}}))).allowed());
    BOOST_TEST(run(fga.check(Check(question).context({{"current_time", "2026-01-01T18:00:00Z"}}))).denied());
    BOOST_TEST(run(fga.check(question)).has_failure());
    std::vector<Check> const questions{Check(question).context({{"current_time", "2026-01-01T16:00:00Z"}}),
                                       Check(question).context({{"current_time", "2026-01-01T18:00:00Z"}}), question};
    auto const answers = run(fga.batch_check(questions));
    BOOST_TEST(answers[0].allowed());
    BOOST_TEST(answers[1].denied());
    BOOST_REQUIRE(answers[2].has_failure());
    BOOST_TEST((answers[2].failure() == FgaErrc::validation_error));
}

BOOST_FIXTURE_TEST_CASE(contextual_tuples_hold_for_their_question_only, Fixture) {
    grant("group:team#member", "viewer", "doc:1");
    Check const plain("user:alice", "viewer", "doc:1");
    auto const member = Check(plain).contextual_tuple(TupleKey("user:alice", "member", "group:team"));
    BOOST_TEST(run(fga.check(member)).allowed());
    std::vector<Check> const questions{plain, member, plain, member};
    auto const answers = run(fga.batch_check(questions));
    BOOST_TEST(answers[0].denied());
    BOOST_TEST(answers[1].allowed());
    BOOST_TEST(answers[2].denied());
    BOOST_TEST(answers[3].allowed());
}

BOOST_DATA_TEST_CASE_F(Fixture, batches_of_every_size_are_answered_in_order, boost::unit_test::data::make({1, 49, 50, 51, 101, 1000}), count) {
    std::vector<TupleKey> tuples;
    std::vector<Check> questions;
    for (int i = 0; i < count; ++i) {
        auto const object = "doc:" + std::to_string(i);
        if (i % 3 == 0)
            tuples.emplace_back("user:alice", "viewer", object);
        questions.emplace_back("user:alice", i == 7 ? "flies" : "viewer", object);
    }
    store.write(tuples);
    auto const answers = run(fga.batch_check(questions, FgaRequestOptions().consistency(Consistency::higher_consistency)));
    BOOST_REQUIRE_EQUAL(answers.size(), questions.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
        BOOST_TEST(answers[i].has_failure() == (i == 7));
        if (i != 7)
            BOOST_TEST(answers[i].allowed() == (i % 3 == 0));
    }
}

BOOST_FIXTURE_TEST_CASE(a_batch_beyond_the_servers_limit_is_refused_by_it, Fixture) {
    std::vector<Check> questions;
    for (int i = 0; i < 60; ++i)
        questions.emplace_back("user:alice", "viewer", "doc:" + std::to_string(i));
    auto const answers = run(fga.batch_check(questions, FgaRequestOptions().max_checks_per_batch(60)));
    for (auto const& answer : answers) {
        BOOST_REQUIRE(answer.has_failure());
        BOOST_TEST((answer.failure() == FgaErrc::validation_error));
    }
}

BOOST_FIXTURE_TEST_CASE(names_of_every_legal_shape_are_taken, Fixture) {
    std::string every;
    for (int c = 0x21; c < 0x7f; ++c) {
        if (std::string_view(":#").find(static_cast<char>(c)) == std::string_view::npos)
            every += static_cast<char>(c);
    }
    std::vector<std::string> const ids{"a", "\xc3\xa9t\xc3\xa9-\xf0\x9f\x98\x80", every, std::string(252, 'x'), "auth0|65", "a/b?c=d&e%20"};
    std::vector<Check> questions;
    for (auto const& id : ids) {
        grant("user:alice", "viewer", "doc:" + id);
        questions.emplace_back("user:alice", "viewer", "doc:" + id);
    }
    auto const answers = run(fga.batch_check(questions));
    for (std::size_t i = 0; i < ids.size(); ++i)
        BOOST_TEST(answers[i].allowed(), ids[i] << (answers[i].has_failure() ? text_of(answers[i].failure()) : std::string()));
}

BOOST_FIXTURE_TEST_CASE(what_we_refuse_the_server_would_refuse_for_all_and_what_we_pass_it_takes, Fixture) {
    // A question that breaks a limit must not reach the server: it would spoil the batch. One at the limit must.
    std::vector<std::pair<Check, bool>> const cases{
        {Check("user:" + std::string(507, 'x'), "viewer", "doc:1"), true},
        {Check("user:" + std::string(508, 'x'), "viewer", "doc:1"), false},
        {Check("user:a", "viewer", "doc:" + std::string(252, 'x')), true},
        {Check("user:a", "viewer", "doc:" + std::string(253, 'x')), false},
        {Check("user:a", "view er", "doc:1"), false},
        {Check("user:a b", "viewer", "doc:1"), false},
        {Check("user:a", "viewer", "doc:1\n"), false},
    };
    for (auto const& [question, good] : cases) {
        std::vector<Check> const questions{question, Check("user:alice", "viewer", "doc:1")};
        auto const answers = run(fga.batch_check(questions));
        BOOST_TEST(answers[1].denied());
        BOOST_TEST(answers[0].denied() == good);
        BOOST_TEST(answers[0].has_failure() != good);
    }
}

BOOST_FIXTURE_TEST_CASE(tuples_are_written_read_and_deleted, Fixture) {
    std::vector<TupleKey> tuples;
    for (int i = 0; i < 100; ++i)
        tuples.emplace_back("user:alice", "viewer", "doc:" + std::to_string(i));
    must(run(fga.write(Write().writes(tuples))));
    std::set<std::string> seen;
    FgaPage page;
    page.size(30);
    int pages = 0;
    do {
        auto const read = value_of(run(fga.read(ReadFilter(), page)));
        for (auto const& tuple : read.items) {
            seen.insert(tuple.key.object());
            BOOST_TEST((std::chrono::abs(tuple.written_at - std::chrono::system_clock::now()) < 1h));
        }
        page.continuation_token(read.continuation_token);
        ++pages;
    } while (!page.continuation_token().empty());
    BOOST_TEST(seen.size() == 100u);
    BOOST_TEST(pages == 4);
    auto const one = value_of(run(fga.read(ReadFilter().user("user:alice").relation("viewer").object("doc:"))));
    BOOST_TEST(one.items.size() == 50u);
    auto const duplicate = run(fga.write(Write().write(tuples[0])));
    BOOST_REQUIRE(duplicate.has_failure());
    BOOST_TEST((duplicate.failure() == FgaErrc::write_failed_due_to_invalid_input));
    must(run(fga.write(Write().write(tuples[0]).ignore_duplicates(true))));
    must(run(fga.write(Write().deletes(tuples))));
    BOOST_TEST((run(fga.write(Write().remove(tuples[0]))).failure() == FgaErrc::write_failed_due_to_invalid_input));
    must(run(fga.write(Write().remove(tuples[0]).ignore_missing(true))));
    BOOST_TEST(value_of(run(fga.read())).items.empty());
}

BOOST_FIXTURE_TEST_CASE(changes_are_read_in_order_and_go_on, Fixture) {
    grant("user:alice", "viewer", "doc:1");
    must(run(fga.write(Write().remove(TupleKey("user:alice", "viewer", "doc:1")))));
    auto const first = value_of(run(fga.read_changes(ChangeFilter().type("doc"), FgaPage().size(1))));
    BOOST_REQUIRE_EQUAL(first.items.size(), 1u);
    BOOST_TEST(!first.items[0].deleted);
    BOOST_REQUIRE(!first.continuation_token.empty());
    auto const second = value_of(run(fga.read_changes(ChangeFilter().type("doc"), FgaPage().continuation_token(first.continuation_token))));
    BOOST_REQUIRE_EQUAL(second.items.size(), 1u);
    BOOST_TEST(second.items[0].deleted);
    BOOST_TEST(second.items[0].key.object() == "doc:1");
    auto const recent = ChangeFilter().start_time(std::chrono::system_clock::now() - 1h);
    BOOST_TEST(value_of(run(fga.read_changes(recent))).items.size() == 2u);
    // The server's word, not ours: it knows no changes of the future.
    auto const later = ChangeFilter().start_time(std::chrono::system_clock::now() + 1h);
    BOOST_TEST((run(fga.read_changes(later)).failure() == FgaErrc::validation_error));
}

BOOST_FIXTURE_TEST_CASE(objects_are_listed_and_streamed, Fixture) {
    std::vector<TupleKey> tuples;
    for (int i = 0; i < 1500; ++i)
        tuples.emplace_back("user:alice", "viewer", "doc:" + std::to_string(i));
    store.write(tuples);
    auto const listed = value_of(run(fga.list_objects(ListObjects("user:alice", "viewer", "doc"))));
    BOOST_TEST(listed.size() == 1000u);  // the server's limit
    std::set<std::string> seen;
    auto keep = [&seen](std::string_view object) { return seen.emplace(object).second; };
    auto const count = value_of(run(fga.streamed_list_objects(ListObjects("user:alice", "viewer", "doc"), keep)));
    BOOST_TEST(count == 1500u);
    BOOST_TEST(seen.size() == 1500u);
    int few = 0;
    auto three = [&few](std::string_view) { return ++few < 3; };
    BOOST_TEST(value_of(run(fga.streamed_list_objects(ListObjects("user:alice", "viewer", "doc"), three))) == 3u);
    BOOST_TEST(run(fga.check(Check("user:alice", "viewer", "doc:1"))).allowed());  // the client goes on
    auto const unknown = run(fga.streamed_list_objects(ListObjects("user:alice", "viewer", "planet"), keep));
    BOOST_REQUIRE(unknown.has_failure());
    BOOST_TEST((unknown.failure() == Condition::misconfigured || unknown.failure() == Condition::refused));
    auto with = ListObjects("user:bob", "viewer", "doc");
    with.contextual_tuple(TupleKey("user:bob", "viewer", "doc:new"));
    BOOST_TEST((value_of(run(fga.list_objects(with))) == std::vector<std::string>{"doc:new"}));
}

BOOST_FIXTURE_TEST_CASE(users_are_listed_and_reasons_expanded, Fixture) {
    grant("user:alice", "owner", "doc:1");
    grant("group:team#member", "viewer", "doc:1");
    grant("user:*", "viewer", "doc:1");
    grant("user:bob", "member", "group:team");
    auto users = value_of(run(fga.list_users(ListUsers("doc:1", "viewer", "user"))));
    std::sort(users.begin(), users.end());
    BOOST_TEST((users == std::vector<std::string>{"user:*", "user:alice", "user:bob"}));
    auto const sets = value_of(run(fga.list_users(ListUsers("doc:1", "viewer", "group#member"))));
    BOOST_TEST((sets == std::vector<std::string>{"group:team#member"}));
    auto const tree = value_of(run(fga.expand(Expand("viewer", "doc:1"))));
    BOOST_TEST(tree.at("root").at("name").as_string() == "doc:1#viewer");
}

BOOST_FIXTURE_TEST_CASE(models_are_written_read_and_pinned, Fixture) {
    auto const old = store.model_id();
    auto const latest = value_of(run(fga.read_latest_authorization_model()));
    BOOST_TEST(latest.id == old);
    BOOST_TEST(latest.schema_version == "1.1");
    grant("user:alice", "viewer", "doc:1");
    json::object smaller;
    smaller["schema_version"] = "1.1";
    smaller["type_definitions"] = json::parse(R"([{"type":"user"},{"type":"doc","relations":{"owner":{"this":{}}},
        "metadata":{"relations":{"owner":{"directly_related_user_types":[{"type":"user"}]}}}}])");
    auto const made = value_of(run(fga.write_authorization_model(smaller)));
    BOOST_TEST(made != old);
    BOOST_TEST(value_of(run(fga.read_authorization_model(made))).document.at("type_definitions").as_array().size() == 2u);
    BOOST_TEST(value_of(run(fga.read_authorization_models(FgaPage().size(1)))).items[0].id == made);
    // The client goes on with its own; a request may choose.
    Check const question("user:alice", "viewer", "doc:1");
    BOOST_TEST(run(fga.check(question)).allowed());
    BOOST_TEST(run(fga.check(question, FgaRequestOptions().authorization_model_id(made))).has_failure());
    std::vector<Check> const questions(1, question);
    BOOST_TEST(run(fga.batch_check(questions, FgaRequestOptions().authorization_model_id(made)))[0].has_failure());
    smaller["type_definitions"] = json::parse(R"([{"type":"doc","relations":{"owner":{"computedUserset":{"relation":"none"}}}}])");
    BOOST_TEST((run(fga.write_authorization_model(smaller)).failure() == FgaErrc::invalid_authorization_model));
    BOOST_TEST((run(fga.read_authorization_model("01ARZ3NDEKTSV4RRFFQ69G5FAV")).failure() == FgaErrc::authorization_model_not_found));
}

BOOST_FIXTURE_TEST_CASE(assertions_are_kept_beside_a_model, Fixture) {
    Assertion allowed("user:alice", "viewer", "doc:1", true);
    allowed.contextual_tuple(TupleKey("user:alice", "viewer", "doc:1"));
    std::vector<Assertion> const assertions{allowed, Assertion("user:bob", "viewer", "doc:1", false)};
    must(run(fga.write_assertions(assertions)));
    auto const read = value_of(run(fga.read_assertions()));
    BOOST_REQUIRE_EQUAL(read.size(), 2u);
    BOOST_TEST(read[0].expectation());
    BOOST_TEST(read[0].contextual_tuples().size() == 1u);
    BOOST_TEST(!read[1].expectation());
}

BOOST_FIXTURE_TEST_CASE(stores_are_made_listed_and_deleted, Fixture) {
    auto const made = value_of(run(fga.create_store("shop & co")));
    BOOST_TEST(made.name == "shop & co");
    BOOST_TEST((std::chrono::abs(made.created_at - std::chrono::system_clock::now()) < 1h));
    auto other = fga.with_store(made.id);
    BOOST_TEST(value_of(run(other.get_store())).id == made.id);
    BOOST_TEST((run(other.read_latest_authorization_model()).failure() == FgaErrc::latest_authorization_model_not_found));
    BOOST_TEST((run(other.check(Check("user:alice", "viewer", "doc:1"))).failure() == FgaErrc::latest_authorization_model_not_found));
    auto const named = value_of(run(fga.list_stores(FgaPage().size(10), "shop & co")));
    BOOST_TEST(std::any_of(named.items.begin(), named.items.end(), [&](auto const& one) { return one.id == made.id; }));
    auto const page = value_of(run(fga.list_stores(FgaPage().size(1))));
    BOOST_TEST(page.items.size() == 1u);
    BOOST_TEST(!page.continuation_token.empty());
    must(run(other.delete_store()));
    auto const gone = run(other.get_store());
    BOOST_REQUIRE(gone.has_failure());
    BOOST_TEST((gone.failure() == FgaErrc::store_id_not_found));
}

BOOST_AUTO_TEST_CASE(a_pre_shared_key_opens_a_guarded_server) {
    auto const server = test::OpenFgaProcess::with_preshared_key("open-sesame");
    FgaConfig config(server->url());
    Guarded none(config);
    auto const refused = test::run(none.context, none.fga.create_store("mine"));
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST((refused.failure() == FgaErrc::bearer_token_missing));
    BOOST_TEST((refused.failure() == Condition::misconfigured));
    Guarded wrong(FgaConfig(server->url()).api_token(Secret("open-barley")));
    BOOST_TEST((test::run(wrong.context, wrong.fga.create_store("mine")).failure() == FgaErrc::unauthenticated));
    Guarded right(FgaConfig(server->url()).api_token(Secret("open-sesame")));
    auto const made = test::run(right.context, right.fga.create_store("mine"));
    BOOST_REQUIRE(made.has_value());
    auto own = right.fga.with_store(made.value().id);
    auto const answers = test::run(right.context, own.batch_check(std::vector<Check>(1, Check("user:alice", "viewer", "doc:1"))));
    BOOST_TEST((answers[0].failure() == FgaErrc::latest_authorization_model_not_found));
}

BOOST_AUTO_TEST_CASE(client_credentials_open_a_server_that_trusts_an_openid_provider) {
    test::OidcProviderProcess const provider;
    auto const server = test::OpenFgaProcess::with_oidc(provider.issuer(), std::string(audience));
    FgaConfig config(server->url());
    config.client_credentials("post", Secret(test::secret_of("post")), provider.issuer() + std::string(provider.token_path()),
                              std::string(audience));
    Guarded guarded(config);
    auto const made = test::run(guarded.context, guarded.fga.create_store("mine"));
    BOOST_REQUIRE_MESSAGE(made.has_value(), (made.has_value() ? std::string() : Fixture::text_of(made.failure())));
    auto own = guarded.fga.with_store(made.value().id);
    auto const model = test::run(guarded.context, own.write_authorization_model(json::parse(test::openfga_model()).as_object()));
    BOOST_REQUIRE(model.has_value());
    std::vector<Check> questions;
    for (int i = 0; i < 500; ++i)
        questions.emplace_back("user:alice", "viewer", "doc:" + std::to_string(i));
    auto const answers = test::run(guarded.context, own.batch_check(questions));
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.denied(); }));
    BOOST_TEST(provider.admin().log(provider.token_path()).size() == 1u);  // one token for all

    // By discovery, with the other way of authenticating.
    auto discovered = OauthClient::standard(provider.issuer(), "basic");
    discovered.client_secret(Secret(test::secret_of("basic"))).allow_plain_http(true);
    Guarded second(FgaConfig(server->url()).client_credentials(discovered, std::string(audience)));
    BOOST_TEST(test::run(second.context, second.fga.list_stores()).value().items.size() == 1u);

    Guarded wrong(FgaConfig(server->url()).client_credentials(
        "post", Secret("guess"), provider.issuer() + std::string(provider.token_path()), std::string(audience)));
    auto const refused = test::run(wrong.context, wrong.fga.list_stores());
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST((refused.failure() == Errc::invalid_client));
}

BOOST_AUTO_TEST_SUITE_END()
