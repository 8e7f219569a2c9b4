// The local tenant's authorization server without sockets: requests and times in, answers out.

#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"
#include "jose/sign.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using assent::PrivateKey;
using assent::Secret;
using assent::SignatureAlgorithm;
using assent::tenant::ApiAnswer;
using assent::tenant::ApiRequest;
using assent::tenant::Grant;
using assent::tenant::OauthCore;
using assent::tenant::Parameters;
using assent::tenant::Time;
using assent::testing::TenantClient;
using assent::testing::TenantConfig;
using assent::testing::TenantConnection;
using assent::testing::TenantDialect;
using assent::testing::TenantUser;

constexpr std::string_view ciba_type = "urn:openid:params:grant-type:ciba";
constexpr std::string_view device_type = "urn:ietf:params:oauth:grant-type:device_code";

std::string form_text(std::initializer_list<std::pair<std::string_view, std::string_view>> values)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (auto const& [name, value] : values) {
        out.append(out.empty() ? "" : "&").append(name).append("=");
        for (char const c : value)
            out.append({'%', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]});
    }
    return out;
}

struct OauthFixture {
    explicit OauthFixture(TenantDialect dialect = TenantDialect::auth0) { make(config_of(dialect)); }

    static TenantConfig config_of(TenantDialect dialect)
    {
        TenantConfig config;
        config.dialect(dialect)
            .signing(SignatureAlgorithm::es256)
            .interval(5s)
            .user(TenantUser("alice"))
            .user(TenantUser("bob"))
            .client(TenantClient("agent").secret(Secret("s3cret")))
            .client(TenantClient("other").secret(Secret("s3cret")))
            .client(TenantClient("device").public_client(true))
            .connection(TenantConnection("google-oauth2").scopes({"email"}));
        return config;
    }
    void make(TenantConfig config)
    {
        bool const slash = config.dialect() == TenantDialect::auth0;
        core.emplace(std::move(config), slash ? "http://localhost:1/" : "http://localhost:1");
    }
    ApiAnswer post(std::string_view path, std::string const& form, std::string authorization = {})
    {
        ApiRequest request;
        request.method = "POST";
        request.path = path;
        request.authorization = std::move(authorization);
        request.parameters = Parameters::from_form(form).value();
        return core->handle(request, now).value();
    }
    ApiAnswer as_agent(std::string_view path, std::initializer_list<std::pair<std::string_view, std::string_view>> values)
    {
        return post(path, form_text(values) + "&client_id=agent&client_secret=s3cret");
    }
    std::string hint(std::string_view subject = "auth0|alice") const
    {
        return "{\"format\":\"iss_sub\",\"iss\":\"http://localhost:1/\",\"sub\":\"" + std::string(subject) + "\"}";
    }
    std::string start_ciba(std::string_view scope = "openid trade")
    {
        auto const answer = as_agent("/bc-authorize", {{"scope", scope}, {"binding_message", "Buy"}, {"login_hint", hint()}});
        BOOST_REQUIRE_MESSAGE(answer.status == 200, json::serialize(*answer.body));
        return std::string(answer.body->at("auth_req_id").as_string());
    }
    ApiAnswer poll(std::string_view id) { return as_agent("/oauth/token", {{"grant_type", ciba_type}, {"auth_req_id", id}}); }
    std::string waiting() const { return core->pending("auth0|alice", now).at(0)->id; }

    Time now{std::chrono::hours(24 * 365 * 56)};
    std::optional<OauthCore> core;
};

struct StandardOauth : OauthFixture {
    StandardOauth() : OauthFixture(TenantDialect::standard) {}
};

std::string error_of(ApiAnswer const& answer)
{
    auto const* const error = answer.body ? answer.body->if_contains("error") : nullptr;
    return std::to_string(answer.status) + " " + (error != nullptr ? std::string(error->as_string()) : "none");
}

BOOST_FIXTURE_TEST_SUITE(tenant_oauth, OauthFixture)

