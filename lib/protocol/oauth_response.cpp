#include "protocol/oauth_response.hpp"

#include "core/finite_json.hpp"
#include "core/plain_text.hpp"
#include "protocol/provider_metadata.hpp"
#include "protocol/retry_after.hpp"
#include "protocol/wiping_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::size_t max_error_bytes = 128;
constexpr std::size_t max_description_bytes = 1024;
constexpr std::size_t max_token_bytes = 64 * 1024;
constexpr std::size_t max_scopes = 512;
constexpr std::size_t max_scope_bytes = 32 * 1024;
constexpr std::size_t max_details_bytes = 256 * 1024;
constexpr seconds longest_token_life{10LL * 365 * 24 * 60 * 60};
constexpr seconds longest_request_life{259200};
constexpr seconds longest_interval{24 * 60 * 60};
constexpr std::size_t max_auth_req_id_bytes = 4096;
constexpr std::size_t max_device_code_bytes = 4096;
constexpr std::size_t max_user_code_bytes = 64;

bool is_success(int status) noexcept {
    return status >= 200 && status < 300;
}

bool transient_status(int status) noexcept {
    return status == 408 || status == 425 || status == 429 || status >= 500 || status < 400;
}

/// At most `limit` bytes, cut between UTF-8 characters.
std::string bounded(std::string_view text, std::size_t limit) {
    if (text.size() > limit) {
        std::size_t end = limit;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
            --end;
        text = text.substr(0, end);
    }
    return std::string(text);
}

std::optional<std::string_view> text_member(json::object const& object, std::string_view name) noexcept {
    auto const* value = object.if_contains(name);
    auto const* text = value != nullptr ? value->if_string() : nullptr;
    return text != nullptr ? std::optional<std::string_view>(*text) : std::nullopt;
}

/// A member that is there and not null.
json::value const* present(json::object const& object, std::string_view name) noexcept {
    auto const* value = object.if_contains(name);
    return value != nullptr && !value->is_null() ? value : nullptr;
}

/// A number of seconds: integer, fraction (rounded up) or decimal text, as servers send it. Clamped to +-1e12.
std::optional<seconds> seconds_of(json::value const& value) noexcept {
    constexpr double bound = 1e12;
    if (auto const* number = value.if_int64())
        return seconds(std::clamp<std::int64_t>(*number, -static_cast<std::int64_t>(bound),
                                                static_cast<std::int64_t>(bound)));
    if (value.is_uint64())
        return seconds(static_cast<std::int64_t>(bound));
    if (auto const* number = value.if_double()) {
        if (!std::isfinite(*number))
            return std::nullopt;
        return seconds(static_cast<std::int64_t>(std::ceil(std::clamp(*number, -bound, bound))));
    }
    if (auto const* text = value.if_string()) {
        if (text->empty() || text->size() > 12)
            return std::nullopt;
        std::int64_t number = 0;
        for (char const c : *text) {
            if (c < '0' || c > '9')
                return std::nullopt;
            number = number * 10 + (c - '0');
        }
        return seconds(number);
    }
    return std::nullopt;
}

