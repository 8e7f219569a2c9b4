#pragma once

#include <assent/oauth_client.hpp>
#include <assent/secret.hpp>

#include "protocol/form.hpp"

#include <chrono>

namespace assent {

/// A JWT by which a client proves itself once, for a minute (RFC 7523 2.2 and 3): signed with its key, or its secret for
/// client_secret_jwt.
/// @pre client.validate() and one of these two methods
Secret client_assertion(OauthClient const& client, std::chrono::system_clock::time_point now);

/// True when each request has an assertion of its own.
bool is_signed_anew(ClientAuthentication method) noexcept;

/// Adds what the client's method sends in the body, and client_id where it does. client_secret_basic sends nothing there.
void add_client_authentication(FormBody& body, OauthClient const& client, std::chrono::system_clock::time_point now);

}  // namespace assent
