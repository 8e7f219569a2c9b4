#include "protocol/id_token.hpp"

#include "core/digest.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::size_t max_audiences = 64;
constexpr std::size_t max_claim_bytes = 1024;
/// 2200-01-01: later times would only overflow.
constexpr std::int64_t latest = 7258118400;

Failure invalid(std::string detail) {
    return Failure(Errc::id_token_invalid, std::move(detail));
}

std::optional<std::string_view> text_claim(json::object const& claims, std::string_view name) noexcept {
    auto const* value = claims.if_contains(name);
    auto const* text = value != nullptr ? value->if_string() : nullptr;
    if (text == nullptr || text->empty() || text->size() > max_claim_bytes)
        return std::nullopt;
    return std::string_view(*text);
}

/// NumericDate. Nothing when it is not a sane number.
std::optional<system_clock::time_point> time_of(json::value const& value) noexcept {
    double number = 0;
    if (auto const* integer = value.if_int64())
        number = static_cast<double>(*integer);
    else if (auto const* fraction = value.if_double())
        number = *fraction;
    else
        return std::nullopt;
    if (!std::isfinite(number) || number < 0 || number > static_cast<double>(latest))
        return std::nullopt;
    return system_clock::time_point(seconds(static_cast<std::int64_t>(number)));
}

/// base64url of the left half of the digest (OpenID Core 3.1.3.6), by the hash of the signature algorithm.
std::string left_half_hash(std::string_view alg, std::string_view token) {
    auto algorithm = DigestAlgorithm::sha256;
    if (alg.ends_with("384"))
        algorithm = DigestAlgorithm::sha384;
    else if (alg.ends_with("512") || alg == "EdDSA")  // Ed25519 hashes with SHA-512
        algorithm = DigestAlgorithm::sha512;
    auto hash = digest(algorithm, token);
    hash.resize(hash.size() / 2);
    return base64url_encode(hash);
}

/// True when the claim is absent or is what is expected; of another type is false.
bool absent_or_equal(json::object const& claims, std::string_view name, std::string_view expected) noexcept {
    auto const* value = claims.if_contains(name);
    if (value == nullptr)
        return true;
    auto const* text = value->if_string();
    return text != nullptr && equal_in_constant_time(*text, expected);
}

}  // namespace

result<IdTokenClaims> check_id_token(json::object const& claims, std::string_view alg,
                                     IdTokenExpectations const& expected, system_clock::time_point now) {
    IdTokenClaims out;
    if (expected.issuer.empty() || expected.client_id.empty())
        return Failure(Errc::invalid_argument,
                       "an ID token cannot be checked without the issuer and the client id");
    auto const skew = std::clamp(expected.clock_skew, seconds(0), seconds(300));

    auto const issuer = text_claim(claims, "iss");
    if (!issuer)
        return invalid("the ID token has no iss");
    if (*issuer != expected.issuer)
        return Failure(Errc::issuer_mismatch, "iss of the ID token is not the configured issuer");
    out.issuer = *issuer;

    auto const subject = text_claim(claims, "sub");
    if (!subject || subject->size() > 255)
        return invalid("the ID token has no sub of 1 to 255 bytes");
    if (!expected.subject.empty() && *subject != expected.subject)
        return Failure(Errc::subject_mismatch,
                       "sub of the ID token is not the person the authorization was requested for");
    out.subject = *subject;

    auto const* audience = claims.if_contains("aud");
    if (audience == nullptr)
        return invalid("the ID token has no aud");
    if (auto const* one = audience->if_string()) {
        out.audience.emplace_back(*one);
    } else if (auto const* many = audience->if_array()) {
        if (many->size() > max_audiences)
            return invalid("the ID token has too many aud");
        for (auto const& entry : *many) {
            auto const* text = entry.if_string();
            if (text == nullptr || text->size() > max_claim_bytes)
                return invalid("aud of the ID token is not a text");
            out.audience.emplace_back(*text);
        }
    } else {
        return invalid("aud of the ID token is neither a text nor a list");
    }
    if (std::find(out.audience.begin(), out.audience.end(), expected.client_id) == out.audience.end())
        return invalid("aud of the ID token does not contain the client id");
    auto const* party = claims.if_contains("azp");
    if (party == nullptr && out.audience.size() > 1)
        return invalid("the ID token has several aud but no azp");
    if (party != nullptr &&
        (!party->is_string() || std::string_view(party->get_string()) != expected.client_id))
        return invalid("azp of the ID token is not the client id");

    auto const* exp = claims.if_contains("exp");
    auto const expires_at = exp != nullptr ? time_of(*exp) : std::nullopt;
    if (!expires_at)
        return invalid("the ID token has no sane exp");
    if (now >= *expires_at + skew)
        return invalid("the ID token is expired (exp); check this machine's clock");
    out.expires_at = *expires_at;

    auto const* iat = claims.if_contains("iat");
    auto const issued_at = iat != nullptr ? time_of(*iat) : std::nullopt;
    if (!issued_at)
        return invalid("the ID token has no sane iat");
    if (*issued_at > now + skew)
        return invalid("the ID token was issued in the future (iat); check this machine's clock");
    if (*issued_at > *expires_at)
        return invalid("the ID token expires (exp) before it was issued (iat)");
    out.issued_at = *issued_at;

    if (auto const* nbf = claims.if_contains("nbf")) {
        auto const not_before = time_of(*nbf);
        if (!not_before)
            return invalid("nbf of the ID token is not a sane time");
        if (*not_before > now + skew)
            return invalid("the ID token is not valid yet (nbf); check this machine's clock");
    }
    if (auto const* auth_time = claims.if_contains("auth_time")) {
        out.auth_time = time_of(*auth_time);
        if (!out.auth_time)
            return invalid("auth_time of the ID token is not a sane time");
    }

    if (!expected.nonce.empty()) {
        auto const nonce = text_claim(claims, "nonce");
        if (!nonce || !equal_in_constant_time(*nonce, expected.nonce))
            return invalid("nonce of the ID token is not the one that was sent");
    }
    if (!expected.auth_req_id.empty() &&
        !absent_or_equal(claims, "urn:openid:params:jwt:claim:auth_req_id", expected.auth_req_id.expose()))
        return invalid("auth_req_id of the ID token is of another request");
    if (!expected.access_token.empty() && claims.contains("at_hash") &&
        !absent_or_equal(claims, "at_hash", left_half_hash(alg, expected.access_token.expose())))
        return invalid("at_hash of the ID token does not fit the access token");
    constexpr std::string_view rt_hash = "urn:openid:params:jwt:claim:rt_hash";
    if (!expected.refresh_token.empty() && claims.contains(rt_hash) &&
        !absent_or_equal(claims, rt_hash, left_half_hash(alg, expected.refresh_token.expose())))
        return invalid("rt_hash of the ID token does not fit the refresh token");

    if (auto const acr = text_claim(claims, "acr"))
        out.acr = *acr;
    if (auto const* amr = claims.if_contains("amr"); amr != nullptr && amr->is_array()) {
        for (auto const& method : amr->get_array()) {
            if (auto const* text = method.if_string();
                text != nullptr && text->size() <= 64 && out.amr.size() < 32)
                out.amr.emplace_back(*text);
        }
    }
    return out;
}

}  // namespace assent
