#include "tenant/tenant_impl.hpp"

#include "tenant/certificate.hpp"
#include "tenant/web/inbox_view.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <stdexcept>

namespace assent::testing {

namespace json = boost::json;
using boost::system::error_code;
using namespace std::chrono_literals;
using tenant::Parameters;

namespace {

constexpr std::size_t max_log = 1000;
constexpr std::size_t max_watchers = 20;  // of one user
constexpr auto heartbeat = 25s;
constexpr int port_attempts = 4;

[[noreturn]] void refuse(std::string detail)
{
    throw ConfigurationError(Failure(Errc::invalid_argument, "LocalTenant: " + detail));
}

TenantConfig with_defaults(TenantConfig config)
{
    if (config.users().empty())
        config.user(TenantUser("alice")).user(TenantUser("bob"));
    if (config.clients().empty())
        config.client(TenantClient("agent").title("Agent")).client(TenantClient("device").title("Device").public_client(true));
    if (config.connections().empty()) {
        config.connection(TenantConnection("google-oauth2").title("Google").scopes({"openid", "email"}))
            .connection(TenantConnection("github").title("GitHub").scopes({"read:user"}))
            .connection(TenantConnection("slack").title("Slack").scopes({"channels:read"}));
    }
    return config;
}

bool is_hidden(std::string_view name) noexcept
{
    static constexpr std::string_view hidden[] = {"client_secret", "client_assertion", "refresh_token", "subject_token", "actor_token", "token",
                                                  "code_verifier", "device_code",      "auth_req_id",   "auth_session",  "connect_code"};
    return std::find(std::begin(hidden), std::end(hidden), name) != std::end(hidden);
}

/// What a request brings, whatever way it brings it.
std::optional<Parameters> parameters_of(HttpServerRequest const& request)
{
    if (request.method != "POST")
        return Parameters::from_form(request.query_string);
    auto const type = request.header("Content-Type");
    if (type.starts_with("application/json"))
        return Parameters::from_json(request.body);
    if (type.starts_with("application/x-www-form-urlencoded"))
        return Parameters::from_form(request.body);
    return std::nullopt;
}

HttpServerResponse to_response(tenant::ApiAnswer const& answer)
{
    HttpServerResponse response(answer.status);
    if (answer.body) {
        response.body = json::serialize(*answer.body);
        response.header("Content-Type", "application/json");
    }
    response.header("Cache-Control", "no-store").header("X-Content-Type-Options", "nosniff");
    for (auto const& [name, value] : answer.headers)
        response.header(name, value);
    return response;
}

}  // namespace

/// One browser that looks at an inbox. In the frame of the coroutine that serves it.
struct LocalTenant::Impl::Watcher {
    Watcher(Impl& tenant, std::string const& subject) : timer(tenant.executor), impl(tenant), place(tenant.watchers.emplace(subject, this)) {}
    Watcher(Watcher const&) = delete;
    Watcher& operator=(Watcher const&) = delete;
    ~Watcher() { impl.watchers.erase(place); }

