#include <assent/private_key.hpp>

#include "jose/openssl_key.hpp"
#include "jose/sign.hpp"

#include <assent/error.hpp>

#include "core/digest.hpp"
#include "core/secret_file.hpp"
#include "protocol/wiping_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace assent {

struct PrivateKey::Impl {
    jose::Key key;
    SignatureAlgorithm usual = SignatureAlgorithm::es256;
    std::string public_members;  ///< minimal_public_jwk()
    std::string thumbprint;
};

/// What the functions here may do with a PrivateKey.
class KeyAccess {
public:
    using Impl = PrivateKey::Impl;
    static Impl const& of(PrivateKey const& key) { return *key.impl_; }
    static PrivateKey make(std::shared_ptr<Impl const> impl, bool generated) {
        PrivateKey key;
        key.algorithm_ = impl->usual;
        key.impl_ = std::move(impl);
        key.generated_ = generated;
        return key;
    }
};

namespace {

namespace json = boost::json;
using jose::Key;

constexpr std::size_t max_text = 64 * 1024;
constexpr std::size_t max_kid = 512;
constexpr int shortest_modulus = 2048;
constexpr int longest_modulus = 8192;
constexpr std::size_t p256_bytes = 32;
constexpr std::size_t ed25519_bytes = 32;
constexpr std::string_view kinds = "an RSA key of 2048 to 8192 bits, an EC key on P-256 or an Ed25519 key is needed";

[[noreturn]] void refuse(std::string detail) {
    ERR_clear_error();
    throw ConfigurationError(Failure(Errc::invalid_argument, "the private key " + std::move(detail)));
}

[[noreturn]] void cannot(char const* what) {
    ERR_clear_error();
    throw std::runtime_error(fmt::format("OpenSSL could not {}", what));
}

std::string text_of(BIGNUM const* number, std::size_t size) {
    std::string bytes(size, '\0');
    if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) < 0)
        refuse("has a public part that cannot be had");
    return base64url_encode(bytes);
}

std::string number_of(EVP_PKEY* key, char const* name, std::size_t size) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
        refuse("has a public part that cannot be had");
    jose::Number const owned(number);
    return text_of(number, size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(number)));
}

/// Which kind of key it is, if it is one that can be used.
SignatureAlgorithm usual_algorithm(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
        int const bits = EVP_PKEY_get_bits(key);
        if (bits < shortest_modulus || bits > longest_modulus)
            refuse(fmt::format("has {} bits; {}", bits, kinds));
        return EVP_PKEY_is_a(key, "RSA") == 1 ? SignatureAlgorithm::rs256 : SignatureAlgorithm::ps256;
    }
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        std::array<char, 64> group{};
        std::size_t size = 0;
        if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1 ||
            (std::string_view(group.data(), size) != SN_X9_62_prime256v1 &&
             std::string_view(group.data(), size) != "P-256"))
            refuse(fmt::format("is on another curve; {}", kinds));
        return SignatureAlgorithm::es256;
    }
    if (EVP_PKEY_is_a(key, "ED25519") == 1)
        return SignatureAlgorithm::eddsa;
    refuse(fmt::format("is of another type; {}", kinds));
}

std::string public_members_of(EVP_PKEY* key, SignatureAlgorithm algorithm) {
    switch (algorithm) {
    case SignatureAlgorithm::rs256:
    case SignatureAlgorithm::ps256:
        return fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})", number_of(key, OSSL_PKEY_PARAM_RSA_E, 0),
                           number_of(key, OSSL_PKEY_PARAM_RSA_N, 0));
    case SignatureAlgorithm::es256:
        return fmt::format(R"({{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}})",
                           number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, p256_bytes),
                           number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, p256_bytes));
    case SignatureAlgorithm::eddsa:
        break;
    }
    std::string bytes(ed25519_bytes, '\0');
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) != 1)
        refuse("has a public part that cannot be had");
    return fmt::format(R"({{"crv":"Ed25519","kty":"OKP","x":"{}"}})", base64url_encode(bytes));
}

bool use_pss(EVP_PKEY_CTX* context) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

unsigned char const* bytes_of(std::string_view text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}

/// The signature as OpenSSL writes it, or nothing.
std::optional<std::string> sign(EVP_PKEY* key, SignatureAlgorithm algorithm, std::string_view text) {
    jose::DigestContext const context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr;
    EVP_MD const* const hash = algorithm == SignatureAlgorithm::eddsa ? nullptr : EVP_sha256();
    std::size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), &settings, hash, nullptr, key) != 1 ||
        (algorithm == SignatureAlgorithm::ps256 && !use_pss(settings)) ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1)
        return std::nullopt;
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                       text.size()) != 1)
        return std::nullopt;
    signature.resize(size);
    return signature;
}

