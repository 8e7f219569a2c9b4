#pragma once

#include <assent/outcome.hpp>

#include <cstdint>
#include <string_view>

namespace assent::http {

/// The parts of an absolute http or https URL, as views into it.
struct Url {
    bool tls = false;
    std::string_view host;    ///< As written, without brackets.
    bool is_ipv6 = false;     ///< The host was in brackets.
    std::uint16_t port = 0;   ///< The scheme's when none was written.
    std::string_view target;  ///< Path and query; may be empty or begin with '?'.
};

/// Takes a URL apart. Refuses, with Errc::invalid_argument, everything that could mean something else on the wire: user information,
/// spaces, control and non-ASCII characters, a host that is not a plain name or address.
result<Url> parse_url(std::string_view text);

/// True when a path and query have only characters that a URL may have.
bool is_target(std::string_view text) noexcept;

/// True for a decimal port between 1 and 65535.
bool parse_port(std::string_view text, std::uint16_t& port) noexcept;

/// True for letters, digits, '-', '.' and '_' only, and not longer than a DNS name can be.
bool is_host_name(std::string_view text) noexcept;

}  // namespace assent::http
