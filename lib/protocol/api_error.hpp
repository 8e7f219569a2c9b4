#pragma once

#include <assent/http_message.hpp>

#include <string>

namespace assent {

/// What an API says about an error, for people and models: the usual members of a JSON body (`message`, `error_description`, `detail`,
/// `title`, `error` as a text or an object with a message), or a plain text. One line of at most 300 bytes of printable ASCII or UTF-8
/// without quotes; empty when there is nothing to show.
std::string api_error_text(HttpResponse const& response);

}  // namespace assent
