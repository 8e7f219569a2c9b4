#pragma once

#include <assent/oauth_client.hpp>
#include <assent/outcome.hpp>

#include <string_view>

namespace assent {

/// Checks a CIBA binding_message against what the provider can show, before a request is sent.
///
/// Auth0: 1 to 64 characters, letters, digits, white space and `+-_.,:#`. Keycloak: 1 to 50 printable characters, no white space.
/// Standard: 1 to 256 characters of valid UTF-8 without control characters; the provider may be stricter (CIBA 7.1).
/// @par Errors invalid_binding_message; the detail names the first offending character and the limit.
result<void> check_binding_message(std::string_view text, ProviderProfile profile);

}  // namespace assent
