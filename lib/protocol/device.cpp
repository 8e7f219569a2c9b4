#include "protocol/device.hpp"

#include "protocol/oauth_response.hpp"
#include "protocol/pending_grant.hpp"

#include <algorithm>
#include <utility>

namespace assent {

result<void> check(DeviceParameters const& parameters)
{
    BOOST_OUTCOME_TRY(check_scopes(parameters.scopes));
    bool const tells_who = std::find(parameters.scopes.begin(), parameters.scopes.end(), "openid") != parameters.scopes.end();
    if (!parameters.subject.empty() && !tells_who)
        return Failure(Errc::invalid_argument, "scopes must contain openid: only an ID token tells who has signed in");
    return boost::outcome_v2::success();
}

boost::json::array request_of(DeviceParameters const& parameters)
{
    auto scopes = parameters.scopes;
    std::sort(scopes.begin(), scopes.end());
    boost::json::array out;
    out.emplace_back("device");
    out.emplace_back(join_scopes(scopes));
    out.emplace_back(parameters.audience);
    out.emplace_back(parameters.subject);
    return out;
}

void add_parameters(FormBody& body, DeviceParameters const& parameters)
{
    if (!parameters.scopes.empty())
        body.add("scope", join_scopes(parameters.scopes));
    if (!parameters.audience.empty())
        body.add("audience", parameters.audience);
}

StartAnswer read_device_start(result<HttpResponse> const& answer, bool loopback_http_allowed,
                              std::chrono::system_clock::time_point now)
{
    StartAnswer out;
    out.kind = StartAnswer::Kind::not_sent;
    if (!answer) {
        out.failure = answer.failure();
        return out;
    }
    auto const& response = answer.value();
    auto read = read_device_response(response, now, loopback_http_allowed);
    if (!read) {
        auto const error = read_error_response(response, now);
        out.failure = read.failure();
        out.retry_after = error.retry_after;
        if (!error.transient() && !(out.failure == Errc::malformed_response))
            out.kind = StartAnswer::Kind::failed;
        return out;
    }
    auto schedule = PollSchedule::from_server(read.value().interval);
    if (!schedule) {
        out.failure = schedule.failure();
        return out;
    }
    out.kind = StartAnswer::Kind::accepted;
    out.request_id = std::move(read.value().device_code);
    out.user_code = std::move(read.value().user_code);
    out.verification_uri = std::move(read.value().verification_uri);
    out.verification_uri_complete = std::move(read.value().verification_uri_complete);
    out.expires_in = read.value().expires_in;
    out.schedule = schedule.value();
    return out;
}

}  // namespace assent
