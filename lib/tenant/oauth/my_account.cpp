#include "tenant/oauth/core.hpp"

#include "core/digest.hpp"
#include "http/url.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace assent::tenant {

namespace json = boost::json;

namespace {

constexpr std::string_view root = "/me/v1/connected-accounts";
constexpr auto connecting_life = std::chrono::minutes(5);
constexpr std::size_t max_connecting = 10'000;
constexpr std::size_t max_accounts_of_user = 50;
constexpr std::size_t max_scopes = 64;

/// RFC 9457, as Auth0 writes it.
ApiAnswer problem(int status, std::string_view title, std::string_view detail)
{
    json::object body;
    body["type"] = fmt::format("https://auth0.com/api-errors#{}", status);
    body["status"] = status;
    body["title"] = title;
    body["detail"] = detail;
    return ApiAnswer(status, std::move(body));
}

std::string iso_time(Time time)
{
    std::time_t const whole = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&whole, &parts);
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts));
}

json::object shown(Account const& account)
{
    json::object out;
    out["id"] = account.id;
    out["connection"] = account.connection;
    out["access_type"] = "offline";
    json::array scopes;
    for (auto const& scope : account.scopes)
        scopes.emplace_back(scope);
    out["scopes"] = std::move(scopes);
    out["created_at"] = iso_time(account.created_at);
    return out;
}

/// An array of texts, which Parameters holds as JSON.
std::vector<std::string> texts_of(std::string_view text)
{
    boost::system::error_code error;
    auto const value = json::parse(text.empty() ? "[]" : text, error);
    std::vector<std::string> out;
    if (error || !value.is_array())
        return out;
    for (auto const& one : value.get_array()) {
        if (one.is_string() && out.size() < max_scopes)
            out.emplace_back(one.get_string());
    }
    return out;
}

void append_parameter(std::string& url, std::string_view name, std::string_view value)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    url.append(url.find('?') == url.npos ? "?" : "&").append(name).append("=");
    for (char const c : value) {
        auto const byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~')
            url += c;
        else
            url.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
}

}  // namespace

ApiAnswer OauthCore::my_account(ApiRequest const& request, Time now)
{
    if (!request.authorization.starts_with("Bearer "))
        return problem(401, "Unauthorized", "An access token is needed.");
    auto const claims = claims_of(std::string_view(request.authorization).substr(7), now);
    if (!claims || claims->at("aud") != json::value(base_ + "me/"))
        return problem(401, "Unauthorized", "The access token is wrong, over, or for another API.");
    auto const subject = std::string(claims->at("sub").as_string());
    auto const scopes = claims->contains("scope") ? words_of(claims->at("scope").as_string()) : std::vector<std::string>();
    auto const path = std::string_view(request.path).substr(root.size());
    auto const needs = [&](std::string_view verb) { return !has_word(scopes, std::string(verb) + ":me:connected_accounts"); };
    auto const missing = problem(403, "Forbidden", "The access token lacks a scope.");
    bool const get = request.method == "GET";
    bool const post = request.method == "POST";
    if (post && path == "/connect")
        return needs("create") ? missing : start_connecting(request, *claims, now);
    if (post && path == "/complete")
        return needs("create") ? missing : complete_connecting(request, *claims, now);
    if (get && path == "/accounts")
        return needs("read") ? missing : list_accounts(request, subject);
    if (get && path == "/connections") {
        if (needs("read"))
            return missing;
        json::array list;
        for (auto const& connection : config_.connections()) {
            json::object one;
            one["name"] = connection.name();
            list.push_back(std::move(one));
        }
        json::object body;
        body["connections"] = std::move(list);
        return ApiAnswer(200, std::move(body));
    }
    if (request.method == "DELETE" && path.starts_with("/accounts/")) {
        if (needs("delete"))
            return missing;
        std::string_view const id = path.substr(10);
        std::size_t const gone = std::erase_if(accounts_, [&](Account const& one) { return one.id == id && one.subject == subject; });
        return gone > 0 ? ApiAnswer(204) : problem(404, "Not Found", "There is no such connected account.");
    }
    return problem(404, "Not Found", "There is nothing here.");
}

/// The callback of a host: https anywhere, http on this machine only.
bool OauthCore::may_return_to(std::string_view url) const
{
    auto const parsed = http::parse_url(url);
    if (!parsed || url.find('#') != url.npos)
        return false;
    auto const host = parsed.value().host;
    return parsed.value().tls || host == "localhost" || host == "127.0.0.1" || host == "::1";
}

