#include "jose/jws.hpp"

#include <assent/secret.hpp>

#include "core/digest.hpp"
#include "jose/openssl_key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cjose/cjose.h>
#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;

enum class KeyType { rsa, ec, okp };

class Algorithm {
public:
    std::string_view name;
    KeyType type;
    std::string_view curve;
};

constexpr auto algorithms = std::to_array<Algorithm>({
    {"RS256", KeyType::rsa, ""},
    {"RS384", KeyType::rsa, ""},
    {"RS512", KeyType::rsa, ""},
    {"PS256", KeyType::rsa, ""},
    {"PS384", KeyType::rsa, ""},
    {"PS512", KeyType::rsa, ""},
    {"ES256", KeyType::ec, "P-256"},
    {"ES384", KeyType::ec, "P-384"},
    {"ES512", KeyType::ec, "P-521"},
    {"EdDSA", KeyType::okp, "Ed25519"},
});

constexpr std::size_t max_kid_bytes = 512;
/// RSA moduli, bytes: 2048 to 8192 bits.
constexpr std::size_t shortest_modulus = 256;
constexpr std::size_t longest_modulus = 1024;
constexpr std::size_t ed25519_bytes = 32;

Algorithm const* find_algorithm(std::string_view name) noexcept {
    auto const* const found =
        std::find_if(algorithms.begin(), algorithms.end(),
                     [&](Algorithm const& algorithm) { return algorithm.name == name; });
    return found != algorithms.end() ? found : nullptr;
}

Failure invalid(std::string detail) {
    return Failure(Errc::id_token_invalid, std::move(detail));
}

struct ReleaseKey {
    void operator()(cjose_jwk_t* key) const noexcept { cjose_jwk_release(key); }
};
struct ReleaseJws {
    void operator()(cjose_jws_t* jws) const noexcept { cjose_jws_release(jws); }
};
using KeyHandle = std::unique_ptr<cjose_jwk_t, ReleaseKey>;
using JwsHandle = std::unique_ptr<cjose_jws_t, ReleaseJws>;

std::optional<std::string_view> text_member(json::object const& object, std::string_view name) noexcept {
    auto const* value = object.if_contains(name);
    auto const* text = value != nullptr ? value->if_string() : nullptr;
    return text != nullptr ? std::optional<std::string_view>(*text) : std::nullopt;
}

/// Base64url of an unsigned number without leading zeros: its size in bytes, 0 when it is none.
std::size_t number_size(std::optional<std::string_view> text) {
    if (!text || text->size() > 2 * longest_modulus)
        return 0;
    auto const bytes = base64url_decode(*text);
    if (!bytes)
        return 0;
    auto const significant = bytes->find_first_not_of('\0');
    return significant == std::string::npos ? 0 : bytes->size() - significant;
}

/// Two dots and nothing but base64url between and around them.
bool split(std::string_view jwt, std::array<std::string_view, 3>& parts) noexcept {
    for (std::size_t i = 0; i < 3; ++i) {
        auto const dot = jwt.find('.');
        if ((dot == std::string_view::npos) != (i == 2))
            return false;
        parts[i] = jwt.substr(0, dot);
        if (i < 2)
            jwt.remove_prefix(dot + 1);
    }
    return true;
}

}  // namespace

struct Jwks::Key {
    std::string kid;
    KeyType type = KeyType::rsa;
    std::string curve;
    std::string alg;  ///< Empty: any that fits the type.
    std::shared_ptr<cjose_jwk_t> handle;
    std::shared_ptr<EVP_PKEY> ed25519;  ///< Instead of `handle`: cjose knows no EdDSA.

    bool fits(Algorithm const& algorithm) const noexcept {
        return type == algorithm.type && curve == algorithm.curve && (alg.empty() || alg == algorithm.name);
    }
};

