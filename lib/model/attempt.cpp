#include "model/attempt.hpp"

#include "core/backoff.hpp"

#include <utility>

namespace assent::models {

Attempt::Attempt(std::unique_ptr<AnswerReader> reader, ChunkSink const& on_chunk, std::size_t max_answer)
    : reader_(std::move(reader)), on_chunk_(on_chunk), events_(max_answer),
      on_event_([this](SseEvent const& event) { return on_event(event); }) {}

void Attempt::refuse(Failure failure) {
    refused_ = true;
    refusal_.again = failure == Errc::temporarily_unavailable || failure == Errc::connection_reset;
    if (auto const* const server = failure.server(); server != nullptr && server->retry_after)
        refusal_.wait = *server->retry_after;
    refusal_.failure = std::move(failure);
}

bool Attempt::on_event(SseEvent const& event) {
    auto pieces = reader_->read_event(event);
    if (!pieces) {
        refuse(pieces.failure());
        return false;
    }
    if (!pieces.value().empty()) {
        handed_out_ = true;
        on_chunk_(ModelChunk(Role::model, std::move(pieces).value()));
    }
    return true;
}

std::optional<ModelResponse> Attempt::finish(result<HttpResponse> const& answer, std::chrono::system_clock::time_point now) {
    std::optional<ModelResponse> out;
    if (!answer) {
        // What breaks after everything has come does not matter.
        if (!refused_ && on_chunk_ && reader_->is_complete() && answer.failure() != Errc::cancelled)
            return reader_->take();
        auto const& failure = answer.failure();
        transport_failure_ = true;
        refusal_.failure = failure;
        // A server that was silent for so long would cost as much again.
        refusal_.again = worth_another_try(failure) && !(failure == Errc::timed_out);
    } else if (answer.value().status / 100 != 2) {
        refusal_ = read_refusal(answer.value(), now);
    } else if (on_chunk_) {
        out = finish_stream(answer.value());
    } else if (auto whole = reader_->read(answer.value().body)) {
        out = std::move(whole).value();
    } else {
        refuse(whole.failure());
    }
    refusal_.again = refusal_.again && !handed_out_;
    return out;
}

std::optional<ModelResponse> Attempt::finish_stream(HttpResponse const& answer) {
    if (refused_)
        return std::nullopt;
    if (reader_->is_complete())
        return reader_->take();
    auto const type = answer.headers.find("content-type");
    if (events_.too_large())
        refuse(Failure(Errc::response_too_large, "an event of the streamed answer is too large; raise max_answer"));
    else if (!type || !type->starts_with("text/event-stream"))
        refuse(Failure(Errc::malformed_response, "the answer is not an event stream; is base_url right?"));
    else
        refuse(Failure(Errc::connection_reset, "the streamed answer ended before it was complete"));
    return std::nullopt;
}

}  // namespace assent::models