ApiAnswer OauthCore::start_connecting(ApiRequest const& request, json::object const& claims, Time now)
{
    auto const& parameters = request.parameters;
    Connecting one;
    one.connection = parameters.get("connection");
    one.redirect_uri = parameters.get("redirect_uri");
    one.state = parameters.get("state");
    one.code_challenge = parameters.get("code_challenge");
    one.scopes = texts_of(parameters.get("scopes"));
    auto const& known = config_.connections();
    auto const at = std::find_if(known.begin(), known.end(), [&](auto const& connection) { return connection.name() == one.connection; });
    if (at == known.end())
        return problem(404, "Not Found", "There is no such connection.");
    if (!may_return_to(one.redirect_uri))
        return problem(400, "Bad Request", "redirect_uri must be https, or http on a loopback host.");
    if (!one.code_challenge.empty() && (parameters.get("code_challenge_method") != "S256" || one.code_challenge.size() != 43))
        return problem(400, "Bad Request", "code_challenge_method must be S256.");
    if (one.state.size() > 1024 || connecting_.size() >= max_connecting)
        return problem(429, "Too Many Requests", "Too much at once.");
    if (one.scopes.empty())
        one.scopes = at->scopes();
    one.auth_session = random_base64url(32);
    one.ticket = random_base64url(32);
    one.client_id = claims.at("client_id").as_string();
    one.subject = claims.at("sub").as_string();
    one.expires_at = now + connecting_life;
    json::object params;
    params["ticket"] = one.ticket;
    json::object body;
    body["auth_session"] = one.auth_session;
    body["connect_uri"] = base_ + "connect";
    body["connect_params"] = std::move(params);
    body["expires_in"] = std::chrono::duration_cast<seconds>(connecting_life).count();
    connecting_.push_back(std::move(one));
    return ApiAnswer(201, std::move(body));
}

Connecting const* OauthCore::find_connecting(std::string_view ticket, Time now) const
{
    auto const at = std::find_if(connecting_.begin(), connecting_.end(), [&](Connecting const& one) {
        return !one.decided && one.expires_at > now && equal_in_constant_time(one.ticket, ticket);
    });
    return at == connecting_.end() ? nullptr : &*at;
}

std::string OauthCore::decide_connecting(std::string_view ticket, std::string_view subject, bool approve, Time now,
                                         std::vector<std::string> const* chosen)
{
    auto* const one = const_cast<Connecting*>(find_connecting(ticket, now));
    if (one == nullptr || one->subject != subject)
        return {};
    one->decided = true;
    if (chosen != nullptr)
        std::erase_if(one->scopes, [&](auto const& scope) { return !has_word(*chosen, scope); });
    std::string url = one->redirect_uri;
    if (approve) {
        one->connect_code = random_base64url(32);
        append_parameter(url, "connect_code", one->connect_code);
    } else {
        append_parameter(url, "error", "access_denied");
        append_parameter(url, "error_description", "The user declined to connect the account.");
    }
    if (!one->state.empty())
        append_parameter(url, "state", one->state);
    return url;
}

ApiAnswer OauthCore::complete_connecting(ApiRequest const& request, json::object const& claims, Time now)
{
    auto const& parameters = request.parameters;
    auto const refused = problem(400, "Bad Request", "The session or its code is wrong, over, or was used.");
    std::string_view const session = parameters.get("auth_session");
    auto const at = std::find_if(connecting_.begin(), connecting_.end(),
                                 [&](Connecting const& one) { return equal_in_constant_time(one.auth_session, session); });
    if (at == connecting_.end() || at->subject != claims.at("sub").as_string() || at->client_id != claims.at("client_id").as_string())
        return refused;
    Connecting const one = std::move(*at);
    connecting_.erase(at);  // one try only
    if (one.expires_at <= now || one.connect_code.empty() || !equal_in_constant_time(one.connect_code, parameters.get("connect_code")) ||
        one.redirect_uri != parameters.get("redirect_uri"))
        return refused;
    if (!one.code_challenge.empty() && sha256_base64url(parameters.get("code_verifier")) != one.code_challenge)
        return problem(400, "Bad Request", "The code_verifier does not fit the code_challenge.");
    connect(one.subject, one.connection, one.scopes, now);
    auto const account = std::find_if(accounts_.begin(), accounts_.end(),
                                      [&](Account const& made) { return made.subject == one.subject && made.connection == one.connection; });
    return ApiAnswer(201, shown(*account));
}

void OauthCore::connect(std::string_view subject, std::string_view connection, std::vector<std::string> scopes, Time now)
{
    disconnect(subject, connection);  // connecting again replaces it
    if (std::count_if(accounts_.begin(), accounts_.end(), [&](Account const& one) { return one.subject == subject; }) >=
        static_cast<std::ptrdiff_t>(max_accounts_of_user))
        return;
    accounts_.push_back(Account{"cac_" + random_base64url(16), std::string(subject), std::string(connection), std::move(scopes), now});
}

bool OauthCore::disconnect(std::string_view subject, std::string_view connection)
{
    return std::erase_if(accounts_, [&](Account const& one) { return one.subject == subject && one.connection == connection; }) > 0;
}

ApiAnswer OauthCore::list_accounts(ApiRequest const& request, std::string_view subject)
{
    auto const& parameters = request.parameters;
    std::size_t take = 10;
    std::size_t from = 0;
    auto const read = [&](std::string_view name, std::size_t& value, std::size_t most) {
        std::string_view const text = parameters.get(name);
        if (text.empty())
            return true;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        return error == std::errc() && end == text.data() + text.size() && value <= most;
    };
    if (!read("take", take, 20) || take == 0 || !read("from", from, 1'000'000))
        return problem(400, "Bad Request", "take must be from 1 to 20, and from what an answer said.");
    json::array list;
    std::size_t at = 0;
    bool more = false;
    for (auto const& account : accounts_) {
        if (account.subject != subject || (parameters.has("connection") && account.connection != parameters.get("connection")))
            continue;
        if (at++ < from)
            continue;
        if (list.size() == take) {
            more = true;
            break;
        }
        list.push_back(shown(account));
    }
    json::object body;
    body["accounts"] = std::move(list);
    if (more)
        body["next"] = std::to_string(from + take);
    return ApiAnswer(200, std::move(body));
}

}  // namespace assent::tenant