    asio::steady_timer timer;
    bool dirty = false;

private:
    Impl& impl;
    std::multimap<std::string, Watcher*, std::less<>>::iterator place;
};

LocalTenant::Impl::Impl(asio::any_io_executor its_executor, TenantConfig its_config)
    : executor(std::move(its_executor)), clock(its_config.clock() ? its_config.clock() : make_system_clock()), address(its_config.address()),
      tls(its_config.tls()), config(with_defaults(std::move(its_config)))
{
    error_code error;
    auto const ip = asio::ip::make_address(address, error);
    if (error || !ip.is_loopback())
        refuse("it listens on loopback addresses only, not on \"" + address + "\": it signs in whoever asks");
    if (tls && address != "127.0.0.1" && address != "::1")
        refuse("its certificate is for 127.0.0.1 and ::1");
}

void LocalTenant::Impl::listen()
{
    HttpServerConfig settings;
    settings.reuse_port(false);
    if (tls) {
        auto const identity = tenant::make_loopback_identity();
        certificate_authority = identity.authority;
        settings.tls(identity.certificate, identity.key);
    }
    HttpHandler const handler = [self = weak_from_this()](HttpServerRequest request) {
        auto const impl = self.lock();
        if (!impl)
            throw std::logic_error("the tenant is gone");
        return handle(impl, std::move(request));
    };
    // "localhost" may mean either address, so both should lead here, on the same port.
    std::string const other = address == "127.0.0.1" ? "::1" : address == "::1" ? "127.0.0.1" : "";
    for (int attempt = 1;; ++attempt) {
        server.emplace(executor, handler, settings);
        auto const bound = server->listen(address, config.port());
        if (!bound)
            throw ConfigurationError(bound.failure());
        port = bound.value();
        if (other.empty() || server->listen(other, port) || config.port() != 0 || attempt == port_attempts)
            break;
    }
    std::string const number = ':' + std::to_string(port);
    std::string const literal = address.find(':') == address.npos ? address : '[' + address + ']';
    domain = (other.empty() ? literal : "localhost") + number;
    hosts = {domain, literal + number, "127.0.0.1" + number, "[::1]" + number};
    bool const slash = config.dialect() == TenantDialect::auth0;
    core = std::make_unique<tenant::OauthCore>(config, (tls ? "https://" : "http://") + domain + (slash ? "/" : ""));
    core->on_change = [this](std::string_view subject) { tell(subject); };
    cookie_name = "local_tenant_" + std::to_string(port);
    pages = std::make_unique<tenant::Pages>(*core, cookie_name, tls);
    pages->on_sign_out = [this](std::string_view subject) { tell(subject); };
}

std::optional<std::string> LocalTenant::Impl::own_origin(HttpServerRequest const& request) const
{
    auto const host = request.header("Host");
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end())
        return std::nullopt;
    return (tls ? "https://" : "http://") + std::string(host);
}

std::optional<TenantFault> LocalTenant::Impl::take_fault(std::string_view path)
{
    auto const at = std::find_if(faults.begin(), faults.end(), [&](TenantFault const& fault) { return fault.path_ == path && fault.times_ > 0; });
    if (at == faults.end())
        return std::nullopt;
    if (at->after_ > 0) {
        --at->after_;
        return std::nullopt;
    }
    auto const fault = *at;
    if (--at->times_ == 0)
        faults.erase(at);
    return fault;
}

HttpServerResponse LocalTenant::Impl::fault_answer(TenantFault const& fault) const
{
    HttpServerResponse response(fault.status_);
    response.body = fault.body_;
    response.headers = fault.headers_;
    if (!fault.content_type_.empty())
        response.header("Content-Type", fault.content_type_);
    return response;
}

awaitable<HttpServerResponse> LocalTenant::Impl::handle(std::shared_ptr<Impl> self, HttpServerRequest request)
{
    auto const origin = self->own_origin(request);
    if (!origin)
        co_return HttpServerResponse(421, "text/plain; charset=utf-8",
                                     "This is a local tenant for development. It answers to " + self->domain + " only.\n");
    auto const fault = self->take_fault(request.path);
    using Kind = TenantFault::Kind;
    if (fault && (fault->kind_ == Kind::status || fault->kind_ == Kind::reset || fault->kind_ == Kind::hang)) {
        bool const answers = fault->kind_ == Kind::status;
        auto const parameters = parameters_of(request);
        self->note(request, parameters ? *parameters : Parameters(), answers ? fault->status_ : 0, {});
        if (answers)
            co_return self->fault_answer(*fault);
        if (fault->kind_ == Kind::reset)
            co_return HttpServerResponse::reset();
        asio::steady_timer for_ever(self->executor, std::chrono::steady_clock::time_point::max());
        co_await for_ever.async_wait(asio::use_awaitable);
    }
    auto response = self->answer(request, *origin);
    if (!response) {
        auto const* const handler = self->mounted(request.path);
        if (handler != nullptr) {
            HttpHandler const kept = *handler;
            response.emplace(co_await kept(std::move(request)));
        } else {
            response.emplace(404, "text/plain; charset=utf-8", "There is nothing here. This is a local tenant for development.\n");
        }
    }
    if (fault && fault->kind_ == Kind::slow) {
        asio::steady_timer delay(self->executor, fault->delay_);
        co_await delay.async_wait(asio::use_awaitable);
    }
    if (fault && fault->kind_ == Kind::lost_answer)
        co_return HttpServerResponse::reset();
    co_return std::move(*response);
}

std::optional<HttpServerResponse> LocalTenant::Impl::answer(HttpServerRequest const& request, std::string const& origin)
{
    if (request.path == "/inbox/events")
        return start_watching(request);
    if (auto page = pages->handle(request, origin, now()))
        return page;
    return answer_api(request);
}

