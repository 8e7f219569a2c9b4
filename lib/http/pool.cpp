#include "pool.hpp"

#include "connection.hpp"
#include "request_text.hpp"
#include "url.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace assent::http {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr auto grid = 50ms;
/// A connection that was used more recently than this is not checked before it is used again.
constexpr auto surely_sound = 1ms;
constexpr std::size_t many_origins = 256;
constexpr std::size_t max_url = 16 * 1024;

SteadyTime round_up(SteadyTime when)
{
    auto const since = when.time_since_epoch();
    auto const rest = since % grid;
    return rest == rest.zero() ? when : when + (grid - rest);
}

std::optional<std::string> environment(std::string const& name)
{
    char const* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

Operation::~Operation()
{
    if (pool)
        pool->detach(*this);
}

Pool::Pool(asio::any_io_executor executor, BeastHttpClientConfig config, std::shared_ptr<TlsContext const> tls)
    : executor_(std::move(executor)), config_(std::move(config)), tls_(std::move(tls)), timer_(std::in_place, executor_)
{
    ProxyRules::Lookup const lookup = config_.proxy_from_environment() ? ProxyRules::Lookup(environment) : ProxyRules::Lookup();
    auto rules = ProxyRules::make(config_.http_proxy(), config_.https_proxy(), config_.no_proxy(), lookup);
    if (!rules)
        throw ConfigurationError(rules.failure());
    proxies_ = std::move(rules.value());
    take_certificates();
}

void Pool::take_certificates()
{
    auto const refuse = [](std::string const& origin, char const* why) {
        throw ConfigurationError(Failure(Errc::invalid_argument, "client_certificate: " + origin + ' ' + why));
    };
    for (auto const& [origin, certificate] : config_.client_certificates()) {
        auto const parsed = parse_url(origin);
        if (!parsed || !parsed.value().tls || (!parsed.value().target.empty() && parsed.value().target != "/"))
            refuse(origin, "is not an https origin; give https://host[:port]");
        if (certificate.empty())
            refuse(origin, "is given an empty certificate");
        set_key(parsed.value());
        certificates_.insert_or_assign(key_, certificate);
    }
}

void Pool::set_key(Url const& url)
{
    key_.assign(url.tls ? "s" : "p");
    for (char const c : url.host)
        key_.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c);
    key_.push_back(':');
    key_.append(std::to_string(url.port));
}

Pool::~Pool()
{
    shut_down();
    if (service_)
        service_->remove(*this);
}

void Pool::attach()
{
    service_ = &asio::use_service<detail::ContextService<Pool>>(asio::query(executor_, asio::execution::context));
    service_->add(*this);
}

std::optional<Failure> Pool::prepare(Operation& operation)
{
    HttpRequest const& request = operation.request;
    if (closed_)
        return Failure(Errc::cancelled);
    if (auto refused = check_headers(request.headers()))
        return refused;
    if (!find_recent(operation)) {
        auto const parsed = parse_url(request.url());
        if (!parsed)
            return parsed.failure();
        Url const& url = parsed.value();
        if (!url.tls && !request.certificate().empty())
            return Failure(Errc::invalid_argument, std::string(url.host) + ": the request has a client certificate, which needs https");
        operation.origin = &origin_of(url, request.certificate());
        operation.target = url.target;
        Recent& recent = recent_[next_recent_++ % recent_.size()];
        recent.prefix.assign(request.url(), 0, static_cast<std::size_t>(url.target.data() - request.url().data()));
        recent.origin = operation.origin;
    }
    Origin& origin = *operation.origin;
    if (origin.idle.empty() && origin.connections >= config_.max_connections() && origin.waiting_count >= config_.max_waiting())
        return Failure(Errc::queue_full, origin.authority + ": " + std::to_string(origin.waiting_count) +
                                             " requests wait already; raise max_connections or max_waiting");
    auto const total = request.deadline().value_or(config_.total_deadline());
    if (total <= 0ms)
        return Failure(Errc::timed_out, origin.authority + ": the request's deadline has passed already");
    operation.read_deadline = request.read_deadline().value_or(config_.read_deadline());
    if (operation.read_deadline <= 0ms)
        return Failure(Errc::invalid_argument, origin.authority + ": the request's read_deadline must be more than 0 ms");
    operation.max_body = request.max_body().value_or(config_.max_body());
    operation.total_due = now() + total;
    return std::nullopt;
}

