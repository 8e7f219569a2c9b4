#include "interop/support/oidc_provider_process.hpp"
#include "interop/support/openfga_store.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/fga_authorizer.hpp>
#include <assent/fga_filter.hpp>
#include <assent/tool.hpp>

#include <boost/describe/class.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

namespace assent::test::fga_authorizer_interop {

struct ReadDoc {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ReadDoc, (), (id))

struct Buy {
    std::string ticker;
    std::string at;
};
BOOST_DESCRIBE_STRUCT(Buy, (), (ticker, at))

}  // namespace assent::test::fga_authorizer_interop

namespace {

using namespace assent;
using assent::test::fga_authorizer_interop::Buy;
using assent::test::fga_authorizer_interop::ReadDoc;
namespace json = boost::json;

Check viewer(ReadDoc const& doc, ToolCall const& call) {
    return Check(call.principal().subject_as("user"), "viewer", "doc:" + doc.id);
}

/// The time is the host's in real life; here the test's.
Check can_buy(Buy const& order, ToolCall const& call) {
    json::object context;
    context["current_time"] = order.at;
    return Check(call.principal().subject_as("user"), "can_buy", "stock:" + order.ticker)
        .context(std::move(context));
}

awaitable<std::string> content(ReadDoc doc, ToolContext&) { co_return "content of " + doc.id; }

test::OpenFgaProcess const& shared_server() {
    static test::OpenFgaProcess const server;
    return server;
}

struct Fixture : test::OpenFgaFixture {
    Fixture() : OpenFgaFixture(shared_server()) {}

    static ToolCall call(json::object input, Principal principal = alice()) {
        return ToolCall(std::move(principal), "the_tool", std::move(input));
    }
    static ToolCall read(char const* id, Principal principal = alice()) {
        json::object input;
        input["id"] = id;
        return call(std::move(input), std::move(principal));
    }
    outcome<Credentials> ask(Fga options, ToolCall its_call) {
        return run(FgaAuthorizer(client(), std::move(options)).authorize(std::move(its_call)));
    }
};

bool denied(outcome<Credentials> const& answer) {
    return answer.has_interrupt() && answer.interrupt().kind() == InterruptKind::denied;
}

/// An authorizer at a server that asks who is there.
struct Guarded {
    explicit Guarded(FgaConfig config) {
        BeastHttpClientConfig http;
        http.proxy_from_environment(false);
        runtime.http(make_beast_http_client(context.get_executor(), http));
        fga.emplace(runtime, std::move(config));
    }
    /// With doc:1 for Alice in a store of its own.
    void set_up() {
        auto const store = test::run(context, fga->create_store("guarded")).value();
        *fga = fga->with_store(store.id);
        auto model = json::parse(test::openfga_model()).as_object();
        BOOST_REQUIRE(test::run(context, fga->write_authorization_model(std::move(model))).has_value());
        Write grant;
        grant.write(TupleKey("user:alice", "viewer", "doc:1"));
        BOOST_REQUIRE(test::run(context, fga->write(std::move(grant))).has_value());
    }
    outcome<Credentials> ask(Principal principal) {
        return test::run(context, FgaAuthorizer(*fga, Fga().build_query(viewer))
                                      .authorize(Fixture::read("1", std::move(principal))));
    }