BOOST_AUTO_TEST_CASE(a_ciba_request_is_pending_then_approved_and_good_for_one_answer)
{
    auto const id = start_ciba("openid trade offline_access");
    BOOST_TEST(error_of(poll(id)) == "400 authorization_pending");
    BOOST_TEST(core->decide(waiting(), "auth0|alice", true, now));
    now += 5s;
    auto const granted = poll(id);
    BOOST_TEST(granted.status == 200);
    BOOST_TEST(granted.body->contains("refresh_token"));
    BOOST_TEST(granted.body->at("scope") == json::value("openid trade offline_access"));
    BOOST_TEST(error_of(poll(id)) == "400 invalid_grant");
}

BOOST_AUTO_TEST_CASE(polling_too_fast_is_told_with_the_interval_to_keep)
{
    auto const id = start_ciba();
    poll(id);
    now += 2s;
    auto const fast = poll(id);
    BOOST_TEST(error_of(fast) == "400 slow_down");
    BOOST_TEST(fast.body->at("interval") == json::value(10));
    BOOST_TEST(fast.headers.find("Retry-After").value() == "10");
    now += 8s;
    BOOST_TEST(error_of(poll(id)) == "400 slow_down");  // 10 s from the last answer on
    now += 10s;
    BOOST_TEST(error_of(poll(id)) == "400 authorization_pending");
}

BOOST_AUTO_TEST_CASE(auth0_tells_expiry_as_a_denial)
{
    auto const id = start_ciba();
    now += 300s;
    BOOST_TEST(error_of(poll(id)) == "403 access_denied");
    BOOST_TEST(core->pending("auth0|alice", now).empty());
    BOOST_TEST(core->history("auth0|alice", now).size() == 1U);
    BOOST_TEST(!core->decide(core->history("auth0|alice", now)[0]->id, {}, true, now));
}

BOOST_FIXTURE_TEST_CASE(the_standard_dialect_has_errors_of_its_own, StandardOauth)
{
    auto const id = start_ciba();
    poll(id);
    now += 1s;
    auto const fast = poll(id);
    BOOST_TEST(error_of(fast) == "400 slow_down");
    BOOST_TEST(!fast.headers.find("Retry-After"));
    now += 8s;
    BOOST_TEST(error_of(poll(id)) == "400 slow_down");  // 5 s were added, for good
    now += 300s;
    BOOST_TEST(error_of(poll(id)) == "400 expired_token");
    BOOST_TEST(error_of(as_agent("/bc-authorize", {{"scope", "openid"}, {"login_hint", "nobody"}})) == "400 unknown_user_id");
    BOOST_TEST(as_agent("/bc-authorize", {{"scope", "openid"}, {"login_hint", "alice"}}).status == 200);  // a plain name, no message
    BOOST_TEST(error_of(as_agent("/bc-authorize", {{"scope", "openid"}, {"login_hint", "alice"}, {"binding_message", "a\nb"}})) ==
               "400 invalid_binding_message");
    BOOST_TEST(error_of(as_agent("/bc-authorize", {{"scope", "trade"}, {"login_hint", "alice"}})) == "400 invalid_scope");
}

