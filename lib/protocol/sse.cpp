#include "protocol/sse.hpp"

#include <algorithm>

namespace assent {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t max_name = 1024;  // of a type, of an id
constexpr std::chrono::milliseconds longest_retry = std::chrono::hours(24);

}  // namespace

bool SseReader::add(std::string_view piece, Sink const& sink) {
    while (!stopped_ && !piece.empty()) {
        if (after_cr_) {
            after_cr_ = false;
            if (piece.front() == '\n') {
                piece.remove_prefix(1);
                continue;
            }
        }
        auto const end = piece.find_first_of("\r\n");
        auto const part = piece.substr(0, end);
        if (part.size() > max_event_ - line_.size()) {
            too_large_ = stopped_ = true;
            break;
        }
        if (end == piece.npos) {
            line_.append(part);
            break;
        }
        after_cr_ = piece[end] == '\r';
        piece.remove_prefix(end + 1);
        if (line_.empty()) {
            stopped_ = !end_line(part, sink);
        } else {
            line_.append(part);
            stopped_ = !end_line(line_, sink);
            line_.clear();
        }
    }
    return !stopped_;
}

bool SseReader::end_line(std::string_view line, Sink const& sink) {
    if (first_line_) {
        first_line_ = false;
        if (line.starts_with(byte_order_mark))
            line.remove_prefix(byte_order_mark.size());
    }
    if (line.empty())
        return dispatch(sink);
    auto const colon = line.find(':');
    auto const name = line.substr(0, colon);
    auto value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' '))
        value.remove_prefix(1);
    field(name, value);  // a comment has no name, which no field has
    return !too_large_;
}

void SseReader::field(std::string_view name, std::string_view value) {
    if (name == "data") {
        if (value.size() >= max_event_ - data_.size()) {
            too_large_ = true;
            return;
        }
        if (has_data_)
            data_.push_back('\n');
        data_.append(value);
        has_data_ = true;
    } else if (name == "event") {
        type_.assign(value.substr(0, max_name));
    } else if (name == "id") {
        if (value.find('\0') == value.npos && value.size() <= max_name)
            id_.assign(value);
    } else if (name == "retry") {
        if (value.empty() || !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return;
        long long wait = 0;
        for (char const c : value)
            wait = std::min<long long>(wait * 10 + (c - '0'), longest_retry.count());
        retry_ = std::chrono::milliseconds(wait);
    }
}

bool SseReader::dispatch(Sink const& sink) {
    bool more = true;
    if (has_data_) {
        SseEvent event;
        event.type = type_.empty() ? std::string_view("message") : std::string_view(type_);
        event.data = data_;
        event.id = id_;
        more = sink(event);
    }
    data_.clear();
    type_.clear();
    has_data_ = false;
    return more;
}

}  // namespace assent
