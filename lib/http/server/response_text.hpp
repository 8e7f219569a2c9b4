#pragma once

#include <assent/http_server.hpp>

#include <string>

namespace assent::http {

/// How an answer's body is delimited and what becomes of the connection.
struct Framing {
    bool keep_alive = false;
    bool chunked = false;
    bool streamed = false;  ///< No Content-Length.
};

/// True when the status is one of 200 to 599 and every header is exactly one header on the wire.
bool is_sendable(HttpServerResponse const& response) noexcept;
/// True when an answer of that status has a body.
bool has_body(int status) noexcept;
/// True when the handler asked for the connection to be closed.
bool asks_to_close(HttpServerResponse const& response) noexcept;
/// Status line and headers, with the empty line. @pre is_sendable.
std::string head_text(HttpServerResponse const& response, Framing framing);

}  // namespace assent::http
