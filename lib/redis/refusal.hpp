#pragma once

#include <assent/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assent::redis {

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    /// "host:port", brackets where needed.
    std::string text() const;
    friend bool operator==(Endpoint const&, Endpoint const&) = default;
};

/// "host:port", "[address]:port" or, as Redis writes IPv6, "address:port"; an empty host is `same_host`. Nothing for anything else.
std::optional<Endpoint> parse_endpoint(std::string_view text, std::string_view same_host);
/// A name or an address that may be looked up.
bool is_host(std::string_view text) noexcept;

/// What an error reply means for the command that it answers. None of them was done.
struct Refusal {
    enum class Kind {
        final = 1,   ///< `failure` is the answer.
        moved,       ///< `slot` lives at `target` now.
        ask,         ///< This once, `target` is to be asked.
        later,       ///< The server cannot now; the same may go well in a moment.
        elsewhere,   ///< This server is no master (any more).
        no_script,   ///< The server has forgotten the script.
    };

    Kind kind = Kind::final;
    Failure failure;  ///< What to tell when it never goes well.
    std::uint16_t slot = 0;
    Endpoint target{};
};

/// @param server who said so, for the text.
Refusal judge(std::string_view error, Endpoint const& server);

/// The failure of a greeting: `configured` is whether a password was given.
Failure explain(std::string_view error, Endpoint const& server);

}  // namespace assent::redis
