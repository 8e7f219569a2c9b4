// Every way to be a client that node-oidc-provider has, and tokens that are bound to a key or a certificate.
#include "interop/support/ciba_fixture.hpp"

#include "authorizer/provider.hpp"
#include "core/digest.hpp"

#include <assent/client_certificate.hpp>
#include <assent/dpop.hpp>
#include <assent/private_key.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

namespace json = boost::json;
using assent::awaitable;
using assent::BeastHttpClientConfig;
using assent::CibaAuthorizer;
using assent::ClientAuthentication;
using assent::ClientCertificate;
using assent::Credentials;
using assent::Dpop;
using assent::Errc;
using assent::FormBody;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::HttpResponse;
using assent::OauthClient;
using assent::outcome;
using assent::PrivateKey;
using assent::Provider;
using assent::ProviderMetadata;
using assent::result;
using assent::Secret;
using assent::SignatureAlgorithm;
using assent::test::certificates;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::OidcProviderProcess;
using assent::test::run;
using assent::test::secret_of;

constexpr SignatureAlgorithm every_algorithm[] = {SignatureAlgorithm::rs256, SignatureAlgorithm::ps256,
                                                  SignatureAlgorithm::es256, SignatureAlgorithm::eddsa};

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "1", "--tls", "good", "--mutual-tls"});
    return provider;
}

OidcProviderProcess& auth0_provider() {
    static OidcProviderProcess provider({"--interval", "1", "--tls", "good", "--routes", "auth0"});
    return provider;
}

BeastHttpClientConfig trusting() {
    BeastHttpClientConfig config;
    config.ca_file(certificates() + "/ca.crt");
    return config;
}

ClientCertificate certificate(std::string const& name) {
    return ClientCertificate::from_files(certificates() + "/" + name + ".crt", certificates() + "/" + name + ".key");
}

/// The base64 text within a PEM certificate.
std::string der_of(std::string const& name) {
    std::ifstream file(certificates() + "/" + name + ".crt");
    std::string text;
    for (std::string line; std::getline(file, line);)
        if (!line.starts_with("-----"))
            text += line;
    return text;
}

awaitable<result<HttpResponse>> post(std::shared_ptr<Provider> provider, std::string grant) {
    auto const known = co_await provider->metadata();
    if (!known)
        co_return known.failure();
    auto const& metadata = *known.value();
    FormBody body;
    std::string const* endpoint = &metadata.token_endpoint;
    if (grant == "device")
        endpoint = &metadata.device_endpoint;
    else
        body.add("grant_type", grant);
    auto answer = co_await provider->post_form(*endpoint, body);
    co_return answer;
}

awaitable<result<HttpResponse>> get(assent::Runtime runtime, HttpRequest request) {
    auto answer = co_await runtime.http().send(std::move(request));
    co_return answer;
}

struct Fixture : RealCibaFixture {
    Fixture() : Fixture(shared_provider()) {}
    explicit Fixture(OidcProviderProcess& its_provider, BeastHttpClientConfig const& config = trusting())
        : RealCibaFixture(its_provider, config) {}

    /// Registers a client with that method and `more`.
    void add(std::string_view id, std::string_view method, json::object more = {}) {
        json::object client;
        client["client_id"] = id;
        client["token_endpoint_auth_method"] = method;
        client["grant_types"] = json::array{"urn:openid:params:grant-type:ciba", "client_credentials", "refresh_token"};
        client["redirect_uris"] = json::array();
        client["response_types"] = json::array();
        client["application_type"] = "native";
        client["backchannel_token_delivery_mode"] = "poll";
        for (auto& [name, value] : more)
            client[name] = std::move(value);
        admin.call("POST", "clients", client);
    }
    static json::object key_set(PrivateKey const& key) {
        json::object set;
        set["keys"] = json::array(1, json::parse(key.public_jwk()));
        json::object more;
        more["jwks"] = std::move(set);
        return more;
    }
    OauthClient known(std::string id) const { return OauthClient::standard(provider.issuer(), std::move(id)); }

