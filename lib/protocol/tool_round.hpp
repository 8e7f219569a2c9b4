#pragma once

#include <assent/message.hpp>
#include <assent/outcome.hpp>
#include <assent/resume_parts.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent {

/// One call of a tool to be made now.
class ToolTask {
public:
    ToolTask() = default;

    std::string ref;
    std::string name;
    boost::json::value input;         ///< Null when the model gave none.
    bool restarted = false;
    boost::json::value resumed_with;  ///< Of a restarted one.
    std::string handle;               ///< Of a restarted one: the authorization that its interrupt named, or empty.
};

/// What became of one.
class ToolResult {
public:
    enum class Kind { output = 1, interrupt, fatal };

    static ToolResult output(std::optional<boost::json::value> value, std::vector<Part> content = {});
    /// An output that tells the model what went wrong.
    static ToolResult error(boost::json::value value);
    /// @param metadata what the part says of the interrupt, as JSON; null becomes true.
    static ToolResult interrupt(boost::json::value metadata);
    /// The run ends with it. @param told what the history says in place of an output; a restarted call that was cancelled stays
    /// interrupted instead, because it may be restarted again.
    static ToolResult fatal(Failure failure, boost::json::value told);

    Kind kind = Kind::output;
    std::optional<boost::json::value> value;  ///< The output, or the interrupt's metadata.
    std::vector<Part> content;
    boost::json::object metadata;             ///< Of the response's part.
    std::optional<Failure> failure;
};

/// The tool calls of one message of a model, from their request or their resumption to the tool message that answers it. A value.
class ToolRound {
public:
    /// All calls are to be made.
    explicit ToolRound(Message model);

    /// Resumes a message that was interrupted. A call is, in this order, one that had finished, one that is answered, or one that is
    /// restarted; with `partial` it may also stay interrupted.
    /// @par Errors invalid_argument: a call that is neither, a part that resumes none, a restart with another input.
    static result<ToolRound> resume(Message model, ResumeParts const& parts, bool partial);

    /// To be made now, at once.
    std::vector<ToolTask> const& tasks() const noexcept { return tasks_; }
    /// @param results in the order of tasks(), and as many.
    void finish(std::vector<ToolResult> results);

    bool resumed() const noexcept { return resumed_; }
    /// The model's message as it was given.
    Message const& original() const noexcept { return model_; }

    /// After finish() (or at once when there are no tasks).
    bool interrupted() const noexcept;
    /// The first failure that ends the run, or nothing.
    std::optional<Failure> failure() const;

    /// The model's message with what is known of each call: metadata.interrupt, or metadata.pendingOutput.
    Message revised() const;
    /// The model's message as it goes into the history, and the message that answers it. @pre !interrupted()
    Message model() const;
    Message answer() const;

private:
    struct Slot {
        enum class State { task = 1, finished, answered, waiting };
        std::size_t part = 0;   ///< Of the model's message.
        State state = State::task;
        std::size_t task = 0;   ///< Of tasks_.
        ToolResult result;      ///< Of all but those that wait.
    };

    ToolRound(Message model, bool resumed) : model_(std::move(model)), resumed_(resumed) {}
    bool waits(Slot const& slot) const noexcept;
    void add_task(std::size_t part, Part const* restart);

    Message model_;
    bool resumed_ = false;
    boost::json::value resumed_metadata_;
    std::vector<Slot> slots_;
    std::vector<ToolTask> tasks_;
};

/// "buy#r1", or "buy" without a ref.
std::string describe_call(std::string_view name, std::string_view ref);

}  // namespace assent
