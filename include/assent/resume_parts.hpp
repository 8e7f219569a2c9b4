#pragma once

#include <assent/message.hpp>

#include <boost/json/value.hpp>

#include <utility>
#include <vector>

namespace assent {

/// How the interrupted calls of a conversation go on, in Genkit's data model: some are run again, others are answered by the host.
/// For a conversation that the host keeps; of one that is kept by a Session, see Resume.
class ResumeParts {
public:
    ResumeParts() = default;
    /// Runs a call again. @param part as restart_part() made it.
    ResumeParts& restart(Part part) &
    {
        restart_.push_back(std::move(part));
        return *this;
    }
    ResumeParts restart(Part part) && { return std::move(restart(std::move(part))); }
    /// Answers a call in the tool's place. @param part as respond_part() made it.
    ResumeParts& respond(Part part) &
    {
        respond_.push_back(std::move(part));
        return *this;
    }
    ResumeParts respond(Part part) && { return std::move(respond(std::move(part))); }
    /// Goes into the tool message's metadata, as "resumed". Default true.
    ResumeParts& metadata(boost::json::value value) &
    {
        metadata_ = std::move(value);
        return *this;
    }
    ResumeParts metadata(boost::json::value value) && { return std::move(metadata(std::move(value))); }

    std::vector<Part> const& restart() const noexcept { return restart_; }
    std::vector<Part> const& respond() const noexcept { return respond_; }
    boost::json::value const& metadata() const noexcept { return metadata_; }

private:
    std::vector<Part> restart_;
    std::vector<Part> respond_;
    boost::json::value metadata_ = true;
};

/// "Run this interrupted call again", as Genkit's tool.restart(). The input is that of the call: an approval is bound to it, and a part with
/// another one is refused.
/// @param interrupted a tool request, as a response's interrupts give it.
/// @param resumed_with what the handler finds in ToolCall::resumed_with().
/// @pre interrupted is a tool request; throws std::invalid_argument otherwise.
Part restart_part(Part const& interrupted, boost::json::value resumed_with = true);

/// "This is the answer to that interrupted call", as Genkit's tool.respond(). The tool does not run.
/// @param metadata goes into the part's metadata, as "interruptResponse".
/// @pre interrupted is a tool request; throws std::invalid_argument otherwise.
Part respond_part(Part const& interrupted, boost::json::value output, boost::json::value metadata = true);

}  // namespace assent