    result<HttpResponse> ask(OauthClient client, std::string grant = "client_credentials") {
        auto const made = Provider::make(runtime, std::move(client));
        return run(context, post(made, std::move(grant)));
    }
    /// The token of client_credentials; empty when it was refused with invalid_client.
    std::string token(OauthClient client) {
        auto const answer = ask(std::move(client));
        BOOST_REQUIRE_MESSAGE(answer.has_value(), (answer.has_value() ? std::string() : answer.failure().message()));
        auto const body = json::parse(answer.value().body).as_object();
        if (answer.value().status == 200)
            return std::string(body.at("access_token").as_string());
        BOOST_TEST(answer.value().status == 401, answer.value().body);
        BOOST_TEST(body.at("error").as_string() == "invalid_client");
        return {};
    }
    void nonces(bool required) {
        json::object settings;
        settings["dpopNonce"] = required;
        admin.config(settings);
    }
    std::size_t count(std::string_view path, int status) const {
        std::size_t number = 0;
        for (auto const& entry : admin.log(path)) {
            auto const* const got = entry.as_object().if_contains("status");
            number += got != nullptr && got->to_number<int>() == status ? 1 : 0;
        }
        return number;
    }
    /// Asks who the token is for.
    HttpResponse user_info(Dpop const& dpop, assent::TokenSet const& tokens) {
        HttpRequest request(HttpMethod::get, provider.issuer() + "/me");
        BOOST_REQUIRE(dpop.attach(request, tokens, std::chrono::system_clock::now()).has_value());
        return run(context, get(runtime, std::move(request))).value();
    }
    /// A token for the person's claims only, granted by CIBA.
    outcome<Credentials> granted(OauthClient client) {
        admin.decide_automatically("approve", "afterMs", 0);
        assent::AsyncAuthorization asked;
        asked.scopes(std::vector<std::string>{"email"});
        asked.binding_message(std::string("Read your e-mail address"));
        return authorize_to_the_end(CibaAuthorizer(runtime, std::move(client), asked), call());
    }
};

BOOST_FIXTURE_TEST_SUITE(client_methods, Fixture)

