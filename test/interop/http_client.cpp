#include <assent/beast_http_client.hpp>

#include "interop/support/oidc_provider_process.hpp"
#include "interop/support/run.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace std::chrono_literals;
using assent::BeastHttpClient;
using assent::BeastHttpClientConfig;
using assent::Errc;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::HttpResponse;
using assent::result;
using assent::test::OidcProviderProcess;

BeastHttpClientConfig trusting() {
    BeastHttpClientConfig config;
    config.proxy_from_environment(false).ca_file(assent::test::certificates() + "/ca.crt");
    return config;
}

HttpRequest client_credentials(OidcProviderProcess const& provider) {
    HttpRequest request(HttpMethod::post, provider.issuer() + std::string(provider.token_path()));
    request.body("application/x-www-form-urlencoded",
                 "grant_type=client_credentials&client_id=post&client_secret=" +
                     assent::test::secret_of("post"));
    return request;
}

std::string describe(result<HttpResponse> const& answer) {
    return answer ? std::to_string(answer.value().status) : answer.failure().message();
}

/// GETs the discovery document with a client of that configuration.
result<HttpResponse> discover(OidcProviderProcess const& provider, BeastHttpClientConfig const& config) {
    boost::asio::io_context context;
    BeastHttpClient client(context.get_executor(), config);
    HttpRequest request(HttpMethod::get, provider.issuer() + "/.well-known/openid-configuration");
    return assent::test::run(context, client.send(std::move(request)));
}

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(discovery_keys_and_a_token_over_one_tls_connection) {
    OidcProviderProcess const provider({"--tls", "good"});
    boost::asio::io_context context;
    BeastHttpClient client(context.get_executor(), trusting());

    HttpRequest discovery(HttpMethod::get, provider.issuer() + "/.well-known/openid-configuration");
    result<HttpResponse> const metadata = assent::test::run(context, client.send(std::move(discovery)));
    BOOST_REQUIRE_MESSAGE(metadata.has_value(), describe(metadata));
    BOOST_TEST(metadata.value().status == 200);
    boost::json::value const document = boost::json::parse(metadata.value().body);
    BOOST_TEST(document.at("issuer").as_string() == provider.issuer());

    HttpRequest keys_request(HttpMethod::get, std::string(document.at("jwks_uri").as_string()));
    result<HttpResponse> const keys = assent::test::run(context, client.send(std::move(keys_request)));
    BOOST_REQUIRE_MESSAGE(keys.has_value(), describe(keys));
    BOOST_TEST(boost::json::parse(keys.value().body).at("keys").as_array().size() == 3U);

    result<HttpResponse> const token = assent::test::run(context, client.send(client_credentials(provider)));
    BOOST_REQUIRE_MESSAGE(token.has_value(), describe(token));
    BOOST_TEST(token.value().status == 200);
    BOOST_TEST(boost::json::parse(token.value().body).as_object().contains("access_token"));
    BOOST_TEST(token.value().headers.find("Cache-Control").value_or("") == "no-store");
}

BOOST_AUTO_TEST_CASE(an_authority_that_is_not_trusted_is_refused) {
    OidcProviderProcess const provider({"--tls", "good"});
    BeastHttpClientConfig system;
    system.proxy_from_environment(false);
    result<HttpResponse> const refused = discover(provider, system);
    BOOST_REQUIRE(refused.has_failure());
    BOOST_TEST((refused.failure() == Errc::tls_failed), describe(refused));
    BOOST_TEST(provider.admin().log().empty());
}

BOOST_AUTO_TEST_CASE(bad_certificates_are_refused_with_their_reason) {
    for (std::string const certificate : {"wrong-host", "self-signed", "expired"}) {
        OidcProviderProcess const provider({"--tls", certificate});
        result<HttpResponse> const refused = discover(provider, trusting());
        BOOST_REQUIRE_MESSAGE(refused.has_failure(), certificate);
        BOOST_TEST((refused.failure() == Errc::tls_failed), certificate << ": " << describe(refused));
        BOOST_TEST(!refused.failure().detail().empty());
        BOOST_TEST_MESSAGE(certificate << ": " << refused.failure().message());
        BOOST_TEST(provider.admin().log().empty());
    }
}

BOOST_AUTO_TEST_CASE(faults_of_the_provider_are_typed_and_a_post_is_never_repeated) {
    OidcProviderProcess const provider;
    BeastHttpClientConfig impatient;
    impatient.proxy_from_environment(false).read_deadline(400ms).total_deadline(1000ms);
    struct Case {
        std::string fault;
        Errc expected;
    };
    std::vector<Case> const cases = {
        {R"({"kind":"reset"})", Errc::connection_reset},
        {R"({"kind":"close"})", Errc::connection_reset},
        {R"({"kind":"hang"})", Errc::timed_out},
        {R"({"kind":"truncate"})", Errc::connection_reset},
        {R"({"kind":"drip","everyMs":100})", Errc::timed_out},
        {R"({"kind":"after"})", Errc::connection_reset},
    };
    boost::asio::io_context context;
    BeastHttpClient client(context.get_executor(), impatient);
    for (Case const& each : cases) {
        provider.admin().reset();
        boost::json::object fault = boost::json::parse(each.fault).as_object();
        fault["path"] = provider.token_path();
        provider.admin().fault(fault);
        // On a fresh connection, then on one that was used before.
        for (bool const reused : {false, true}) {
            if (reused)
                provider.admin().fault(fault);
            result<HttpResponse> const broken =
                assent::test::run(context, client.send(client_credentials(provider)));
            BOOST_REQUIRE_MESSAGE(broken.has_failure(), each.fault);
            BOOST_TEST((broken.failure() == each.expected), each.fault << ": " << describe(broken));
            result<HttpResponse> const whole =
                assent::test::run(context, client.send(client_credentials(provider)));
            BOOST_TEST((whole.has_value() && whole.value().status == 200),
                       each.fault << ": " << describe(whole));
        }
        BOOST_TEST(provider.admin().log(provider.token_path()).size() == 4U);
    }
}

BOOST_AUTO_TEST_CASE(error_pages_are_answers) {
    OidcProviderProcess const provider;
    boost::asio::io_context context;
    BeastHttpClientConfig config;
    config.proxy_from_environment(false);
    BeastHttpClient client(context.get_executor(), config);
    boost::json::object fault;
    fault["status"] = 500;
    fault["body"] = "<html>oops</html>";
    provider.admin().fault(fault);
    result<HttpResponse> const page = assent::test::run(context, client.send(client_credentials(provider)));
    BOOST_REQUIRE_MESSAGE(page.has_value(), describe(page));
    BOOST_TEST(page.value().status == 500);
    BOOST_TEST(page.value().body == "<html>oops</html>");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
