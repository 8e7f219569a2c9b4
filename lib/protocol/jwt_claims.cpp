#include "protocol/jwt_claims.hpp"

#include "core/digest.hpp"
#include "protocol/wiping_json.hpp"

#include <assent/secret.hpp>

#include <cstddef>
#include <utility>

namespace assent {
namespace {

constexpr std::size_t max_jwt_bytes = 64 * 1024;

}  // namespace

std::optional<boost::json::object> unverified_claims(std::string_view jwt)
{
    auto const first = jwt.find('.');
    auto const second = first == jwt.npos ? jwt.npos : jwt.find('.', first + 1);
    if (jwt.size() > max_jwt_bytes || second == jwt.npos || jwt.find('.', second + 1) != jwt.npos)
        return std::nullopt;
    auto payload = base64url_decode(jwt.substr(first + 1, second - first - 1));
    if (!payload)
        return std::nullopt;
    auto claims = parse_wiping(*payload);
    wipe(*payload);
    if (!claims)
        return std::nullopt;
    return std::move(claims).value();
}

std::string unverified_text_claim(std::string_view jwt, std::string_view name)
{
    auto const claims = unverified_claims(jwt);
    auto const* value = claims ? claims->if_contains(name) : nullptr;
    auto const* text = value != nullptr ? value->if_string() : nullptr;
    return text != nullptr ? std::string(*text) : std::string();
}

}  // namespace assent
