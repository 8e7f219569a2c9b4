#pragma once

#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace assent::http {

/// Why the headers of a request cannot be sent as they are: a name that is not a token, a value with control characters, or a header
/// that is the client's to set (Host, Content-Length, Transfer-Encoding, Connection and the like).
std::optional<Failure> check_headers(HttpHeaders const& headers);

/// What of the request line and headers does not come from the request.
struct RequestFrame {
    std::string_view target;               ///< Path and query; empty or beginning with '?' is completed with "/".
    std::string_view host;                 ///< The Host header.
    std::string_view user_agent;
    bool absolute = false;                 ///< Write "http://host/path", as a proxy wants it.
    std::string_view proxy_authorization;  ///< Empty for none.
};

/// Appends the request as it goes over the wire: request line, headers, body. @pre check_headers() found nothing.
void append_request(std::string& out, HttpRequest const& request, RequestFrame const& frame);

/// Appends "CONNECT authority" as a proxy wants it.
void append_connect(std::string& out, std::string_view authority, RequestFrame const& frame);

}  // namespace assent::http
