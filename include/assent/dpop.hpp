#pragma once

#include <assent/http_message.hpp>
#include <assent/outcome.hpp>
#include <assent/private_key.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace assent {

class TokenSet;

/// Tokens that are of no use to who does not hold the key (DPoP, RFC 9449): makes the proofs, for the token endpoint and for APIs, and
/// remembers the nonces that each server asks for.
///
/// Given to OauthClient::dpop(), every token is asked for with a proof. A token that the server then binds has the token_type "DPoP"; it
/// goes to an API with attach(), which takes tokens of both types:
///
///     dpop.attach(request, tokens, now);                  // Authorization and DPoP headers
///     auto answer = co_await http.send(request);
///     if (answer && dpop.learn(url, answer.value())) {    // it was refused for want of a nonce, which is known now
///         dpop.attach(request, tokens, now);              // replaces the headers
///         answer = co_await http.send(request);           // once
///     }
///
/// A bound token lives as long as its key. Where tokens are kept in a store that outlives the process or is shared, the host gives the
/// key, the same everywhere: `Dpop(PrivateKey::from_pem_file(path))`. With with_a_new_key(), what was granted is found by this process only: other
/// processes, and this one after a restart, do not take tokens from the store that they could not use, and ask again. What authorizers
/// keep in the store belongs to the key's thumbprint for that reason; so changing the key also means asking again.
///
/// A cheap handle: copies share key and nonces.
/// @par Concurrency Distinct objects: safe, also when they share. Shared objects: safe.
class Dpop {
public:
    using time_point = std::chrono::system_clock::time_point;

    /// None: attach() takes Bearer tokens only.
    Dpop() noexcept = default;
    /// @par Exceptions ConfigurationError when `key` is empty.
    explicit Dpop(PrivateKey key);
    /// With a key that only this process will ever have.
    static Dpop with_a_new_key(SignatureAlgorithm algorithm = SignatureAlgorithm::es256);

    bool empty() const noexcept { return state_ == nullptr; }
    /// @pre not empty
    PrivateKey const& key() const noexcept;
    /// The key's RFC 7638 thumbprint, also the value of `dpop_jkt` and `cnf.jkt`. Empty when there is none.
    std::string_view thumbprint() const noexcept;

    /// Sets Authorization and, for a token of type DPoP, the proof for exactly this method and URL. Replaces what an earlier attach() set.
    /// @par Errors missing_configuration: the token is bound to a key, and there is none here; invalid_argument: neither Bearer nor DPoP.
    result<void> attach(HttpRequest& request, TokenSet const& tokens, time_point now) const;
    /// Sets the proof for a request without an access token: to a token endpoint. @pre not empty
    void attach(HttpRequest& request, time_point now) const;

    /// Takes the nonce that an answer brings (DPoP-Nonce), for the origin of `url`, the request's.
    /// @return true when the request was refused only for want of that nonce: attach() again and send it once more.
    bool learn(std::string_view url, HttpResponse const& response) const;

private:
    struct State;
    std::string proof(HttpRequest const& request, time_point now, std::string_view access_token) const;

    std::shared_ptr<State> state_;
};

}  // namespace assent
