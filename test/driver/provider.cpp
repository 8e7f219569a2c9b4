#include "authorizer/provider.hpp"

#include <assent/testing/manual_clock.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include "asio/cancellation.hpp"
#include "core/digest.hpp"
#include "support/signing_key.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <vector>

using namespace assent;
using namespace std::chrono_literals;
using assent::test::key_set;
using assent::test::SigningKey;
using assent::testing::IoContextFixture;
using assent::testing::ScriptedHttpClient;
namespace json = boost::json;

namespace {

constexpr auto discovery_path = "/.well-known/openid-configuration";

std::string document(std::string_view issuer = "https://as.example") {
    json::object object{{"issuer", issuer},
                        {"token_endpoint", "https://as.example/token"},
                        {"backchannel_authentication_endpoint", "https://as.example/bc"},
                        {"jwks_uri", "https://as.example/jwks"}};
    return json::serialize(object);
}

HttpHeaders cache_for(std::chrono::seconds age) {
    HttpHeaders headers;
    headers.add("Cache-Control", "max-age=" + std::to_string(age.count()));
    return headers;
}

SigningKey const& key_one() {
    static auto const key = SigningKey::ec("one", "P-256");
    return key;
}

SigningKey const& key_two() {
    static auto const key = SigningKey::ec("two", "P-256");
    return key;
}

class ProviderFixture : public IoContextFixture {
public:
    using MetadataResult = result<std::shared_ptr<ProviderMetadata const>>;

    Runtime runtime() {
        Runtime made(io.get_executor());
        made.http(http).clock(clock);
        return made;
    }
    std::shared_ptr<Provider> make(OauthClient client) {
        return Provider::make(runtime(), std::move(client));
    }
    std::shared_ptr<Provider> make() { return make(OauthClient::standard("https://as.example", "client")); }

    std::string id_token(SigningKey const& key, std::string_view subject = "alice") {
        auto const now =
            std::chrono::duration_cast<std::chrono::seconds>(clock->now().time_since_epoch()).count();
        json::object claims{{"iss", "https://as.example"},
                            {"sub", subject},
                            {"aud", "client"},
                            {"iat", now},
                            {"exp", now + 600}};
        return key.sign("ES256", json::serialize(claims));
    }
    result<IdTokenClaims> validate(std::shared_ptr<Provider> const& provider, std::string token,
                                   std::string subject = "alice") {
        IdTokenExpectations expected;
        expected.subject = std::move(subject);
        return run(provider->validate_id_token(Secret(std::move(token)), std::move(expected)));
    }
    /// Starts an operation that is awaited later.
    template <class T>
    std::shared_ptr<std::optional<T>> start(awaitable<T> operation,
                                            asio::cancellation_signal* cancel = nullptr) {
        auto answer = std::make_shared<std::optional<T>>();
        auto handler = [answer](std::exception_ptr thrown, T value) {
            if (thrown)
                std::rethrow_exception(thrown);
            answer->emplace(std::move(value));
        };
        if (cancel != nullptr)
            asio::co_spawn(io, std::move(operation),
                           asio::bind_cancellation_slot(cancel->slot(), std::move(handler)));
        else
            asio::co_spawn(io, std::move(operation), std::move(handler));
        return answer;
    }
    std::size_t requests(std::string_view part) const {
        std::size_t count = 0;
        for (auto const& request : http->requests())
            count += request.url().find(part) != std::string::npos ? 1 : 0;
        return count;
    }

