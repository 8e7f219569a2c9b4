#pragma once

#include <assent/model_message.hpp>
#include <assent/outcome.hpp>

#include "protocol/sse.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::models {

/// Reads one answer of a provider: whole, or event by event. Knows no clock and no network.
class AnswerReader {
public:
    virtual ~AnswerReader() = default;

    /// One that was not streamed. @par Errors malformed_response; what the provider says in place of an answer.
    virtual result<ModelResponse> read(std::string_view body) = 0;
    /// One event of a streamed one: the piece that it brings, often none. @par Errors as read().
    virtual result<std::vector<Part>> read_event(SseEvent const& event) = 0;
    /// Everything that belongs to the streamed answer has come.
    virtual bool is_complete() const noexcept = 0;
    /// @pre is_complete()
    virtual ModelResponse take() = 0;
};

/// Puts an answer together. Pieces of text that follow each other become one part.
class AnswerBuilder {
public:
    /// Why the answer ended, what it cost...; its message is made by take().
    ModelResponse response;

    /// Adds a part as it is.
    void add(Part part);
    void append_text(std::string_view piece) { append(PartKind::text, piece); }
    void append_reasoning(std::string_view piece) { append(PartKind::reasoning, piece); }
    /// Adds a part, joined with the one before when both are text, or reasoning, without metadata.
    void append(Part part);
    /// @par Errors malformed_response: too many parts, or a name or id that is too long.
    std::optional<Failure> check() const;
    /// With a message unless there is no part and the answer did not end well.
    ModelResponse take();

private:
    void append(PartKind kind, std::string_view piece);
    void end_text();

    std::vector<Part> parts_;
    std::string text_;
    std::optional<PartKind> kind_;  ///< Of text_; nothing when there is none.
    bool too_long_ = false;
};

}  // namespace assent::models
