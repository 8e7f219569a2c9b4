// Our own authorizers at the local tenant, over real sockets.

#include "integration/tenant/fixture.hpp"

#include <assent/ciba_authorizer.hpp>
#include <assent/connected_accounts.hpp>
#include <assent/device_authorizer.hpp>
#include <assent/private_key.hpp>
#include <assent/token_exchange_authorizer.hpp>
#include <assent/token_revoker.hpp>
#include <assent/token_vault_authorizer.hpp>

#include "integration/tenant/drive.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace std::chrono_literals;
using assent::AsyncAuthorization;
using assent::AuthorizationMode;
using assent::CibaAuthorizer;
using assent::ConnectAccount;
using assent::ConnectedAccounts;
using assent::Credentials;
using assent::DeviceAuthorization;
using assent::DeviceAuthorizer;
using assent::HttpRequest;
using assent::HttpServerResponse;
using assent::InterruptKind;
using assent::outcome;
using assent::PrivateKey;
using assent::SignatureAlgorithm;
using assent::TokenVault;
using assent::TokenVaultAuthorizer;
using assent::ToolCall;
using assent::test::told;
using assent::test::quick_tenant;
using assent::test::run;
using assent::test::TenantFixture;
using assent::test::text_of;
using assent::testing::TenantApproval;
using assent::testing::TenantClient;
using assent::testing::TenantConfig;
using assent::testing::TenantDecision;
using assent::testing::TenantDialect;
using assent::testing::TenantFault;
using assent::testing::TenantUser;

boost::json::array trade_details()
{
    boost::json::object detail;
    detail["type"] = "trade";
    detail["qty"] = 10;
    boost::json::array all;
    all.push_back(std::move(detail));
    return all;
}

assent::awaitable<assent::HttpServerResponse> api_answer(bool allowed)
{
    co_return HttpServerResponse(allowed ? 200 : 401, "text/plain", "hello");
}

bool is_interrupt(outcome<Credentials> const& decision, InterruptKind kind)
{
    return decision.has_interrupt() && decision.interrupt().kind() == kind;
}

struct TenantFlows : TenantFixture {
    AsyncAuthorization trade() const
    {
        AsyncAuthorization options;
        options.scopes(std::vector<std::string>{"stock:trade"});
        options.audience(std::string("https://api.example.com/"));
        options.binding_message(std::string("Buy 10 ZEKO"));
        options.authorization_details(trade_details());
        return options;
    }
    CibaAuthorizer ciba() { return CibaAuthorizer(*runtime, tenant->client("agent"), trade()); }
    outcome<Credentials> authorize(assent::AnyAuthorizer authorizer, ToolCall its_call)
    {
        return run(context, authorizer.authorize(std::move(its_call)));
    }
    outcome<Credentials> to_the_end(assent::AnyAuthorizer authorizer, ToolCall its_call)
    {
        return run(context, assent::test::drive_to_the_end(std::move(authorizer), std::move(its_call)));
    }
};

BOOST_FIXTURE_TEST_SUITE(tenant_flows, TenantFlows)

BOOST_AUTO_TEST_CASE(two_lines_are_enough_to_test_an_agent)
{
    assent::testing::LocalTenant local(context.get_executor());
    local.decide(TenantDecision::approve);
    assent::Runtime its_runtime(context.get_executor());
    its_runtime.http(assent::make_beast_http_client(context.get_executor(), local.http_config()));
    ToolCall its_call(local.principal("alice"), "buy_stock", boost::json::object());
    auto const granted = to_the_end(CibaAuthorizer(its_runtime, local.client(), trade()), its_call);
    BOOST_TEST(granted.has_value(), told(granted));
}

