#include "protocol/ciba_ping.hpp"

#include "protocol/oauth_response.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>

namespace assent {
namespace {

constexpr std::size_t max_body = 8 * 1024;
constexpr std::size_t max_token = 1024;
constexpr std::size_t max_request_id = 4096;
constexpr std::string_view scheme = "bearer ";

bool has_scheme(std::string_view authorization)
{
    return authorization.size() > scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), authorization.begin(),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

}  // namespace

result<PingNotification> read_ping_notification(std::string_view authorization, std::string_view body)
{
    if (!has_scheme(authorization) || authorization.size() > scheme.size() + max_token)
        return Failure(Errc::invalid_client, "the notification has no bearer token (CIBA 10.2)");
    if (body.size() > max_body)
        return Failure(Errc::malformed_response, "the notification is larger than 8 KiB");
    BOOST_OUTCOME_TRY(auto json, read_json_object(body));
    auto const* member = json.if_contains("auth_req_id");
    auto const* id = member ? member->if_string() : nullptr;
    if (id == nullptr || id->empty() || id->size() > max_request_id)
        return Failure(Errc::malformed_response, "the notification has no auth_req_id (CIBA 10.2)");
    PingNotification out;
    out.token = Secret(authorization.substr(scheme.size()));
    out.auth_req_id = Secret(std::string_view(*id));
    return out;
}

}  // namespace assent
