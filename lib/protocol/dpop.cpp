#include <assent/dpop.hpp>

#include <assent/credentials.hpp>

#include "core/digest.hpp"
#include "jose/sign.hpp"
#include "protocol/dpop_nonce.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;

/// Servers whose nonce is remembered; what is forgotten costs one more request.
constexpr std::size_t max_origins = 256;
constexpr std::size_t id_bytes = 16;

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Made in one piece, so that no copy of the token stays behind.
std::string authorization(std::string_view scheme, std::string_view token) {
    std::string value;
    value.reserve(scheme.size() + 1 + token.size());
    value.append(scheme).append(1, ' ').append(token);
    return value;
}

}  // namespace

struct Dpop::State {
    explicit State(PrivateKey k)
        : key(std::move(k)), header(fmt::format(R"({{"alg":"{}","jwk":{},"typ":"dpop+jwt"}})", to_string(key.algorithm()),
                                                minimal_public_jwk(key))) {}

    std::string nonce_of(std::string_view url) {
        std::lock_guard const lock(mutex);
        if (nonces.empty())
            return {};
        auto const found = nonces.find(origin_of(url));
        return found != nonces.end() ? found->second : std::string();
    }
    void remember(std::string_view url, std::string_view nonce) {
        auto origin = origin_of(url);
        std::lock_guard const lock(mutex);
        if (nonces.size() >= max_origins && nonces.find(origin) == nonces.end())
            nonces.erase(nonces.begin());
        nonces.insert_or_assign(std::move(origin), std::string(nonce));
    }

    PrivateKey const key;
    std::string const header;
    std::mutex mutex;
    std::map<std::string, std::string, std::less<>> nonces;  ///< By origin.
};

Dpop::Dpop(PrivateKey key) {
    if (key.empty())
        throw ConfigurationError(
            Failure(Errc::missing_configuration, "Dpop needs a private key: give one, or use Dpop::with_a_new_key()"));
    state_ = std::make_shared<State>(std::move(key));
}

Dpop Dpop::with_a_new_key(SignatureAlgorithm algorithm) {
    return Dpop(PrivateKey::generate(algorithm));
}

PrivateKey const& Dpop::key() const noexcept {
    return state_->key;
}

std::string_view Dpop::thumbprint() const noexcept {
    return state_ != nullptr ? std::string_view(state_->key.thumbprint()) : std::string_view();
}

std::string Dpop::proof(HttpRequest const& request, time_point now, std::string_view access_token) const {
    json::object claims;
    claims["jti"] = random_base64url(id_bytes);
    claims["htm"] = to_string(request.method());
    claims["htu"] = without_query(request.url());
    claims["iat"] = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (!access_token.empty())
        claims["ath"] = sha256_base64url(access_token);
    if (auto nonce = state_->nonce_of(request.url()); !nonce.empty())
        claims["nonce"] = std::move(nonce);
    return sign_jws(state_->key, state_->header, json::serialize(claims));
}

void Dpop::attach(HttpRequest& request, time_point now) const {
    request.set_header("DPoP", proof(request, now, {}));
}

result<void> Dpop::attach(HttpRequest& request, TokenSet const& tokens, time_point now) const {
    auto const token = tokens.access_token.expose();
    if (equal_ignoring_case(tokens.token_type, "Bearer")) {
        request.set_header("Authorization", authorization("Bearer", token));
        return boost::outcome_v2::success();
    }
    if (!equal_ignoring_case(tokens.token_type, "DPoP"))
        return Failure(Errc::invalid_argument, "the token's type is neither Bearer nor DPoP");
    if (empty())
        return Failure(Errc::missing_configuration,
                       "the token is bound to a key (DPoP); give the Dpop that it was requested with");
    request.set_header("Authorization", authorization("DPoP", token));
    request.set_header("DPoP", proof(request, now, token));
    return boost::outcome_v2::success();
}

bool Dpop::learn(std::string_view url, HttpResponse const& response) const {
    if (empty())
        return false;
    auto const nonce = nonce_in(response.headers);
    if (nonce.empty())
        return false;
    state_->remember(url, nonce);
    return wants_nonce(response);
}

}  // namespace assent
