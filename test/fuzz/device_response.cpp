// Whatever a device authorization endpoint answers: read without a crash, only within the documented bounds, and nothing reaches a person
// or a terminal that is no web address or has a control character.
#include "protocol/device.hpp"
#include "protocol/poll_schedule.hpp"

#include <assent/interrupt.hpp>
#include <assent/qr_code.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool good) {
    if (!good)
        std::abort();
}

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void check_uri(std::string_view uri, bool loopback_http) {
    require(uri.size() <= 2048 && printable(uri) && uri.find(' ') == uri.npos);
    require(uri.starts_with("https://") || (loopback_http && uri.starts_with("http://")));
}

}  // namespace

/// The first byte chooses the status and whether loopback http is allowed; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace std::chrono_literals;
    constexpr int statuses[] = {200, 200, 200, 201, 400, 401, 403, 429, 500, 302};
    if (size == 0)
        return 0;
    bool const loopback_http = (data[0] & 0x80) != 0;
    std::string_view const text(reinterpret_cast<char const*>(data + 1), size - 1);
    assent::HttpResponse const response(statuses[(data[0] & 0x7f) % std::size(statuses)], std::string(text));
    std::chrono::system_clock::time_point const now(1'700'000'000s);

    auto const answer = assent::read_device_start(response, loopback_http, now);
    if (answer.kind != assent::StartAnswer::Kind::accepted) {
        require(answer.request_id.empty());
        require(!(answer.failure == assent::Errc::no_result));
        return 0;
    }
    require(response.status >= 200 && response.status < 300);
    auto const code = answer.request_id.expose();
    require(!code.empty() && code.size() <= 4096 && printable(code));
    require(!answer.user_code.empty() && answer.user_code.size() <= 64 && printable(answer.user_code));
    check_uri(answer.verification_uri, loopback_http);
    if (!answer.verification_uri_complete.empty())
        check_uri(answer.verification_uri_complete, loopback_http);
    require(answer.expires_in >= 1s && answer.expires_in <= 259200s);
    require(answer.schedule.interval() >= 1s && answer.schedule.interval() <= 24h);

    assent::DeviceAuthorizationResponse shown;
    shown.device_code = answer.request_id;
    shown.user_code = answer.user_code;
    shown.verification_uri = answer.verification_uri;
    shown.verification_uri_complete = answer.verification_uri_complete;
    assent::Interrupt interrupt(assent::Flow::device, assent::InterruptKind::pending, std::string());
    interrupt.device(std::move(shown));
    require(assent::Interrupt::parse(interrupt.to_json()).has_value());
    // A short code occurs anywhere, also where it is no secret; the server's own words are these.
    auto const view = interrupt.to_public_json();
    for (char const* name : {"userCode", "verificationUri", "verificationUriComplete", "message"}) {
        if (auto const* said = view.if_contains(name); said != nullptr && code.size() > 16)
            require(std::string_view(said->as_string()).find(code) == std::string_view::npos);
    }
    auto const picture = assent::terminal_qr_code(interrupt);
    require(picture.has_value() || picture.failure() == assent::Errc::invalid_argument);
    return 0;
}
