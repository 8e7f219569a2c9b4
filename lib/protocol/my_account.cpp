#include "protocol/my_account.hpp"

#include "protocol/form.hpp"
#include "protocol/provider_metadata.hpp"
#include "protocol/wiping_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr int record_version = 1;
constexpr std::size_t max_record = 16 * 1024;
constexpr std::size_t max_query = 8 * 1024;
constexpr std::size_t max_name = 128;
constexpr std::size_t max_secret = 1024;
constexpr std::size_t max_scopes = 128;
constexpr std::size_t max_scope = 512;
constexpr std::size_t max_params = 32;
constexpr std::size_t max_param = 2048;
constexpr std::size_t max_time = 64;
constexpr std::size_t max_cursor = 1024;
constexpr std::size_t max_accounts_of_a_page = 100;
constexpr std::size_t max_error = 128;
constexpr std::size_t max_description = 1024;
constexpr seconds default_life{300};
constexpr seconds longest_life{24 * 60 * 60};

bool is_printable(std::string_view text) noexcept
{
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_name(std::string_view text, std::size_t most) noexcept { return !text.empty() && text.size() <= most && is_printable(text); }

Failure malformed(std::string_view what) { return Failure(Errc::malformed_response, fmt::format("the My Account API's answer has no usable {}", what)); }
Failure refused(std::string text) { return Failure(Errc::invalid_argument, std::move(text)); }

/// A text of 1 to `most` printable bytes, or empty.
std::string_view text_of(json::object const& from, std::string_view name, std::size_t most) noexcept
{
    auto const* const value = from.if_contains(name);
    auto const* const text = value != nullptr ? value->if_string() : nullptr;
    if (text == nullptr || !is_name(*text, most))
        return {};
    return *text;
}

result<ConnectedAccount> account_of(json::object const& from)
{
    ConnectedAccount out;
    out.id = text_of(from, "id", max_name);
    if (!is_account_id(out.id))
        return malformed("id");
    out.connection = text_of(from, "connection", max_name);
    if (out.connection.empty())
        return malformed("connection");
    out.created_at = text_of(from, "created_at", max_time);
    out.expires_at = text_of(from, "expires_at", max_time);
    auto const* const scopes = from.if_contains("scopes");
    if (scopes == nullptr || !scopes->is_array())
        return out;
    for (auto const& scope : scopes->get_array()) {
        auto const* const text = scope.if_string();
        if (text != nullptr && is_name(*text, max_scope) && out.scopes.size() < max_scopes)
            out.scopes.emplace_back(*text);
    }
    return out;
}

int hex_digit(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/// Nothing when it is not form-encoded, or holds control characters.
std::optional<std::string> form_decoded(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+')
            c = ' ';
        else if (c == '%') {
            int const high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        out.push_back(c);
    }
    if (!is_printable(out))
        return std::nullopt;
    return out;
}

}  // namespace

bool is_account_id(std::string_view text) noexcept
{
    return !text.empty() && text.size() <= max_name && text != "." && text != ".." && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '|' || c == '.';
    });
}

std::string write_connection_record(ConnectionRecord const& record)
{
    WipingJsonWriter out(512);
    out.begin_object().name("version").number(record_version);
    out.name("auth_session").text(record.auth_session.expose());
    out.name("code_verifier").text(record.code_verifier.expose());
    out.name("redirect_uri").text(record.redirect_uri);
    out.name("connection").text(record.connection);
    return out.end_object().take();
}

result<ConnectionRecord> read_connection_record(std::string_view text)
{
    Failure const corrupt(Errc::record_corrupt, "what was remembered of the connection cannot be read; the person must begin again");
    if (text.size() > max_record)
        return corrupt;
    auto const parsed = parse_wiping(text);
    if (!parsed)
        return corrupt;
    auto const& object = parsed.value();
    auto const* const version = object.if_contains("version");
    if (version == nullptr || !version->is_int64() || version->get_int64() != record_version)
        return corrupt;
    ConnectionRecord out;
    out.auth_session = Secret(text_of(object, "auth_session", max_secret));
    out.code_verifier = Secret(text_of(object, "code_verifier", max_secret));
    out.redirect_uri = text_of(object, "redirect_uri", max_param);
    out.connection = text_of(object, "connection", max_name);
    if (out.auth_session.empty() || out.code_verifier.empty() || out.redirect_uri.empty() || out.connection.empty())
        return corrupt;
    return out;
}

result<void> check(ConnectAccount const& account)
{
    if (!is_name(account.connection(), max_name))
        return refused("ConnectAccount's connection must have 1 to 128 bytes, without control characters");
    BOOST_OUTCOME_TRY(check_endpoint(account.redirect_uri(), "ConnectAccount's redirect_uri", true));
    if (account.scopes().size() > max_scopes ||
        !std::all_of(account.scopes().begin(), account.scopes().end(), [](auto const& scope) { return is_name(scope, max_scope); }))
        return refused("ConnectAccount::scopes() must be at most 128 texts of 1 to 512 bytes, without control characters");
    auto const good = [](auto const& param) { return is_name(param.first, max_name) && param.second.size() <= max_param; };
    if (account.authorization_params().size() > max_params ||
        !std::all_of(account.authorization_params().begin(), account.authorization_params().end(), good))
        return refused("ConnectAccount::authorization_params() must be at most 32, with names of 1 to 128 bytes and values of at most 2048");
    return boost::outcome_v2::success();
}

