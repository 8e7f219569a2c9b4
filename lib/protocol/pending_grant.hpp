#pragma once

#include <assent/credentials.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include "protocol/pending_fsm.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace assent {

/// What the answer (or its absence) to a token request for something pending means (CIBA 10.1.1, 11; RFC 8628 3.5). Tokens without
/// scopes: the server left `scope` out, which means as requested.
PollAnswer read_pending_grant(result<HttpResponse> const& answer, std::chrono::system_clock::time_point now);

/// No scope is empty or has a character that RFC 6749 3.3 does not allow. @par Errors invalid_argument.
result<void> check_scopes(std::vector<std::string> const& scopes);

/// Every requested scope was granted. `openid` asks for the ID token and `offline_access` for the refresh token: they are there or not,
/// whatever `scope` says. @par Errors insufficient_scope, naming the first that is missing.
result<void> check_granted_scopes(std::vector<std::string> const& requested, TokenSet const& granted);

}  // namespace assent