BOOST_AUTO_TEST_CASE(what_auth0_would_refuse_is_refused)
{
    auto const ask = [&](std::string_view name, std::string_view value) {
        std::string form = form_text({{"scope", "openid"}, {"login_hint", hint()}});
        if (name != "binding_message")
            form += "&binding_message=Buy";
        if (!name.empty())
            form += "&" + form_text({{name, value}});
        return error_of(post("/bc-authorize", form + "&client_id=agent&client_secret=s3cret"));
    };
    BOOST_TEST(ask("", "") == "200 none");
    BOOST_TEST(ask("binding_message", "Buy!") == "400 invalid_request");
    BOOST_TEST(ask("binding_message", std::string(65, 'x')) == "400 invalid_request");
    BOOST_TEST(ask("binding_message", "") == "400 invalid_request");
    BOOST_TEST(ask("requested_expiry", "0") == "400 invalid_request");
    BOOST_TEST(ask("requested_expiry", "259201") == "400 invalid_request");
    BOOST_TEST(ask("requested_expiry", "5 minutes") == "400 invalid_request");
    BOOST_TEST(ask("requested_expiry", "259200") == "200 none");
    BOOST_TEST(ask("authorization_details", "{}") == "400 invalid_authorization_details");
    BOOST_TEST(ask("authorization_details", "[{\"qty\":1}]") == "400 invalid_authorization_details");
    BOOST_TEST(ask("id_token_hint", "x") == "400 invalid_request");
    BOOST_TEST(ask("audience", "undefined") == "200 none");
    auto const hinted = [&](std::string const& login_hint) {
        return error_of(as_agent("/bc-authorize", {{"scope", "openid"}, {"binding_message", "Buy"}, {"login_hint", login_hint}}));
    };
    BOOST_TEST(hinted("alice") == "400 invalid_request");
    BOOST_TEST(hinted("{") == "400 invalid_request");
    BOOST_TEST(hinted("{\"format\":\"iss_sub\",\"iss\":\"http://else/\",\"sub\":\"auth0|alice\"}") == "400 invalid_request");
    BOOST_TEST(hinted(hint("auth0|nobody")) == "400 invalid_request");
}

BOOST_AUTO_TEST_CASE(clients_prove_who_they_are_and_use_their_own_requests_only)
{
    auto const id = start_ciba();
    std::string const polled = form_text({{"grant_type", ciba_type}, {"auth_req_id", id}});
    BOOST_TEST(error_of(post("/oauth/token", polled + "&client_id=agent&client_secret=wrong")) == "401 invalid_client");
    BOOST_TEST(error_of(post("/oauth/token", polled + "&client_id=agent")) == "401 invalid_client");
    BOOST_TEST(error_of(post("/oauth/token", polled + "&client_id=nobody&client_secret=s3cret")) == "401 invalid_client");
    BOOST_TEST(error_of(post("/oauth/token", polled + "&client_id=device&client_secret=s3cret")) == "401 invalid_client");
    BOOST_TEST(error_of(post("/oauth/token", polled + "&client_id=other&client_secret=s3cret")) == "400 invalid_grant");
    BOOST_TEST(error_of(post("/oauth/token", polled, "Basic " + assent::base64_encode("agent:s3cret"))) == "400 authorization_pending");
    auto const bad = post("/oauth/token", polled, "Basic " + assent::base64_encode("agent:wrong"));
    BOOST_TEST(error_of(bad) == "401 invalid_client");
    BOOST_TEST(bad.headers.find("WWW-Authenticate").has_value());
    BOOST_TEST(error_of(post("/oauth/token", form_text({{"grant_type", "client_credentials"}}) + "&client_id=device")) == "403 unauthorized_client");
    BOOST_TEST(error_of(as_agent("/oauth/token", {{"grant_type", "password"}})) == "403 unsupported_grant_type");
    BOOST_TEST(!Parameters::from_form("client_id=a&client_id=b").has_value());
}