std::string write_connect_request(ConnectAccount const& account, std::string_view state, std::string_view code_challenge)
{
    json::object out;
    out["connection"] = account.connection();
    out["redirect_uri"] = account.redirect_uri();
    out["state"] = state;
    out["code_challenge"] = code_challenge;
    out["code_challenge_method"] = "S256";
    if (!account.scopes().empty()) {
        json::array scopes;
        for (auto const& scope : account.scopes())
            scopes.emplace_back(scope);
        out["scopes"] = std::move(scopes);
    }
    if (!account.authorization_params().empty()) {
        json::object params;
        for (auto const& [name, value] : account.authorization_params())
            params[name] = value;
        out["authorization_params"] = std::move(params);
    }
    return json::serialize(out);
}

result<ConnectAnswer> read_connect_answer(std::string_view body, bool loopback_http_allowed)
{
    auto const parsed = parse_wiping(body);
    if (!parsed)
        return malformed("JSON object");
    auto const& object = parsed.value();
    ConnectAnswer out;
    out.auth_session = Secret(text_of(object, "auth_session", max_secret));
    if (out.auth_session.empty())
        return malformed("auth_session");
    out.url = text_of(object, "connect_uri", max_param);
    if (!check_endpoint(out.url, "connect_uri", loopback_http_allowed))
        return malformed("connect_uri");
    auto const* const params = object.if_contains("connect_params");
    std::string_view ticket;
    if (params != nullptr && params->is_object())
        ticket = text_of(params->get_object(), "ticket", max_secret);
    if (ticket.empty())
        return malformed("connect_params.ticket");
    out.url += out.url.find('?') == std::string::npos ? "?ticket=" : "&ticket=";
    append_form_encoded(out.url, ticket);
    out.expires_in = default_life;
    if (auto const* const life = object.if_contains("expires_in"); life != nullptr && life->is_int64()) {
        out.expires_in = seconds(std::min<std::int64_t>(life->get_int64(), longest_life.count()));
        if (out.expires_in <= seconds(0))
            return malformed("expires_in");
    }
    return out;
}

result<ConnectCallback> read_connect_callback(std::string_view query)
{
    if (query.size() > max_query)
        return refused("the callback's query is larger than 8 KiB");
    if (auto const mark = query.find('?'); mark != std::string_view::npos)
        query.remove_prefix(mark + 1);
    query = query.substr(0, query.find('#'));
    ConnectCallback out;
    std::string code;
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        auto const part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        auto const equals = std::min(part.find('='), part.size());
        auto const name = part.substr(0, equals);
        std::string* to = nullptr;
        if (name == "state")
            to = &out.state;
        else if (name == "connect_code")
            to = &code;
        else if (name == "error")
            to = &out.error;
        else if (name == "error_description")
            to = &out.description;
        if (to == nullptr)
            continue;
        auto value = form_decoded(part.substr(std::min(equals + 1, part.size())));
        if (!value || value->empty() || !to->empty())
            return refused(fmt::format("the callback's {} is empty, given twice or not form-encoded", name));
        *to = std::move(*value);
    }
    out.connect_code = Secret(code);
    wipe(code);
    if (out.state.empty() || out.state.size() > max_name)
        return refused("the callback brings no state of ours");
    if (out.connect_code.expose().size() > max_secret || out.connect_code.empty() == out.error.empty())
        return refused("the callback must bring either a connect_code or an error");
    out.error.resize(std::min(out.error.size(), max_error));
    out.description.resize(std::min(out.description.size(), max_description));
    return out;
}

std::string write_complete_request(ConnectionRecord const& record, Secret const& connect_code)
{
    WipingJsonWriter out(512);
    out.begin_object().name("auth_session").text(record.auth_session.expose());
    out.name("connect_code").text(connect_code.expose());
    out.name("redirect_uri").text(record.redirect_uri);
    out.name("code_verifier").text(record.code_verifier.expose());
    return out.end_object().take();
}

result<ConnectedAccount> read_connected_account(std::string_view body)
{
    auto const parsed = parse_wiping(body);
    if (!parsed)
        return malformed("JSON object");
    return account_of(parsed.value());
}

result<AccountPage> read_account_page(std::string_view body)
{
    auto const parsed = parse_wiping(body);
    if (!parsed)
        return malformed("JSON object");
    auto const& object = parsed.value();
    auto const* const accounts = object.if_contains("accounts");
    if (accounts == nullptr || !accounts->is_array() || accounts->get_array().size() > max_accounts_of_a_page)
        return malformed("accounts");
    AccountPage out;
    for (auto const& one : accounts->get_array()) {
        if (!one.is_object())
            return malformed("accounts");
        BOOST_OUTCOME_TRY(auto account, account_of(one.get_object()));
        out.accounts.push_back(std::move(account));
    }
    out.next = text_of(object, "next", max_cursor);
    return out;
}

}  // namespace assent
