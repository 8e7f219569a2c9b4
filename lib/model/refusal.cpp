#include "model/refusal.hpp"

#include "model/wire.hpp"
#include "protocol/retry_after.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace assent::models {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::size_t max_code = 128;
constexpr std::size_t max_description = 1024;
constexpr std::size_t max_request_id = 128;
constexpr milliseconds longest_wait = std::chrono::hours(24);

enum class Kind { busy = 1, key, request, quota, other };

struct Known {
    std::string_view code;
    Kind kind;
};

// google.rpc.Code; OpenAI's `code` and `type`; Anthropic's `type`.
constexpr std::array<Known, 35> known{{
    {"RESOURCE_EXHAUSTED", Kind::busy},
    {"UNAVAILABLE", Kind::busy},
    {"INTERNAL", Kind::busy},
    {"DEADLINE_EXCEEDED", Kind::busy},
    {"ABORTED", Kind::busy},
    {"UNAUTHENTICATED", Kind::key},
    {"PERMISSION_DENIED", Kind::key},
    {"INVALID_ARGUMENT", Kind::request},
    {"FAILED_PRECONDITION", Kind::request},
    {"OUT_OF_RANGE", Kind::request},
    {"NOT_FOUND", Kind::request},
    {"UNIMPLEMENTED", Kind::request},
    {"rate_limit_exceeded", Kind::busy},
    {"rate_limit_error", Kind::busy},
    {"overloaded_error", Kind::busy},
    {"server_error", Kind::busy},
    {"server_is_overloaded", Kind::busy},
    {"api_error", Kind::busy},
    {"timeout_error", Kind::busy},
    {"internal_error", Kind::busy},
    {"internal_server_error", Kind::busy},
    {"service_unavailable", Kind::busy},
    {"invalid_api_key", Kind::key},
    {"authentication_error", Kind::key},
    {"permission_error", Kind::key},
    {"invalid_request_error", Kind::request},
    {"context_length_exceeded", Kind::request},
    {"model_not_found", Kind::request},
    {"not_found_error", Kind::request},
    {"request_too_large", Kind::request},
    {"insufficient_quota", Kind::quota},
    {"billing_error", Kind::quota},
    {"billing_hard_limit_reached", Kind::quota},
    {"API_KEY_INVALID", Kind::key},
    {"API_KEY_SERVICE_BLOCKED", Kind::key},
}};

std::optional<Kind> kind_of(std::string_view code) noexcept {
    auto const found = std::find_if(known.begin(), known.end(), [code](Known const& entry) { return entry.code == code; });
    return found != known.end() ? std::optional(found->kind) : std::nullopt;
}

Kind kind_of(int status) noexcept {
    switch (status) {
    case 401:
    case 403: return Kind::key;
    case 400:
    case 404:
    case 405:
    case 413:
    case 415:
    case 422: return Kind::request;
    case 402: return Kind::quota;
    case 408:
    case 409:
    case 425:
    case 429: return Kind::busy;
    default: return status >= 500 && status != 501 ? Kind::busy : Kind::other;
    }
}

/// What the body of a refusal says.
struct Words {
    std::string_view code;    ///< The most telling one.
    std::string_view type;    ///< The more general one beside it.
    std::string_view message;
    std::string_view reason;  ///< Of google.rpc.ErrorInfo.
    std::string_view request_id;
    std::optional<milliseconds> wait;
    int status = 0;
};

Words read_words(json::object const& body) {
    Words words;
    words.request_id = text_of(body, "request_id");
    auto const* const error = object_of(body, "error");
    if (error == nullptr) {
        words.message = text_of(body, "error");
        if (words.message.empty())
            words.message = text_of(body, "message");
        return words;
    }
    words.message = text_of(*error, "message");
    words.code = text_of(*error, "code");
    words.type = text_of(*error, "status");
    if (words.type.empty())
        words.type = text_of(*error, "type");
    words.status = static_cast<int>(std::min<std::uint64_t>(count_of(*error, "code").value_or(0), 999));
    if (auto const* const details = array_of(*error, "details")) {
        for (auto const& detail : *details) {
            auto const* const object = detail.if_object();
            if (object == nullptr)
                continue;
            auto const type = text_of(*object, "@type");
            if (type.ends_with("google.rpc.RetryInfo"))
                words.wait = parse_duration(text_of(*object, "retryDelay"));
            else if (type.ends_with("google.rpc.ErrorInfo"))
                words.reason = text_of(*object, "reason");
        }
    }
    return words;
}

Kind judge(int status, Words const& words) {
    // An exhausted quota is told as 429, a wrong key as 400.
    for (auto const& code : {words.reason, words.code, words.type}) {
        auto const kind = kind_of(code);
        if (kind == Kind::quota || kind == Kind::key)
            return *kind;
    }
    if (status >= 400)
        return kind_of(status);
    if (words.status >= 400)
        return kind_of(words.status);
    for (auto const& code : {words.code, words.type}) {
        if (auto const kind = kind_of(code))
            return *kind;
    }
    return Kind::other;
}

