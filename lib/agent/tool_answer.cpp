#include "agent/tool_answer.hpp"

#include "protocol/fga_codec.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

namespace assent::detail {

namespace json = boost::json;

namespace {

constexpr std::size_t max_told = 1024;

std::string_view code_name(Failure const& failure) {
    return failure.code().category() == error_category() ? to_string(static_cast<Errc>(failure.code().value())) : "tool_failed";
}

/// Bounded; our own words only.
json::value told(std::string_view error, std::string_view message) {
    json::object out;
    out.emplace("error", error);
    if (!message.empty())
        out.emplace("message", message.substr(0, max_told));
    return out;
}

/// A final refusal, as the model is told of it: never a secret, never a server's words.
json::value denial(Interrupt const& interrupt) {
    json::object out;
    out.emplace("error", "authorization_denied");
    out.emplace("kind", to_string(interrupt.kind()));
    out.emplace("code", interrupt.code());
    auto const shown = interrupt.to_public_json();
    if (auto const* message = shown.if_contains("message"); message != nullptr && message->is_string())
        out.emplace("message", std::string_view(message->get_string()).substr(0, max_told));
    return out;
}

/// What is left of a text that is in another encoding, readable where it is ASCII.
std::string without_foreign_bytes(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) >= 0x80)
            c = '?';
    }
    return out;
}

/// What a store and a model's provider can read back: tools hand on what they got from elsewhere.
void make_storable(json::value& value) {
    if (auto* number = value.if_double(); number != nullptr && !std::isfinite(*number))
        value = nullptr;
    else if (auto* text = value.if_string(); text != nullptr && !fga::is_utf8(*text))
        *text = without_foreign_bytes(*text);
    else if (auto* array = value.if_array()) {
        for (auto& element : *array)
            make_storable(element);
    } else if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            if (!fga::is_utf8(member.key())) {
                value = json::object{{"error", "the tool's output has a name that is not UTF-8"}};
                return;
            }
            make_storable(member.value());
        }
    }
}

/// Parts that can be stored and read again; in place of one that cannot, what is wrong with it.
std::vector<Part> storable(std::vector<Part> content) {
    for (auto& part : content) {
        json::value form = part.to_json();
        make_storable(form);
        auto again = Part::parse(form);
        part = again ? std::move(again).value() : Part::text("[a part of the tool's answer cannot be told: " + std::string(again.failure().detail()) + "]");
    }
    return content;
}

/// One that can be stored and read again.
Interrupt storable(Interrupt const& interrupt) {
    if (Interrupt::parse(interrupt.to_json()))
        return interrupt;
    Interrupt out(interrupt.flow(), interrupt.kind(), "A person has to act.");
    return out.handle(interrupt.handle().substr(0, 256));
}

}  // namespace

ToolAnswer failed_answer(Failure failure, ToolErrors errors) {
    if (failure == Errc::cancelled) {
        auto words = told("cancelled", "The call was cancelled; it may have had effects.");
        return ToolAnswer(ToolResult::fatal(std::move(failure), std::move(words)));
    }
    auto words = told(code_name(failure), failure.detail());
    if (errors == ToolErrors::fail_run)
        return ToolAnswer(ToolResult::fatal(std::move(failure), std::move(words)));
    return ToolAnswer(ToolResult::error(std::move(words)));
}

ToolAnswer unknown_tool(std::string_view name, ToolErrors errors) {
    auto const shown = fga::is_utf8(name) ? std::string(name.substr(0, 64)) : std::string("?");
    auto words = told("unknown_tool", fmt::format("there is no tool \"{}\"", shown));
    if (errors == ToolErrors::fail_run)
        return ToolAnswer(ToolResult::fatal(Failure(Errc::invalid_input, fmt::format("the model requested a tool \"{}\", which there is not", shown)),
                                            std::move(words)));
    return ToolAnswer(ToolResult::error(std::move(words)));
}

ToolAnswer answer_of(outcome<json::value> outcome, std::vector<Part> content, ToolCall const& call, ToolErrors errors) {
    if (outcome) {
        auto value = std::move(outcome).value();
        make_storable(value);
        return ToolAnswer(ToolResult::output(std::move(value), storable(std::move(content))));
    }
    if (outcome.has_failure())
        return failed_answer(outcome.failure(), errors);
    if (!outcome.interrupt().resumable())
        return ToolAnswer(ToolResult::error(denial(outcome.interrupt())));
    auto interrupt = storable(outcome.interrupt());
    auto metadata = interrupt.to_public_json();
    json::object called;
    called.emplace("threadID", call.thread_id());
    called.emplace("toolName", call.tool_name());
    called.emplace("toolCallID", call.call_id());
    metadata.emplace("toolCall", std::move(called));
    ToolAnswer answer(ToolResult::interrupt(std::move(metadata)));
    answer.interrupt = std::move(interrupt);
    return answer;
}

std::size_t bytes_of(ToolAnswer const& answer) {
    if (answer.interrupt)
        return 0;
    std::size_t out = answer.result.value ? json::serialize(*answer.result.value).size() : 0;
    for (auto const& part : answer.result.content)
        out += json::serialize(part.to_json()).size();
    return out;
}

void too_large(ToolAnswer& answer, std::size_t bytes) {
    if (answer.interrupt)
        return;
    auto failure = std::move(answer.result.failure);
    auto words = told("output_too_large", fmt::format("The tool has run; its answer of {} bytes is more than this conversation can hold.", bytes));
    answer.result = failure ? ToolResult::fatal(std::move(*failure), std::move(words)) : ToolResult::error(std::move(words));
}

json::value withdrawn_output() { return told("withdrawn", "The user has withdrawn this call. It was not made."); }

}  // namespace assent::detail