bool verifies(EVP_PKEY* key, SignatureAlgorithm algorithm, std::string_view text, std::string_view signature) {
    jose::DigestContext const context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr;
    EVP_MD const* const hash = algorithm == SignatureAlgorithm::eddsa ? nullptr : EVP_sha256();
    return context && EVP_DigestVerifyInit(context.get(), &settings, hash, nullptr, key) == 1 &&
           (algorithm != SignatureAlgorithm::ps256 || use_pss(settings)) &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

/// r and s side by side, as JOSE has it, of the DER that OpenSSL writes.
std::string joined(std::string_view der) {
    auto const* at = bytes_of(der);
    jose::Signature const parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::string out(2 * p256_bytes, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), to, p256_bytes) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), to + p256_bytes, p256_bytes) < 0)
        cannot("sign");
    return out;
}

PrivateKey made(Key key, bool generated) {
    auto impl = std::make_shared<KeyAccess::Impl>();
    impl->usual = usual_algorithm(key.get());
    // Also finds a private part that belongs to another public one.
    constexpr std::string_view sample = "assent";
    auto const signature = sign(key.get(), impl->usual, sample);
    if (!signature || !verifies(key.get(), impl->usual, sample, *signature))
        refuse("does not work: its private part is missing or belongs to another public key");
    impl->public_members = public_members_of(key.get(), impl->usual);
    impl->thumbprint = sha256_base64url(impl->public_members);
    impl->key = std::move(key);
    ERR_clear_error();
    return KeyAccess::make(std::move(impl), generated);
}

int no_passphrase(char*, int, int, void*) {
    return 0;
}

std::optional<std::string_view> text_member(json::object const& jwk, std::string_view name) {
    auto const* value = jwk.if_contains(name);
    if (value == nullptr || value->is_null())
        return std::nullopt;
    auto const* text = value->if_string();
    if (text == nullptr)
        refuse(fmt::format("is a JWK whose {} is not a text", name));
    return std::string_view(*text);
}

/// The decoded value of a member that must be there.
Secret bytes_member(json::object const& jwk, std::string_view name) {
    auto const text = text_member(jwk, name);
    if (!text)
        refuse(name == "d" ? std::string("is a public JWK: it has no d")
                           : fmt::format("is a JWK without {}; export it with all its members", name));
    auto bytes = base64url_decode(*text);
    if (!bytes || bytes->empty())
        refuse(fmt::format("is a JWK whose {} is not base64url", name));
    return Secret(std::move(*bytes));
}

/// Collects what a key is made of.
class KeyParts {
public:
    KeyParts() : builder_(OSSL_PARAM_BLD_new()) {}

    void number(json::object const& jwk, std::string_view member, char const* name) {
        auto const bytes = bytes_member(jwk, member);
        auto const text = bytes.expose();
        numbers_.emplace_back(BN_bin2bn(bytes_of(text), static_cast<int>(text.size()), nullptr));
        if (!builder_ || !numbers_.back() || OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get()) != 1)
            cannot("import a key");
    }
    /// They must stay until build().
    void bytes(std::string const& value, char const* name) {
        if (!builder_ || OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, value.data(), value.size()) != 1)
            cannot("import a key");
    }
    void text(char const* value, char const* name) {
        if (!builder_ || OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, value, 0) != 1)
            cannot("import a key");
    }
    Key build(char const* type) {
        jose::Parameters const parameters(OSSL_PARAM_BLD_to_param(builder_.get()));
        jose::KeyContext const context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
        EVP_PKEY* key = nullptr;
        if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
            EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1)
            refuse("is a JWK with impossible numbers");
        return Key(key);
    }

private:
    jose::ParameterBuilder builder_;
    std::vector<jose::Number> numbers_;
};