bool Pool::find_recent(Operation& operation)
{
    std::string_view const url = operation.request.url();
    for (Recent const& recent : recent_) {
        if (!recent.origin || !url.starts_with(recent.prefix) || operation.request.certificate() != recent.origin->requested)
            continue;
        std::string_view const target = url.substr(recent.prefix.size());
        // Only what begins like a path surely has the same authority.
        if (!target.starts_with('/') || target.find('#') != target.npos || url.size() > max_url || !is_target(target))
            return false;
        operation.origin = recent.origin;
        operation.target = target;
        return true;
    }
    return false;
}

SteadyTime Pool::now() noexcept
{
    if (!now_holds_)
        now_ = steady_clock::now();
    return now_;
}

Origin& Pool::origin_of(Url const& url, ClientCertificate const& certificate)
{
    set_key(url);
    ClientCertificate const* shown = &certificate;
    if (certificate.empty() && !certificates_.empty()) {
        auto const configured = certificates_.find(key_);
        if (configured != certificates_.end())
            shown = &configured->second;
    }
    std::size_t const host_end = key_.rfind(':');
    if (!certificate.empty())
        key_.append(1, ' ').append(certificate.thumbprint());
    auto const found = origins_.find(key_);
    if (found != origins_.end())
        return *found->second;

    forget_unused_origins();
    auto origin = std::make_unique<Origin>();
    origin->tls = url.tls;
    origin->host = key_.substr(1, host_end - 1);
    origin->port = url.port;
    std::string const written = url.is_ipv6 ? '[' + origin->host + ']' : origin->host;
    origin->authority = written + ':' + std::to_string(url.port);
    origin->host_header = url.port == (url.tls ? 443 : 80) ? written : origin->authority;
    origin->certificate = *shown;
    origin->requested = certificate;
    boost::system::error_code not_address;
    asio::ip::address const address = asio::ip::make_address(origin->host, not_address);
    if (!not_address)
        origin->address = address;
    origin->proxy = proxies_.select(url.tls, origin->host, url.port);
    return *origins_.emplace(key_, std::move(origin)).first->second;
}

void Pool::forget_unused_origins()
{
    if (origins_.size() < many_origins)
        return;
    recent_ = {};
    auto const now = steady_clock::now();
    for (auto entry = origins_.begin(); entry != origins_.end();) {
        close_idle(*entry->second, now);
        if (entry->second->connections == 0 && entry->second->waiting.empty())
            entry = origins_.erase(entry);
        else
            ++entry;
    }
}

void Pool::start(Operation& operation)
{
    bool const allowed = std::exchange(inline_allowed_, false);
    Origin& origin = *operation.origin;
    operation.pool = this;
    operations_.push_back(operation);
    ++active_;
    if (Connection* const connection = take_idle(origin, now())) {
        assign(*connection, operation);
    } else if (origin.connections < config_.max_connections()) {
        open_connection(operation);
    } else {
        operation.phase = Phase::waiting;
        operation.due = operation.total_due;
        origin.waiting.push_back(operation);
        ++origin.waiting_count;
        wake_at(operation.due);
    }
    inline_allowed_ = allowed;
}

Connection* Pool::take_idle(Origin& origin, SteadyTime now)
{
    if (!origin.idle.empty() && now - origin.idle.front()->idle_since >= config_.idle_timeout())
        close_idle(origin, now);
    while (!origin.idle.empty()) {
        Connection* const connection = origin.idle.back();
        origin.idle.pop_back();
        if (now - connection->idle_since < surely_sound || connection->is_sound())
            return connection;
        drop(*connection, false);
    }
    return nullptr;
}

void Pool::close_idle(Origin& origin, SteadyTime now)
{
    auto const old = std::find_if(origin.idle.begin(), origin.idle.end(), [&](Connection const* connection) {
        return now - connection->idle_since < config_.idle_timeout();
    });
    std::vector<Connection*> const closing(origin.idle.begin(), old);
    origin.idle.erase(origin.idle.begin(), old);
    for (Connection* const connection : closing)
        drop(*connection, true);
}

