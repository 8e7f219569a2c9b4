#include <assent/error.hpp>
#include <assent/oauth_client.hpp>

#include "support/certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>

using namespace assent;
using namespace std::chrono_literals;

namespace {

/// Sets AUTH0_* for one test and puts back what was there.
class Environment {
public:
    Environment() {
        for (auto& variable : saved_) {
            if (char const* const value = std::getenv(variable.name)) {
                variable.was_set = true;
                variable.value = value;
            }
            ::unsetenv(variable.name);
        }
    }
    Environment(Environment const&) = delete;
    Environment& operator=(Environment const&) = delete;
    ~Environment() {
        for (auto const& variable : saved_) {
            if (variable.was_set)
                ::setenv(variable.name, variable.value.c_str(), 1);
            else
                ::unsetenv(variable.name);
        }
    }
    void set(char const* name, char const* value) { ::setenv(name, value, 1); }

private:
    struct Variable {
        char const* name;
        bool was_set = false;
        std::string value{};
    };
    Variable saved_[3] = {{"AUTH0_DOMAIN"}, {"AUTH0_CLIENT_ID"}, {"AUTH0_CLIENT_SECRET"}};
};

std::string what(std::function<void()> const& call) {
    try {
        call();
    } catch (ConfigurationError const& error) {
        BOOST_TEST(
            (error.failure() == Errc::missing_configuration || error.failure() == Errc::invalid_argument));
        return error.what();
    }
    return "nothing was thrown";
}

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

PrivateKey const& key() {
    static auto const made = PrivateKey::generate();
    return made;
}

ClientCertificate const& certificate() {
    static auto const made = [] {
        auto const identity = assent::test::make_self_signed({"DNS:agent"});
        return ClientCertificate::from_pem(identity.certificate, Secret(identity.key));
    }();
    return made;
}

OauthClient good() {
    return OauthClient::standard("https://as.example", "client").client_secret(Secret("s"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_oauth_client)

BOOST_AUTO_TEST_CASE(auth0_reads_its_environment_variables) {
    Environment environment;
    environment.set("AUTH0_DOMAIN", "tenant.eu.auth0.com");
    environment.set("AUTH0_CLIENT_ID", "id");
    environment.set("AUTH0_CLIENT_SECRET", "secret");
    auto const client = OauthClient::auth0();
    BOOST_TEST(client.issuer() == "https://tenant.eu.auth0.com/");
    BOOST_TEST(client.client_id() == "id");
    BOOST_TEST((client.client_secret() == Secret("secret")));
    BOOST_TEST((client.authentication() == ClientAuthentication::client_secret_post));
    BOOST_TEST((client.profile() == ProviderProfile::auth0));
    BOOST_TEST(!client.discovery());
    BOOST_CHECK_NO_THROW(client.validate());
}

BOOST_AUTO_TEST_CASE(a_missing_variable_is_named_with_the_remedy) {
    Environment environment;
    BOOST_TEST(contains(what([] { (void)OauthClient::auth0(); }), "AUTH0_DOMAIN"));
    environment.set("AUTH0_DOMAIN", "t.example");
    BOOST_TEST(contains(what([] { (void)OauthClient::auth0(); }), "AUTH0_CLIENT_ID"));
    environment.set("AUTH0_CLIENT_ID", "id");
    auto const text = what([] { (void)OauthClient::auth0(); });
    BOOST_TEST(contains(text, "AUTH0_CLIENT_SECRET"));
    BOOST_TEST(contains(text, "client_secret"));
    environment.set("AUTH0_CLIENT_SECRET", "");
    BOOST_TEST(contains(what([] { (void)OauthClient::auth0(); }), "AUTH0_CLIENT_SECRET"));
}

BOOST_AUTO_TEST_CASE(arguments_win_over_the_environment) {
    Environment environment;
    environment.set("AUTH0_DOMAIN", "other.example");
    environment.set("AUTH0_CLIENT_ID", "other");
    environment.set("AUTH0_CLIENT_SECRET", "other");
    auto const client = OauthClient::auth0("mine.example", "mine", Secret("mine"));
    BOOST_TEST(client.issuer() == "https://mine.example/");
    BOOST_TEST(client.client_id() == "mine");
    BOOST_TEST((client.client_secret() == Secret("mine")));
    auto const filled = OauthClient::auth0("mine.example", "", Secret());
    BOOST_TEST(filled.client_id() == "other");
    BOOST_TEST((filled.client_secret() == Secret("other")));
    auto const public_client = OauthClient::auth0("mine.example", "mine");
    BOOST_TEST((public_client.authentication() == ClientAuthentication::none));
    BOOST_CHECK_NO_THROW(public_client.validate());
}

BOOST_AUTO_TEST_CASE(domains_are_taken_as_people_write_them) {
    for (auto const* domain :
         {"t.eu.auth0.com", "https://t.eu.auth0.com", "https://t.eu.auth0.com/", "t.eu.auth0.com/"})
        BOOST_TEST(OauthClient::auth0(domain, "c").issuer() == "https://t.eu.auth0.com/");
    BOOST_TEST(OauthClient::auth0("localhost:3000", "c").issuer() == "https://localhost:3000/");
    BOOST_TEST(OauthClient::auth0("http://127.0.0.1:3000", "c").issuer() == "http://127.0.0.1:3000/");
    BOOST_TEST(OauthClient::auth0("http://[::1]:3000", "c").issuer() == "http://[::1]:3000/");
}

BOOST_AUTO_TEST_CASE(domains_that_are_none_are_refused) {
    for (auto const* domain : {"/",
                               "https://",
                               "a/b",
                               "https://a/b",
                               "user@host",
                               "a b",
                               "a?b",
                               "a#b",
                               "ftp://a",
                               "a\n",
                               "a:b",
                               "a:99999",
                               "a:0",
                               "http://t.eu.auth0.com",
                               "https://https://a",
                               "a//",
                               "a\\b",
                               "%61",
                               "[::1",
                               "\xc3\xa4.de"})
        BOOST_TEST(contains(what([&] { (void)OauthClient::auth0(domain, "c"); }), "AUTH0_DOMAIN"), domain);
    BOOST_TEST(contains(what([] { (void)OauthClient::auth0(std::string(300, 'a'), "c"); }), "AUTH0_DOMAIN"));
}

BOOST_AUTO_TEST_CASE(a_secret_chooses_the_method_of_the_profile_unless_one_was_set) {
    BOOST_TEST((good().authentication() == ClientAuthentication::client_secret_basic));
    BOOST_TEST((OauthClient::standard("https://a", "c").authentication() == ClientAuthentication::none));
    BOOST_TEST((OauthClient::auth0("a.example", "c").client_secret(Secret("s")).authentication() ==
                ClientAuthentication::client_secret_post));
    BOOST_TEST((OauthClient::standard("https://a", "c")
                    .authentication(ClientAuthentication::client_secret_post)
                    .client_secret(Secret("s"))
                    .authentication() == ClientAuthentication::client_secret_post));
}

BOOST_AUTO_TEST_CASE(setters_chain_on_lvalues_and_temporaries) {
    auto client = good();
    client.clock_skew(10s).allow_plain_http(true).token_endpoint("http://localhost/t");
    BOOST_TEST((client.clock_skew() == 10s));
    BOOST_CHECK_NO_THROW(client.validate());
    auto const other = good().id_token_algorithms({"ES512"}).discovery(false).token_endpoint("https://t");
    BOOST_TEST(other.id_token_algorithms().front() == "ES512");
    BOOST_CHECK_NO_THROW(other.validate());
}

BOOST_AUTO_TEST_CASE(validation_names_what_is_wrong) {
    auto const complaint = [](OauthClient client) { return what([&] { client.validate(); }); };
    BOOST_TEST(contains(complaint(good().issuer("")), "issuer is missing"));
    BOOST_TEST(contains(complaint(good().issuer("as.example")), "issuer"));
    BOOST_TEST(contains(complaint(good().issuer("http://as.example")), "https"));
    BOOST_TEST(contains(complaint(good().issuer("http://localhost:1")), "allow_plain_http"));
    BOOST_TEST(
        contains(complaint(good().issuer("http://localhost.evil.example").allow_plain_http(true)), "https"));
    BOOST_TEST(contains(complaint(good().issuer("https://u:p@as.example")), "user information"));
    BOOST_TEST(contains(complaint(good().issuer("https://as.example?x")), "query"));
    BOOST_TEST(contains(complaint(good().issuer("https://as.example#x")), "fragment"));
    BOOST_TEST(contains(complaint(good().client_id("")), "client_id"));
    BOOST_TEST(contains(complaint(good().client_id("a\nb")), "client_id"));
    BOOST_TEST(contains(complaint(good().client_secret(Secret("secret\n"))), "client_secret"));
    BOOST_TEST(!contains(complaint(good().client_secret(Secret("hunter2\n"))), "hunter2"));
    BOOST_TEST(contains(complaint(good().client_secret(Secret())), "client_secret"));
    BOOST_TEST(contains(complaint(good().authentication(ClientAuthentication::none)), "authentication"));
    BOOST_TEST(
        contains(complaint(good().authentication(static_cast<ClientAuthentication>(0))), "authentication"));
    BOOST_TEST(contains(complaint(good().jwks_uri("http://x/")), "jwks_uri"));
    BOOST_TEST(contains(complaint(good().token_endpoint("/token")), "token_endpoint"));
    BOOST_TEST(contains(complaint(good().discovery(false)), "token_endpoint"));
    BOOST_TEST(contains(complaint(good().id_token_algorithms({})), "id_token_algorithms"));
    for (auto const* algorithm : {"none", "HS256", "Ed448", "rs256", ""})
        BOOST_TEST(
            contains(complaint(good().id_token_algorithms({"RS256", algorithm})), "id_token_algorithms"),
            algorithm);
    BOOST_TEST(contains(complaint(good().clock_skew(-1s)), "clock_skew"));
    BOOST_TEST(contains(complaint(good().clock_skew(301s)), "clock_skew"));
    BOOST_TEST(complaint(good()) == "nothing was thrown");
}

BOOST_AUTO_TEST_CASE(a_key_or_a_certificate_chooses_its_method_unless_one_was_set) {
    auto const base = [] { return OauthClient::standard("https://as.example", "client"); };
    auto const by_key = base().private_key(key());
    BOOST_TEST((by_key.authentication() == ClientAuthentication::private_key_jwt));
    BOOST_CHECK_NO_THROW(by_key.validate());
    auto const by_certificate = base().certificate(certificate());
    BOOST_TEST((by_certificate.authentication() == ClientAuthentication::tls_client_auth));
    BOOST_CHECK_NO_THROW(by_certificate.validate());
    auto const self_signed =
        base().authentication(ClientAuthentication::self_signed_tls_client_auth).certificate(certificate());
    BOOST_TEST((self_signed.authentication() == ClientAuthentication::self_signed_tls_client_auth));
    BOOST_CHECK_NO_THROW(self_signed.validate());
    BOOST_TEST((base().private_key(PrivateKey()).authentication() == ClientAuthentication::none));
    // A certificate may also only bind tokens.
    BOOST_CHECK_NO_THROW(good().certificate(certificate()).validate());
    BOOST_CHECK_NO_THROW(base().private_key(key()).certificate(certificate()).validate());
    BOOST_CHECK_NO_THROW(base().dpop(Dpop::with_a_new_key()).validate());
}

BOOST_AUTO_TEST_CASE(methods_that_lack_their_secret_or_have_anothers_are_refused) {
    using enum ClientAuthentication;
    auto const complaint = [](OauthClient client) { return what([&] { client.validate(); }); };
    auto const base = [] { return OauthClient::standard("https://as.example", "client"); };
    auto const long_secret = Secret(std::string(32, 's'));
    BOOST_TEST(contains(complaint(base().authentication(private_key_jwt)), "private_key is missing"));
    BOOST_TEST(contains(complaint(base().authentication(tls_client_auth)), "certificate is missing"));
    BOOST_TEST(contains(complaint(base().authentication(self_signed_tls_client_auth)), "certificate is missing"));
    BOOST_TEST(contains(complaint(base().authentication(client_secret_jwt)), "client_secret is missing"));
    BOOST_TEST(contains(complaint(good().authentication(client_secret_jwt)), "32 bytes"));
    BOOST_TEST(complaint(base().client_secret(long_secret).authentication(client_secret_jwt)) == "nothing was thrown");
    BOOST_TEST(contains(complaint(good().private_key(key())), "private_key is given"));
    BOOST_TEST(contains(complaint(good().private_key(key()).authentication(private_key_jwt)), "client_secret is given"));
    BOOST_TEST(contains(complaint(good().certificate(certificate()).authentication(tls_client_auth)), "client_secret is given"));
    BOOST_TEST(contains(complaint(base().private_key(key()).authentication(none)), "private_key is given"));
    BOOST_TEST(contains(complaint(base().private_key(key()).assertion_audience("a\nb")), "assertion_audience"));
}

BOOST_AUTO_TEST_CASE(mutual_tls_at_auth0_takes_its_endpoints_from_the_metadata) {
    auto const client = OauthClient::auth0("t.example", "client").certificate(certificate());
    BOOST_TEST(client.discovery());
    BOOST_CHECK_NO_THROW(client.validate());
    auto without = client;
    without.discovery(false);
    BOOST_TEST(contains(what([&] { without.validate(); }), "custom domain"));
    without.token_endpoint("https://mtls.t.example/oauth/token");
    BOOST_CHECK_NO_THROW(without.validate());
}

BOOST_AUTO_TEST_SUITE_END()