BOOST_AUTO_TEST_CASE(a_client_assertion_is_for_this_issuer_brief_and_good_once)
{
    auto const key = PrivateKey::generate(SignatureAlgorithm::es256);
    TenantConfig config = config_of(TenantDialect::auth0);
    make(config.client(TenantClient("keyed").private_key(key)));
    auto const assertion = [&](json::object const& changes, PrivateKey const& with) {
        auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
        json::object claims{{"iss", "keyed"}, {"sub", "keyed"}, {"aud", "http://localhost:1/"}, {"exp", seconds + 60}, {"jti", assent::random_base64url(8)}};
        for (auto const& [name, value] : changes)
            claims[name] = value;
        return assent::sign_jws(with, R"({"alg":"ES256","typ":"JWT"})", json::serialize(claims));
    };
    auto const use = [&](std::string const& text) {
        return error_of(post("/oauth/token", form_text({{"grant_type", "client_credentials"},
                                                        {"audience", "https://a/"},
                                                        {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                                                        {"client_assertion", text}})));
    };
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    auto const good = assertion({}, key);
    BOOST_TEST(use(good) == "200 none");
    BOOST_TEST(use(good) == "401 invalid_client");
    BOOST_TEST(use(assertion({}, PrivateKey::generate(SignatureAlgorithm::es256))) == "401 invalid_client");
    BOOST_TEST(use(assertion({{"aud", "http://localhost:1"}}, key)) == "401 invalid_client");  // Auth0 wants the slash
    BOOST_TEST(use(assertion({{"exp", seconds - 60}}, key)) == "401 invalid_client");
    BOOST_TEST(use(assertion({{"exp", seconds + 3600}}, key)) == "401 invalid_client");
    BOOST_TEST(use(assertion({{"iss", "agent"}}, key)) == "401 invalid_client");
    BOOST_TEST(use(assertion({{"sub", "agent"}, {"iss", "agent"}}, key)) == "401 invalid_client");
    BOOST_TEST(use(assertion({{"jti", nullptr}}, key)) == "401 invalid_client");
}

BOOST_AUTO_TEST_CASE(a_device_code_expires_once_as_such_and_is_unknown_afterwards)
{
    auto const started = post("/oauth/device/code", "client_id=device&scope=openid&audience=undefined");
    std::string const code(started.body->at("device_code").as_string());
    std::string const user_code(started.body->at("user_code").as_string());
    BOOST_TEST(user_code.size() == 9U);
    BOOST_TEST(user_code.find_first_of("AEIOUY0123456789") == user_code.npos);
    auto const use = [&] {
        return error_of(post("/oauth/token", form_text({{"grant_type", device_type}, {"device_code", code}}) + "&client_id=device"));
    };
    BOOST_TEST(use() == "403 authorization_pending");
    now += 1s;
    BOOST_TEST(use() == "429 slow_down");
    now += 900s;
    BOOST_TEST(use() == "403 expired_token");
    BOOST_TEST(use() == "403 invalid_grant");
    BOOST_TEST(!core->find_sign_in(user_code, now));
    BOOST_TEST(!core->decide_sign_in(user_code, "auth0|alice", true, now));
}

BOOST_AUTO_TEST_CASE(an_approval_may_grant_less_than_was_asked)
{
    auto const answer = as_agent("/bc-authorize", {{"scope", "openid read write"},
                                                   {"binding_message", "Do"},
                                                   {"login_hint", hint()},
                                                   {"authorization_details", R"([{"type":"pay","limit":10}])"}});
    OauthCore::Narrowed narrowed;
    narrowed.scopes = {"read"};
    narrowed.details = json::parse(R"([{"type":"pay","limit":5}])").as_array();
    BOOST_TEST(core->decide(waiting(), {}, true, now, &narrowed));
    auto const granted = poll(answer.body->at("auth_req_id").as_string());
    BOOST_TEST(granted.body->at("scope") == json::value("openid read"));
    BOOST_TEST(granted.body->at("authorization_details") == json::value(narrowed.details));
    BOOST_TEST(core->history("auth0|alice", now)[0]->asked_scopes.size() == 3U);
}

BOOST_AUTO_TEST_CASE(tokens_end_and_an_id_token_is_no_access_token)
{
    auto const id = start_ciba();
    core->decide(waiting(), {}, true, now);
    auto const granted = poll(id);
    std::string const token(granted.body->at("access_token").as_string());
    BOOST_TEST(core->inspect(token, now)->subject == "auth0|alice");
    BOOST_TEST(!core->inspect(granted.body->at("id_token").as_string(), now).has_value());
    BOOST_TEST(!core->inspect(token + "x", now).has_value());
    BOOST_TEST(!core->inspect("", now).has_value());
    now += 3600s;
    BOOST_TEST(!core->inspect(token, now).has_value());
}

BOOST_AUTO_TEST_CASE(a_refresh_token_is_its_clients_and_can_be_revoked)
{
    Grant grant;
    grant.client_id = "agent";
    grant.subject = "auth0|alice";
    grant.scopes = {"openid", "read"};
    auto const token = core->make_refresh_token(grant, now);
    BOOST_TEST(as_agent("/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", token}}).status == 200);
    BOOST_TEST(error_of(as_agent("/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", token}, {"scope", "read write"}})) ==
               "400 invalid_scope");
    BOOST_TEST(error_of(post("/oauth/token", form_text({{"grant_type", "refresh_token"}, {"refresh_token", token}}) +
                                                 "&client_id=other&client_secret=s3cret")) == "403 invalid_grant");
    BOOST_TEST(post("/oauth/revoke", "token=" + token + "&client_id=other&client_secret=s3cret").status == 200);  // says nothing, does nothing
    BOOST_TEST(as_agent("/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", token}}).status == 200);
    BOOST_TEST(as_agent("/oauth/revoke", {{"token", token}}).status == 200);
    BOOST_TEST(error_of(as_agent("/oauth/token", {{"grant_type", "refresh_token"}, {"refresh_token", token}})) == "403 invalid_grant");
}

