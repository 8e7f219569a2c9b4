#include <assent/token_refusal.hpp>

#include "protocol/oauth_response.hpp"
#include "protocol/www_authenticate.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace assent {
namespace {

constexpr int unauthorized = 401;
constexpr int forbidden = 403;
constexpr std::size_t max_scopes = 64;
constexpr std::size_t max_scope_bytes = 512;
constexpr std::size_t max_error_bytes = 128;
constexpr std::size_t max_description_bytes = 1024;
constexpr std::size_t max_request_id_bytes = 128;
constexpr std::int64_t longest_max_age = 10LL * 365 * 24 * 60 * 60;
constexpr std::string_view insufficient_scope = "insufficient_scope";
constexpr std::string_view insufficient_authentication = "insufficient_user_authentication";
constexpr std::string_view invalid_token = "invalid_token";
constexpr std::string_view use_dpop_nonce = "use_dpop_nonce";

/// RFC 6749 3.3: visible ASCII without '"' and '\'.
bool is_scope(std::string_view text) noexcept
{
    return !text.empty() && text.size() <= max_scope_bytes && std::all_of(text.begin(), text.end(), [](char c) {
        return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
    });
}

std::vector<std::string> names_in(std::string_view text)
{
    auto names = split_scopes(text);
    std::erase_if(names, [](std::string const& name) { return !is_scope(name); });
    if (names.size() > max_scopes)
        names.resize(max_scopes);
    return names;
}

std::string bounded(std::string_view text, std::size_t most) { return std::string(text.substr(0, most)); }

std::optional<std::chrono::seconds> seconds_in(std::string_view digits)
{
    if (digits.empty())
        return std::nullopt;
    std::int64_t value = 0;
    for (char const c : digits) {
        if (c < '0' || c > '9')
            return std::nullopt;
        value = std::min(value * 10 + (c - '0'), longest_max_age);
    }
    return std::chrono::seconds(value);
}

/// The challenge that is about the token: the first that says an error, or else the first of its kind.
Challenge const* about_token(std::vector<Challenge> const& challenges) noexcept
{
    Challenge const* first = nullptr;
    for (auto const& challenge : challenges) {
        if (challenge.scheme != "bearer" && challenge.scheme != "dpop")
            continue;
        if (!challenge.parameter("error").empty())
            return &challenge;
        if (first == nullptr)
            first = &challenge;
    }
    return first;
}

std::string request_id_of(HttpHeaders const& headers)
{
    for (auto const* name : {"x-request-id", "x-github-request-id", "x-correlation-id"}) {
        if (auto const value = headers.find(name)) {
            auto id = bounded(*value, max_request_id_bytes);
            std::erase_if(id, [](char c) { return c < 0x20 || c == 0x7f; });
            return id;
        }
    }
    return {};
}

}  // namespace

std::optional<TokenRefusal> TokenRefusal::from(HttpResponse const& response)
{
    if (response.status != unauthorized && response.status != forbidden)
        return std::nullopt;
    auto const challenges = read_challenges(response.headers);
    auto const* const challenge = about_token(challenges);
    std::string_view const error = challenge != nullptr ? challenge->parameter("error") : std::string_view();
    if (response.status == forbidden && error != insufficient_scope && error != invalid_token)
        return std::nullopt;
    if (error == use_dpop_nonce)
        return std::nullopt;
    TokenRefusal out;
    out.server.status = response.status;
    out.server.request_id = request_id_of(response.headers);
    if (challenge != nullptr) {
        out.server.error = bounded(error, max_error_bytes);
        out.server.description = bounded(challenge->parameter("error_description"), max_description_bytes);
        out.scopes = names_in(challenge->parameter("scope"));
        out.acr_values = names_in(challenge->parameter("acr_values"));
        out.max_age = seconds_in(challenge->parameter("max_age"));
    }
    return out;
}

bool TokenRefusal::needs_person() const noexcept
{
    return repeated || server.error == insufficient_scope || server.error == insufficient_authentication;
}

}  // namespace assent
