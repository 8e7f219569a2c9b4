#pragma once

#include <assent/private_key.hpp>
#include <assent/secret.hpp>

#include <string>
#include <string_view>

namespace assent {

/// The public members that RFC 7638 names, in its order and without white space: a JWK that says no more than needed.
/// @pre key is not empty
std::string const& minimal_public_jwk(PrivateKey const& key);

/// A compact JWS of two JSON texts, signed with key.algorithm(). `header` must name that alg; nothing is added to it.
/// @pre key is not empty @par Exceptions std::runtime_error when OpenSSL fails (out of memory).
std::string sign_jws(PrivateKey const& key, std::string_view header, std::string_view payload);

/// The same with HMAC-SHA-256 (HS256).
std::string sign_jws(Secret const& secret, std::string_view header, std::string_view payload);

}  // namespace assent