BOOST_AUTO_TEST_CASE(a_purchase_is_asked_approved_and_granted_in_both_dialects)
{
    for (auto const dialect : {TenantDialect::auth0, TenantDialect::standard}) {
        TenantConfig config = quick_tenant();
        config.dialect(dialect);
        make(config);
        auto const first = authorize(ciba(), call());
        BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), told(first));
        auto const waiting = tenant->pending("alice");
        BOOST_REQUIRE(waiting.size() == 1U);
        BOOST_TEST(waiting[0].binding_message == "Buy 10 ZEKO");
        BOOST_TEST(waiting[0].client_id == "agent");
        BOOST_TEST(waiting[0].authorization_details == trade_details());
        BOOST_TEST(tenant->pending("bob").empty());
        BOOST_TEST(tenant->approve(waiting[0].id));
        BOOST_TEST(!tenant->deny(waiting[0].id));
        auto const granted = to_the_end(ciba(), call().resumed(first.interrupt().handle()));
        BOOST_REQUIRE_MESSAGE(granted.has_value(), told(granted));
        auto const& tokens = granted.value().tokens();
        BOOST_TEST(tokens.has_scope("stock:trade"));
        auto const meaning = tenant->inspect(tokens.access_token.expose());
        BOOST_REQUIRE(meaning.has_value());
        BOOST_TEST(meaning->subject == "auth0|alice");
        BOOST_TEST(meaning->audience == "https://api.example.com/");
        BOOST_TEST(meaning->authorization_details == trade_details());
        BOOST_TEST(!tenant->inspect(tokens.id_token.expose()).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_person_who_denies_or_lets_it_expire_is_seen_as_that)
{
    TenantConfig config = quick_tenant();
    config.dialect(TenantDialect::standard).ciba_life(2s);
    make(config);
    auto const first = authorize(ciba(), call());
    tenant->deny(tenant->pending("alice").at(0).id);
    auto const denied = to_the_end(ciba(), call().resumed(first.interrupt().handle()));
    BOOST_TEST(is_interrupt(denied, InterruptKind::denied), told(denied));
    ToolCall const other = call("alice", "other_tool");
    auto const expired = to_the_end(ciba(), other);
    BOOST_TEST(is_interrupt(expired, InterruptKind::expired), told(expired));
    BOOST_TEST((tenant->history("alice").at(0).state == assent::testing::TenantApprovalState::expired));
}

BOOST_AUTO_TEST_CASE(a_policy_decides_by_what_is_asked)
{
    tenant->decide([](TenantApproval const& asked) {
        return asked.binding_message == "Buy 10 ZEKO" && asked.subject == "auth0|alice" ? TenantDecision::approve : TenantDecision::deny;
    });
    auto const granted = to_the_end(ciba(), call("alice"));
    BOOST_TEST(granted.has_value(), told(granted));
    auto const denied = to_the_end(ciba(), call("bob"));
    BOOST_TEST(is_interrupt(denied, InterruptKind::denied), told(denied));
}

BOOST_AUTO_TEST_CASE(a_person_without_push_and_an_unknown_one_are_refused)
{
    TenantConfig config = quick_tenant();
    config.user(TenantUser("carol").push(false));
    make(config);
    auto const refused = authorize(ciba(), call("carol"));
    BOOST_TEST(is_interrupt(refused, InterruptKind::no_push), told(refused));
}

BOOST_AUTO_TEST_CASE(troubles_while_polling_cost_no_approval)
{
    auto const first = authorize(ciba(), call());
    tenant->approve(tenant->pending("alice").at(0).id);
    tenant->fault(TenantFault(TenantFault::Kind::status, "/oauth/token").status(503));
    tenant->fault(TenantFault(TenantFault::Kind::reset, "/oauth/token"));
    tenant->fault(TenantFault(TenantFault::Kind::slow, "/oauth/token").delay(50ms));
    auto const granted = to_the_end(ciba(), call().resumed(first.interrupt().handle()));
    BOOST_TEST(granted.has_value(), told(granted));
    std::vector<int> statuses;
    std::size_t pushes = 0;
    for (auto const& entry : tenant->log()) {
        if (entry.path == "/oauth/token" && entry.parameter("grant_type") == "urn:openid:params:grant-type:ciba") {
            statuses.push_back(entry.status);
            BOOST_TEST(entry.parameter("auth_req_id") == "(hidden)");
            BOOST_TEST(entry.parameter("client_secret") == "(hidden)");
        }
        pushes += entry.path == "/bc-authorize" ? 1 : 0;
    }
    BOOST_TEST(pushes == 1U);
    BOOST_TEST((statuses == std::vector<int>{400, 503, 0, 200} || statuses == std::vector<int>{503, 0, 200}));
}