namespace {

/// What of a JWK is needed to verify, and nothing else, is given to cjose. Nothing when it cannot be used here.
template <class Key>
std::optional<Key> read_key(json::object const& jwk) {
    Key key;
    if (auto const use = text_member(jwk, "use"); use && *use != "sig")
        return std::nullopt;
    if (auto const* operations = jwk.if_contains("key_ops");
        operations != nullptr && operations->is_array()) {
        auto const& list = operations->get_array();
        if (std::none_of(list.begin(), list.end(), [](json::value const& operation) {
                return operation.is_string() && operation.get_string() == "verify";
            }))
            return std::nullopt;
    }
    if (auto const* kid = jwk.if_contains("kid"); kid != nullptr && !kid->is_null()) {
        auto const* text = kid->if_string();
        if (text == nullptr || text->size() > max_kid_bytes)
            return std::nullopt;
        key.kid = *text;
    }
    if (auto const* alg = jwk.if_contains("alg"); alg != nullptr && !alg->is_null()) {
        auto const* text = alg->if_string();
        if (text == nullptr || find_algorithm(*text) == nullptr)
            return std::nullopt;
        key.alg = *text;
    }

    json::object essential;
    auto const type = text_member(jwk, "kty");
    if (type == "RSA") {
        auto const modulus = text_member(jwk, "n");
        auto const exponent = text_member(jwk, "e");
        auto const size = number_size(modulus);
        if (size < shortest_modulus || size > longest_modulus)
            return std::nullopt;
        if (auto const exponent_size = number_size(exponent); exponent_size == 0 || exponent_size > 8)
            return std::nullopt;
        key.type = KeyType::rsa;
        essential["kty"] = "RSA";
        essential["n"] = *modulus;
        essential["e"] = *exponent;
    } else if (type == "EC") {
        auto const curve = text_member(jwk, "crv");
        auto const x = text_member(jwk, "x");
        auto const y = text_member(jwk, "y");
        if (!curve || (*curve != "P-256" && *curve != "P-384" && *curve != "P-521") || number_size(x) == 0 ||
            number_size(y) == 0 || x->size() > 96 || y->size() > 96)
            return std::nullopt;
        key.type = KeyType::ec;
        key.curve = *curve;
        essential["kty"] = "EC";
        essential["crv"] = *curve;
        essential["x"] = *x;
        essential["y"] = *y;
    } else if (type == "OKP") {
        auto const x = text_member(jwk, "x");
        auto const bytes = x && x->size() <= 2 * ed25519_bytes ? base64url_decode(*x) : std::nullopt;
        if (text_member(jwk, "crv") != "Ed25519" || !bytes || bytes->size() != ed25519_bytes)
            return std::nullopt;
        key.type = KeyType::okp;
        key.curve = "Ed25519";
        key.ed25519 = std::shared_ptr<EVP_PKEY>(
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                        reinterpret_cast<unsigned char const*>(bytes->data()), bytes->size()),
            jose::Freeing<EVP_PKEY_free>());
        return key.ed25519 != nullptr ? std::optional<Key>(std::move(key)) : std::nullopt;
    } else {
        return std::nullopt;
    }
    auto const text = json::serialize(essential);
    cjose_err error{};
    KeyHandle handle(cjose_jwk_import(text.data(), text.size(), &error));
    if (!handle)
        return std::nullopt;
    key.handle = std::shared_ptr<cjose_jwk_t>(handle.release(), ReleaseKey());
    return key;
}

