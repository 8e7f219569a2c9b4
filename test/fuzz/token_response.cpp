// Whatever a token or backchannel endpoint answers: read without a crash, and only within the documented bounds.
#include "protocol/oauth_response.hpp"
#include "protocol/poll_schedule.hpp"
#include "protocol/retry_after.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

void require(bool good) {
    if (!good)
        std::abort();
}

}  // namespace

/// The first byte chooses the status; the text up to the first line feed is Retry-After, the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace std::chrono_literals;
    constexpr int statuses[] = {200, 201, 400, 401, 403, 429, 500, 503, 0, 302};
    static std::vector<std::string> const requested{"openid", "a"};
    if (size == 0)
        return 0;
    std::string_view text(reinterpret_cast<char const*>(data + 1), size - 1);
    auto const line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
    assent::HttpResponse response(statuses[data[0] % std::size(statuses)], std::string(text));
    response.headers.add("Retry-After", std::string(line));
    std::chrono::system_clock::time_point const now(1'700'000'000s);

    auto const check = [](assent::OauthError const& error) {
        require(error.error.size() <= 128 && error.reply.error.size() <= 128);
        require(error.reply.description.size() <= 1024);
        require(!error.interval || (*error.interval > 0s && *error.interval <= 24h));
        require(!error.retry_after || (*error.retry_after >= 0s && *error.retry_after <= 24h));
        auto schedule = assent::PollSchedule::from_server(error.interval).value();
        schedule.slow_down({}, error.interval, error.retry_after);
        schedule.hiccup({}, error.retry_after, 0.5);
        require(schedule.next_poll_at().time_since_epoch() <= 24h);
    };
    assent::HttpResponse const bare(response.status, response.body);
    if (assent::is_plainly_pending(bare)) {
        auto const read = assent::read_token_answer(bare, now, requested);
        auto const* const error = std::get_if<assent::OauthError>(&read);
        require(error != nullptr && error->kind == assent::OauthErrorKind::pending && !error->interval && !error->retry_after);
    }
    if (auto const plain = assent::read_plain_tokens(response, now, requested)) {
        // Read without a document, it is the same.
        auto const read = assent::read_any_token_answer(response, now, requested);
        auto const* const tokens = std::get_if<assent::TokenResponse>(&read);
        require(tokens != nullptr);
        auto const& a = plain->tokens;
        auto const& b = tokens->tokens;
        require(a.access_token == b.access_token && a.refresh_token == b.refresh_token && a.id_token == b.id_token);
        require(a.token_type == b.token_type && a.scopes == b.scopes && a.expires_at == b.expires_at);
        require(a.authorization_details().is_null() && b.authorization_details().is_null());
        require(plain->scope_given == tokens->scope_given && plain->issued_token_type == tokens->issued_token_type);
    }
    auto const answer = assent::read_token_answer(response, now, requested);
    if (auto const* tokens = std::get_if<assent::TokenResponse>(&answer)) {
        require(!tokens->tokens.access_token.empty());
        for (char const c : tokens->tokens.access_token.expose())
            require(c >= 0x20 && c < 0x7f);
        require(!tokens->tokens.expires_at ||
                (*tokens->tokens.expires_at >= now &&
                 *tokens->tokens.expires_at <= now + std::chrono::hours(24 * 3650)));
        auto const& details = tokens->tokens.authorization_details();
        require(details.is_null() || details.is_array());
    } else {
        check(std::get<assent::OauthError>(answer));
    }
    check(assent::read_error_response(response, now));
    if (auto const request = assent::read_backchannel_response(response, now, 300s)) {
        require(!request.value().auth_req_id.empty());
        require(request.value().expires_in >= 1s && request.value().expires_in <= 259200s);
        require(!request.value().interval ||
                assent::PollSchedule::from_server(request.value().interval).has_value());
    }
    return 0;
}