BOOST_AUTO_TEST_CASE(a_person_signs_in_on_another_device_in_both_dialects)
{
    for (auto const dialect : {TenantDialect::auth0, TenantDialect::standard}) {
        TenantConfig config = quick_tenant();
        config.dialect(dialect);
        make(config);
        DeviceAuthorization options;
        options.scopes(std::vector<std::string>{"read:data", "offline_access"}).audience(std::string("https://api.example.com/"));
        DeviceAuthorizer const device(*runtime, tenant->client("device"), options);
        auto const first = authorize(device, call());
        BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), told(first));
        BOOST_TEST(first.interrupt().device()->verification_uri == url("/activate"));
        BOOST_REQUIRE(tenant->device_requests().size() == 1U);
        BOOST_TEST(!tenant->activate("BBBB-BBBB", "alice"));
        BOOST_TEST(tenant->activate(first.interrupt().device()->user_code, "alice"));
        auto const granted = to_the_end(device, call().resumed(first.interrupt().handle()));
        BOOST_REQUIRE_MESSAGE(granted.has_value(), told(granted));
        BOOST_TEST(!granted.value().tokens().refresh_token.empty());

        auto const second = authorize(device, call("bob"));
        tenant->activate(second.interrupt().device()->user_code, "bob", TenantDecision::deny);
        auto const denied = to_the_end(device, call("bob").resumed(second.interrupt().handle()));
        BOOST_TEST(is_interrupt(denied, InterruptKind::denied), told(denied));
    }
}

BOOST_AUTO_TEST_CASE(a_connected_accounts_token_is_exchanged_and_its_absence_asks_for_consent)
{
    TokenVault options;
    options.connection("google-oauth2").scopes(std::vector<std::string>{"email"}).refresh_token(tenant->refresh_token("alice"));
    TokenVaultAuthorizer const vault(*runtime, tenant->client("agent"), options);
    auto const missing = authorize(vault, call());
    BOOST_TEST(is_interrupt(missing, InterruptKind::consent_needed), told(missing));
    tenant->connect("alice", "google-oauth2");
    auto const granted = authorize(vault, call());
    BOOST_REQUIRE_MESSAGE(granted.has_value(), told(granted));
    auto const meaning = tenant->inspect(granted.value().tokens().access_token.expose());
    BOOST_REQUIRE(meaning.has_value());
    BOOST_TEST(meaning->connection == "google-oauth2");
    BOOST_TEST(meaning->subject == "auth0|alice");
    BOOST_TEST(tenant->disconnect("alice", "google-oauth2"));
}

