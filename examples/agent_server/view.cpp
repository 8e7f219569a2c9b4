#include "view.hpp"

#include <assent/qr_code.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <map>

namespace demo {
namespace {

namespace json = boost::json;

std::int64_t milliseconds(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// The path of an SVG of 1 by 1 modules, from the half blocks that a terminal shows.
json::object qr_view(std::string const& text) {
    constexpr std::string_view upper = "\xe2\x96\x80";
    constexpr std::string_view lower = "\xe2\x96\x84";
    constexpr std::string_view both = "\xe2\x96\x88";
    auto const drawn = assent::terminal_qr_code(text, assent::TerminalColors::dark_on_light);
    json::object out;
    if (!drawn)
        return out;
    std::string path;
    std::size_t x = 0;
    std::size_t y = 0;
    std::size_t width = 0;
    std::string_view rest = drawn.value();
    while (!rest.empty()) {
        std::size_t length = 1;
        if (rest.front() == '\n') {
            x = 0;
            y += 2;
        } else {
            bool const is_both = rest.starts_with(both);
            if (rest.starts_with(upper) || is_both)
                path += fmt::format("M{} {}h1v1h-1z", x, y);
            if (rest.starts_with(lower) || is_both)
                path += fmt::format("M{} {}h1v1h-1z", x, y + 1);
            if (rest.front() != ' ')
                length = upper.size();
            width = std::max(width, ++x);
        }
        rest.remove_prefix(std::min(length, rest.size()));
    }
    out["path"] = path;
    out["width"] = width;
    out["height"] = y;
    return out;
}

json::object card_view(assent::AgentInterrupt const& waiting) {
    auto const& interrupt = waiting.interrupt();
    json::object out;
    out["id"] = waiting.request().ref;
    out["tool"] = waiting.request().name;
    out["input"] = waiting.request().input.value_or(json::value());
    out["interrupt"] = interrupt.to_public_json();
    if (auto const expires = interrupt.expires_at())
        out["expires"] = milliseconds(*expires);
    if (auto const* const request = interrupt.request())
        out["asked"] = milliseconds(request->requested_at);
    if (auto const* const device = interrupt.device()) {
        out["asked"] = milliseconds(device->requested_at);
        out["qr"] = qr_view(device->verification_uri_complete.empty() ? device->verification_uri : device->verification_uri_complete);
    }
    return out;
}

std::string output_text(assent::ToolResponse const& answer) {
    auto const output = answer.output.value_or(json::value());
    return output.is_string() ? std::string(output.get_string()) : json::serialize(output);
}

bool is_error(assent::Part const& part) {
    auto const* const flag = part.metadata().if_contains("isError");
    return flag != nullptr && flag->is_bool() && flag->get_bool();
}

}  // namespace

json::object conversation_view(std::vector<assent::Message> const& messages, std::vector<assent::AgentInterrupt> const& waiting,
                               std::chrono::system_clock::time_point now) {
    json::array said;
    for (auto const& message : messages) {
        auto const text = message.text();
        if (!text.empty() && (message.role() == assent::Role::user || message.role() == assent::Role::model)) {
            json::object one;
            one["who"] = message.role() == assent::Role::user ? "user" : "agent";
            one["text"] = text;
            said.push_back(std::move(one));
        }
        for (auto const& part : message.content()) {
            auto const* const answer = part.if_tool_response();
            if (answer == nullptr)
                continue;
            json::object one;
            one["who"] = "tool";
            one["tool"] = answer->name;
            one["text"] = output_text(*answer);
            one["failed"] = is_error(part);
            said.push_back(std::move(one));
        }
    }
    json::array cards;
    for (auto const& one : waiting)
        cards.push_back(card_view(one));
    json::object out;
    out["now"] = milliseconds(now);
    out["messages"] = std::move(said);
    out["cards"] = std::move(cards);
    return out;
}

}  // namespace demo