BOOST_AUTO_TEST_CASE(secrets_are_accepted_by_every_method_and_wrong_ones_by_none) {
    for (auto const& [id, method] : {std::pair("basic", ClientAuthentication::client_secret_basic),
                                     std::pair("post", ClientAuthentication::client_secret_post),
                                     std::pair("secretjwt", ClientAuthentication::client_secret_jwt)}) {
        BOOST_TEST_CONTEXT(id) {
            auto const with = [&, id = id, method = method](std::string secret) {
                return known(id).client_secret(Secret(std::move(secret))).authentication(method);
            };
            BOOST_TEST(!token(with(secret_of(id))).empty());
            BOOST_TEST(token(with("wrong-" + secret_of(id))).empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_public_client_only_says_its_name) {
    auto const answer = ask(known("public"), "device");
    BOOST_TEST(answer.value().status == 200, answer.value().body);
    BOOST_TEST(ask(known("nobody"), "device").value().status == 401);
}

BOOST_AUTO_TEST_CASE(a_private_key_is_accepted_with_every_algorithm_and_another_key_is_not) {
    for (auto const algorithm : every_algorithm) {
        auto const name = std::string(to_string(algorithm));
        BOOST_TEST_CONTEXT(name) {
            auto const key = PrivateKey::generate(algorithm).kid("k1");
            auto more = key_set(key);
            more["token_endpoint_auth_signing_alg"] = name;
            add("key-" + name, "private_key_jwt", more);
            BOOST_TEST(!token(known("key-" + name).private_key(key)).empty());
            BOOST_TEST(token(known("key-" + name).private_key(PrivateKey::generate(algorithm).kid("k1"))).empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(the_audience_may_be_the_token_endpoint_but_not_nearly_the_issuer) {
    auto const key = PrivateKey::generate();
    add("key-aud", "private_key_jwt", key_set(key));
    BOOST_TEST(!token(known("key-aud").private_key(key).assertion_audience(provider.issuer() + "/token")).empty());
    BOOST_TEST(token(known("key-aud").private_key(key).assertion_audience(provider.issuer() + "/")).empty());
}

BOOST_AUTO_TEST_CASE(a_certificate_of_a_trusted_authority_is_accepted_in_the_handshake) {
    json::object more;
    more["tls_client_auth_san_dns"] = "assent-client";
    add("tls", "tls_client_auth", more);
    BOOST_TEST(!token(known("tls").certificate(certificate("client"))).empty());
    // Issued by the same authority, to somebody else; and by nobody.
    BOOST_TEST(token(known("tls").certificate(certificate("good"))).empty());
    BOOST_TEST(token(known("tls").certificate(certificate("self-signed"))).empty());
    // The listener that asks for certificates is the one that got the requests.
    for (auto const& entry : admin.log("/token"))
        BOOST_TEST(entry.at("headers").at("host").as_string() != std::string_view(provider.issuer()).substr(8));
}

BOOST_AUTO_TEST_CASE(a_registered_self_signed_certificate_is_accepted) {
    json::object jwk = json::parse(PrivateKey::from_pem_file(certificates() + "/self-signed.key").public_jwk()).as_object();
    jwk["x5c"] = json::array(1, json::value(der_of("self-signed")));
    json::object set;
    set["keys"] = json::array(1, jwk);
    json::object more;
    more["jwks"] = std::move(set);
    add("self", "self_signed_tls_client_auth", more);
    auto const with = [&](std::string const& name) {
        return known("self").authentication(ClientAuthentication::self_signed_tls_client_auth).certificate(certificate(name));
    };
    BOOST_TEST(!token(with("self-signed")).empty());
    BOOST_TEST(token(with("client")).empty());
}

BOOST_AUTO_TEST_CASE(a_token_is_bound_to_the_key_with_every_algorithm) {
    for (auto const algorithm : every_algorithm) {
        BOOST_TEST_CONTEXT(to_string(algorithm)) {
            auto const client =
                known("post").client_secret(Secret(secret_of("post"))).authentication(ClientAuthentication::client_secret_post);
            auto const answer = ask(OauthClient(client).dpop(Dpop::with_a_new_key(algorithm))).value();
            BOOST_TEST(answer.status == 200, answer.body);
            BOOST_TEST(json::parse(answer.body).at("token_type").as_string() == "DPoP");
        }
    }
}

BOOST_AUTO_TEST_CASE(the_token_endpoints_nonce_costs_one_request_once) {
    nonces(true);
    auto const key = PrivateKey::generate();
    add("key-nonce", "private_key_jwt", key_set(key));  // whose assertions may be used once
    auto const client = known("key-nonce").private_key(key).dpop(Dpop::with_a_new_key());
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(!token(client).empty());
    BOOST_TEST(count("/token", 400) == 1u);
    BOOST_TEST(count("/token", 200) == 3u);
}

BOOST_AUTO_TEST_CASE(a_confirmation_by_a_client_with_key_and_bound_tokens_reaches_the_api) {
    nonces(true);
    auto const key = PrivateKey::generate(SignatureAlgorithm::ps256).kid("k1");
    auto more = key_set(key);
    more["token_endpoint_auth_signing_alg"] = "PS256";
    more["dpop_bound_access_tokens"] = true;
    add("bound", "private_key_jwt", more);
    auto const dpop = Dpop::with_a_new_key();
    auto const decision = granted(known("bound").private_key(key).dpop(dpop));
    BOOST_REQUIRE_MESSAGE(decision.has_value(), describe(decision));
    auto const& tokens = decision.value().tokens();
    BOOST_TEST(tokens.token_type == "DPoP");

    // Another resource server's first request: it has no nonce yet.
    Dpop const at_the_api(dpop.key());
    auto answer = user_info(at_the_api, tokens);
    BOOST_TEST(answer.status == 401);
    BOOST_REQUIRE(at_the_api.learn(provider.issuer() + "/me", answer));
    answer = user_info(at_the_api, tokens);
    BOOST_TEST(answer.status == 200, answer.body);
    BOOST_TEST(json::parse(answer.body).at("sub").as_string() == "alice");
    answer = user_info(at_the_api, tokens);  // the same nonce, another proof
    BOOST_TEST(answer.status == 200, answer.body);

    // Stolen, the token is of no use.
    auto const thief = Dpop::with_a_new_key();
    (void)thief.learn(provider.issuer() + "/me", user_info(thief, tokens));
    BOOST_TEST(user_info(thief, tokens).status == 401);
    auto bearer = tokens;
    bearer.token_type = "Bearer";
    BOOST_TEST(user_info(Dpop(), bearer).status >= 400);
}

BOOST_AUTO_TEST_CASE(a_nonce_that_the_server_does_not_know_is_replaced) {
    nonces(true);
    auto const dpop = Dpop::with_a_new_key();
    HttpResponse misleading(200, "");
    misleading.headers.add("DPoP-Nonce", "not-one-of-its-own");
    (void)dpop.learn(provider.issuer() + "/token", misleading);
    auto const client =
        known("post").client_secret(Secret(secret_of("post"))).authentication(ClientAuthentication::client_secret_post);
    BOOST_TEST(!token(OauthClient(client).dpop(dpop)).empty());
    BOOST_TEST(count("/token", 400) == 1u);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_bound_to_the_certificate_is_good_with_it_only) {
    json::object more;
    more["tls_client_auth_san_dns"] = "assent-client";
    more["tls_client_certificate_bound_access_tokens"] = true;
    add("tls-bound", "tls_client_auth", more);
    auto const client = known("tls-bound").certificate(certificate("client"));
    auto const decision = granted(client);
    BOOST_REQUIRE_MESSAGE(decision.has_value(), describe(decision));
    auto const made = Provider::make(runtime, client);
    auto const endpoint = run(context, made->metadata()).value()->token_endpoint;
    auto const api = endpoint.substr(0, endpoint.rfind('/'));
    HttpRequest request(HttpMethod::get, api + "/me");
    BOOST_REQUIRE(Dpop().attach(request, decision.value().tokens(), std::chrono::system_clock::now()).has_value());
    BOOST_TEST(run(context, get(runtime, request)).value().status == 401);

    auto config = trusting();
    config.client_certificate(api, certificate("client"));
    Fixture with(shared_provider(), config);  // forgets what was granted, so it is asked for again
    auto const again = with.granted(client);
    BOOST_REQUIRE_MESSAGE(again.has_value(), describe(again));
    HttpRequest shown(HttpMethod::get, api + "/me");
    BOOST_REQUIRE(Dpop().attach(shown, again.value().tokens(), std::chrono::system_clock::now()).has_value());
    BOOST_TEST(run(with.context, get(with.runtime, shown)).value().status == 200);
}

BOOST_AUTO_TEST_CASE(an_id_token_signed_with_eddsa_is_verified_when_it_is_allowed) {
    json::object more;
    more["client_secret"] = secret_of("eddsa");
    more["id_token_signed_response_alg"] = "EdDSA";
    add("eddsa", "client_secret_post", more);
    auto const client =
        known("eddsa").client_secret(Secret(secret_of("eddsa"))).authentication(ClientAuthentication::client_secret_post);
    auto const decision = granted(OauthClient(client).id_token_algorithms({"EdDSA"}));
    BOOST_TEST(decision.has_value(), describe(decision));
    auto const refused = granted(client);
    BOOST_TEST(assent::test::is_failure(refused, Errc::id_token_invalid), describe(refused));
}

BOOST_AUTO_TEST_CASE(auth0s_dialect_takes_a_private_key) {
    Fixture auth0(auth0_provider());
    auto const key = PrivateKey::generate(SignatureAlgorithm::rs256).kid("k1");
    auth0.add("key", "private_key_jwt", key_set(key));
    auto const decision = auth0.granted(OauthClient::auth0(auth0.provider.domain(), "key").private_key(key));
    BOOST_REQUIRE_MESSAGE(decision.has_value(), describe(decision));
    BOOST_TEST(auth0.pushes() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
