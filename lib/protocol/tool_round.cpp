#include "protocol/tool_round.hpp"

#include "protocol/canonical_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace assent {

namespace json = boost::json;

namespace {

constexpr std::string_view interrupt_member = "interrupt";
constexpr std::string_view resolved_member = "resolvedInterrupt";
constexpr std::string_view output_member = "pendingOutput";
constexpr std::string_view content_member = "pendingContent";
constexpr std::string_view metadata_member = "pendingMetadata";

/// 2 and 2.0 are the same to whoever wrote them.
bool same_json(json::value const& a, json::value const& b) {
    if (a == b)
        return true;
    try {
        return canonical_json(a) == canonical_json(b);
    } catch (NotCanonical const&) {
        return false;
    }
}

bool same_input(ToolRequest const& a, ToolRequest const& b) {
    if (a.input.has_value() != b.input.has_value())
        return false;
    return !a.input || same_json(*a.input, *b.input);
}

json::array write_content(std::vector<Part> const& content) {
    json::array out;
    for (auto const& part : content)
        out.push_back(part.to_json());
    return out;
}

/// The metadata of a part without what is only there while its message waits.
json::object settled(json::object metadata) {
    for (auto const name : {output_member, content_member, metadata_member})
        metadata.erase(name);
    if (auto* const interrupt = metadata.if_contains(interrupt_member)) {
        json::value kept = std::move(*interrupt);
        metadata.erase(interrupt_member);
        metadata[resolved_member] = std::move(kept);
    }
    return metadata;
}

/// A finished call, as revised() wrote it down.
ToolResult finished_result(json::object const& metadata) {
    ToolResult out = ToolResult::output(metadata.at(output_member));
    if (auto const* content = metadata.if_contains(content_member); content != nullptr && content->is_array()) {
        for (auto const& json : content->get_array()) {
            if (auto part = Part::parse(json))
                out.content.push_back(std::move(part).value());
        }
    }
    out.metadata = settled(metadata);
    out.metadata["source"] = "pending";
    if (auto const* own = metadata.if_contains(metadata_member); own != nullptr && own->is_object()) {
        for (auto const& member : own->get_object())
            out.metadata[member.key()] = member.value();
    }
    return out;
}

std::string handle_of(json::object const& metadata) {
    auto const* interrupt = metadata.if_contains(interrupt_member);
    if (interrupt == nullptr || !interrupt->is_object())
        return {};
    auto const* handle = interrupt->get_object().if_contains("handle");
    return handle != nullptr && handle->is_string() ? std::string(handle->get_string()) : std::string();
}

Failure wrong_resume(std::string text) { return Failure(Errc::invalid_argument, std::move(text)); }

/// Finds the part that resumes a call, once: two calls without a ref take two parts, in order.
class PartFinder {
public:
    explicit PartFinder(std::vector<Part> const& parts) : parts_(parts), used_(parts.size(), false) {}

    Part const* take(std::string_view name, std::string_view ref) {
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            if (!used_[i] && names(parts_[i], name, ref)) {
                used_[i] = true;
                return &parts_[i];
            }
        }
        return nullptr;
    }

    /// A part that nothing took, or null.
    Part const* left() const {
        auto const found = std::find(used_.begin(), used_.end(), false);
        return found == used_.end() ? nullptr : &parts_[static_cast<std::size_t>(found - used_.begin())];
    }

private:
    static bool names(Part const& part, std::string_view name, std::string_view ref) {
        if (auto const* request = part.if_tool_request())
            return request->name == name && request->ref == ref;
        auto const* response = part.if_tool_response();
        return response != nullptr && response->name == name && response->ref == ref;
    }

    std::vector<Part> const& parts_;
    std::vector<bool> used_;
};

}  // namespace

std::string describe_call(std::string_view name, std::string_view ref) {
    return ref.empty() ? std::string(name) : fmt::format("{}#{}", name, ref);
}

Part restart_part(Part const& interrupted, json::value resumed_with) {
    auto const* request = interrupted.if_tool_request();
    if (request == nullptr)
        throw std::invalid_argument("only a tool request can be restarted");
    return interrupted.with_metadata("resumed", std::move(resumed_with));
}

Part respond_part(Part const& interrupted, json::value output, json::value metadata) {
    auto const* request = interrupted.if_tool_request();
    if (request == nullptr)
        throw std::invalid_argument("only a tool request can be responded to");
    return Part::tool_response(ToolResponse(request->ref, request->name, std::move(output)))
        .with_metadata("interruptResponse", std::move(metadata));
}

ToolResult ToolResult::output(std::optional<json::value> value, std::vector<Part> content) {
    ToolResult out;
    out.value = std::move(value);
    out.content = std::move(content);
    return out;
}

ToolResult ToolResult::error(json::value value) {
    ToolResult out;
    out.value = std::move(value);
    out.metadata.emplace("isError", true);
    return out;
}

ToolResult ToolResult::interrupt(json::value metadata) {
    ToolResult out;
    out.kind = Kind::interrupt;
    out.value = metadata.is_null() ? json::value(true) : std::move(metadata);
    return out;
}

ToolResult ToolResult::fatal(Failure failure, json::value told) {
    ToolResult out = error(std::move(told));
    out.kind = Kind::fatal;
    out.failure = std::move(failure);
    return out;
}

ToolRound::ToolRound(Message model) : model_(std::move(model)) {
    auto const& content = model_.content();
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content[i].kind() == PartKind::tool_request)
            add_task(i, nullptr);
    }
}

