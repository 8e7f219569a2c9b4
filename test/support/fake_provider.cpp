#include "support/fake_provider.hpp"

#include <assent/poll_scheduler.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace assent::test {
namespace {

namespace json = boost::json;
using std::chrono::duration_cast;
using std::chrono::seconds;

std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+')
            out += ' ';
        else if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        }
        else
            out += text[i];
    }
    return out;
}

std::string path_of(std::string const& url)
{
    auto const host = url.find("//") + 2;
    return url.substr(url.find('/', host));
}

}  // namespace

HttpResponse FakeProvider::json_response(int status, json::object const& body)
{
    HttpResponse response(status, json::serialize(body));
    response.headers.add("Content-Type", "application/json");
    return response;
}

HttpResponse FakeProvider::error_response(std::string_view error, int status)
{
    json::object body;
    body.emplace("error", error);
    body.emplace("error_description", "said by the fake provider");
    return json_response(status, body);
}

std::map<std::string, std::string> form_of(HttpRequest const& request)
{
    std::map<std::string, std::string> out;
    std::string_view rest = request.body();
    while (!rest.empty()) {
        auto const pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        auto const equals = pair.find('=');
        auto const added = out.emplace(decoded(pair.substr(0, equals)), decoded(pair.substr(equals + 1)));
        if (!added.second)
            throw std::logic_error("parameter sent twice: " + added.first->first);
    }
    return out;
}

FakeProvider::FakeProvider(std::shared_ptr<Clock> clock, std::string start_path, std::string id_parameter)
    : clock_(std::move(clock)), start_path_(std::move(start_path)), id_parameter_(std::move(id_parameter)),
      key_(SigningKey::ec("key-1", "P-256"))
{
}

FakeProvider::Pending& FakeProvider::latest()
{
    if (pending.empty())
        throw std::logic_error("nothing was requested");
    return pending.back().second;
}

std::size_t FakeProvider::count(std::string_view path) const
{
    return static_cast<std::size_t>(std::count_if(seen.begin(), seen.end(), [&](Seen const& one) { return one.path == path; }));
}

std::vector<long> FakeProvider::poll_times() const
{
    std::vector<long> out;
    std::optional<std::chrono::system_clock::time_point> first;
    for (auto const& one : seen) {
        if (!first && one.path == start_path_)
            first = one.at;
        else if (first && one.path == "/oauth/token")
            out.push_back(duration_cast<seconds>(one.at - *first).count());
    }
    return out;
}

awaitable<result<HttpResponse>> FakeProvider::send(HttpRequest request)
{
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);  // never answers before it was suspended
    auto const path = path_of(request.url());
    Seen entry;
    entry.path = path;
    if (request.method() == HttpMethod::post)
        entry.form = form_of(request);
    entry.at = clock_->now();
    seen.push_back(std::move(entry));
    if (hang && hang(request)) {
        auto const until = clock_->steady_now() + request.deadline().value();
        // Of the caller's executor, which may end before this one.
        auto const executor = co_await asio::this_coro::executor;
        PollScheduler scheduler(executor, clock_);
        auto const slept = co_await scheduler.sleep_until(until);
        if (!slept)
            co_return slept.failure();
        co_return Errc::timed_out;
    }
    if (fault) {
        if (auto injected = fault(request))
            co_return std::move(*injected);
    }
    bool const lost = lose_answer && lose_answer(request);
    auto response = answer(request);
    if (lost)
        co_return Errc::connection_reset;
    co_return response;
}

result<HttpResponse> FakeProvider::answer(HttpRequest const& request)
{
    auto const path = path_of(request.url());
    if (path == "/.well-known/jwks.json")
        return HttpResponse(200, key_set({key_.public_jwk("ES256")}));
    auto form = form_of(request);
    auto const secret = form.find("client_secret");
    if (form["client_id"] != "client" || (secret != form.end() ? secret->second : std::string()) != client_secret)
        return error_response("invalid_client", 401);
    if (path == start_path_)
        return start(std::move(form));
    if (path == "/oauth/token")
        return token(std::move(form));
    return HttpResponse(404, "not here");
}

int FakeProvider::error_status(std::string_view error) const
{
    return error == "access_denied" ? 403 : 400;
}

void FakeProvider::add_claims(json::object&, std::string const&) const {}

HttpResponse FakeProvider::token(std::map<std::string, std::string> form)
{
    auto const refused = [this](std::string_view error) { return error_response(error, error_status(error)); };
    auto const found =
        std::find_if(pending.begin(), pending.end(), [&](auto const& one) { return one.first == form[id_parameter_]; });
    if (found == pending.end() || found->second.used)
        return refused("invalid_grant");
    auto& request = found->second;
    ++request.polls;
    if (now() >= request.expires_at)
        return refused("expired_token");
    if (request.decision.empty())
        return refused("authorization_pending");
    if (request.decision != "approve")
        return refused(request.decision);
    request.used = true;

    auto const scope = request.parameters.contains("scope") ? request.parameters.at("scope") : std::string();
    json::object body;
    body.emplace("access_token", fmt::format("access-token-secret-of-{}-{}", request.subject, found->first));
    if ((" " + scope + " ").find(" openid ") != std::string::npos) {
        auto const seconds_now = duration_cast<seconds>(now().time_since_epoch()).count();
        json::object claims;
        claims.emplace("iss", fmt::format("https://{}/", domain));
        claims.emplace("aud", "client");
        claims.emplace("sub", request.subject);
        claims.emplace("iat", seconds_now);
        claims.emplace("exp", seconds_now + 3600);
        add_claims(claims, found->first);
        if (alter_claims)
            alter_claims(claims);
        body.emplace("id_token", key_.sign("ES256", json::serialize(claims)));
    }
    body.emplace("token_type", "Bearer");
    body.emplace("expires_in", 3600);
    if (!scope.empty())
        body.emplace("scope", scope);
    if (request.parameters.contains("authorization_details"))
        body.emplace("authorization_details", json::parse(request.parameters.at("authorization_details")));
    if (alter_tokens)
        alter_tokens(body);
    return json_response(200, body);
}

}  // namespace assent::test