bool printable_ascii(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::string request_id_of(HttpHeaders const& headers) {
    for (std::string_view const name : {"x-auth0-requestid", "x-request-id", "x-correlation-id"}) {
        if (auto const value = headers.find(name))
            return bounded(*value, max_error_bytes);
    }
    return {};
}

class KnownError {
public:
    std::string_view name;
    Errc code;
    OauthErrorKind kind;
};

constexpr auto known_errors = std::to_array<KnownError>({
    // RFC 8628 3.5, CIBA 11
    {"authorization_pending", Errc::server_refused, OauthErrorKind::pending},
    {"slow_down", Errc::server_refused, OauthErrorKind::slow_down},
    {"expired_token", Errc::server_refused, OauthErrorKind::expired},
    {"access_denied", Errc::server_refused, OauthErrorKind::denied},
    {"authorization_declined", Errc::server_refused, OauthErrorKind::denied},  // Entra ID
    {"transaction_failed", Errc::transaction_failed, OauthErrorKind::failed},
    // RFC 6749 4.1.2.1 and 5.2
    {"invalid_request", Errc::invalid_request, OauthErrorKind::failed},
    {"invalid_client", Errc::invalid_client, OauthErrorKind::failed},
    {"invalid_grant", Errc::server_refused, OauthErrorKind::invalid_grant},
    {"unauthorized_client", Errc::unauthorized_client, OauthErrorKind::failed},
    {"unsupported_grant_type", Errc::unsupported_grant_type, OauthErrorKind::failed},
    {"unsupported_response_type", Errc::server_refused, OauthErrorKind::failed},
    {"invalid_scope", Errc::invalid_scope, OauthErrorKind::failed},
    {"server_error", Errc::temporarily_unavailable, OauthErrorKind::transient},
    {"temporarily_unavailable", Errc::temporarily_unavailable, OauthErrorKind::transient},
    // CIBA 13
    {"expired_login_hint_token", Errc::expired_login_hint_token, OauthErrorKind::failed},
    {"unknown_user_id", Errc::unknown_user_id, OauthErrorKind::failed},
    {"missing_user_code", Errc::missing_user_code, OauthErrorKind::failed},
    {"invalid_user_code", Errc::invalid_user_code, OauthErrorKind::failed},
    {"invalid_binding_message", Errc::invalid_binding_message, OauthErrorKind::failed},
    // RFC 8693 2.2.2, RFC 8707, RFC 9396 5
    {"invalid_target", Errc::invalid_target, OauthErrorKind::failed},
    {"invalid_authorization_details", Errc::invalid_authorization_details, OauthErrorKind::failed},
    // RFC 9449, RFC 9470, RFC 9101
    {"invalid_dpop_proof", Errc::invalid_client, OauthErrorKind::failed},
    {"use_dpop_nonce", Errc::temporarily_unavailable, OauthErrorKind::transient},
    {"insufficient_user_authentication", Errc::server_refused, OauthErrorKind::failed},
    {"invalid_request_object", Errc::invalid_request, OauthErrorKind::failed},
    // OpenID Core 3.1.2.6
    {"interaction_required", Errc::server_refused, OauthErrorKind::failed},
    {"login_required", Errc::server_refused, OauthErrorKind::failed},
    {"consent_required", Errc::server_refused, OauthErrorKind::failed},
    {"account_selection_required", Errc::server_refused, OauthErrorKind::failed},
    // GitHub, all with status 200
    {"incorrect_device_code", Errc::server_refused, OauthErrorKind::invalid_grant},
    {"incorrect_client_credentials", Errc::invalid_client, OauthErrorKind::failed},
    {"device_flow_disabled", Errc::unauthorized_client, OauthErrorKind::failed},
    // Auth0
    {"mfa_required", Errc::server_refused, OauthErrorKind::failed},
    {"mfa_invalid_code", Errc::server_refused, OauthErrorKind::failed},
    {"federated_connection_refresh_token_flow_failed", Errc::server_refused, OauthErrorKind::failed},
    {"unsupported_challenge_type", Errc::server_refused, OauthErrorKind::failed},
    {"too_many_requests", Errc::temporarily_unavailable, OauthErrorKind::transient},
    {"too_many_attempts", Errc::temporarily_unavailable, OauthErrorKind::transient},
    {"rate_limit_exceeded", Errc::temporarily_unavailable, OauthErrorKind::transient},
});

KnownError const* find_error(std::string_view error) noexcept {
    auto const* const found = std::find_if(known_errors.begin(), known_errors.end(),
                                           [&](KnownError const& known) { return known.name == error; });
    return found != known_errors.end() ? found : nullptr;
}

OauthError read_error(json::object const* body, HttpResponse const& response, system_clock::time_point now) {
    OauthError answer;
    answer.retry_after = retry_after(response.headers, now);
    answer.reply.status = response.status;
    answer.reply.request_id = request_id_of(response.headers);
    answer.reply.retry_after = answer.retry_after;
    if (body != nullptr) {
        for (std::string_view const name : {"error", "code"}) {
            if (auto const text = text_member(*body, name); text && !text->empty()) {
                answer.error = bounded(*text, max_error_bytes);
                break;
            }
        }
        // While a person thinks, the same words come again and again; nobody reads them.
        bool const pending = kind_of_oauth_error(answer.error) == OauthErrorKind::pending;
        for (std::string_view const name : {"error_description", "description", "message"}) {
            if (pending)
                break;
            if (auto const text = text_member(*body, name); text && !text->empty()) {
                answer.reply.description = bounded(*text, max_description_bytes);
                break;
            }
        }
        if (auto const* value = present(*body, "interval")) {
            auto const interval = seconds_of(*value);
            if (interval && *interval > seconds(0) && *interval <= longest_interval)
                answer.interval = interval;
        }
        if (!pending)
            answer.reply.error = answer.error;
    }

    if (auto const* known = find_error(answer.error)) {
        answer.code = known->code;
        answer.kind = known->kind;
    } else if (answer.error.empty() || transient_status(response.status)) {
        answer.code = Errc::temporarily_unavailable;
        answer.kind = OauthErrorKind::transient;
    } else {
        answer.code = Errc::server_refused;
        answer.kind = OauthErrorKind::failed;
    }
    return answer;
}

/// What a person is sent to: an endpoint, but a page may be named by a fragment.
bool is_verification_uri(std::string_view uri, bool loopback_http_allowed) {
    auto const page = uri.substr(0, uri.find('#'));
    bool const web = uri.starts_with("https://") || uri.starts_with("http://");
    return web && printable_ascii(uri) && uri.find(' ') == uri.npos && uri.size() <= 2048 &&
           check_endpoint(page, "verification_uri", loopback_http_allowed).has_value();
}

bool has_error(json::object const& body) noexcept {
    auto const* error = present(body, "error");
    return error != nullptr && error->is_string() && !error->get_string().empty();
}

Failure malformed(std::string detail) {
    return Failure(Errc::malformed_response, std::move(detail));
}

/// A token of the answer: absent is empty; not printable or too large is refused, because it would end in a header.
result<Secret> token_member(json::object const& body, std::string_view name) {
    auto const* value = present(body, name);
    if (value == nullptr)
        return Secret();
    auto const* text = value->if_string();
    if (text == nullptr || text->size() > max_token_bytes || !printable_ascii(*text))
        return malformed(fmt::format("{} in the token response is not a printable text of at most {} bytes",
                                     name, max_token_bytes));
    return Secret(std::string_view(*text));
}

result<std::vector<std::string>> scopes_of(json::value const& scope) {
    std::vector<std::string> scopes;
    if (auto const* text = scope.if_string()) {
        if (text->size() > max_scope_bytes)
            return malformed("scope in the token response is too long");
        scopes = split_scopes(*text);
    } else if (auto const* list = scope.if_array()) {
        if (list->size() > max_scopes)
            return malformed("scope in the token response has too many entries");
        for (auto const& entry : *list) {
            auto const* name = entry.if_string();
            if (name == nullptr || name->size() > max_scope_bytes)
                return malformed("scope in the token response is neither a text nor a list of texts");
            for (auto& part : split_scopes(*name)) {
                if (std::find(scopes.begin(), scopes.end(), part) == scopes.end())
                    scopes.push_back(std::move(part));
            }
        }
    } else {
        return malformed("scope in the token response is neither a text nor a list of texts");
    }
    if (scopes.size() > max_scopes)
        return malformed("scope in the token response has too many entries");
    return scopes;
}

result<TokenResponse> read_tokens(json::object const& body, system_clock::time_point now,
                                  std::vector<std::string> const& requested_scopes) {
    TokenResponse response;
    auto& tokens = response.tokens;

    auto access_token = token_member(body, "access_token");
    if (!access_token)
        return access_token.failure();
    if (access_token.value().empty())
        return malformed("the token response has no access_token");
    tokens.access_token = std::move(access_token).value();
    auto refresh_token = token_member(body, "refresh_token");
    if (!refresh_token)
        return refresh_token.failure();
    tokens.refresh_token = std::move(refresh_token).value();
    auto id_token = token_member(body, "id_token");
    if (!id_token)
        return id_token.failure();
    tokens.id_token = std::move(id_token).value();

    // token_type is required, but some servers leave it out and mean Bearer.
    if (auto const* type = present(body, "token_type")) {
        auto const* text = type->if_string();
        if (text == nullptr)
            return malformed("token_type in the token response is not a text");
        if (equal_ignoring_case(*text, "bearer"))
            tokens.token_type = "Bearer";
        else if (equal_ignoring_case(*text, "dpop"))
            tokens.token_type = "DPoP";
        else if (equal_ignoring_case(*text, "n_a") && text_member(body, "issued_token_type"))
            tokens.token_type = "N_A";  // RFC 8693 2.2.1: what was issued is no access token
        else
            return Failure(Errc::server_refused,
                           "the server issued a token whose token_type is neither Bearer nor DPoP");
    }

    if (auto const* value = present(body, "expires_in")) {
        auto const life = seconds_of(*value);
        if (!life || *life < seconds(0))
            return malformed("expires_in in the token response is not a number of seconds");
        tokens.expires_at = now + std::min(*life, longest_token_life);
    }

    if (auto const* scope = present(body, "scope")) {
        auto scopes = scopes_of(*scope);
        if (!scopes)
            return scopes.failure();
        tokens.scopes = std::move(scopes).value();
        response.scope_given = true;
    } else {
        tokens.scopes = requested_scopes;
    }

    if (auto const* details = present(body, "authorization_details")) {
        json::value copy(*details, json::storage_ptr());
        // Some servers send the array as JSON text, the way it is requested.
        if (auto const* text = details->if_string()) {
            if (text->size() > max_details_bytes)
                return malformed("authorization_details in the token response is too large");
            boost::system::error_code error;
            copy = json::parse(*text, error);
            if (error)
                return malformed("authorization_details in the token response is not JSON");
        }
        if (!copy.is_array())
            return malformed("authorization_details in the token response is not an array");
        if (!is_finite(copy))
            return malformed("authorization_details in the token response has a number of more than 1.8e308");
        tokens.authorization_details(std::move(copy));
    }

    if (auto const type = text_member(body, "issued_token_type"))
        response.issued_token_type = bounded(*type, 256);
    return response;
}

}  // namespace

