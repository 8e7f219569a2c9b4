#pragma once

#include <assent/interrupt.hpp>

#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent {

/// Those beyond are not kept.
inline constexpr std::size_t max_decisions = 100;
inline constexpr std::size_t max_others = 16;

struct Interrupt::Data {
    Flow flow = Flow::unknown;
    InterruptKind kind = InterruptKind::unknown;
    std::string code;  ///< As parsed, when nobody here knows it; else empty.
    std::string message;
    std::string handle;
    std::string binding_message;
    std::optional<AuthorizationRequest> request;
    std::optional<DeviceAuthorizationResponse> device;
    std::optional<ConsentRequest> consent;
    std::optional<std::chrono::seconds> retry_after;
    std::optional<std::chrono::system_clock::time_point> expires_at;
    std::optional<std::chrono::system_clock::time_point> next_poll_at;
    std::optional<ServerReply> server;
    std::vector<Decision> decisions;
    std::vector<Interrupt> others;

    static Data const& none() noexcept {
        static Data const data;
        return data;
    }

    /// True when `text` contains a secret of this interrupt.
    bool gives_away(std::string_view text) const noexcept {
        auto const contains = [text](Secret const& secret) {
            return !secret.empty() && text.find(secret.expose()) != std::string_view::npos;
        };
        return (request && contains(request->id)) || (device && contains(device->device_code));
    }
    bool gives_away(std::vector<std::string> const& texts) const noexcept {
        return std::any_of(texts.begin(), texts.end(),
                           [this](std::string const& text) { return gives_away(text); });
    }
    bool gives_away(ConsentRequest const& shown) const noexcept {
        return gives_away(shown.connection) || gives_away(shown.scopes) ||
               gives_away(shown.required_scopes) || gives_away(shown.behavior) ||
               std::any_of(
                   shown.authorization_params.begin(), shown.authorization_params.end(),
                   [this](auto const& param) { return gives_away(param.first) || gives_away(param.second); });
    }
    void show(boost::json::object& object, std::string_view name, std::string_view text) const {
        if (!text.empty() && !gives_away(text))
            object[name] = text;
    }
};

}  // namespace assent