void ToolRound::add_task(std::size_t part, Part const* restart) {
    auto const& original = model_.content()[part];
    auto const& request = *original.if_tool_request();
    ToolTask task;
    task.ref = request.ref;
    task.name = request.name;
    if (request.input)
        task.input = *request.input;
    if (restart != nullptr) {
        task.restarted = true;
        task.handle = handle_of(original.metadata());
        auto const* with = restart->metadata().if_contains("resumed");
        task.resumed_with = with != nullptr ? *with : json::value(true);
    }
    Slot slot;
    slot.part = part;
    slot.task = tasks_.size();
    tasks_.push_back(std::move(task));
    slots_.push_back(std::move(slot));
}

result<ToolRound> ToolRound::resume(Message model, ResumeParts const& parts, bool partial) {
    ToolRound round(std::move(model), true);
    round.resumed_metadata_ = parts.metadata().is_null() ? json::value(true) : parts.metadata();
    PartFinder restarts(parts.restart());
    PartFinder responses(parts.respond());
    auto const& content = round.model_.content();
    for (std::size_t i = 0; i < content.size(); ++i) {
        auto const* request = content[i].if_tool_request();
        if (request == nullptr)
            continue;
        Slot slot;
        slot.part = i;
        if (content[i].metadata().contains(output_member)) {
            slot.state = Slot::State::finished;
            slot.result = finished_result(content[i].metadata());
        } else if (auto const* response = responses.take(request->name, request->ref)) {
            auto const* answer = response->if_tool_response();
            if (answer == nullptr)
                return wrong_resume(fmt::format("what responds to '{}' must be a tool response",
                                                describe_call(request->name, request->ref)));
            slot.state = Slot::State::answered;
            slot.result = ToolResult::output(answer->output, answer->content);
            slot.result.metadata = response->metadata();
        } else if (auto const* restart = restarts.take(request->name, request->ref)) {
            auto const* again = restart->if_tool_request();
            if (again == nullptr || !same_input(*again, *request))
                return wrong_resume(fmt::format("'{}' can be restarted only with the input it was interrupted with",
                                                describe_call(request->name, request->ref)));
            round.add_task(i, restart);
            continue;
        } else if (partial) {
            slot.state = Slot::State::waiting;
        } else {
            return wrong_resume(fmt::format("the tool request '{}' is neither restarted nor responded to; all that were interrupted must be",
                                            describe_call(request->name, request->ref)));
        }
        round.slots_.push_back(std::move(slot));
    }
    auto const* left = restarts.left() != nullptr ? restarts.left() : responses.left();
    if (left != nullptr) {
        auto const* request = left->if_tool_request();
        auto const* response = left->if_tool_response();
        std::string name = "?";
        if (request != nullptr)
            name = describe_call(request->name, request->ref);
        else if (response != nullptr)
            name = describe_call(response->name, response->ref);
        return wrong_resume(fmt::format("no call '{}' waits to be resumed", name));
    }
    return round;
}

void ToolRound::finish(std::vector<ToolResult> results) {
    for (auto& slot : slots_) {
        if (slot.state == Slot::State::task)
            slot.result = std::move(results.at(slot.task));
    }
}

bool ToolRound::waits(Slot const& slot) const noexcept {
    if (slot.state == Slot::State::waiting)
        return true;
    return slot.state == Slot::State::task && tasks_[slot.task].restarted && slot.result.failure &&
           *slot.result.failure == Errc::cancelled;
}

bool ToolRound::interrupted() const noexcept {
    return std::any_of(slots_.begin(), slots_.end(),
                       [this](Slot const& slot) { return waits(slot) || slot.result.kind == ToolResult::Kind::interrupt; });
}

std::optional<Failure> ToolRound::failure() const {
    for (auto const& slot : slots_) {
        if (slot.result.failure)
            return slot.result.failure;
    }
    return std::nullopt;
}

Message ToolRound::revised() const {
    auto content = model_.content();
    for (auto const& slot : slots_) {
        if (waits(slot) || slot.state == Slot::State::finished)
            continue;
        auto& part = content[slot.part];
        auto metadata = settled(part.metadata());
        auto const& result = slot.result;
        if (result.kind == ToolResult::Kind::interrupt) {
            metadata.erase(resolved_member);
            metadata[interrupt_member] = *result.value;
        } else {
            metadata[output_member] = result.value.value_or(json::value());
            if (!result.content.empty())
                metadata[content_member] = write_content(result.content);
            if (!result.metadata.empty())
                metadata[metadata_member] = result.metadata;
        }
        part.metadata(std::move(metadata));
    }
    Message out = model_;
    out.content(std::move(content));
    return out;
}

Message ToolRound::model() const {
    if (!resumed_)
        return model_;
    auto content = model_.content();
    for (auto const& slot : slots_)
        content[slot.part].metadata(settled(content[slot.part].metadata()));
    Message out = model_;
    out.content(std::move(content));
    return out;
}

Message ToolRound::answer() const {
    std::vector<Part> content;
    content.reserve(slots_.size());
    for (auto const& slot : slots_) {
        auto const& request = *model_.content()[slot.part].if_tool_request();
        ToolResponse response(request.ref, request.name, slot.result.value);
        response.content = slot.result.content;
        Part part = Part::tool_response(std::move(response));
        if (!slot.result.metadata.empty())
            part.metadata(slot.result.metadata);
        content.push_back(std::move(part));
    }
    Message out(Role::tool, std::move(content));
    if (resumed_) {
        json::object metadata;
        metadata.emplace("resumed", resumed_metadata_);
        out.metadata(std::move(metadata));
    }
    return out;
}

}  // namespace assent