BOOST_AUTO_TEST_CASE(an_account_is_connected_listed_used_and_disconnected)
{
    ConnectedAccounts accounts(*runtime, tenant->client("agent"));
    auto const refresh = tenant->refresh_token("alice");
    auto const alice = tenant->principal("alice");
    ConnectAccount account("github", "http://localhost:3000/callback");
    account.scopes({"read:user", "repo"});
    auto const link = run(context, accounts.start(alice, refresh, account));
    BOOST_REQUIRE(link.has_value());

    // What the person's browser does, see pages.cpp for the pages themselves.
    auto browser = [&](std::string_view path, std::string_view cookie, Form const* form) {
        HttpRequest request(form != nullptr ? assent::HttpMethod::post : assent::HttpMethod::get, url(path));
        request.header("Cookie", std::string(cookie));
        if (form != nullptr)
            request.header("Origin", url("")).body("application/x-www-form-urlencoded", encoded(*form));
        return send(std::move(request));
    };
    auto const csrf_of = [](std::string const& page) {
        auto const at = page.find("name=\"csrf\" value=\"") + 19;
        return page.substr(at, page.find('"', at) - at);
    };
    auto const cookie_of = [](assent::HttpResponse const& response) {
        std::string const text(response.headers.find("Set-Cookie").value());
        return text.substr(0, text.find(';'));
    };
    auto const login = get("/login");
    Form const sign_in{{"csrf", csrf_of(login.body)}, {"user", "alice"}};
    auto const cookie = cookie_of(browser("/login", cookie_of(login), &sign_in));
    auto const path = link.value().url.substr(url("").size());
    auto const page = browser(path, cookie, nullptr);
    BOOST_TEST(page.status == 200);
    BOOST_TEST(page.body.find("GitHub") != page.body.npos);
    Form const consent{{"csrf", csrf_of(page.body)}, {"ticket", path.substr(path.find('=') + 1)}, {"scope_0", "read:user"}, {"decision", "approve"}};
    auto const back = browser("/connect", cookie, &consent);
    BOOST_REQUIRE(back.status == 303);
    std::string const location(back.headers.find("Location").value());
    BOOST_TEST(location.starts_with("http://localhost:3000/callback?connect_code="));

    auto const connected = run(context, accounts.complete(alice, refresh, location));
    BOOST_REQUIRE(connected.has_value());
    BOOST_TEST(connected.value().connection == "github");
    BOOST_TEST((connected.value().scopes == std::vector<std::string>{"read:user"}));  // the other one was not ticked
    auto const again = run(context, accounts.complete(alice, refresh, location));
    BOOST_TEST(again.has_interrupt());
    auto const listed = run(context, accounts.list(alice, refresh));
    BOOST_REQUIRE(listed.value().size() == 1U);
    BOOST_TEST(run(context, accounts.list(tenant->principal("bob"), tenant->refresh_token("bob"))).value().empty());
    auto const gone = run(context, accounts.disconnect(alice, refresh, listed.value()[0].id));
    BOOST_TEST(gone.value());
    BOOST_TEST(run(context, accounts.list(alice, refresh)).value().empty());
}

BOOST_AUTO_TEST_CASE(a_client_with_a_key_of_its_own_and_tls_is_served)
{
    for (auto const algorithm : {SignatureAlgorithm::es256, SignatureAlgorithm::eddsa}) {
        TenantConfig config = quick_tenant();
        config.tls(true).client(TenantClient("agent").private_key(PrivateKey::generate(algorithm).kid("k1")));
        make(config);
        tenant->decide(TenantDecision::approve);
        auto const granted = to_the_end(ciba(), call());
        BOOST_REQUIRE_MESSAGE(granted.has_value(), told(granted));
        BOOST_TEST(granted.value().tokens().id_token.expose().size() > 100U);
    }
}

BOOST_AUTO_TEST_CASE(tokens_are_signed_as_at_auth0_too)
{
    make(TenantConfig());
    tenant->decide(TenantDecision::approve);
    auto const granted = to_the_end(ciba(), call());
    BOOST_TEST(granted.has_value(), told(granted));
}

BOOST_AUTO_TEST_CASE(a_token_is_exchanged_for_another_api_and_names_who_acts)
{
    auto const signed_in = post_as("agent", "/oauth/token", {{"grant_type", "refresh_token"},
                                                            {"refresh_token", std::string(tenant->refresh_token("alice").expose())},
                                                            {"audience", "https://one.example/"},
                                                            {"scope", "read write"}});
    BOOST_REQUIRE(signed_in.status == 200);
    std::string token = text_of(signed_in, "access_token");
    for (int actor = 1; actor <= 6; ++actor) {
        auto const exchanged = post_as("agent", "/oauth/token", {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                                                                 {"subject_token", token},
                                                                 {"subject_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                                                                 {"audience", "https://two.example/"},
                                                                 {"scope", "read"}});
        BOOST_TEST(exchanged.status == (actor <= 5 ? 200 : 400));
        if (exchanged.status != 200)
            break;
        token = text_of(exchanged, "access_token");
    }
    auto const meaning = tenant->inspect(token);
    BOOST_TEST(meaning->audience == "https://two.example/");
    BOOST_TEST(meaning->subject == "auth0|alice");
    BOOST_TEST((meaning->scopes == std::vector<std::string>{"read"}));
}

BOOST_AUTO_TEST_CASE(rotated_refresh_tokens_are_good_once_and_reuse_ends_the_family)
{
    TenantConfig config = quick_tenant();
    config.client(TenantClient("agent").rotate_refresh_tokens(true));
    make(config);
    auto const use = [&](std::string const& token) { return post_as("agent", "/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", token}}); };
    std::string const first(tenant->refresh_token("alice").expose());
    auto const rotated = use(first);
    BOOST_TEST(rotated.status == 200);
    std::string const second = text_of(rotated, "refresh_token");
    BOOST_TEST(second != first);
    BOOST_TEST(text_of(use(first), "error") == "invalid_grant");
    BOOST_TEST(text_of(use(second), "error") == "invalid_grant");
}