bool verify_ed25519(EVP_PKEY* key, std::string_view text, std::string_view signature) {
    auto const bytes = [](std::string_view of) { return reinterpret_cast<unsigned char const*>(of.data()); };
    jose::DigestContext const context(EVP_MD_CTX_new());
    bool const good = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
                      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace

Jwks::Jwks() : keys_(std::make_shared<std::vector<Key> const>()) {}

result<Jwks> Jwks::parse(std::string_view text) {
    auto const malformed = [](std::string detail) {
        return Failure(Errc::malformed_response, std::move(detail));
    };
    if (text.size() > max_bytes)
        return malformed("the provider's key set is larger than 256 KiB");
    boost::system::error_code error;
    auto const parsed = json::parse(text, error);
    auto const* document = !error ? parsed.if_object() : nullptr;
    if (document == nullptr)
        return malformed("the provider's key set is not a JSON object");
    auto const* list = document->if_contains("keys");
    if (list == nullptr || !list->is_array())
        return malformed("the provider's key set has no keys");
    if (list->get_array().size() > max_keys)
        return malformed("the provider's key set has more than 100 keys");
    auto keys = std::make_shared<std::vector<Key>>();
    for (auto const& element : list->get_array()) {
        auto const* jwk = element.if_object();
        if (jwk == nullptr)
            return malformed("a key of the provider's key set is not an object");
        if (auto key = read_key<Key>(*jwk))
            keys->push_back(std::move(*key));
    }
    Jwks jwks;
    jwks.keys_ = std::move(keys);
    return jwks;
}

bool Jwks::has_kid(std::string_view kid) const noexcept {
    return std::any_of(keys_->begin(), keys_->end(), [&](Key const& key) { return key.kid == kid; });
}

std::size_t Jwks::size() const noexcept {
    return keys_->size();
}

bool is_supported_jws_algorithm(std::string_view alg) noexcept {
    return find_algorithm(alg) != nullptr;
}

result<JwsHeader> read_jws_header(std::string_view jwt) {
    if (jwt.size() > max_jwt_bytes)
        return invalid("the token is larger than 64 KiB");
    std::array<std::string_view, 3> parts;
    if (!split(jwt, parts))
        return invalid("the token is not a compact JWS of three parts");
    auto const decoded = base64url_decode(parts[0]);
    if (!decoded)
        return invalid("the token's header is not base64url");
    boost::system::error_code error;
    auto const parsed = json::parse(*decoded, error);
    auto const* object = !error ? parsed.if_object() : nullptr;
    if (object == nullptr)
        return invalid("the token's header is not a JSON object");
    if (object->contains("crit"))
        return invalid("the token has critical header extensions (crit), none of which are supported");
    if (object->contains("b64"))
        return invalid("the token has an unencoded payload (b64), which is not supported");
    JwsHeader header;
    auto const alg = text_member(*object, "alg");
    if (!alg || alg->size() > 16)
        return invalid("the token's header has no alg");
    header.alg = *alg;
    if (auto const* kid = object->if_contains("kid")) {
        auto const* text = kid->if_string();
        if (text == nullptr || text->size() > max_kid_bytes)
            return invalid("kid in the token's header is not a text of at most 512 bytes");
        header.kid = *text;
    }
    if (auto const typ = text_member(*object, "typ"); typ && typ->size() <= 64)
        header.typ = *typ;
    return header;
}

result<std::string> verify_jws(std::string_view jwt, Jwks const& keys,
                               std::vector<std::string> const& allowed) {
    auto const header = read_jws_header(jwt);
    if (!header)
        return header.failure();
    auto const& alg = header.value().alg;
    auto const* algorithm = find_algorithm(alg);
    if (algorithm == nullptr) {
        if (alg == "none")
            return invalid("the token is not signed (alg none)");
        if (alg.starts_with("HS"))
            return invalid("the token is signed with a shared secret (HS*), which is refused; let the "
                           "provider sign with RS256, PS256 "
                           "or ES256");
        return invalid("the token's signature algorithm is not supported");
    }
    if (std::find(allowed.begin(), allowed.end(), alg) == allowed.end())
        return invalid(fmt::format("the token is signed with {}, which id_token_algorithms() does not allow",
                                   algorithm->name));

    Jwks::Key const* chosen = nullptr;
    for (auto const& key : *keys.keys_) {
        if ((!header.value().kid.empty() && key.kid != header.value().kid) || !key.fits(*algorithm))
            continue;
        if (chosen != nullptr)
            return invalid("more than one of the provider's keys fits the token; it must name one (kid)");
        chosen = &key;
    }
    if (chosen == nullptr)
        return invalid(
            fmt::format("none of the provider's keys has the token's kid and fits {}", algorithm->name));

    // cjose aborts the process on text that is not base64.
    std::array<std::string_view, 3> parts;
    if (!split(jwt, parts))
        return invalid("the token is not a compact JWS of three parts");
    auto decoded = base64url_decode(parts[1]);
    auto const signature = base64url_decode(parts[2]);
    if (!decoded || !signature || signature->empty())
        return invalid("the token's payload or signature is not base64url");
    if (chosen->type == KeyType::okp) {
        auto const signed_text = jwt.substr(0, jwt.size() - parts[2].size() - 1);
        if (!verify_ed25519(chosen->ed25519.get(), signed_text, *signature))
            return invalid("the token's signature is wrong");
        return std::move(*decoded);
    }
    cjose_err error{};
    JwsHandle const jws(cjose_jws_import(jwt.data(), jwt.size(), &error));
    if (!jws)
        return invalid("the token is not a well-formed JWS");
    // cjose decides by its own reading of the header: it must be ours.
    char const* const read_by_cjose =
        cjose_header_get(cjose_jws_get_protected(jws.get()), CJOSE_HDR_ALG, &error);
    if (read_by_cjose == nullptr || read_by_cjose != algorithm->name)
        return invalid("the token's header is ambiguous");
    if (!cjose_jws_verify(jws.get(), chosen->handle.get(), &error))
        return invalid("the token's signature is wrong");
    std::uint8_t* payload = nullptr;
    std::size_t size = 0;
    if (!cjose_jws_get_plaintext(jws.get(), &payload, &size, &error))
        return invalid("the token has no payload");
    return std::string(reinterpret_cast<char const*>(payload), size);
}

}  // namespace assent
