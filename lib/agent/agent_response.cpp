#include <assent/agent_response.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent {

namespace json = boost::json;

namespace {

constexpr std::size_t max_handles = 128;

AgentResponse::Data failed(Failure failure) {
    AgentResponse::Data data;
    data.finish_reason = failure == Errc::cancelled || failure == Errc::timed_out ? FinishReason::aborted : FinishReason::failed;
    data.failure = std::move(failure);
    return data;
}

std::string const* handle_of(json::value const& part, std::string& kept) {
    auto const* object = part.if_object();
    for (char const* const name : {"metadata", "interrupt"}) {
        auto const* member = object != nullptr ? object->if_contains(name) : nullptr;
        object = member != nullptr ? member->if_object() : nullptr;
    }
    auto const* handle = object != nullptr ? object->if_contains("handle") : nullptr;
    if (handle == nullptr || !handle->is_string())
        return nullptr;
    kept.assign(handle->get_string().data(), handle->get_string().size());
    return &kept;
}

}  // namespace

AgentResponse::AgentResponse() : AgentResponse(Failure()) {}
AgentResponse::AgentResponse(Data data) : data_(std::make_shared<Data const>(std::move(data))) {}
AgentResponse::AgentResponse(Failure failure) : AgentResponse(failed(std::move(failure))) {}

bool AgentResponse::ok() const noexcept { return !data_->failure.has_value(); }
FinishReason AgentResponse::finish_reason() const noexcept { return data_->finish_reason; }
std::string const& AgentResponse::finish_message() const noexcept { return data_->finish_message; }

Failure const& AgentResponse::failure() const {
    if (!data_->failure)
        throw BadAccess("the run did not fail");
    return *data_->failure;
}

Message const& AgentResponse::message() const {
    if (data_->failure)
        throw BadAccess(data_->failure->message());
    return *data_->message;
}

std::string AgentResponse::text() const { return message().text(); }
std::vector<AgentInterrupt> const& AgentResponse::interrupts() const noexcept { return data_->interrupts; }
std::vector<Message> const& AgentResponse::messages() const noexcept { return data_->messages; }
Usage const& AgentResponse::usage() const noexcept { return data_->usage; }
json::value const& AgentResponse::custom() const noexcept { return data_->custom; }

json::object AgentResponse::to_json() const {
    json::object out;
    if (data_->message)
        out.emplace("message", data_->message->to_json());
    out.emplace("finishReason", to_string(data_->finish_reason));
    if (!data_->finish_message.empty())
        out.emplace("finishMessage", data_->finish_message);
    out.emplace("usage", data_->usage.to_json());
    if (!data_->custom.is_null())
        out.emplace("custom", data_->custom);
    return out;
}

json::object AgentInterrupt::public_view() const {
    json::object out;
    auto const whole = part_.to_json();
    if (auto const* request = whole.if_contains("toolRequest"))
        out.emplace("toolRequest", *request);
    json::object metadata;
    if (auto const* interrupt = part_.metadata().if_contains("interrupt"))
        metadata.emplace("interrupt", *interrupt);
    out.emplace("metadata", std::move(metadata));
    return out;
}

std::vector<AgentInterrupt> get_auth0_interrupts(std::vector<AgentInterrupt> const& interrupts) {
    std::vector<AgentInterrupt> out;
    for (auto const& interrupt : interrupts) {
        if (interrupt.interrupt().flow() != Flow::unknown && interrupt.interrupt().resumable())
            out.push_back(interrupt);
    }
    return out;
}

Resume resume_auth0_interrupts(std::vector<AgentInterrupt> const& interrupts) { return Resume(get_auth0_interrupts(interrupts)); }

result<Resume> resume_auth0_interrupts(json::value const& from_client) {
    Resume out;
    std::string handle;
    auto const* array = from_client.if_array();
    if (array == nullptr) {
        if (handle_of(from_client, handle) == nullptr)
            return Failure(Errc::invalid_argument, "/metadata/interrupt/handle: expected a string");
        out.restart(std::move(handle));
        return out;
    }
    if (array->size() > max_handles)
        return Failure(Errc::invalid_argument, fmt::format("expected at most {} interrupts", max_handles));
    for (std::size_t i = 0; i < array->size(); ++i) {
        if (handle_of((*array)[i], handle) == nullptr)
            return Failure(Errc::invalid_argument, fmt::format("/{}/metadata/interrupt/handle: expected a string", i));
        out.restart(handle);
    }
    return out;
}

}  // namespace assent
