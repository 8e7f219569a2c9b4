#include "support/signing_key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cjose/cjose.h>
#include <openssl/obj_mac.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace assent::test {
namespace {

namespace json = boost::json;

void require(bool good, cjose_err const& error) {
    if (!good)
        throw std::runtime_error(std::string("cjose: ") +
                                 (error.message != nullptr ? error.message : "failed"));
}

void apply(json::object& object, json::object const& changes) {
    for (auto const& [name, value] : changes) {
        if (value.is_null())
            object.erase(name);
        else
            object[name] = value;
    }
}

}  // namespace

struct SigningKey::Impl {
    Impl(cjose_jwk_t* k, std::string id) : key(k), kid(std::move(id)) {}
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;
    ~Impl() { cjose_jwk_release(key); }

    cjose_jwk_t* key;
    std::string kid;
};

SigningKey SigningKey::rsa(std::string kid, std::size_t bits) {
    cjose_err error{};
    unsigned char const exponent[] = {1, 0, 1};
    auto* const key = cjose_jwk_create_RSA_random(bits, exponent, sizeof exponent, &error);
    require(key != nullptr, error);
    SigningKey made;
    made.impl_ = std::make_shared<Impl const>(key, std::move(kid));
    return made;
}

SigningKey SigningKey::ec(std::string kid, std::string_view curve) {
    cjose_err error{};
    auto const which = curve == "P-256"   ? CJOSE_JWK_EC_P_256
                       : curve == "P-384" ? CJOSE_JWK_EC_P_384
                                          : CJOSE_JWK_EC_P_521;
    auto* const key = cjose_jwk_create_EC_random(which, &error);
    require(key != nullptr, error);
    SigningKey made;
    made.impl_ = std::make_shared<Impl const>(key, std::move(kid));
    return made;
}

SigningKey SigningKey::secret(std::string kid, std::string_view bytes) {
    cjose_err error{};
    auto* const key =
        cjose_jwk_create_oct_spec(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size(), &error);
    require(key != nullptr, error);
    SigningKey made;
    made.impl_ = std::make_shared<Impl const>(key, std::move(kid));
    return made;
}

json::object SigningKey::public_jwk(std::string_view alg, json::object const& changes) const {
    cjose_err error{};
    char* const text = cjose_jwk_to_json(impl_->key, false, &error);
    require(text != nullptr, error);
    auto jwk = json::parse(text).as_object();
    cjose_get_dealloc()(text);
    jwk["kid"] = impl_->kid;
    jwk["use"] = "sig";
    jwk["alg"] = alg;
    apply(jwk, changes);
    return jwk;
}

std::string SigningKey::sign(std::string_view alg, std::string_view payload,
                             json::object const& header) const {
    cjose_err error{};
    json::object members;
    members["alg"] = alg;
    members["kid"] = impl_->kid;
    apply(members, header);
    auto* const protected_header = cjose_header_new(&error);
    require(protected_header != nullptr, error);
    for (auto const& [name, value] : members) {
        auto const raw = json::serialize(value);
        if (value.is_string())
            require(cjose_header_set(protected_header, std::string(name).c_str(), value.get_string().c_str(),
                                     &error),
                    error);
        else
            require(cjose_header_set_raw(protected_header, std::string(name).c_str(), raw.c_str(), &error),
                    error);
    }
    auto* const jws =
        cjose_jws_sign(impl_->key, protected_header, reinterpret_cast<std::uint8_t const*>(payload.data()),
                       payload.size(), &error);
    cjose_header_release(protected_header);
    require(jws != nullptr, error);
    char const* compact = nullptr;
    bool const exported = cjose_jws_export(jws, &compact, &error);
    std::string out = exported ? compact : "";
    cjose_jws_release(jws);
    require(exported, error);
    return out;
}

std::string key_set(std::initializer_list<json::object> keys) {
    json::array list;
    for (auto const& key : keys)
        list.emplace_back(key);
    json::object set;
    set["keys"] = std::move(list);
    return json::serialize(set);
}

}  // namespace assent::test
