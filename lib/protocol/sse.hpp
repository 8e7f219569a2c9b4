#pragma once

#include <assent/error.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace assent {

/// One event of a stream. Views are valid during the call that hands it over.
class SseEvent {
public:
    std::string_view type;  ///< "message" when the stream names none.
    std::string_view data;  ///< Its lines, joined by LF.
    std::string_view id;    ///< Of this event, or the last one that had one.
};

/// Reads an event stream (text/event-stream, WHATWG HTML 9.2) that comes in pieces, cut anywhere.
///
/// Lines end with LF, CR or CRLF; a byte order mark is skipped; comments and unknown fields are ignored. An event that the stream's end
/// cuts off is dropped, as the standard says. What is not UTF-8 is handed on as it is.
class SseReader {
public:
    static constexpr std::size_t default_max_event = 8 * 1024 * 1024;

    /// Takes an event; false: no more is wanted. Must not throw.
    using Sink = std::function<bool(SseEvent const&)>;

    /// @param max_event bounds a line, and an event's data, in bytes.
    explicit SseReader(std::size_t max_event = default_max_event) : max_event_(max_event) {}

    /// Reads a piece, calls `sink` for every event that is complete. False when the sink wants no more, or when a bound was broken; from
    /// then on nothing is read.
    bool add(std::string_view piece, Sink const& sink);
    /// A bound was broken.
    bool too_large() const noexcept { return too_large_; }
    /// The wait before a new connection that the stream asks for, if it does; at most a day.
    std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }
    /// Something came that is not the end of an event.
    bool has_rest() const noexcept { return !line_.empty() || has_data_; }

private:
    bool end_line(std::string_view line, Sink const& sink);
    bool dispatch(Sink const& sink);
    void field(std::string_view name, std::string_view value);

    std::size_t max_event_;
    std::string line_;   ///< The beginning of a line whose end has not come.
    std::string data_;
    std::string type_;
    std::string id_;
    std::optional<std::chrono::milliseconds> retry_;
    bool has_data_ = false;
    bool first_line_ = true;
    bool after_cr_ = false;  ///< An LF that comes next belongs to the line end before.
    bool too_large_ = false;
    bool stopped_ = false;
};

}  // namespace assent