BOOST_AUTO_TEST_CASE(what_is_over_is_forgotten_and_memory_stays_bounded)
{
    for (int round = 0; round < 2000; ++round) {
        start_ciba();
        now += 300s;
    }
    BOOST_TEST(core->history("auth0|alice", now).size() == 100U);
    BOOST_TEST(core->pending("auth0|alice", now).empty());
}

BOOST_AUTO_TEST_CASE(the_history_of_all_users_together_is_a_ring_of_the_size_that_was_said)
{
    make(config_of(TenantDialect::auth0).any_user(true).history(50));
    std::string waits;
    std::string uncollected;
    for (int person = 0; person < 1000; ++person) {
        std::string const subject = "auth0|person-" + std::to_string(person);
        auto const answer = as_agent("/bc-authorize", {{"scope", "openid"}, {"binding_message", "Buy"}, {"login_hint", hint(subject)}});
        BOOST_REQUIRE(answer.status == 200);
        if (person == 1)
            uncollected = answer.body->at("auth_req_id").as_string();
        if (person == 0) {
            waits = core->pending(subject, now).at(0)->id;
            continue;
        }
        BOOST_REQUIRE(core->decide(core->pending(subject, now).at(0)->id, subject, true, now));
    }
    std::size_t held = 0;
    for (int person = 1; person < 1000; ++person)
        held += core->history("auth0|person-" + std::to_string(person), now).size();
    BOOST_TEST(held >= 50U);
    BOOST_TEST(held <= 50U + 256U);  // it is swept every so many requests
    BOOST_TEST(core->history("auth0|person-999", now).size() == 1U);
    BOOST_TEST(core->find_approval(waits, "auth0|person-0") != nullptr);  // it still waits
    BOOST_TEST(core->history("auth0|person-1", now).empty());
    BOOST_TEST(poll(uncollected).status == 200);  // out of the history, but its client still gets what was granted
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_work_are_refused)
{
    auto const refused = [](TenantConfig config) { BOOST_CHECK_THROW(OauthCore(config, "http://localhost:1/"), assent::ConfigurationError); };
    TenantConfig config = config_of(TenantDialect::auth0);
    refused(TenantConfig(config).interval(0s));
    refused(TenantConfig(config).ciba_life(0s));
    refused(TenantConfig(config).token_life(0s));
    refused(TenantConfig(config).signing(SignatureAlgorithm::eddsa));
    refused(TenantConfig(config).user(TenantUser("alice")));
    refused(TenantConfig(config).client(TenantClient("agent")));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
