#include <assent/testing/scripted_model.hpp>

#include "asio/cancellation.hpp"
#include "asio/parked.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace assent::testing {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// What the tools have answered, in words.
std::string told(Message const& message) {
    std::string out;
    for (auto const& part : message.content()) {
        auto const* response = part.if_tool_response();
        if (response == nullptr)
            continue;
        if (!out.empty())
            out += ' ';
        if (!response->output)
            out += response->name + " is done.";
        else if (response->output->is_string())
            out += std::string_view(response->output->get_string());
        else
            out += response->name + ": " + boost::json::serialize(*response->output);
    }
    return out;
}

void stream(Message const& message, ChunkSink const& on_chunk) {
    for (auto const& part : message.content()) {
        auto const* text = part.if_text();
        if (text == nullptr || !part.metadata().empty()) {
            on_chunk(ModelChunk(Role::model, std::vector<Part>{part}));
            continue;
        }
        for (std::size_t from = 0; from < text->size();) {
            auto const space = text->find(' ', from);
            auto const to = space == std::string::npos ? text->size() : space + 1;
            on_chunk(ModelChunk(Role::model, std::vector<Part>{Part::text(text->substr(from, to - from))}));
            from = to;
        }
    }
}

}  // namespace

ScriptedModel::ScriptedModel(std::string name) : name_(std::move(name)) {}

ScriptedModel& ScriptedModel::say(std::string text) { return answer(Message::model(std::move(text))); }

ScriptedModel& ScriptedModel::call(std::string tool, boost::json::value input, std::string ref) {
    return answer(Message(Role::model, std::vector<Part>{Part::tool_request(ToolRequest(std::move(ref), std::move(tool), std::move(input)))}));
}

ScriptedModel& ScriptedModel::answer(ModelResponse response) {
    script_.emplace_back(std::move(response));
    return *this;
}

ScriptedModel& ScriptedModel::answer(Message message) { return answer(ModelResponse(std::move(message))); }

ScriptedModel& ScriptedModel::fail(Failure failure) {
    script_.emplace_back(std::move(failure));
    return *this;
}

ScriptedModel& ScriptedModel::hang() {
    script_.emplace_back(Hang());
    return *this;
}

ScriptedModel& ScriptedModel::when(std::string words, Reply reply) {
    rules_.emplace_back(lower(words), std::move(reply));
    return *this;
}

ScriptedModel& ScriptedModel::when(std::string words, std::string tool, std::function<boost::json::value(std::string_view)> input) {
    return when(std::move(words), [tool = std::move(tool), input = std::move(input)](ModelRequest const& request) {
        auto value = input(request.messages.back().text());
        return Message(Role::model, std::vector<Part>{Part::tool_request(ToolRequest({}, tool, std::move(value)))});
    });
}

ScriptedModel& ScriptedModel::otherwise(Responder responder) {
    otherwise_ = std::move(responder);
    return *this;
}

ScriptedModel& ScriptedModel::remember(bool value) {
    remember_ = value;
    return *this;
}

result<ModelResponse> ScriptedModel::decide(ModelRequest const& request) {
    if (request.messages.empty())
        return Failure(Errc::invalid_argument, "the model was asked without a message");
    auto const& last = request.messages.back();
    if (last.role() == Role::user) {
        auto const text = lower(last.text());
        for (auto const& [words, reply] : rules_) {
            if (text.find(words) != std::string::npos)
                return ModelResponse(reply(request));
        }
    }
    if (last.role() == Role::tool && !rules_.empty())
        return ModelResponse(Message::model(told(last)));
    if (otherwise_)
        return otherwise_(request);
    return Failure(Errc::invalid_argument, fmt::format("the script of model {} has no answer to request {}", name_, calls_));
}

awaitable<result<ModelResponse>> ScriptedModel::generate(ModelRequest request, ChunkSink on_chunk) {
    ++calls_;
    auto const executor = co_await asio::this_coro::executor;
    result<ModelResponse> answer;
    bool hangs = false;
    if (script_.empty()) {
        answer = decide(request);
    } else {
        auto next = std::move(script_.front());
        script_.pop_front();
        if (auto* response = std::get_if<ModelResponse>(&next))
            answer = std::move(*response);
        else if (auto* failure = std::get_if<Failure>(&next))
            answer = std::move(*failure);
        else
            hangs = true;
    }
    if (remember_)
        requests_.push_back(std::move(request));
    auto state = co_await asio::this_coro::cancellation_state;
    if (assent::detail::is_cancelled(state))
        co_return Errc::cancelled;
    if (hangs) {
        assent::detail::Parked parked(assent::detail::ParkingLot::of(executor));
        co_await parked.wait();
        co_return Errc::cancelled;
    }
    co_await asio::post(executor, asio::deferred);
    state = co_await asio::this_coro::cancellation_state;
    if (assent::detail::is_cancelled(state))
        co_return Errc::cancelled;
    if (answer && on_chunk && answer.value().message)
        stream(*answer.value().message, on_chunk);
    co_return answer;
}

}  // namespace assent::testing
