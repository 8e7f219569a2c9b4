#include "protocol/generation.hpp"

#include <fmt/format.h>

#include <string_view>
#include <unordered_set>
#include <utility>

namespace assent {
namespace {

constexpr std::size_t max_calls = 128;
constexpr std::size_t max_name = 256;  // as Part::parse() has it

}  // namespace

Generation::Generation(std::shared_ptr<GenerationConfig const> config, std::vector<Message> messages)
    : config_(std::move(config)), messages_(std::move(messages)) {
    if (messages_.empty()) {
        fail(Failure(Errc::invalid_argument, "the conversation has no message"), FinishReason::failed);
        return;
    }
    auto const& last = messages_.back();
    if (last.role() != Role::model)
        return;
    for (auto const& part : last.content()) {
        if (part.kind() == PartKind::tool_request) {
            fail(Failure(Errc::invalid_argument, "the conversation ends in tool requests without an answer: resume them"),
                 FinishReason::failed);
            return;
        }
    }
}

Generation::Generation(std::shared_ptr<GenerationConfig const> config, std::vector<Message> messages, ResumeParts const& parts,
                       bool partial)
    : config_(std::move(config)), messages_(std::move(messages)) {
    bool const resumable = !messages_.empty() && messages_.back().role() == Role::model && !messages_.back().tool_requests().empty();
    if (!resumable) {
        fail(Failure(Errc::invalid_argument, "only a conversation whose last message is the model's, with tool requests, can be resumed"),
             FinishReason::failed);
        return;
    }
    auto round = ToolRound::resume(messages_.back(), parts, partial);
    if (!round) {
        fail(round.failure(), FinishReason::failed);
        return;
    }
    messages_.pop_back();
    round_ = std::move(round).value();
    if (round_->tasks().empty())
        end_round();
    else
        step_ = Step::run_tools;
}

ModelRequest Generation::request(ModelConfig const& model) const {
    ModelRequest out;
    out.messages.reserve(config_->preamble.size() + messages_.size());
    out.messages.insert(out.messages.end(), config_->preamble.begin(), config_->preamble.end());
    out.messages.insert(out.messages.end(), messages_.begin(), messages_.end());
    out.tools = config_->tools;
    out.config = model;
    return out;
}

void Generation::model_answered(assent::result<ModelResponse> answer) {
    ++requests_;
    if (!answer) {
        fail(answer.failure(), answer.failure() == Errc::cancelled ? FinishReason::aborted : FinishReason::failed);
        return;
    }
    auto response = std::move(answer).value();
    result_.usage += response.usage;
    result_.custom = std::move(response.custom);
    result_.finish_message = std::move(response.finish_message);
    if (response.finish_reason == FinishReason::blocked) {
        result_.message = std::move(response.message);
        fail(Failure(Errc::server_refused, "the model's answer was blocked by its provider"), FinishReason::blocked);
        return;
    }
    if (!response.message) {
        fail(Failure(Errc::malformed_response, "the model answered without a message"), FinishReason::failed);
        return;
    }
    Message message = std::move(*response.message);
    if (message.role() != Role::model)
        message.role(Role::model);
    std::size_t calls = 0;
    for (auto const& part : message.content()) {
        auto const* request = part.if_tool_request();
        if (request == nullptr)
            continue;
        ++calls;
        if (request->name.size() > max_name || request->ref.size() > max_name) {
            fail(Failure(Errc::malformed_response, fmt::format("the model requested a tool by a name or ref of more than {} bytes", max_name)),
                 FinishReason::failed);
            return;
        }
    }
    if (calls > max_calls) {
        fail(Failure(Errc::malformed_response, fmt::format("the model requested more than {} tools at once", max_calls)),
             FinishReason::failed);
        return;
    }
    if (calls == 0) {
        result_.finish_reason = response.finish_reason;
        result_.message = message;
        messages_.push_back(std::move(message));
        step_ = Step::done;
        return;
    }
    mint_refs(message);
    result_.message = message;
    if (turn_ + 1 > config_->max_turns) {
        fail(Failure(Errc::server_refused, fmt::format("Exceeded maximum tool call iterations ({})", config_->max_turns)),
             FinishReason::aborted);
        return;
    }
    ++turn_;
    ++index_;
    round_.emplace(std::move(message));
    step_ = Step::run_tools;
}

void Generation::tools_answered(std::vector<ToolResult> results) {
    round_->finish(std::move(results));
    end_round();
}

void Generation::end_round() {
    ToolRound const round = std::move(*round_);
    round_.reset();
    if (round.interrupted()) {
        result_.message = round.revised();
        messages_.push_back(*result_.message);
        result_.finish_reason = FinishReason::interrupted;
        result_.finish_message = "One or more tool calls resulted in interrupts.";
        if (auto failure = failure_of(round)) {
            bool const aborted = *failure == Errc::cancelled || *failure == Errc::timed_out;
            result_.finish_reason = aborted ? FinishReason::aborted : FinishReason::failed;
            result_.finish_message.clear();
            result_.failure = std::move(failure);
        }
        step_ = Step::done;
        return;
    }
    messages_.push_back(round.model());
    messages_.push_back(round.answer());
    if (auto failure = failure_of(round)) {
        fail(std::move(*failure), FinishReason::failed);
        return;
    }
    ModelChunk chunk(Role::tool, messages_.back().content());
    chunk.index = index_;
    chunk_ = std::move(chunk);
    ++index_;
    step_ = Step::call_model;
}

std::optional<Failure> Generation::failure_of(ToolRound const& round) const {
    auto failure = round.failure();
    if (failure && *failure == Errc::cancelled && timed_out_)
        failure = Failure(Errc::timed_out, "the run's deadline has passed");
    return failure;
}

void Generation::stop(Failure failure) {
    if (step_ == Step::done)
        return;
    if (round_ && round_->resumed())
        messages_.push_back(round_->original());
    round_.reset();
    fail(std::move(failure), FinishReason::aborted);
}

void Generation::fail(Failure failure, FinishReason reason) {
    if (failure == Errc::cancelled || failure == Errc::timed_out)
        reason = FinishReason::aborted;
    result_.finish_reason = reason;
    result_.failure = std::move(failure);
    step_ = Step::done;
}

std::optional<ModelChunk> Generation::take_chunk() { return std::exchange(chunk_, std::nullopt); }

bool Generation::unfinished() const noexcept { return !messages_.empty() && messages_.back().role() == Role::tool; }

void Generation::mint_refs(Message& message) const {
    std::unordered_set<std::string_view> used;
    for (auto const& earlier : messages_) {
        if (earlier.role() != Role::model)
            continue;
        for (auto const& part : earlier.content()) {
            if (auto const* request = part.if_tool_request())
                used.insert(request->ref);
        }
    }
    auto content = message.content();
    bool changed = false;
    for (std::size_t i = 0; i < content.size(); ++i) {
        auto const* request = content[i].if_tool_request();
        if (request == nullptr)
            continue;
        if (!request->ref.empty() && used.insert(request->ref).second)
            continue;
        ToolRequest minted = *request;
        minted.ref = fmt::format("assent:{}:{}", messages_.size(), i);
        content[i] = content[i].with_tool_request(std::move(minted));
        changed = true;
    }
    if (changed)
        message.content(std::move(content));
}

}  // namespace assent