    std::shared_ptr<ScriptedHttpClient> http = std::make_shared<ScriptedHttpClient>(clock);
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(driver_provider, ProviderFixture)

BOOST_AUTO_TEST_CASE(metadata_is_discovered_once_and_kept_for_max_age) {
    http->expect(HttpMethod::get, discovery_path).respond(200, cache_for(2h), document());
    auto const provider = make();
    auto const metadata = run(provider->metadata()).value();
    BOOST_TEST(metadata->token_endpoint == "https://as.example/token");
    clock->run_for(io, 2h - 1s);
    BOOST_TEST((run(provider->metadata()).value() == metadata));
    BOOST_TEST(http->requests().size() == 1u);
    BOOST_TEST(http->requests()[0].url() == "https://as.example/.well-known/openid-configuration");
    BOOST_TEST((http->requests()[0].headers().find("accept") == "application/json"));
    clock->run_for(io, 1s);
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    BOOST_TEST((run(provider->metadata()).value() != metadata));
    http->verify();
}

BOOST_AUTO_TEST_CASE(auth0_needs_no_discovery) {
    auto const provider = make(OauthClient::auth0("t.example", "client"));
    BOOST_TEST(run(provider->metadata()).value()->backchannel_endpoint == "https://t.example/bc-authorize");
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(a_404_leads_to_the_place_of_rfc_8414) {
    http->expect(HttpMethod::get, "/realm/.well-known/openid-configuration").respond(404, "nothing");
    http->expect(HttpMethod::get, "https://as.example/.well-known/oauth-authorization-server/realm")
        .respond(200, document("https://as.example/realm"));
    auto const provider = make(OauthClient::standard("https://as.example/realm", "client"));
    BOOST_TEST(run(provider->metadata()).value()->issuer == "https://as.example/realm");
    http->verify();
}

BOOST_AUTO_TEST_CASE(an_issuer_without_metadata_is_a_configuration_error) {
    http->expect(HttpMethod::get, "openid-configuration").respond(404);
    http->expect(HttpMethod::get, "oauth-authorization-server").respond(404);
    auto const failure = run(make()->metadata()).failure();
    BOOST_TEST((failure == Errc::missing_configuration));
    BOOST_TEST((failure == Condition::misconfigured));
    http->verify();
}

BOOST_AUTO_TEST_CASE(another_issuer_in_the_metadata_is_refused) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document("https://as.example/"));
    BOOST_TEST((run(make()->metadata()).failure() == Errc::issuer_mismatch));
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed) {
    HttpHeaders headers;
    headers.add("Location", "https://evil.example/");
    http->expect(HttpMethod::get, discovery_path).respond(302, headers, "");
    auto const failure = run(make()->metadata()).failure();
    BOOST_TEST((failure == Errc::malformed_response));
    BOOST_TEST(failure.detail().find("redirect") != std::string_view::npos);
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_hiccup_is_tried_again_with_back_off) {
    http->expect(HttpMethod::get, discovery_path).fail(Errc::connection_reset);
    http->expect(HttpMethod::get, discovery_path).respond(503, "<html>busy</html>");
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    auto const begin = clock->steady_now();
    BOOST_TEST(run(make()->metadata()).has_value());
    auto const waited = clock->steady_now() - begin;
    BOOST_TEST((waited >= 375ms && waited <= 850ms));
    http->verify();
}

BOOST_AUTO_TEST_CASE(three_hiccups_are_given_to_the_caller) {
    for (int i = 0; i < 3; ++i)
        http->expect(HttpMethod::get, discovery_path).respond(503);
    auto const provider = make();
    auto const failure = run(provider->metadata()).failure();
    BOOST_TEST((failure == Errc::temporarily_unavailable));
    BOOST_TEST((failure == Condition::retryable));
    BOOST_REQUIRE(failure.server() != nullptr);
    BOOST_TEST(failure.server()->status == 503);
    // The next caller tries anew.
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    BOOST_TEST(run(provider->metadata()).has_value());
    http->verify();
}

BOOST_AUTO_TEST_CASE(a_long_retry_after_is_the_callers_to_wait_for) {
    HttpHeaders headers;
    headers.add("Retry-After", "60");
    http->expect(HttpMethod::get, discovery_path).respond(429, headers, "");
    auto const begin = clock->steady_now();
    auto const failure = run(make()->metadata()).failure();
    BOOST_TEST((failure == Errc::temporarily_unavailable));
    BOOST_TEST((failure.server()->retry_after == 60s));
    BOOST_TEST((clock->steady_now() == begin));
}

BOOST_AUTO_TEST_CASE(a_short_retry_after_is_waited_for) {
    HttpHeaders headers;
    headers.add("Retry-After", "3");
    http->expect(HttpMethod::get, discovery_path).respond(429, headers, "");
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    auto const begin = clock->steady_now();
    BOOST_TEST(run(make()->metadata()).has_value());
    BOOST_TEST((clock->steady_now() - begin >= 3s));
}

BOOST_AUTO_TEST_CASE(what_is_known_stays_in_use_while_a_refresh_fails_but_not_for_ever) {
    http->expect(HttpMethod::get, discovery_path).respond(200, cache_for(1h), document());
    auto const provider = make();
    auto const metadata = run(provider->metadata()).value();
    http->otherwise([](HttpRequest const&) -> result<HttpResponse> { return Errc::connect_failed; });
    clock->run_for(io, 1h);
    BOOST_TEST((run(provider->metadata()).value() == metadata));
    BOOST_TEST(http->requests().size() == 4u);
    // Not asked again at once.
    clock->run_for(io, 50s);
    BOOST_TEST((run(provider->metadata()).value() == metadata));
    BOOST_TEST(http->requests().size() == 4u);
    clock->run_for(io, 10s);
    BOOST_TEST((run(provider->metadata()).value() == metadata));
    BOOST_TEST(http->requests().size() == 7u);
    clock->run_for(io, 25h);
    BOOST_TEST((run(provider->metadata()).failure() == Errc::connect_failed));
}

BOOST_AUTO_TEST_CASE(many_callers_share_one_request) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document()).respond_after(100ms);
    auto const provider = make();
    std::vector<std::shared_ptr<std::optional<MetadataResult>>> answers;
    for (int i = 0; i < 100; ++i)
        answers.push_back(start(provider->metadata()));
    clock->run_for(io, 1s);
    for (auto const& answer : answers) {
        BOOST_REQUIRE(answer->has_value());
        BOOST_TEST((**answer).value()->token_endpoint == "https://as.example/token");
    }
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(many_callers_share_one_failure) {
    http->expect(HttpMethod::get, discovery_path)
        .respond(200, document("https://other.example"))
        .respond_after(100ms);
    auto const provider = make();
    std::vector<std::shared_ptr<std::optional<MetadataResult>>> answers;
    for (int i = 0; i < 10; ++i)
        answers.push_back(start(provider->metadata()));
    clock->run_for(io, 1s);
    for (auto const& answer : answers) {
        BOOST_REQUIRE(answer->has_value());
        BOOST_TEST(((**answer).failure() == Errc::issuer_mismatch));
    }
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(when_the_one_who_asks_is_cancelled_another_takes_over) {
    http->expect(HttpMethod::get, discovery_path).hang();
    http->expect(HttpMethod::get, discovery_path).respond(200, document()).respond_after(10ms);
    auto const provider = make();
    asio::cancellation_signal cancel;
    auto const first = start(assent::detail::without_cancellation_exceptions(provider->metadata()), &cancel);
    auto const second = start(provider->metadata());
    auto const third = start(provider->metadata());
    clock->run_for(io, 1s);
    BOOST_TEST(!first->has_value());
    cancel.emit(asio::cancellation_type::terminal);
    clock->run_for(io, 1s);
    BOOST_REQUIRE(first->has_value());
    BOOST_TEST(((**first).failure() == Errc::cancelled));
    BOOST_REQUIRE(second->has_value());
    BOOST_TEST((**second).has_value());
    BOOST_REQUIRE(third->has_value());
    BOOST_TEST((**third).has_value());
    BOOST_TEST(http->requests().size() == 2u);
}

BOOST_AUTO_TEST_CASE(one_who_waits_can_be_cancelled_alone) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document()).respond_after(1s);
    auto const provider = make();
    asio::cancellation_signal cancel;
    auto const first = start(provider->metadata());
    auto const second = start(assent::detail::without_cancellation_exceptions(provider->metadata()), &cancel);
    poll();
    cancel.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_REQUIRE(second->has_value());
    BOOST_TEST(((**second).failure() == Errc::cancelled));
    clock->run_for(io, 2s);
    BOOST_TEST((**first).has_value());
}