void Pool::open_connection(Operation& operation)
{
    Origin& origin = *operation.origin;
    auto const connection = std::make_shared<Connection>(*this, origin);
    connection->index = connections_.size();
    connections_.push_back(connection);
    ++origin.connections;
    connection->open(operation);
}

void Pool::assign(Connection& connection, Operation& operation)
{
    auto const keep = connection.shared_from_this();
    connection.send(operation);
}

void Pool::drop(Connection& connection, bool in_order)
{
    auto const keep = connection.shared_from_this();
    connections_.back()->index = connection.index;
    connections_[connection.index].swap(connections_.back());
    connections_.pop_back();
    --connection.origin().connections;
    connection.close(in_order);
}

void Pool::serve_waiting(Origin& origin)
{
    bool const allowed = std::exchange(inline_allowed_, false);
    while (!origin.waiting.empty() && origin.connections < config_.max_connections()) {
        Operation& next = origin.waiting.front();
        origin.waiting.pop_front();
        --origin.waiting_count;
        open_connection(next);
    }
    inline_allowed_ = allowed;
}

void Pool::enter(Operation& operation, Phase phase, std::chrono::milliseconds at_most)
{
    operation.phase = phase;
    operation.due = std::min(operation.total_due, now() + at_most);
    wake_at(operation.due);
}

void Pool::finished(Connection& connection, Operation& operation, HttpResponse&& response, bool reusable)
{
    operation.answer = std::move(response);  // before the connection reads another
    Origin& origin = connection.origin();
    now_ = steady_clock::now();
    now_holds_ = true;  // until the operation has gone on
    if (!reusable || config_.idle_timeout() == 0ms) {
        drop(connection, true);
        serve_waiting(origin);
    } else if (!origin.waiting.empty()) {
        Operation& next = origin.waiting.front();
        origin.waiting.pop_front();
        --origin.waiting_count;
        bool const allowed = std::exchange(inline_allowed_, false);
        assign(connection, next);
        inline_allowed_ = allowed;
    } else {
        connection.idle_since = now_;
        origin.idle.push_back(&connection);
    }
    struct Forget {
        ~Forget() { pool->now_holds_ = false; }
        std::shared_ptr<Pool> pool;
    } const forget{shared_from_this()};  // the operation may destroy the client
    if (operation.resumes_inline && inline_allowed_)
        complete_inline(operation);
    else
        complete(operation);
}

void Pool::failed(Connection& connection, Operation& operation, Failure failure, bool may_send_again)
{
    Origin& origin = connection.origin();
    drop(connection, false);
    if (may_send_again && !operation.sent_again) {
        operation.sent_again = true;
        open_connection(operation);
        return;
    }
    fail(operation, std::move(failure));
    serve_waiting(origin);
}

void Pool::cancel(Operation& operation)
{
    Origin& origin = *operation.origin;
    if (operation.connection)
        drop(*operation.connection, false);
    fail(operation, Failure(Errc::cancelled));
    serve_waiting(origin);
}

void Pool::detach(Operation& operation) noexcept
{
    if (operation.QueueHook::is_linked()) {
        operation.QueueHook::unlink();
        --operation.origin->waiting_count;
    }
    operation.Hook::unlink();
    if (operation.connection)
        drop(*operation.connection, false);
    operation.pool = nullptr;
    --active_;
    asio::get_associated_cancellation_slot(operation.handler).clear();
}

void Pool::fail(Operation& operation, Failure failure)
{
    operation.answer = std::move(failure);
    complete(operation);
}

void Pool::complete(Operation& operation)
{
    detach(operation);
    asio::any_completion_handler<void()> handler(std::move(operation.handler));
    rest_when_idle();
    asio::post(executor_, std::move(handler));
}

void Pool::complete_inline(Operation& operation)
{
    detach(operation);
    asio::any_completion_handler<void()> handler(std::move(operation.handler));
    rest_when_idle();
    std::move(handler)();
}

void Pool::shut_down()
{
    closed_ = true;
    auto const connections = std::exchange(connections_, {});
    for (auto const& connection : connections)
        connection->close(connection->operation() == nullptr);
    while (!operations_.empty())
        fail(operations_.front(), Failure(Errc::cancelled));
    to_write_.clear();
    origins_.clear();
    recent_ = {};
    if (timer_)
        timer_->cancel();
    wake_ = SteadyTime::max();
}

