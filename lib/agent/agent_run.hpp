#pragma once

#include <assent/agent.hpp>
#include <assent/awaitable.hpp>
#include <assent/interrupt.hpp>
#include <assent/principal.hpp>

#include "agent/agent_core.hpp"
#include "agent/supervised.hpp"
#include "agent/tool_answer.hpp"
#include "protocol/generation.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::detail {

/// Drives one Generation: asks the model and runs the tools that it wants. No decision of its own.
class AgentRun {
public:
    /// Called when tools have answered, before the model is asked; its failure ends the run.
    using Checkpoint = std::function<awaitable<result<void>>()>;

    AgentRun(std::shared_ptr<AgentCore const> core, Principal principal, std::string thread_id, RunOptions options, Generation generation,
             std::shared_ptr<TimeLimit> limit);
    AgentRun(AgentRun const&) = delete;
    AgentRun& operator=(AgentRun const&) = delete;

    /// To the end of the generation. Belongs into supervised().
    static awaitable<void> run(std::shared_ptr<AgentRun> self);

    /// When a run that begins now is out of time.
    static std::optional<std::chrono::steady_clock::time_point> until(AgentCore const& core, RunOptions const& options);
    /// A request of the model's as a tool takes it.
    static ToolCall call_of(Principal const& principal, std::string const& thread_id, RunOptions const& options, std::string const& name,
                            std::string const& ref, boost::json::value const& input);
    /// What came of it; the trusted views of its interrupts are in interrupts.
    AgentResponse::Data take();

    std::shared_ptr<AgentCore const> const core;
    Generation generation;
    Checkpoint checkpoint;
    std::shared_ptr<TimeLimit> const limit;
    std::size_t max_bytes = 0;  ///< Of the conversation as JSON, with what tools answer; 0: any number.
    std::map<std::string, Interrupt, std::less<>> interrupts;  ///< By ref.

private:
    awaitable<void> ask_model();
    awaitable<void> run_tools();
    awaitable<void> run_tool(std::size_t index);
    void bound_answers();
    awaitable<bool> stopped();

    Principal principal_;
    std::string thread_id_;
    RunOptions options_;
    std::string traceparent_;
    std::vector<ToolAnswer> answers_;
};

}  // namespace assent::detail