BOOST_AUTO_TEST_CASE(a_provider_may_be_given_up_while_it_is_asked) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document()).respond_after(1s);
    auto provider = make();
    auto const answer = start(provider->metadata());
    poll();
    provider.reset();
    clock->run_for(io, 2s);
    BOOST_TEST((**answer).has_value());
}

BOOST_AUTO_TEST_CASE(an_id_token_is_verified_with_the_published_key) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    http->expect(HttpMethod::get, "/jwks").respond(200, key_set({key_one().public_jwk("ES256")}));
    auto const provider = make();
    BOOST_TEST(validate(provider, id_token(key_one())).value().subject == "alice");
    BOOST_TEST((validate(provider, id_token(key_one(), "mallory")).failure() == Errc::subject_mismatch));
    BOOST_TEST((validate(provider, "not-a-jwt").failure() == Errc::id_token_invalid));
    BOOST_TEST(http->requests().size() == 2u);
    http->verify();
}

BOOST_AUTO_TEST_CASE(an_unknown_kid_fetches_the_keys_again_once) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    http->expect(HttpMethod::get, "/jwks").respond(200, key_set({key_one().public_jwk("ES256")}));
    auto const provider = make();
    BOOST_TEST(run(provider->jwks()).value().size() == 1u);
    clock->run_for(io, 30s);
    http->expect(HttpMethod::get, "/jwks")
        .respond(200, key_set({key_one().public_jwk("ES256"), key_two().public_jwk("ES256")}));
    BOOST_TEST(validate(provider, id_token(key_two())).has_value());
    http->verify();
}

