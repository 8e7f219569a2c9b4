#pragma once

#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include "support/fake_provider.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::test {

/// One thing that can go wrong with one request.
struct Trouble {
    char const* name;
    std::optional<result<HttpResponse>> answer;  ///< In place of the provider's.
    bool hangs = false;
    bool lost = false;                           ///< Processed, then the answer is lost.
};

inline result<HttpResponse> response(int status, std::string body, std::string retry_after = {})
{
    HttpResponse out(status, std::move(body));
    if (!retry_after.empty())
        out.headers.add("Retry-After", std::move(retry_after));
    return out;
}

/// Everything that a network and a server do to a request.
inline std::vector<Trouble> troubles()
{
    return {
        {"connection refused", result<HttpResponse>(Errc::connect_failed)},
        {"dns", result<HttpResponse>(Errc::dns_failed)},
        {"reset", result<HttpResponse>(Errc::connection_reset)},
        {"timeout", result<HttpResponse>(Errc::timed_out)},
        {"too large", result<HttpResponse>(Errc::response_too_large)},
        {"429", response(429, "too many")},
        {"429 with Retry-After", response(429, R"({"error":"too_many_requests"})", "20")},
        {"503 with Retry-After", response(503, "", "20")},
        {"500 HTML", response(500, "<html><body>oops</body></html>")},
        {"502", response(502, "")},
        {"200 HTML", response(200, "<html>captive portal</html>")},
        {"302", response(302, "")},
        {"truncated", response(200, R"({"access_token":"abc","auth_req_id":"x","device_code":"x)")},
        {"hang", std::nullopt, true},
        {"answer lost", std::nullopt, false, true},
    };
}

/// Request number `step`, from 0, meets `trouble`.
inline void meet(FakeProvider& provider, Trouble const& trouble, std::size_t step)
{
    auto const now_is_it = [&provider, step] { return provider.seen.size() == step + 1; };
    if (trouble.hangs)
        provider.hang = [now_is_it](HttpRequest const&) { return now_is_it(); };
    if (trouble.lost)
        provider.lose_answer = [now_is_it](HttpRequest const&) { return now_is_it(); };
    if (trouble.answer)
        provider.fault = [now_is_it, answer = *trouble.answer](HttpRequest const&) -> std::optional<result<HttpResponse>> {
            return now_is_it() ? std::optional(answer) : std::nullopt;
        };
}

}  // namespace assent::test