Failure OauthError::to_failure(std::string detail) const {
    return Failure(code, std::move(detail)).with_server(reply);
}

Errc errc_of_oauth_error(std::string_view error) noexcept {
    auto const* known = find_error(error);
    return known != nullptr ? known->code : Errc::server_refused;
}

OauthErrorKind kind_of_oauth_error(std::string_view error) noexcept {
    auto const* known = find_error(error);
    return known != nullptr ? known->kind : OauthErrorKind::failed;
}

result<json::object> read_json_object(std::string_view body) {
    return parse_wiping(body);
}

result<json::object> read_json_object(HttpResponse const& response) {
    return read_json_object(response.body);
}

OauthError read_error_response(HttpResponse const& response, system_clock::time_point now) {
    auto const body = read_json_object(response);
    return read_error(body ? &body.value() : nullptr, response, now);
}

result<TokenResponse> read_token_response(HttpResponse const& response, system_clock::time_point now,
                                          std::vector<std::string> const& requested_scopes) {
    auto const body = read_json_object(response);
    if (!body)
        return body.failure();
    return read_tokens(body.value(), now, requested_scopes);
}

namespace {

void skip_space(std::string_view& text) noexcept {
    if (!text.empty() && text.front() > ' ')
        return;
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool take(std::string_view& text, char c) noexcept {
    skip_space(text);
    if (text.empty() || text.front() != c)
        return false;
    text.remove_prefix(1);
    return true;
}

/// A JSON string of ASCII without escapes.
std::optional<std::string_view> take_plain_text(std::string_view& text) noexcept {
    if (!take(text, '"'))
        return std::nullopt;
    auto const size = plain_prefix<PlainText::printable>(text);
    if (size == text.size() || text[size] != '"')
        return std::nullopt;
    auto const taken = text.substr(0, size);
    text.remove_prefix(size + 1);
    return taken;
}

}  // namespace

bool is_plainly_pending(HttpResponse const& response) noexcept {
    if (response.headers.find("retry-after"))
        return false;
    std::string_view text = response.body;
    if (!take(text, '{'))
        return false;
    bool pending = false;
    do {
        auto const name = take_plain_text(text);
        if (!name || !take(text, ':'))
            return false;
        auto const value = take_plain_text(text);
        if (!value || *name == "interval")
            return false;
        if (*name == "error") {
            if (pending || *value != "authorization_pending")
                return false;
            pending = true;
        }
    } while (take(text, ','));
    if (!take(text, '}'))
        return false;
    skip_space(text);
    return pending && text.empty();
}

namespace {

/// A JSON number of seconds, without sign, fraction or exponent.
std::optional<seconds> take_plain_seconds(std::string_view& text) noexcept {
    constexpr std::size_t most_digits = 12;
    skip_space(text);
    std::int64_t number = 0;
    std::size_t size = 0;
    for (; size < text.size() && text[size] >= '0' && text[size] <= '9'; ++size) {
        if (size == most_digits)
            return std::nullopt;
        number = number * 10 + (text[size] - '0');
    }
    if (size == 0 || (size > 1 && text.front() == '0'))
        return std::nullopt;
    text.remove_prefix(size);
    return seconds(number);
}

/// Members of a plain token response. Views into the body; those that are absent have no data.
struct PlainTokens {
    std::string_view access_token;
    std::string_view refresh_token;
    std::string_view id_token;
    std::string_view token_type;
    std::string_view scope;
    std::string_view issued_token_type;
    std::optional<seconds> expires_in;