void Pool::abandon()
{
    auto const self = weak_from_this().lock();
    closed_ = true;
    service_ = nullptr;
    std::vector<asio::any_completion_handler<void()>> handlers;
    handlers.reserve(active_);
    auto const connections = std::exchange(connections_, {});
    for (auto const& connection : connections)
        connection->close(false);
    while (!operations_.empty()) {
        Operation& operation = operations_.front();
        detach(operation);
        handlers.push_back(std::move(operation.handler));
    }
    to_write_.clear();
    origins_.clear();
    recent_ = {};
    timer_.reset();
}

void Pool::expire(Operation& operation, SteadyTime now)
{
    bool const total = operation.total_due <= now;
    if (!total && operation.connection && operation.phase == Phase::connecting && operation.connection->try_next_endpoint())
        return;
    std::string const& peer = operation.origin->authority;
    std::string detail;
    std::chrono::milliseconds limit = operation.request.deadline().value_or(config_.total_deadline());
    char const* name = "total deadline";
    switch (operation.phase) {
    case Phase::waiting: detail = "no connection to " + peer + " became free"; break;
    case Phase::connecting:
    case Phase::proxy:
        detail = operation.phase == Phase::proxy ? "the proxy's answer for " + peer + " did not come" : "connecting to " + peer;
        if (!total) {
            name = "connect deadline";
            limit = config_.connect_deadline();
        }
        break;
    case Phase::handshake:
        detail = "TLS handshake with " + peer;
        if (!total) {
            name = "TLS deadline";
            limit = config_.tls_deadline();
        }
        break;
    case Phase::exchange:
        detail = "waiting for the answer of " + peer;
        if (!total) {
            name = "read deadline";
            limit = operation.read_deadline;
        }
        break;
    }
    detail.append(": ").append(name).append(" of ").append(std::to_string(limit.count())).append(" ms has passed");
    Origin& origin = *operation.origin;
    if (operation.connection)
        drop(*operation.connection, false);
    fail(operation, Failure(Errc::timed_out, std::move(detail)));
    serve_waiting(origin);
}

void Pool::sweep()
{
    wake_ = SteadyTime::max();
    auto const now = steady_clock::now();
    SteadyTime next = SteadyTime::max();
    for (auto position = operations_.begin(); position != operations_.end();) {
        Operation& operation = *position++;
        if (operation.due <= now)
            expire(operation, now);
        else
            next = std::min(next, operation.due);
    }
    for (auto const& entry : origins_)
        close_idle(*entry.second, now);
    if (next != SteadyTime::max())
        wake_at(next);
}

void Pool::wake_at(SteadyTime when)
{
    if (when >= wake_)
        return;
    wake_ = round_up(when);
    timer_->expires_at(wake_);
    timer_->async_wait([weak = weak_from_this()](boost::system::error_code const& error) {
        auto const self = weak.lock();
        if (self && !error && !self->closed_)
            self->sweep();
    });
}

void Pool::write_soon(Connection& connection)
{
    to_write_.push_back(connection.shared_from_this());
    if (to_write_.size() != 1)
        return;
    asio::post(executor_, [weak = weak_from_this()] {
        if (auto const self = weak.lock())
            self->write_all();
    });
}

void Pool::write_all()
{
    auto connections = std::exchange(writing_, {});
    connections.swap(to_write_);
    for (auto const& connection : connections)
        connection->write();
    connections.clear();
    writing_ = std::move(connections);
}

void Pool::rest_when_idle()
{
    // A timer that nobody needs would keep io_context::run() from returning. The next request often comes at once, so look later.
    if (active_ != 0 || wake_ == SteadyTime::max() || rest_posted_)
        return;
    rest_posted_ = true;
    asio::post(executor_, [weak = weak_from_this()] {
        auto const self = weak.lock();
        if (!self || self->closed_)
            return;
        self->rest_posted_ = false;
        if (self->active_ == 0) {
            self->timer_->cancel();
            self->wake_ = SteadyTime::max();
        }
    });
}

}  // namespace assent::http
