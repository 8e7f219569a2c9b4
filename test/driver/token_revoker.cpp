#include "support/fake_ciba_provider.hpp"

#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>
#include <assent/token_revoker.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

using namespace assent;
using namespace std::chrono_literals;

namespace {

class Fixture : public testing::IoContextFixture {
public:
    Fixture() { runtime.http(http).clock(clock); }

    static OauthClient auth0() { return OauthClient::auth0("tenant.example", "client", Secret("client-secret")); }
    static OauthClient keycloak()
    {
        return OauthClient::keycloak("https://kc.example/realms/r", "client").client_secret(Secret("client-secret")).discovery(false);
    }
    static TokenSet tokens()
    {
        TokenSet out;
        out.access_token = Secret("at-secret");
        out.refresh_token = Secret("rt-secret");
        return out;
    }
    Revocation revoke(OauthClient client, TokenSet what = tokens()) { return run(TokenRevoker(runtime, std::move(client)).revoke(std::move(what))); }
    std::string form(std::size_t n, char const* name) const { return test::form_of(http->requests().at(n)).at(name); }
    void teardown()
    {
        IoContextFixture::teardown();
        http->verify();
    }

    std::shared_ptr<testing::ScriptedHttpClient> http = std::make_shared<testing::ScriptedHttpClient>(clock);
    Runtime runtime{io.get_executor()};
};

constexpr char endpoint[] = "https://kc.example/realms/r/protocol/openid-connect/revoke";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(token_revoker, Fixture)

BOOST_AUTO_TEST_CASE(the_refresh_token_is_revoked_before_the_access_token)
{
    http->expect(HttpMethod::post, endpoint).respond(200, "");
    http->expect(HttpMethod::post, endpoint).respond(200, "");
    auto const done = revoke(keycloak());
    BOOST_TEST((done.refresh_token == Revoked::yes));
    BOOST_TEST((done.access_token == Revoked::yes));
    BOOST_TEST(done.complete());
    BOOST_TEST(form(0, "token") == "rt-secret");
    BOOST_TEST(form(0, "token_type_hint") == "refresh_token");
    BOOST_TEST(form(1, "token") == "at-secret");
    BOOST_TEST(form(1, "token_type_hint") == "access_token");
    BOOST_TEST(http->requests().at(0).headers().find("Authorization").has_value());
}

BOOST_AUTO_TEST_CASE(auth0_revokes_refresh_tokens_only)
{
    http->expect(HttpMethod::post, "https://tenant.example/oauth/revoke").respond(200, "");
    auto const done = revoke(auth0());
    BOOST_TEST((done.refresh_token == Revoked::yes));
    BOOST_TEST((done.access_token == Revoked::unsupported));
    BOOST_TEST(form(0, "client_secret") == "client-secret");
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_when_there_is_nothing)
{
    auto const done = revoke(keycloak(), TokenSet());
    BOOST_TEST((done.refresh_token == Revoked::absent));
    BOOST_TEST((done.access_token == Revoked::absent));
    BOOST_TEST(done.complete());
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(a_failure_with_one_does_not_keep_the_other)
{
    http->expect(HttpMethod::post, endpoint).respond(400, R"({"error":"invalid_request"})");
    http->expect(HttpMethod::post, endpoint).respond(200, "");
    auto const done = revoke(keycloak());
    BOOST_TEST((done.refresh_token == Revoked::failed));
    BOOST_TEST((done.access_token == Revoked::yes));
    BOOST_TEST(!done.complete());
    BOOST_REQUIRE(done.failure.has_value());
    BOOST_TEST((*done.failure == Errc::invalid_request));
    BOOST_TEST(done.failure->message().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_kind_that_the_provider_does_not_revoke_is_unsupported)
{
    http->expect(HttpMethod::post, endpoint).respond(200, "");
    http->expect(HttpMethod::post, endpoint).respond(400, R"({"error":"unsupported_token_type"})");
    auto const done = revoke(keycloak());
    BOOST_TEST((done.access_token == Revoked::unsupported));
    BOOST_TEST(!done.failure.has_value());
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_away_for_a_moment_is_asked_again)
{
    TokenSet only_refresh;
    only_refresh.refresh_token = Secret("rt-secret");
    HttpHeaders later;
    later.add("Retry-After", "3");
    http->expect(HttpMethod::post, endpoint).respond(503, later, "");
    http->expect(HttpMethod::post, endpoint).fail(Errc::connection_reset);
    http->expect(HttpMethod::post, endpoint).respond(200, "");
    auto const before = clock->now();
    auto const done = revoke(keycloak(), only_refresh);
    BOOST_TEST((done.refresh_token == Revoked::yes));
    BOOST_TEST((clock->now() - before >= 3s));
}

BOOST_AUTO_TEST_CASE(it_ends_after_three_attempts_and_does_not_wait_long)
{
    TokenSet only_refresh;
    only_refresh.refresh_token = Secret("rt-secret");
    for (int i = 0; i < 3; ++i)
        http->expect(HttpMethod::post, endpoint).fail(Errc::timed_out);
    auto const done = revoke(keycloak(), only_refresh);
    BOOST_TEST((done.refresh_token == Revoked::failed));
    BOOST_TEST((*done.failure == Errc::timed_out));

    HttpHeaders later;
    later.add("Retry-After", "3600");
    http->expect(HttpMethod::post, endpoint).respond(429, later, "");
    BOOST_TEST((revoke(keycloak(), only_refresh).refresh_token == Revoked::failed));
}

BOOST_AUTO_TEST_CASE(without_metadata_or_an_endpoint_it_says_so)
{
    http->expect(HttpMethod::get, "https://idp.example/.well-known/openid-configuration")
        .respond(200, R"({"issuer":"https://idp.example","token_endpoint":"https://idp.example/token"})");
    auto const none = revoke(OauthClient::standard("https://idp.example", "client"));
    BOOST_TEST((none.refresh_token == Revoked::unsupported));
    BOOST_TEST((none.access_token == Revoked::unsupported));

    for (int i = 0; i < 3; ++i)
        http->expect(HttpMethod::get, "https://other.example/.well-known/openid-configuration").fail(Errc::dns_failed);
    auto const away = revoke(OauthClient::standard("https://other.example", "client"));
    BOOST_TEST((away.refresh_token == Revoked::failed));
    BOOST_TEST((*away.failure == Errc::dns_failed));
}

BOOST_AUTO_TEST_SUITE_END()
