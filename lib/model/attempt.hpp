#pragma once

#include <assent/http_message.hpp>
#include <assent/model.hpp>
#include <assent/outcome.hpp>

#include "model/answer.hpp"
#include "model/refusal.hpp"
#include "protocol/sse.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace assent::models {

/// One try to get an answer: reads it, hands out its pieces, and judges how it ended.
class Attempt {
public:
    /// @param on_chunk outlives it; empty when the answer is not streamed.
    Attempt(std::unique_ptr<AnswerReader> reader, ChunkSink const& on_chunk, std::size_t max_answer);
    Attempt(Attempt const&) = delete;
    Attempt& operator=(Attempt const&) = delete;

    /// A part of a streamed answer's body. False: no more is wanted.
    bool take(std::string_view part) { return events_.add(part, on_event_); }
    /// The request is over. The answer, or nothing: see refusal().
    std::optional<ModelResponse> finish(result<HttpResponse> const& answer, std::chrono::system_clock::time_point now);
    /// @pre finish() gave nothing.
    Refusal& refusal() noexcept { return refusal_; }
    /// The failure is the HTTP client's, which names the thing itself.
    bool is_transport_failure() const noexcept { return transport_failure_; }

private:
    bool on_event(SseEvent const& event);
    std::optional<ModelResponse> finish_stream(HttpResponse const& answer);
    void refuse(Failure failure);

    std::unique_ptr<AnswerReader> reader_;
    ChunkSink const& on_chunk_;
    SseReader events_;
    SseReader::Sink on_event_;
    Refusal refusal_;
    bool refused_ = false;
    bool handed_out_ = false;
    bool transport_failure_ = false;
};

}  // namespace assent::models
