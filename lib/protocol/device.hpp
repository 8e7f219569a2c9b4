#pragma once

#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include "protocol/form.hpp"
#include "protocol/pending_fsm.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace assent {

/// The parameters of one device authorization request (RFC 8628 3.1), resolved.
class DeviceParameters {
public:
    DeviceParameters() = default;

    std::vector<std::string> scopes;
    std::string audience;
    std::string subject;  ///< `sub` of who must sign in; not sent. Empty: anybody.
};

/// Scopes as RFC 6749 3.3 has them; with a subject there must be an ID token to tell it by.
/// @par Errors invalid_argument.
result<void> check(DeviceParameters const& parameters);

/// What is asked for, for digests: scopes (sorted), audience, subject.
boost::json::array request_of(DeviceParameters const& parameters);

/// Adds the request's parameters; absent ones are left out.
void add_parameters(FormBody& body, DeviceParameters const& parameters);

/// What the answer (or its absence) to a device authorization request means. Nobody sees a code whose answer was lost: it may be asked
/// for again at once, unless the provider says when.
StartAnswer read_device_start(result<HttpResponse> const& answer, bool loopback_http_allowed,
                              std::chrono::system_clock::time_point now);

}  // namespace assent
