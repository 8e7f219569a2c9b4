#pragma once

#include <assent/credentials.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include "protocol/form.hpp"
#include "protocol/pending_fsm.hpp"

#include <chrono>

namespace assent {

/// The parameters of a refresh (RFC 6749 6). Scopes are left out: as granted.
void add_refresh_parameters(FormBody& body, TokenSet const& tokens);

/// What the answer (or its absence) to a refresh means.
RefreshAnswer read_refresh(result<HttpResponse> const& answer, std::chrono::system_clock::time_point now);

}  // namespace assent
