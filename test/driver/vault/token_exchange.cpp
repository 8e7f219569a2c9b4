#include "support/vault_fixture.hpp"

#include "core/digest.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::VaultFixture;

namespace {

class Fixture : public VaultFixture {
public:
    static TokenExchange options() { return TokenExchange().subject_token(Secret("subject")).audience(std::string("https://api.example/")); }
    TokenExchangeAuthorizer exchange(TokenExchange given = options()) { return TokenExchangeAuthorizer(runtime, client(), std::move(given)); }
    Answer authorize(TokenExchangeAuthorizer authorizer, ToolCall call = look()) { return run(authorizer.authorize(std::move(call))); }

    static std::string jwt(std::string_view claims) { return base64url_encode(R"({"alg":"none"})") + '.' + base64url_encode(claims) + ".x"; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(token_exchange, Fixture)

BOOST_AUTO_TEST_CASE(what_is_sent_is_rfc_8693_and_nothing_empty)
{
    BOOST_TEST(authorize(exchange()).has_value());
    Form const least{{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                     {"client_id", "client"},
                     {"client_secret", "client-secret"},
                     {"subject_token", "subject"},
                     {"subject_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                     {"audience", "https://api.example/"}};
    BOOST_TEST((provider->seen[0].form == least));

    auto const all = TokenExchange()
                         .subject_token([](ToolCall const&) { return Secret("id"); })
                         .subject_token_type(token_type::id_token)
                         .actor_token(Secret("agent"))
                         .actor_token_type(token_type::jwt)
                         .resource("https://api.example/v1")
                         .scopes({"read", "write"})
                         .requested_token_type(token_type::access_token)
                         .parameter("organization", "org_1");
    answers = [](std::size_t, Form const&) { return token_answer("t"); };
    auto const granted = authorize(exchange(all));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    BOOST_TEST(granted.value().find("token_exchange")->has_scope("write"));
    Form const most{{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                    {"client_id", "client"},
                    {"client_secret", "client-secret"},
                    {"subject_token", "id"},
                    {"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"},
                    {"actor_token", "agent"},
                    {"actor_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                    {"resource", "https://api.example/v1"},
                    {"scope", "read write"},
                    {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                    {"organization", "org_1"}};
    BOOST_TEST((provider->seen[1].form == most));
}

BOOST_AUTO_TEST_CASE(it_is_kept_and_renewed_as_the_vaults)
{
    auto authorizer = exchange();
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    BOOST_TEST(authorizer.try_cached(look()).has_value());
    pass(2h);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
    BOOST_TEST(token_of(authorize(authorizer, look(bob()))) == "third-party-secret-3");
}

BOOST_AUTO_TEST_CASE(audiences_and_resources_do_not_mix)
{
    BOOST_TEST(token_of(authorize(exchange())) == "third-party-secret-1");
    BOOST_TEST(token_of(authorize(exchange(options().audience(std::string("other"))))) == "third-party-secret-2");
    BOOST_TEST(token_of(authorize(exchange(options().resource("https://api.example/v2")))) == "third-party-secret-3");
    BOOST_TEST(token_of(authorize(exchange(options().audience([](ToolCall const& call) { return call.tool_name(); })))) ==
               "third-party-secret-4");
}

BOOST_AUTO_TEST_CASE(a_demanded_actor_must_be_in_the_token)
{
    std::string token = jwt(R"({"sub":"auth0|alice","act":{"sub":"agent-7","act":{"sub":"other"}}})");
    answers = [&token](std::size_t, Form const&) { return token_answer(token); };
    auto const on_behalf = options().actor_token(Secret("agent")).actor("agent-7").credentials_context(CredentialsContext::tool_call);
    BOOST_TEST(authorize(exchange(on_behalf)).has_value());
    for (auto const& wrong : {jwt(R"({"sub":"auth0|alice","act":{"sub":"agent-8"}})"), jwt(R"({"sub":"auth0|alice"})"),
                              jwt(R"({"act":"agent-7"})"), std::string("opaque")}) {
        token = wrong;
        auto const refused = authorize(exchange(on_behalf), look().call_id("call-" + wrong.substr(0, 60) + std::to_string(wrong.size())));
        BOOST_TEST(is(refused, Errc::subject_mismatch), describe(refused));
    }
    token = "opaque";
    BOOST_TEST(authorize(exchange(options().actor_token(Secret("agent")))).has_value());
}

BOOST_AUTO_TEST_CASE(an_actor_without_a_token_is_not_the_person)
{
    auto const none = options().actor_token([] { return std::string(); });
    BOOST_TEST(is(authorize(exchange(none)), Errc::missing_configuration));
    BOOST_TEST(exchanges() == 0u);
}

BOOST_AUTO_TEST_CASE(a_subject_token_that_is_no_longer_good_is_told_as_such)
{
    answers = [](std::size_t, Form const&) { return error("invalid_grant"); };
    BOOST_TEST(is(authorize(exchange()), InterruptKind::invalid_grant));
    answers = [](std::size_t, Form const&) { return error("invalid_target"); };
    BOOST_TEST(is(authorize(exchange()), Errc::invalid_target));
    answers = [](std::size_t, Form const&) { return error("consent_required", 403); };
    auto const consent = authorize(exchange());
    BOOST_REQUIRE(is(consent, InterruptKind::consent_needed));
    BOOST_TEST(consent.interrupt().consent()->connection == "token_exchange");
}

BOOST_AUTO_TEST_CASE(a_token_that_is_no_access_token_is_taken)
{
    answers = [](std::size_t, Form const&) {
        return json_answer(200, {{"access_token", "saml"}, {"token_type", "N_A"}, {"issued_token_type", "urn:ietf:params:oauth:token-type:saml2"}});
    };
    auto const granted = authorize(exchange());
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    BOOST_TEST(granted.value().tokens().token_type == "N_A");
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_at_construction)
{
    auto const refused = [this](TokenExchange given) {
        try {
            static_cast<void>(exchange(std::move(given)));
        }
        catch (ConfigurationError const&) {
            return true;
        }
        return false;
    };
    BOOST_TEST(refused(TokenExchange()));
    BOOST_TEST(refused(options().resource("not absolute")));
    BOOST_TEST(refused(options().resource("https://api.example/#fragment")));
    BOOST_TEST(refused(options().parameter("subject_token", "x")));
    BOOST_TEST(refused(options().scopes({"a\"b"})));
    BOOST_TEST(!refused(options()));
}

BOOST_AUTO_TEST_SUITE_END()