Key rsa_key(json::object const& jwk) {
    KeyParts parts;
    parts.number(jwk, "n", OSSL_PKEY_PARAM_RSA_N);
    parts.number(jwk, "e", OSSL_PKEY_PARAM_RSA_E);
    parts.number(jwk, "d", OSSL_PKEY_PARAM_RSA_D);
    parts.number(jwk, "p", OSSL_PKEY_PARAM_RSA_FACTOR1);
    parts.number(jwk, "q", OSSL_PKEY_PARAM_RSA_FACTOR2);
    parts.number(jwk, "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1);
    parts.number(jwk, "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2);
    parts.number(jwk, "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
    return parts.build("RSA");
}

Key ec_key(json::object const& jwk) {
    if (text_member(jwk, "crv") != "P-256")
        refuse(fmt::format("is a JWK on another curve; {}", kinds));
    auto const x = bytes_member(jwk, "x");
    auto const y = bytes_member(jwk, "y");
    if (x.expose().size() != p256_bytes || y.expose().size() != p256_bytes)
        refuse("is a JWK whose x or y does not have 32 bytes");
    auto const point = fmt::format("\x04{}{}", x.expose(), y.expose());
    KeyParts parts;
    parts.text("P-256", OSSL_PKEY_PARAM_GROUP_NAME);
    parts.bytes(point, OSSL_PKEY_PARAM_PUB_KEY);
    parts.number(jwk, "d", OSSL_PKEY_PARAM_PRIV_KEY);
    return parts.build("EC");
}

Key ed25519_key(json::object const& jwk) {
    if (text_member(jwk, "crv") != "Ed25519")
        refuse(fmt::format("is a JWK on another curve; {}", kinds));
    auto const secret = bytes_member(jwk, "d");
    auto const bytes = secret.expose();
    Key key(bytes.size() == ed25519_bytes
                ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size())
                : nullptr);
    if (!key)
        refuse("is a JWK whose d does not have 32 bytes");
    // OpenSSL makes the public key itself.
    auto const x = bytes_member(jwk, "x");
    if (public_members_of(key.get(), SignatureAlgorithm::eddsa).find(base64url_encode(x.expose())) == std::string::npos)
        refuse("does not work: its private part is missing or belongs to another public key");
    return key;
}

/// PEM text that holds something else is recognised, because people mix files up.
std::string what_it_is(std::string_view pem) {
    auto const has = [&](std::string_view text) { return pem.find(text) != std::string_view::npos; };
    if (has("ENCRYPTED"))
        return "is encrypted; give it decrypted (openssl pkey -in KEY)";
    if (has("BEGIN PUBLIC KEY") || has("BEGIN RSA PUBLIC KEY"))
        return "is a public key; give the private one";
    if (has("BEGIN CERTIFICATE"))
        return "is a certificate; give its private key";
    if (has("BEGIN OPENSSH"))
        return "is in OpenSSH's format; convert it (ssh-keygen -p -m PKCS8 -f KEY)";
    if (has("\"kty\""))
        return "is a JWK; use PrivateKey::from_jwk()";
    if (has("-----BEGIN "))
        return "is PEM text that cannot be read";
    return "is not PEM text; it must begin with -----BEGIN PRIVATE KEY-----";
}

std::optional<SignatureAlgorithm> algorithm_of(std::string_view name) {
    for (auto const algorithm : {SignatureAlgorithm::rs256, SignatureAlgorithm::ps256, SignatureAlgorithm::es256,
                                 SignatureAlgorithm::eddsa}) {
        if (name == to_string(algorithm))
            return algorithm;
    }
    if (name == "Ed25519")  // RFC 9864
        return SignatureAlgorithm::eddsa;
    return std::nullopt;
}

std::string encoded_input(std::string_view header, std::string_view payload) {
    auto text = base64url_encode(header);
    text += '.';
    text += base64url_encode(payload);
    return text;
}

}  // namespace

std::string_view to_string(SignatureAlgorithm algorithm) noexcept {
    switch (algorithm) {
    case SignatureAlgorithm::rs256: return "RS256";
    case SignatureAlgorithm::ps256: return "PS256";
    case SignatureAlgorithm::es256: return "ES256";
    case SignatureAlgorithm::eddsa: return "EdDSA";
    }
    return "unknown";
}

PrivateKey PrivateKey::from_pem(Secret pem, std::string kid) {
    auto const text = pem.expose();
    if (text.empty())
        refuse("is empty");
    if (text.size() > max_text)
        refuse("is larger than 64 KiB");
    jose::Bio const bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
    if (!key)
        refuse(what_it_is(text));
    return made(std::move(key), false).kid(std::move(kid));
}

PrivateKey PrivateKey::from_pem_file(std::string const& path, std::string kid) {
    auto text = read_secret_file(path, max_text);
    if (!text)
        refuse(fmt::format("file {} cannot be read", path));
    return from_pem(std::move(*text), std::move(kid));
}

PrivateKey PrivateKey::from_jwk(Secret jwk) {
    if (jwk.expose().size() > max_text)
        refuse("is larger than 64 KiB");
    auto const parsed = parse_wiping(jwk.expose());
    if (!parsed)
        refuse("is not a JWK: it is not a JSON object");
    auto const& object = parsed.value();
    if (object.contains("keys"))
        refuse("is a JWK set; give one of its keys");
    if (auto const use = text_member(object, "use"); use && *use != "sig")
        refuse("is a JWK that is not for signing (use)");
    if (auto const* operations = object.if_contains("key_ops"); operations != nullptr && !operations->is_null()) {
        auto const* list = operations->if_array();
        if (list == nullptr || std::none_of(list->begin(), list->end(), [](json::value const& operation) {
                return operation.is_string() && operation.get_string() == "sign";
            }))
            refuse("is a JWK that is not for signing (key_ops)");
    }
    auto const type = text_member(object, "kty");
    if (type == "oct")
        refuse("is a shared secret; use client_secret() and client_secret_jwt");
    if (type != "RSA" && type != "EC" && type != "OKP")
        refuse(fmt::format("is a JWK of another type (kty); {}", kinds));
    auto key = made(type == "RSA" ? rsa_key(object) : type == "EC" ? ec_key(object) : ed25519_key(object), false);
    if (auto const alg = text_member(object, "alg")) {
        auto const algorithm = algorithm_of(*alg);
        if (!algorithm)
            refuse("is a JWK whose alg is not one of RS256, PS256, ES256 and EdDSA");
        key.algorithm(*algorithm);
    }
    if (auto const kid = text_member(object, "kid"))
        key.kid(std::string(*kid));
    return key;
}

PrivateKey PrivateKey::generate(SignatureAlgorithm algorithm) {
    EVP_PKEY* key = nullptr;
    switch (algorithm) {
    case SignatureAlgorithm::rs256:
    case SignatureAlgorithm::ps256: key = EVP_RSA_gen(static_cast<unsigned>(shortest_modulus)); break;
    case SignatureAlgorithm::es256: key = EVP_EC_gen("P-256"); break;
    case SignatureAlgorithm::eddsa: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
    }
    if (key == nullptr)
        cannot("make a key");
    return made(Key(key), true).algorithm(algorithm);
}

PrivateKey& PrivateKey::algorithm(SignatureAlgorithm value) & {
    auto const is_rsa = [](SignatureAlgorithm a) { return a == SignatureAlgorithm::rs256 || a == SignatureAlgorithm::ps256; };
    if (empty())
        refuse("is missing");
    bool const fits = value == impl_->usual || (is_rsa(value) && is_rsa(impl_->usual) &&
                                                EVP_PKEY_is_a(impl_->key.get(), "RSA-PSS") != 1);
    if (!fits)
        refuse(fmt::format("is one for {} and cannot sign with {}", to_string(impl_->usual), to_string(value)));
    algorithm_ = value;
    return *this;
}

PrivateKey& PrivateKey::kid(std::string value) & {
    if (value.size() > max_kid || !std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; }))
        refuse("has a kid that is not a printable text of at most 512 bytes");
    kid_ = std::move(value);
    return *this;
}