BOOST_AUTO_TEST_CASE(tokens_with_invented_kids_do_not_make_a_flood) {
    http->expect(HttpMethod::get, discovery_path).respond(200, document());
    http->otherwise([](HttpRequest const&) -> result<HttpResponse> {
        return HttpResponse(200, key_set({key_one().public_jwk("ES256")}));
    });
    auto const provider = make();
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST((validate(provider, id_token(key_two())).failure() == Errc::id_token_invalid));
        clock->run_for(io, 1s);
    }
    BOOST_TEST(requests("/jwks") <= 4u);
    // Failing to fetch counts, too.
    http->otherwise([](HttpRequest const&) -> result<HttpResponse> { return HttpResponse(500, "x"); });
    auto const before = requests("/jwks");
    for (int i = 0; i < 60; ++i) {
        (void)validate(provider, id_token(key_two()));
        clock->run_for(io, 1s);
    }
    BOOST_TEST(requests("/jwks") - before <= 9u);
    BOOST_TEST(validate(provider, id_token(key_one())).has_value());
}

BOOST_AUTO_TEST_CASE(an_algorithm_that_is_not_allowed_costs_no_request) {
    auto const provider = make();
    auto const forged =
        SigningKey::secret("one", "0123456789abcdef0123456789abcdef").sign("HS256", R"({"sub":"alice"})");
    BOOST_TEST((validate(provider, forged).failure() == Errc::id_token_invalid));
    auto const none =
        base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(R"({"sub":"alice"})") + ".";
    BOOST_TEST((validate(provider, none).failure() == Errc::id_token_invalid));
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(a_provider_without_keys_says_what_to_set) {
    http->expect(HttpMethod::get, discovery_path)
        .respond(200, R"({"issuer":"https://as.example","token_endpoint":"https://as.example/token"})");
    auto const failure = run(make()->jwks()).failure();
    BOOST_TEST((failure == Errc::missing_configuration));
    BOOST_TEST(failure.detail().find("jwks_uri") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(whichever_request_fails_the_next_call_succeeds) {
    auto const script = [this] {
        http = std::make_shared<ScriptedHttpClient>(clock);
        http->otherwise([](HttpRequest const& request) -> result<HttpResponse> {
            if (request.url().ends_with("/jwks"))
                return HttpResponse(200, key_set({key_one().public_jwk("ES256")}));
            return HttpResponse(200, document());
        });
    };
    for (std::size_t step = 0; step < 2; ++step) {
        for (auto const code :
             {Errc::dns_failed, Errc::connect_failed, Errc::tls_failed, Errc::timed_out,
              Errc::connection_reset, Errc::response_too_large, Errc::malformed_response, Errc::queue_full}) {
            script();
            http->fail_at(step, code);
            auto const provider = make();
            (void)validate(provider, id_token(key_one()));
            BOOST_TEST(validate(provider, id_token(key_one())).has_value(),
                       step << " " << Failure(code).message());
        }
        for (auto const& bad : {HttpResponse(500, "<html>"), HttpResponse(200, "{"), HttpResponse(200, ""),
                                HttpResponse(418, "{}")}) {
            script();
            http->fail_at(step, bad);
            auto const provider = make();
            (void)validate(provider, id_token(key_one()));
            BOOST_TEST(validate(provider, id_token(key_one())).has_value(), step);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_client_proves_itself_as_configured) {
    auto const sent = [this](OauthClient client) {
        auto const provider = make(std::move(client));
        FormBody body;
        body.add("grant_type", "x");
        http->expect(HttpMethod::post, "https://as.example/token").respond(200, "{}");
        BOOST_TEST(run(provider->post_form("https://as.example/token", body)).has_value());
        auto const& request = http->requests().back();
        return std::pair(request.body(), std::string(request.headers().find("authorization").value_or("")));
    };
    auto const base = [] { return OauthClient::standard("https://as.example", "my client:1"); };
    BOOST_TEST(
        (sent(base()) == std::pair<std::string, std::string>("grant_type=x&client_id=my+client%3A1", "")));
    BOOST_TEST((sent(base().client_secret(Secret("p%s/w"))) ==
                std::pair<std::string, std::string>("grant_type=x",
                                                    "Basic " + base64_encode("my+client%3A1:p%25s%2Fw"))));
    BOOST_TEST((
        sent(base().client_secret(Secret("p&w")).authentication(ClientAuthentication::client_secret_post)) ==
        std::pair<std::string, std::string>("grant_type=x&client_id=my+client%3A1&client_secret=p%26w", "")));
}

BOOST_AUTO_TEST_CASE(a_client_that_cannot_work_makes_no_provider) {
    BOOST_CHECK_THROW((void)make(OauthClient::standard("http://as.example", "c")), ConfigurationError);
}

BOOST_AUTO_TEST_SUITE_END()
