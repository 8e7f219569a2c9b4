// A private key as PEM or JWK: no crash, and what is accepted signs what verifies with the public key that it shows.
#include "jose/jws.hpp"
#include "jose/sign.hpp"

#include <assent/client_certificate.hpp>
#include <assent/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace json = boost::json;
using assent::PrivateKey;
using assent::Secret;

void require(bool good) {
    if (!good)
        std::abort();
}

void check(PrivateKey const& key) {
    auto const name = std::string(to_string(key.algorithm()));
    auto const jws = sign_jws(key, R"({"alg":")" + name + "\"}", "payload");
    auto const shown = json::parse(key.public_jwk()).as_object();
    for (auto const* secret : {"d", "p", "q", "dp", "dq", "qi", "k"})
        require(!shown.contains(secret));
    // Without the kid, which the header above does not name.
    json::object set;
    set["keys"] = json::array(1, json::parse(minimal_public_jwk(key)));
    auto const keys = assent::Jwks::parse(json::serialize(set));
    require(keys.has_value());
    // A JWK set leaves out what is too long for it.
    require(keys.value().size() == 0 || verify_jws(jws, keys.value(), {name}).has_value());
    require(key.thumbprint().size() == 43);
}

template <class Make>
void attempt(Make make) {
    try {
        check(make());
    } catch (assent::ConfigurationError const& refused) {
        require(refused.what()[0] != '\0');
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    attempt([&] { return PrivateKey::from_pem(Secret(text)); });
    attempt([&] { return PrivateKey::from_jwk(Secret(text)); });
    try {
        // The certificate and its key in one file, as people keep them.
        auto const certificate = assent::ClientCertificate::from_pem(std::string(text), Secret(text));
        require(certificate.thumbprint().size() == 43);
    } catch (assent::ConfigurationError const&) {
    }
    return 0;
}