std::string const& PrivateKey::thumbprint() const noexcept {
    return impl_->thumbprint;
}

std::string PrivateKey::public_jwk() const {
    auto object = parse_wiping(impl_->public_members).value();
    object["alg"] = to_string(algorithm_);
    object["use"] = "sig";
    if (!kid_.empty())
        object["kid"] = kid_;
    return json::serialize(object);
}

std::string const& minimal_public_jwk(PrivateKey const& key) {
    return KeyAccess::of(key).public_members;
}

std::string sign_jws(PrivateKey const& key, std::string_view header, std::string_view payload) {
    auto text = encoded_input(header, payload);
    auto signature = sign(KeyAccess::of(key).key.get(), key.algorithm(), text);
    if (!signature)
        cannot("sign");
    text += '.';
    text += base64url_encode(key.algorithm() == SignatureAlgorithm::es256 ? joined(*signature) : *signature);
    return text;
}

std::string sign_jws(Secret const& secret, std::string_view header, std::string_view payload) {
    auto text = encoded_input(header, payload);
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    auto const key = secret.expose();
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), mac.data(), &size) ==
        nullptr)
        cannot("sign");
    text += '.';
    text += base64url_encode(std::string_view(reinterpret_cast<char const*>(mac.data()), size));
    return text;
}

}  // namespace assent
