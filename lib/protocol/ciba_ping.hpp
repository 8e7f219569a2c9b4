#pragma once

#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include <string_view>

namespace assent {

/// A ping notification (CIBA 10.2), not yet believed.
class PingNotification {
public:
    PingNotification() = default;
    Secret token;        ///< The bearer token presented; must be the one given with the request.
    Secret auth_req_id;
};

/// @param authorization the Authorization header. @param body the JSON body.
/// @par Errors invalid_client: no bearer token. malformed_response: the body is no notification.
result<PingNotification> read_ping_notification(std::string_view authorization, std::string_view body);

}  // namespace assent
