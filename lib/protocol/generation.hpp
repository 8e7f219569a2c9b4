#pragma once

#include <assent/message.hpp>
#include <assent/model_message.hpp>
#include <assent/outcome.hpp>
#include <assent/resume_parts.hpp>

#include "protocol/tool_round.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace assent {

/// What all generations of an agent have in common.
class GenerationConfig {
public:
    GenerationConfig() = default;

    std::vector<Message> preamble;      ///< Before the conversation in every request; not part of it.
    std::vector<ToolDefinition> tools;
    std::uint32_t max_turns = 5;
};

/// How a generation ended.
class GenerationResult {
public:
    GenerationResult() = default;

    FinishReason finish_reason = FinishReason::unknown;
    std::string finish_message;
    std::optional<Message> message;   ///< The last one of the model; revised when interrupted.
    Usage usage;                      ///< Of all requests to the model.
    boost::json::value custom;
    std::optional<Failure> failure;   ///< Why there is no answer.
};

/// The loop of an agent: a model is asked, the tools that it requests are run, and it is asked again. A value, without I/O: the driver asks
/// for the next step, does it, and says what came of it.
///
/// Genkit's loop, with these differences: tools answer in the order in which they were requested; refs that are missing or occur twice are
/// minted; a restarted call that interrupts again is a normal answer; what has finished beside it is kept whatever it is; a usage is that
/// of all requests.
class Generation {
public:
    enum class Step { call_model = 1, run_tools, done };

    Generation(std::shared_ptr<GenerationConfig const> config, std::vector<Message> messages);
    /// Resumes what was interrupted. @param partial calls that nobody resumes stay interrupted, which is an answer, not an error.
    Generation(std::shared_ptr<GenerationConfig const> config, std::vector<Message> messages, ResumeParts const& parts, bool partial);

    Step step() const noexcept { return step_; }

    /// @pre step() is call_model
    ModelRequest request(ModelConfig const& model) const;
    void model_answered(result<ModelResponse> answer);

    /// @pre step() is run_tools
    std::vector<ToolTask> const& tasks() const noexcept { return round_->tasks(); }
    void tools_answered(std::vector<ToolResult> results);

    /// Calls that are cancelled from now on were, because the run is out of time.
    void timed_out() noexcept { timed_out_ = true; }

    /// Ends it: cancelled, out of time. Nothing is lost that messages() has.
    void stop(Failure failure);

    /// Which message of this generation comes next, for chunks.
    std::uint32_t index() const noexcept { return index_; }
    /// The tool message that has just been added, for those who stream; or nothing.
    std::optional<ModelChunk> take_chunk();

    /// The conversation so far: what was given and what has been added for good. With a result, also its message.
    std::vector<Message> const& messages() const noexcept { return messages_; }
    /// True when the model has to say something to it: it ends in an answer of tools.
    bool unfinished() const noexcept;
    /// @pre step() is done
    GenerationResult const& result() const noexcept { return result_; }
    /// How often the model was asked.
    std::uint32_t requests() const noexcept { return requests_; }

private:
    void end_round();
    void fail(Failure failure, FinishReason reason);
    std::optional<Failure> failure_of(ToolRound const& round) const;
    void mint_refs(Message& message) const;

    std::shared_ptr<GenerationConfig const> config_;
    std::vector<Message> messages_;
    std::optional<ToolRound> round_;
    std::optional<ModelChunk> chunk_;
    GenerationResult result_;
    Step step_ = Step::call_model;
    std::uint32_t turn_ = 0;
    std::uint32_t index_ = 0;
    std::uint32_t requests_ = 0;
    bool timed_out_ = false;
};

}  // namespace assent
