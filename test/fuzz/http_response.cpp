// Answers of an HTTP server: whatever the bytes and however they are cut, the reader ends in the same way, within its bounds.
// The first byte chooses the size of the pieces; in one piece, usual answers take a shorter way than in many.

#include "http/response_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using assent::http::ResponseReader;
using Status = ResponseReader::Status;

namespace {

constexpr std::size_t max_header = 1024;
constexpr std::size_t max_body = 2048;

void require(bool condition)
{
    if (!condition)
        std::abort();
}

struct Outcome {
    Status status = Status::need_more;
    int code = 0;
    std::string fields;
    std::string body;
    bool reusable = false;
    std::size_t rest = 0;
};

Outcome read(std::string_view text, std::size_t piece, ResponseReader::Kind kind)
{
    ResponseReader reader;
    Outcome outcome;
    reader.start(max_header, max_body, kind);
    while (!text.empty() && outcome.status == Status::need_more) {
        auto const space = reader.space();
        require(!space.empty());
        std::size_t const size = std::min({piece, text.size(), space.size()});
        std::copy_n(text.data(), size, space.data());
        text.remove_prefix(size);
        outcome.status = reader.received(size);
    }
    if (outcome.status == Status::need_more)
        outcome.status = reader.ended();
    if (outcome.status == Status::failed) {
        require(reader.failure() != assent::Errc::no_result);
        return outcome;
    }
    require(outcome.status == Status::complete);
    auto const& answer = reader.answer();
    require(answer.body.size() <= max_body);
    require(answer.status >= 100 && answer.status <= 999 && answer.status / 100 != 1);
    std::size_t header = 0;
    for (auto const& [name, value] : answer.headers) {
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
        header += name.size() + value.size();
        outcome.fields.append(name).append(": ").append(value).append("\n");
    }
    require(header <= max_header);
    outcome.code = answer.status;
    outcome.body = answer.body;
    outcome.rest = reader.extra() + text.size();
    outcome.reusable = reader.reusable() && text.empty();
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0)
        return 0;
    std::string_view const text(reinterpret_cast<char const*>(data) + 1, size - 1);
    auto const kind = (data[0] & 128) != 0 ? ResponseReader::Kind::tunnel : ResponseReader::Kind::answer;
    Outcome const whole = read(text, text.size(), kind);
    for (std::size_t const piece : {std::size_t(data[0] & 127) + 1, std::size_t(1)}) {
        Outcome const cut = read(text, piece, kind);
        require(whole.status == cut.status);
        require(whole.code == cut.code && whole.fields == cut.fields && whole.body == cut.body);
        require(whole.rest == cut.rest && whole.reusable == cut.reusable);
    }
    return 0;
}