BOOST_AUTO_TEST_CASE(faults_are_for_their_path_only_and_as_many_as_was_said)
{
    using Kind = TenantFault::Kind;
    auto const ask = [&] {
        HttpRequest request(assent::HttpMethod::post, url("/bc-authorize"));
        auto form = ciba_request();
        form.emplace_back("client_id", "agent");
        form.emplace_back("client_secret", tenant->client().client_secret().expose());
        request.body("application/x-www-form-urlencoded", encoded(form)).deadline(300ms);
        return run(context, http->send(std::move(request)));
    };
    tenant->fault(TenantFault(Kind::lost_answer, "/bc-authorize"));
    BOOST_TEST((ask().failure() == assent::Errc::connection_reset));
    BOOST_TEST(tenant->pending("alice").size() == 1U);  // it was done all the same
    tenant->fault(TenantFault(Kind::hang, "/bc-authorize"));
    BOOST_TEST((ask().failure() == assent::Errc::timed_out));
    BOOST_TEST(tenant->pending("alice").size() == 1U);
    tenant->fault(TenantFault(Kind::status, "/bc-authorize").after(1).times(2).status(429, "application/json", "{}").header("Retry-After", "7"));
    BOOST_TEST(ask().value().status == 200);
    for (int i = 0; i < 2; ++i) {
        auto const limited = ask();
        BOOST_TEST(limited.value().status == 429);
        BOOST_TEST(limited.value().headers.find("Retry-After").value() == "7");
    }
    BOOST_TEST(get("/.well-known/jwks.json").status == 200);
    BOOST_TEST(ask().value().status == 200);
    tenant->fault(TenantFault(Kind::reset, "/bc-authorize").times(100));
    tenant->clear_faults();
    BOOST_TEST(ask().value().status == 200);
    BOOST_TEST(tenant->pending("alice").size() == 4U);
    tenant->clear_log();
    BOOST_TEST(tenant->log().empty());
}

BOOST_AUTO_TEST_CASE(every_name_is_a_user_when_the_tenant_says_so)
{
    TenantConfig config = quick_tenant();
    config.any_user(true);
    make(config);
    tenant->decide(TenantDecision::approve);
    for (std::string const name : {"u1", "u2"}) {
        auto const granted = to_the_end(ciba(), call(name));
        BOOST_REQUIRE_MESSAGE(granted.has_value(), told(granted));
        BOOST_TEST(tenant->inspect(granted.value().tokens().access_token.expose())->subject == "auth0|" + name);
    }
    BOOST_TEST(tenant->history("u1").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_service_of_ones_own_can_be_mounted)
{
    tenant->mount("/api", [this](assent::HttpServerRequest request) {
        auto const bearer = request.header("Authorization");
        return api_answer(bearer.size() > 7 && tenant->inspect(bearer.substr(7)).has_value());
    });
    auto const token = text_of(post_as("agent", "/oauth/token", {{"grant_type", "client_credentials"}, {"audience", "https://a/"}}), "access_token");
    HttpRequest request(assent::HttpMethod::get, url("/api/things"));
    request.header("Authorization", "Bearer " + token);
    BOOST_TEST(send(std::move(request)).body == "hello");
    BOOST_TEST(get("/apix").status == 404);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