    std::string_view* find(std::string_view name) noexcept {
        switch (name.size()) {
        case 5: return name == "scope" ? &scope : nullptr;
        case 8: return name == "id_token" ? &id_token : nullptr;
        case 10: return name == "token_type" ? &token_type : nullptr;
        case 12: return name == "access_token" ? &access_token : nullptr;
        case 13: return name == "refresh_token" ? &refresh_token : nullptr;
        case 17: return name == "issued_token_type" ? &issued_token_type : nullptr;
        default: return nullptr;
        }
    }
};

/// Reads one flat object of the members that are known here, each at most once.
std::optional<PlainTokens> find_plain_tokens(std::string_view text) noexcept {
    PlainTokens out;
    if (!take(text, '{'))
        return std::nullopt;
    do {
        auto const name = take_plain_text(text);
        if (!name || !take(text, ':'))
            return std::nullopt;
        if (*name == "expires_in") {
            if (out.expires_in)
                return std::nullopt;
            out.expires_in = take_plain_seconds(text);
            if (!out.expires_in)
                return std::nullopt;
            continue;
        }
        auto* const member = out.find(*name);
        if (member == nullptr || member->data() != nullptr)
            return std::nullopt;
        auto const value = take_plain_text(text);
        if (!value)
            return std::nullopt;
        *member = *value;
    } while (take(text, ','));
    if (!take(text, '}'))
        return std::nullopt;
    skip_space(text);
    return text.empty() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::optional<TokenResponse> read_plain_tokens(HttpResponse const& response, system_clock::time_point now,
                                               std::vector<std::string> const& requested_scopes) {
    if (!is_success(response.status))
        return std::nullopt;
    auto const found = find_plain_tokens(response.body);
    if (!found || found->access_token.empty())
        return std::nullopt;
    if (std::max({found->access_token.size(), found->refresh_token.size(), found->id_token.size()}) > max_token_bytes ||
        found->scope.size() > max_scope_bytes)
        return std::nullopt;
    std::optional<TokenResponse> out(std::in_place);
    auto& tokens = out->tokens;
    if (found->token_type.data() != nullptr) {
        if (equal_ignoring_case(found->token_type, "dpop"))
            tokens.token_type = "DPoP";
        else if (!equal_ignoring_case(found->token_type, "bearer"))
            return std::nullopt;
    }
    if (found->scope.data() != nullptr) {
        tokens.scopes = split_scopes(found->scope);
        if (tokens.scopes.size() > max_scopes)
            return std::nullopt;
        out->scope_given = true;
    } else {
        tokens.scopes = requested_scopes;
    }
    tokens.access_token = Secret(found->access_token);
    tokens.refresh_token = Secret(found->refresh_token);
    tokens.id_token = Secret(found->id_token);
    if (found->expires_in)
        tokens.expires_at = now + std::min(*found->expires_in, longest_token_life);
    out->issued_token_type = bounded(found->issued_token_type, 256);
    return out;
}

std::variant<TokenResponse, OauthError> read_token_answer(HttpResponse const& response,
                                                          system_clock::time_point now,
                                                          std::vector<std::string> const& requested_scopes) {
    if (auto tokens = read_plain_tokens(response, now, requested_scopes))
        return std::move(*tokens);
    return read_any_token_answer(response, now, requested_scopes);
}

std::variant<TokenResponse, OauthError> read_any_token_answer(HttpResponse const& response,
                                                              system_clock::time_point now,
                                                              std::vector<std::string> const& requested_scopes) {
    auto const body = read_json_object(response);
    if (!is_success(response.status) || (body && has_error(body.value())))
        return read_error(body ? &body.value() : nullptr, response, now);
    auto tokens =
        body ? read_tokens(body.value(), now, requested_scopes) : result<TokenResponse>(body.failure());
    if (tokens)
        return std::move(tokens).value();
    auto answer = read_error(nullptr, response, now);
    if (tokens.failure() == Errc::server_refused) {
        answer.kind = OauthErrorKind::failed;
        answer.code = Errc::server_refused;
    } else {
        answer.kind = OauthErrorKind::transient;
        answer.code = Errc::malformed_response;
    }
    return answer;
}

result<BackchannelResponse> read_backchannel_response(HttpResponse const& response,
                                                      system_clock::time_point now,
                                                      std::optional<seconds> requested_expiry) {
    auto const body = read_json_object(response);
    if (!is_success(response.status) || (body && has_error(body.value())))
        return read_error(body ? &body.value() : nullptr, response, now)
            .to_failure("the provider did not accept the authentication request");
    if (!body)
        return body.failure();

    BackchannelResponse answer;
    auto const id = text_member(body.value(), "auth_req_id");
    if (!id || id->empty() || id->size() > max_auth_req_id_bytes || !printable_ascii(*id))
        return malformed("auth_req_id is missing or not 1 to 4096 printable bytes");
    answer.auth_req_id = Secret(*id);

    auto const* expires_in = present(body.value(), "expires_in");
    auto const life = expires_in != nullptr ? seconds_of(*expires_in) : requested_expiry;
    if (!life || *life < seconds(1) || *life > longest_request_life)
        return malformed("expires_in is missing or not within 1 to 259200 s");
    answer.expires_in = *life;

    if (auto const* value = present(body.value(), "interval")) {
        auto const interval = seconds_of(*value);
        if (!interval || *interval < seconds(1) || *interval > longest_interval)
            return malformed("interval is not within 1 s to one day");
        answer.interval = interval;
    }
    return answer;
}

result<DeviceResponse> read_device_response(HttpResponse const& response, system_clock::time_point now,
                                            bool loopback_http_allowed) {
    auto const body = read_json_object(response);
    if (!is_success(response.status) || (body && has_error(body.value())))
        return read_error(body ? &body.value() : nullptr, response, now)
            .to_failure("the provider did not accept the device authorization request");
    if (!body)
        return body.failure();

    DeviceResponse answer;
    auto const& members = body.value();
    auto const code = text_member(members, "device_code");
    if (!code || code->empty() || code->size() > max_device_code_bytes || !printable_ascii(*code))
        return malformed("device_code is missing or not 1 to 4096 printable bytes");
    answer.device_code = Secret(*code);

    auto const user_code = text_member(members, "user_code");
    if (!user_code || user_code->empty() || user_code->size() > max_user_code_bytes || !printable_ascii(*user_code))
        return malformed("user_code is missing or not 1 to 64 printable characters");
    answer.user_code = *user_code;

    auto uri = text_member(members, "verification_uri");
    if (!uri)
        uri = text_member(members, "verification_url");
    if (!uri || !is_verification_uri(*uri, loopback_http_allowed))
        return malformed("verification_uri is missing or not an https URL of at most 2048 bytes");
    answer.verification_uri = *uri;
    if (auto const* complete = present(members, "verification_uri_complete")) {
        auto const* text = complete->if_string();
        if (text == nullptr || !is_verification_uri(*text, loopback_http_allowed))
            return malformed("verification_uri_complete is not an https URL of at most 2048 bytes");
        answer.verification_uri_complete.assign(text->data(), text->size());
    }

    auto const* expires_in = present(members, "expires_in");
    auto const life = expires_in != nullptr ? seconds_of(*expires_in) : std::nullopt;
    if (!life || *life < seconds(1) || *life > longest_request_life)
        return malformed("expires_in is missing or not within 1 to 259200 s");
    answer.expires_in = *life;

    if (auto const* value = present(members, "interval")) {
        auto const interval = seconds_of(*value);
        if (!interval || *interval < seconds(1) || *interval > longest_interval)
            return malformed("interval is not within 1 s to one day");
        answer.interval = interval;
    }
    return answer;
}

namespace {

constexpr bool between_scopes(char c) noexcept { return c == ' ' || c == ',' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::vector<std::string> split_scopes(std::string_view text) {
    std::vector<std::string> scopes;
    auto const separators = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), between_scopes));
    scopes.reserve(std::min(separators, max_scopes) + 1);
    // One more than allowed is enough to refuse it.
    while (!text.empty() && scopes.size() <= max_scopes) {
        auto const end = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), between_scopes) - text.begin());
        auto const scope = text.substr(0, end);
        if (!scope.empty() && std::find(scopes.begin(), scopes.end(), scope) == scopes.end())
            scopes.emplace_back(scope);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return scopes;
}

std::string join_scopes(std::vector<std::string> const& scopes) {
    return fmt::format("{}", fmt::join(scopes, " "));
}

}  // namespace assent
