#pragma once

#include <assent/http_message.hpp>

#include <cstddef>
#include <string_view>

namespace assent::http {

/// Reads an answer of the usual kind at once: HTTP/1.1, all of it there, one Content-Length, nothing that concerns the connection.
///
/// It accepts less than the full parser, and reads what it accepts as that does; anything else is left to it.
/// @return how many bytes it took, or 0 when the answer is not of that kind; `response` is unchanged then.
std::size_t read_whole_response(std::string_view text, std::size_t max_header, std::size_t max_body, HttpResponse& response);

}  // namespace assent::http
