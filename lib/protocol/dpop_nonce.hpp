#pragma once

#include <assent/http_message.hpp>

#include <string>
#include <string_view>

namespace assent {

/// Scheme, host and port in lower case, without the scheme's own port; of a text that is no URL, something that is no origin.
std::string origin_of(std::string_view url);

/// The URL as `htu` has it: without query and fragment (RFC 9449 4.2).
std::string_view without_query(std::string_view url) noexcept;

/// The nonce of an answer; empty when there is none, or several, or one that is not 1 to 1024 characters of those allowed (RFC 9449 8.1).
std::string_view nonce_in(HttpHeaders const& headers) noexcept;

/// True when an answer refuses a request for want of a (new) nonce: error use_dpop_nonce, in the body of a token endpoint (RFC 9449 8) or
/// in the WWW-Authenticate of an API (9).
bool wants_nonce(HttpResponse const& response);

}  // namespace assent
