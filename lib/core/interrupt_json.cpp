#include <assent/interrupt.hpp>

#include "core/interrupt_code.hpp"
#include "core/interrupt_data.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

namespace json = boost::json;

namespace {

using time_point = std::chrono::system_clock::time_point;

/// Seconds since 1970, as the SDK's `Date.now() / 1000`: microseconds survive the way there and back.
json::value epoch_seconds(time_point when) {
    std::int64_t const micros =
        std::chrono::floor<std::chrono::microseconds>(when).time_since_epoch().count();
    if (micros % 1'000'000 == 0)
        return micros / 1'000'000;
    return static_cast<double>(micros) / 1e6;
}

std::string iso_8601(time_point when) {
    auto const day = std::chrono::floor<std::chrono::days>(when);
    std::chrono::year_month_day const date(day);
    auto const time = std::chrono::floor<std::chrono::milliseconds>(when - day).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time / 3'600'000, time / 60'000 % 60, time / 1000 % 60, time % 1000);
}

json::array array_of(std::vector<std::string> const& texts) {
    json::array array;
    array.reserve(texts.size());
    for (auto const& text : texts)
        array.emplace_back(text);
    return array;
}

json::object object_of(std::vector<std::pair<std::string, std::string>> const& members) {
    json::object object;
    object.reserve(members.size());
    for (auto const& [name, value] : members)
        object[name] = value;
    return object;
}

}  // namespace

json::object Interrupt::to_json() const {
    Data const& data = data_ ? *data_ : Data::none();
    json::object object;
    object["name"] = interrupt_name;
    object["code"] = code();
    if (data.request) {
        json::object request;
        request["id"] = data.request->id.expose();
        if (data.request->requested_at != time_point())
            request["requestedAt"] = epoch_seconds(data.request->requested_at);
        if (data.request->expires_in.count() != 0)
            request["expiresIn"] = data.request->expires_in.count();
        request["interval"] = data.request->interval.count();
        object["request"] = std::move(request);
    }
    if (data.device) {
        json::object response;
        response["deviceCode"] = data.device->device_code.expose();
        response["userCode"] = data.device->user_code;
        response["verificationUri"] = data.device->verification_uri;
        if (data.device->expires_in.count() != 0)
            response["expiresIn"] = data.device->expires_in.count();
        if (!data.device->verification_uri_complete.empty())
            response["verificationUriComplete"] = data.device->verification_uri_complete;
        response["interval"] = data.device->interval.count();
        if (data.device->requested_at != time_point())
            response["requestedAt"] = epoch_seconds(data.device->requested_at);
        object["response"] = std::move(response);
    }
    if (data.consent) {
        object["connection"] = data.consent->connection;
        object["scopes"] = array_of(data.consent->scopes);
        object["requiredScopes"] = array_of(data.consent->required_scopes);
        object["authorizationParams"] = object_of(data.consent->authorization_params);
        object["behavior"] = data.consent->behavior;
    }
    if (data.retry_after)
        object["retryAfter"] = data.retry_after->count();
    object["message"] = data.message;

    if (data.consent && !data.consent->reason.empty())
        object["reason"] = data.consent->reason;
    if (!data.handle.empty())
        object["handle"] = data.handle;
    if (!data.binding_message.empty())
        object["bindingMessage"] = data.binding_message;
    if (data.expires_at)
        object["expiresAt"] = epoch_seconds(*data.expires_at);
    if (data.next_poll_at)
        object["nextPollAt"] = epoch_seconds(*data.next_poll_at);
    if (data.server) {
        json::object server;
        server["status"] = data.server->status;
        server["error"] = data.server->error;
        server["description"] = data.server->description;
        server["requestId"] = data.server->request_id;
        if (data.server->retry_after)
            server["retryAfter"] = data.server->retry_after->count();
        object["server"] = std::move(server);
    }
    if (!data.decisions.empty()) {
        json::array decisions;
        for (Decision const& decision : data.decisions) {
            json::object one;
            one["authorizer"] = decision.authorizer;
            one["subject"] = decision.subject;
            one["action"] = decision.action;
            one["reason"] = decision.reason;
            decisions.push_back(std::move(one));
        }
        object["decisions"] = std::move(decisions);
    }
    if (!data.others.empty()) {
        json::array others;
        for (Interrupt const& other : data.others)
            others.push_back(other.to_json());
        object["others"] = std::move(others);
    }
    return object;
}

json::object Interrupt::to_public_json() const {
    Data const& data = data_ ? *data_ : Data::none();
    json::object object;
    object["name"] = interrupt_name;
    object["code"] = data.gives_away(code()) ? code_of(data.flow, data.kind) : code();
    object["message"] = data.gives_away(data.message) ? std::string_view() : std::string_view(data.message);
    object["flow"] = to_string(data.flow);
    object["kind"] = to_string(data.kind);
    object["resumable"] = resumable();
    data.show(object, "handle", data.handle);
    data.show(object, "bindingMessage", data.binding_message);
    if (data.device) {
        data.show(object, "userCode", data.device->user_code);
        data.show(object, "verificationUri", data.device->verification_uri);
        data.show(object, "verificationUriComplete", data.device->verification_uri_complete);
    }
    if (data.consent && !data.gives_away(*data.consent)) {
        object["connection"] = data.consent->connection;
        object["scopes"] = array_of(data.consent->scopes);
        object["requiredScopes"] = array_of(data.consent->required_scopes);
        object["authorizationParams"] = object_of(data.consent->authorization_params);
        object["behavior"] = data.consent->behavior;
        data.show(object, "reason", data.consent->reason);
    }
    if (data.retry_after)
        object["retryAfter"] = data.retry_after->count();
    if (auto const when = expires_at())
        object["expiresAt"] = iso_8601(*when);
    if (data.next_poll_at)
        object["nextPollAt"] = iso_8601(*data.next_poll_at);
    if (data.server) {
        json::object server;
        server["untrusted"] = true;
        if (data.server->status != 0)
            server["status"] = data.server->status;
        data.show(server, "error", data.server->error);
        data.show(server, "description", data.server->description);
        data.show(server, "requestId", data.server->request_id);
        object["server"] = std::move(server);
    }
    if (!data.others.empty()) {
        json::array others;
        for (Interrupt const& other : data.others)
            others.push_back(other.to_public_json());
        object["others"] = std::move(others);
    }
    return object;
}

}  // namespace assent