    asio::io_context context;
    Runtime runtime{context.get_executor()};
    std::optional<FgaClient> fga;
};

constexpr char const* some_store = "01HVMMBCMGZNT3SED4Z17ECXCA";

BOOST_AUTO_TEST_SUITE(fga_authorizer, *boost::unit_test::precondition(assent::test::openfga_is_there))

BOOST_FIXTURE_TEST_CASE(direct_inherited_and_public_relations_allow, Fixture) {
    store.write("user:alice", "owner", "doc:hers");
    store.write("group:team#member", "viewer", "doc:teams");
    store.write("user:alice", "member", "group:team");
    store.write("user:*", "viewer", "doc:public");
    for (char const* id : {"hers", "teams", "public"}) {
        auto const answer = ask(Fga().build_query(viewer), read(id));
        BOOST_REQUIRE_MESSAGE(answer.has_value(), id);
        BOOST_TEST(answer.value().decisions().front().action == std::string("viewer doc:") + id);
    }
    for (char const* id : {"hers", "teams"})
        BOOST_TEST(denied(ask(Fga().build_query(viewer), read(id, bob()))), id);
    BOOST_TEST(ask(Fga().build_query(viewer), read("public", bob())).has_value());
}

BOOST_FIXTURE_TEST_CASE(what_was_just_granted_or_taken_counts_at_once, Fixture) {
    BOOST_TEST(denied(ask(Fga().build_query(viewer), read("new"))));
    store.write("user:alice", "viewer", "doc:new");
    BOOST_TEST(ask(Fga().build_query(viewer), read("new")).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_condition_is_evaluated_with_the_context, Fixture) {
    json::object hours;
    hours["closes_at"] = "2026-01-01T16:00:00Z";
    store.write({TupleKey("user:alice", "can_buy", "stock:ZEKO").condition("is_open", std::move(hours))});
    json::object order;
    order["ticker"] = "ZEKO";
    order["at"] = "2026-01-01T15:59:59Z";
    BOOST_TEST(ask(Fga().build_query(can_buy), call(order)).has_value());
    order["at"] = "2026-01-01T16:00:00Z";
    BOOST_TEST(denied(ask(Fga().build_query(can_buy), call(order))));
    // Without the context the server cannot tell: that is no yes and no denial.
    auto const untold = ask(Fga().build_query([](Buy const& its_order, ToolCall const& its_call) {
        return Check(its_call.principal().subject_as("user"), "can_buy", "stock:" + its_order.ticker);
    }),
                            call(order));
    BOOST_REQUIRE(untold.has_failure());
    BOOST_TEST(untold.failure().server() != nullptr);
}

BOOST_FIXTURE_TEST_CASE(several_checks_are_one_question, Fixture) {
    store.write("user:alice", "viewer", "doc:a");
    store.write("user:alice", "viewer", "doc:b");
    auto const both = [](ToolCall const& its_call) {
        std::vector<Check> checks;
        for (char const* id : {"doc:a", "doc:b", "doc:c"})
            checks.emplace_back(its_call.principal().subject_as("user"), "viewer", id);
        return checks;
    };
    auto const all = ask(Fga().build_query(both), read("x"));
    BOOST_REQUIRE(denied(all));
    BOOST_REQUIRE(all.interrupt().decisions().size() == 1U);
    BOOST_TEST(all.interrupt().decisions().front().action == "viewer doc:c");
    auto const any = ask(Fga().build_query([both](ToolCall const& its_call) { return Checks::any(both(its_call)); }),
                         read("x"));
    BOOST_REQUIRE(any.has_value());
    BOOST_TEST(any.value().decisions().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_question_the_model_does_not_know_is_a_failure, Fixture) {
    auto const odd = ask(Fga().build_query([](ToolCall const& its_call) {
        return Check(its_call.principal().subject_as("user"), "no_such_relation", "doc:1");
    }),
                         read("x"));
    BOOST_REQUIRE(odd.has_failure());
    BOOST_TEST((odd.failure().code() == FgaErrc::validation_error));
    BOOST_TEST(odd.failure().server()->description.find("no_such_relation") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_protected_tool_runs_for_those_who_may, Fixture) {
    store.write("user:alice", "viewer", "doc:1");
    Fga options;
    options.build_query(viewer).on_unauthorized([](Refusal, ToolCall) { return "The document cannot be shown."; });
    auto const tool = protect(assent::tool<ReadDoc>("read_doc", "Reads a document", content),
                              FgaAuthorizer(client(), std::move(options)));
    BOOST_TEST((run(tool.call(read("1"))).value() == json::value("content of 1")));
    BOOST_TEST((run(tool.call(read("1", bob()))).value() == json::value("The document cannot be shown.")));
}

BOOST_FIXTURE_TEST_CASE(tools_are_hidden_from_those_who_may_not_use_them, Fixture) {
    std::vector<Tool> tools;
    for (int i = 0; i < 120; ++i) {
        auto const name = "tool" + std::to_string(i);
        tools.push_back(assent::tool<ReadDoc>(name, "", content));
        if (i % 40 == 0)
            store.write("user:alice", "can_use", "tool:" + name);
    }
    FgaToolFilter visible(client());
    visible.build_query([](Tool const& each, Principal const& principal) {
        return Check(principal.subject_as("user"), "can_use", "tool:" + each.name());
    });
    auto const kept = run(visible.filter(alice(), tools)).value();
    BOOST_REQUIRE(kept.tools.size() == 3U);
    BOOST_TEST(kept.tools[2].name() == "tool80");
    BOOST_TEST(kept.report.denied == 117U);
    BOOST_TEST(run(visible.filter(bob(), tools)).value().tools.empty());
}

BOOST_AUTO_TEST_CASE(a_server_with_a_preshared_key_is_asked_with_it) {
    auto const server = test::OpenFgaProcess::with_preshared_key("the-key");
    Guarded right(FgaConfig(server->url()).api_token(Secret("the-key")));
    right.set_up();
    BOOST_TEST(right.ask(Fixture::alice()).has_value());
    BOOST_TEST(denied(right.ask(Fixture::bob())));
    for (auto const& config : {FgaConfig(server->url(), some_store).api_token(Secret("another")),
                               FgaConfig(server->url(), some_store)}) {
        auto const refused = Guarded(config).ask(Fixture::alice());
        BOOST_REQUIRE(refused.has_failure());
        BOOST_TEST((refused.failure() == Condition::misconfigured));
        BOOST_TEST(refused.failure().message().find("another") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_server_with_an_issuer_is_asked_with_its_token) {
    test::OidcProviderProcess const provider({"--routes", "auth0"});
    std::string const audience = "https://fga.example.test/";
    auto const server = test::OpenFgaProcess::with_oidc(provider.issuer(), audience);
    auto const config = [&](std::string const& its_audience, std::string const& secret) {
        return FgaConfig(server->url(), some_store)
            .client_credentials("post", Secret(secret), provider.issuer(), its_audience);
    };
    Guarded right(config(audience, test::secret_of("post")));
    right.set_up();
    BOOST_TEST(right.ask(Fixture::alice()).has_value());
    BOOST_TEST(denied(right.ask(Fixture::bob())));
    // One token served all of that.
    BOOST_TEST(provider.admin().log(provider.token_path()).size() == 1U);
    // A token for something else, and no token.
    BOOST_TEST(Guarded(config("https://api.example.test/", test::secret_of("post"))).ask(Fixture::alice()).has_failure());
    BOOST_TEST(Guarded(config(audience, "wrong-secret")).ask(Fixture::alice()).has_failure());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
