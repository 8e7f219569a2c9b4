#pragma once

#include <assent/agent.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>
#include <assent/tool_call.hpp>

#include "protocol/tool_round.hpp"

#include <boost/json/value.hpp>

#include <optional>

namespace assent::detail {

/// What a call of a tool came to, for the conversation.
class ToolAnswer {
public:
    ToolAnswer() = default;
    explicit ToolAnswer(ToolResult its_result) : result(std::move(its_result)) {}

    ToolResult result;
    std::optional<Interrupt> interrupt;  ///< The trusted view of one that waits.
};

/// @param call with thread, tool and id, which the interrupt's JSON names.
/// @param content beside an output.
ToolAnswer answer_of(outcome<boost::json::value> outcome, std::vector<Part> content, ToolCall const& call, ToolErrors errors);
/// Of a failure of the tool.
ToolAnswer failed_answer(Failure failure, ToolErrors errors);
/// A tool that does not exist.
ToolAnswer unknown_tool(std::string_view name, ToolErrors errors);
/// What an answer adds to a conversation, in bytes of JSON.
std::size_t bytes_of(ToolAnswer const& answer);
/// In place of an output of so many bytes; an interrupt stays as it is.
void too_large(ToolAnswer& answer, std::size_t bytes);
/// What the model is told of a call that was given up.
boost::json::value withdrawn_output();

}  // namespace assent::detail