std::optional<HttpServerResponse> LocalTenant::Impl::answer_api(HttpServerRequest const& request)
{
    tenant::ApiRequest api;
    api.method = request.method;
    api.path = request.path;
    api.authorization = request.header("Authorization");
    auto parameters = parameters_of(request);
    bool const readable = parameters.has_value();
    if (readable)
        api.parameters = std::move(*parameters);
    auto answer = core->handle(api, now());
    if (!answer)
        return std::nullopt;
    if (!readable && request.method == "POST")
        answer = tenant::oauth_error(400, "invalid_request", "The body must be form-encoded or a JSON object, each parameter once.");
    std::string error;
    if (answer->body) {
        auto const* const name = answer->body->if_contains("error");
        if (name != nullptr && name->is_string())
            error = name->get_string();
    }
    note(request, api.parameters, answer->status, std::move(error));
    return to_response(*answer);
}

void LocalTenant::Impl::note(HttpServerRequest const& request, Parameters const& parameters, int status, std::string error)
{
    TenantLogEntry entry;
    entry.at = now();
    entry.method = request.method;
    entry.path = request.path;
    for (auto const& [name, value] : parameters.all())
        entry.parameters.emplace_back(name, is_hidden(name) ? "(hidden)" : value);
    entry.status = status;
    entry.error = std::move(error);
    entries.push_back(std::move(entry));
    if (entries.size() > max_log)
        entries.pop_front();
}

HttpHandler const* LocalTenant::Impl::mounted(std::string_view path) const
{
    for (auto const& [prefix, handler] : mounts) {
        auto const rest = path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view("x");
        if (rest.empty() || rest.starts_with('/') || prefix.ends_with('/'))
            return &handler;
    }
    return nullptr;
}

void LocalTenant::Impl::tell(std::string_view subject)
{
    auto const [first, last] = watchers.equal_range(subject);
    for (auto at = first; at != last; ++at) {
        at->second->dirty = true;
        at->second->timer.cancel();
    }
}

HttpServerResponse LocalTenant::Impl::start_watching(HttpServerRequest const& request)
{
    auto const* const browser = pages->signed_in(request, now());
    if (browser == nullptr)
        return HttpServerResponse(403, "text/plain; charset=utf-8", "Sign in first.\n");
    if (watchers.count(browser->subject) >= max_watchers)
        return HttpServerResponse(429, "text/plain; charset=utf-8", "This inbox is open in too many windows.\n");
    auto response = HttpServerResponse::event_stream(std::bind_front(&Impl::watch, shared_from_this(), browser->cookie));
    response.header("X-Content-Type-Options", "nosniff").header("Cross-Origin-Resource-Policy", "same-origin");
    return response;
}

awaitable<void> LocalTenant::Impl::watch(std::shared_ptr<Impl> self, std::string cookie, HttpBodyWriter writer)
{
    auto const* browser = self->pages->signed_in(cookie, self->now());
    if (browser == nullptr)
        co_return;
    std::string const subject = browser->subject;
    Watcher watcher(*self, subject);
    for (;;) {
        browser = self->pages->signed_in(cookie, self->now());
        if (browser == nullptr) {  // signed out elsewhere
            std::string bye = server_sent_event("bye", "");
            static_cast<void>(co_await writer.write(std::move(bye)));
            co_return;
        }
        watcher.dirty = false;
        tenant::InboxView const view(*self->core, subject, browser->csrf, self->now());
        std::string event = server_sent_event("state", view.json());
        auto const written = co_await writer.write(std::move(event));
        if (!written)
            co_return;
        bool const expires = view.next_expiry != tenant::Time{};
        while (!watcher.dirty && (!expires || self->now() < view.next_expiry)) {
            auto wait = std::chrono::milliseconds(heartbeat);
            if (expires)
                wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(view.next_expiry - self->now()) + 10ms);
            watcher.timer.expires_after(wait);
            error_code ignored;
            co_await watcher.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            if (watcher.dirty)
                break;
            std::string comment = server_sent_comment();
            auto const alive = co_await writer.write(std::move(comment));
            if (!alive)
                co_return;
        }
    }
}

TenantUser const& LocalTenant::Impl::user(std::string_view name)
{
    auto const* const found = core->user_named(name);
    if (found == nullptr)
        throw std::invalid_argument("the local tenant has no user " + std::string(name));
    return *found;
}

}  // namespace assent::testing
