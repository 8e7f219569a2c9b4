#pragma once

#include <assent/http_message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// One challenge of a WWW-Authenticate header (RFC 9110 11.3). Untrusted text; bounded, no control characters.
class Challenge {
public:
    Challenge() = default;
    /// The value of the parameter of that name, given in lower case; empty when there is none.
    std::string_view parameter(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;

    std::string scheme;                                           ///< In lower case.
    std::string token;                                            ///< The token68, when the challenge has one in place of parameters.
    std::vector<std::pair<std::string, std::string>> parameters;  ///< Names in lower case, each once.
};

/// What is read of a header, at most; the rest is ignored.
inline constexpr std::size_t max_challenge_bytes = 8 * 1024;
inline constexpr std::size_t max_challenges = 16;
inline constexpr std::size_t max_challenge_parameters = 32;

/// Reads a list of challenges. Never fails: stops at what is no challenge and gives what came before. Values that should be quoted and
/// are not are read up to the next comma or space.
std::vector<Challenge> read_challenges(std::string_view header);

/// Of all WWW-Authenticate headers of an answer, in order; the bounds count for all together.
std::vector<Challenge> read_challenges(HttpHeaders const& headers);

}  // namespace assent
