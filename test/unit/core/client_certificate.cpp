#include <assent/client_certificate.hpp>
#include <assent/error.hpp>

#include "support/certificates.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <fstream>
#include <functional>
#include <random>
#include <string>

using assent::ClientCertificate;
using assent::ConfigurationError;
using assent::Secret;
using assent::test::Authority;
using assent::test::Identity;

namespace {

std::string complaint(std::function<void()> const& call) {
    try {
        call();
    } catch (ConfigurationError const& error) {
        return error.what();
    }
    return "nothing was thrown";
}

std::string complaint(std::string const& chain, std::string const& key) {
    return complaint([&] { (void)ClientCertificate::from_pem(chain, Secret(key)); });
}

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

Identity const& identity() {
    static Identity const made = Authority().issue({"DNS:agent"});
    return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_client_certificate)

BOOST_AUTO_TEST_CASE(a_certificate_and_its_key_make_one_with_a_thumbprint) {
    auto const certificate = ClientCertificate::from_pem(identity().certificate, Secret(identity().key));
    BOOST_TEST(!certificate.empty());
    BOOST_TEST(certificate.thumbprint().size() == 43u);
    auto const again = ClientCertificate::from_pem(identity().certificate + Authority().pem(), Secret(identity().key));
    BOOST_TEST((certificate == again));
    auto const other = Authority().issue({"DNS:agent"});
    BOOST_TEST((certificate != ClientCertificate::from_pem(other.certificate, Secret(other.key))));
    BOOST_TEST((certificate != ClientCertificate()));
    BOOST_TEST((ClientCertificate() == ClientCertificate()));
    BOOST_TEST(ClientCertificate().thumbprint().empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_named) {
    BOOST_TEST(contains(complaint("", identity().key), "PEM certificate"));
    BOOST_TEST(contains(complaint(identity().key, identity().key), "PEM certificate"));
    BOOST_TEST(contains(complaint(identity().certificate, ""), "PEM private key"));
    BOOST_TEST(contains(complaint(identity().certificate, identity().certificate), "PEM private key"));
    BOOST_TEST(contains(complaint(identity().certificate, Authority().issue({}).key), "not that of"));
    BOOST_TEST(contains(complaint(identity().certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                  identity().key),
                        "cannot be read"));
    BOOST_TEST(contains(complaint(identity().certificate,
                                  "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
                        "encrypted"));
    BOOST_TEST(contains(complaint(std::string(300'000, 'x'), identity().key), "larger"));
    std::string many = identity().certificate;
    for (int i = 0; i < 11; ++i)
        many += identity().certificate;
    BOOST_TEST(contains(complaint(many, identity().key), "too many"));
    BOOST_TEST(!contains(complaint(identity().certificate, "hunter2"), "hunter2"));
}

BOOST_AUTO_TEST_CASE(files_are_read_and_a_missing_one_is_named) {
    auto const name = "assent_test_" + std::to_string(std::random_device()());
    std::ofstream(name + ".crt") << identity().certificate;
    std::ofstream(name + ".key") << identity().key;
    BOOST_TEST(!ClientCertificate::from_files(name + ".crt", name + ".key").empty());
    BOOST_TEST(contains(complaint([&] { (void)ClientCertificate::from_files(name + ".crt", name + ".none"); }), name + ".none"));
    BOOST_TEST(contains(complaint([&] { (void)ClientCertificate::from_files(name + ".none", name + ".key"); }), name + ".none"));
    std::remove((name + ".crt").c_str());
    std::remove((name + ".key").c_str());
}

BOOST_AUTO_TEST_SUITE_END()