std::string without_key(std::string_view text, std::string_view key) {
    std::string out(text);
    if (key.size() < 4)
        return out;
    for (auto at = out.find(key); at != out.npos; at = out.find(key, at))
        out.replace(at, key.size(), "[key]");
    return out;
}

Refusal make(int status, Kind kind, Words const& words) {
    ServerReply reply;
    reply.status = status;
    reply.error = bounded(words.code.empty() ? words.type : words.code, max_code);
    reply.description = bounded(words.message, max_description);
    reply.request_id = bounded(words.request_id, max_request_id);
    if (words.wait)
        reply.retry_after = std::chrono::ceil<std::chrono::seconds>(*words.wait);

    auto const said = status != 0 ? fmt::format("the model's API answered {}", status)
                                  : std::string("the model's API broke off with an error");
    Refusal refusal;
    refusal.wait = words.wait;
    switch (kind) {
    case Kind::busy:
        refusal.again = true;
        refusal.failure = Failure(Errc::temporarily_unavailable, said + ": it is busy, or limits our rate; try again later");
        break;
    case Kind::key:
        refusal.failure = Failure(Errc::invalid_client, said + ": it does not take the API key; check it, and what it may do");
        break;
    case Kind::request:
        refusal.failure = Failure(Errc::invalid_request,
                                  said + ": it finds the request wrong; check the model's name, the tools and the length");
        break;
    case Kind::quota:
        refusal.failure = Failure(Errc::server_refused, said + ": the account's quota is used up, or is not paid for");
        break;
    case Kind::other:
        refusal.failure = Failure(Errc::server_refused, status / 100 == 3
                                                            ? said + ": redirects are not followed, because the key must not go "
                                                                     "elsewhere; set base_url"
                                                            : said);
        break;
    }
    refusal.failure = refusal.failure.with_server(std::move(reply));
    return refusal;
}

/// Thousandths of a decimal number.
std::optional<long long> thousandths(std::string_view text) {
    constexpr long long most = 1'000'000'000'000'000;
    auto const point = text.find('.');
    auto const whole = text.substr(0, point);
    auto const part = point == text.npos ? std::string_view("0") : text.substr(point + 1);
    auto const is_digits = [](std::string_view digits) {
        return !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!is_digits(whole) || !is_digits(part))
        return std::nullopt;
    long long out = 0;
    for (char const c : whole)
        out = std::min(out * 10 + (c - '0') * 1000LL, most);
    long long scale = 100;
    for (char const c : part) {
        out += (c - '0') * scale;
        scale /= 10;
    }
    return out;
}

std::optional<milliseconds> wait_of(HttpHeaders const& headers, system_clock::time_point now) {
    if (auto const exact = headers.find("retry-after-ms")) {
        if (auto const wait = thousandths(*exact))
            return std::min(milliseconds(*wait / 1000), longest_wait);
    }
    if (auto const wait = retry_after(headers, now))
        return milliseconds(*wait);
    return std::nullopt;
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
    if (!text.ends_with('s'))
        return std::nullopt;
    text.remove_suffix(1);
    auto const wait = thousandths(text);
    return wait ? std::optional(std::min(milliseconds(*wait), longest_wait)) : std::nullopt;
}

Refusal read_refusal(HttpResponse const& response, system_clock::time_point now) {
    auto const body = parse_object(response.body);
    Words words;
    if (body)
        words = read_words(body.value());
    if (words.request_id.empty()) {
        for (auto const* name : {"request-id", "x-request-id", "x-goog-request-id"}) {
            if (auto const id = response.headers.find(name)) {
                words.request_id = *id;
                break;
            }
        }
    }
    if (auto const wait = wait_of(response.headers, now); wait && wait > words.wait)
        words.wait = wait;
    auto refusal = make(response.status, judge(response.status, words), words);
    if (auto const asked = response.headers.find("x-should-retry"))
        refusal.again = *asked == "true" || (refusal.again && *asked != "false");
    return refusal;
}

Refusal read_refusal(json::object const& body) {
    auto const words = read_words(body);
    return make(words.status, judge(0, words), words);
}

Failure told_by(std::string_view who, Failure const& failure, std::string_view key) {
    Failure told(failure.code(), fmt::format("{}: {}", who, failure.detail()));
    if (failure.server() == nullptr)
        return told;
    ServerReply reply = *failure.server();
    for (auto* const text : {&reply.error, &reply.description, &reply.request_id})
        *text = without_key(*text, key);
    return told.with_server(std::move(reply));
}

}  // namespace assent::models
