#include "agent/session_store.hpp"

#include "core/digest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <exception>

namespace assent::detail {
namespace {

constexpr std::string_view record_space = "session";
constexpr std::string_view lease_space = "session-lease";
constexpr std::string_view interrupted_space = "session-interrupted";
constexpr std::size_t max_value = (std::size_t{1} << 20) - 4096;
static_assert(SessionStore::max_conversation < max_value);

StoreKey key_of(std::string_view space, std::string const& agent, Session const& session) {
    auto const& principal = session.principal();
    return StoreKey{space,
                    agent,
                    principal.issuer(),
                    principal.subject(),
                    principal.tenant(),
                    principal.agent(),
                    session.thread_id()};
}

}  // namespace

SessionKeys::SessionKeys(std::string const& agent, Session const& session)
    : record(key_of(record_space, agent, session)),
      lease(key_of(lease_space, agent, session)),
      interrupted(key_of(interrupted_space, agent, session)) {}

StoreKey SessionKeys::all_interrupted(std::string const& agent) { return StoreKey{interrupted_space, agent}; }

result<Session> SessionKeys::session_of(StoreKey const& interrupted) {
    auto const parts = StoreKey::parse(interrupted.text());
    if (!parts || parts.value().size() != 7)
        return Failure(Errc::record_corrupt, "the key of an interrupted session is none");
    auto const& names = parts.value();
    Principal principal(names[2], names[3]);
    principal.tenant(names[4]);
    principal.agent(names[5]);
    return Session(std::move(principal), names[6]);
}

awaitable<result<LoadedSession>> SessionStore::load() const {
    StoreKey key = keys_.record;
    auto entry = co_await core_->runtime.store().get(std::move(key));
    if (!entry)
        co_return entry.failure();
    LoadedSession out;
    if (!entry.value()) {
        out.record = SessionRecord::make();
        co_return out;
    }
    auto record = SessionRecord::parse(entry.value()->value);
    if (!record)
        co_return record.failure();
    out.record = std::move(record).value();
    out.version = entry.value()->version;
    out.bytes = entry.value()->value.size();
    co_return out;
}

awaitable<result<void>> SessionStore::save(LoadedSession& session, std::optional<std::chrono::system_clock::time_point> due) const {
    auto& store = core_->runtime.store();
    // In this order a process that dies between leaves an entry too many, never one too few.
    if (due) {
        StoreKey key = keys_.interrupted;
        auto value = due_text(*due);
        auto const until = core_->runtime.clock().now() + core_->options.session_lifetime();
        auto put = co_await store.put(std::move(key), std::move(value), until);
        if (!put)
            co_return put.failure();
    }
    auto written = co_await save_handles(session);
    if (!written)
        co_return written.failure();
    if (!due) {
        StoreKey index = keys_.interrupted;
        auto erased = co_await store.erase(std::move(index));
        static_cast<void>(erased);  // whoever looks at it finds that there is nothing to do
    }
    co_return written;
}

awaitable<result<void>> SessionStore::save_handles(LoadedSession& session) const {
    auto const until = core_->runtime.clock().now() + core_->options.session_lifetime();
    auto text = session.record.text();
    auto const size = text.size();
    if (size > max_value)
        co_return Failure(Errc::invalid_argument,
                          fmt::format("the session has {} bytes, more than the {} that a store takes: begin another, or let its tools answer less",
                                      size, max_value));
    StoreKey key = keys_.record;
    auto written = co_await core_->runtime.store().compare_exchange(std::move(key), session.version, std::move(text), until);
    if (!written)
        co_return written.failure();
    if (written.value() == 0)
        co_return Failure(Errc::conflict, "another turn has changed the session meanwhile");
    session.version = written.value();
    session.bytes = size;
    co_return result<void>(boost::outcome_v2::success());
}

awaitable<void> SessionStore::set_due(std::optional<std::chrono::system_clock::time_point> due) const {
    auto& store = core_->runtime.store();
    StoreKey key = keys_.interrupted;
    if (!due) {
        auto erased = co_await store.erase(std::move(key));
        static_cast<void>(erased);  // or else somebody looks in vain once more
        co_return;
    }
    auto value = due_text(*due);
    auto const until = core_->runtime.clock().now() + core_->options.session_lifetime();
    auto put = co_await store.put(std::move(key), std::move(value), until);
    static_cast<void>(put);
}

awaitable<result<bool>> SessionStore::erase() const {
    StoreKey index = keys_.interrupted;
    auto erased = co_await core_->runtime.store().erase(std::move(index));
    if (!erased)
        co_return erased.failure();
    StoreKey key = keys_.record;
    co_return co_await core_->runtime.store().erase(std::move(key));
}

std::string SessionStore::due_text(std::chrono::system_clock::time_point due) {
    auto const milliseconds = std::chrono::ceil<std::chrono::milliseconds>(due.time_since_epoch());
    return std::to_string(milliseconds.count());
}

std::optional<std::chrono::system_clock::time_point> SessionStore::parse_due(std::string const& text) {
    std::int64_t milliseconds = 0;
    auto const* const end = text.data() + text.size();
    auto const [at, error] = std::from_chars(text.data(), end, milliseconds);
    if (error != std::errc() || at != end)
        return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

SessionLease::SessionLease(std::shared_ptr<AgentCore const> core, StoreKey key)
    : core_(std::move(core)), key_(std::move(key)), owner_(random_base64url(16)) {}

SessionLease::~SessionLease() {
    if (ticket_ != 0)
        core_->runtime.scheduler().cancel(ticket_);
}

Store::time_point SessionLease::end() const { return core_->runtime.clock().now() + core_->options.lease(); }

awaitable<result<std::shared_ptr<SessionLease>>> SessionLease::acquire(std::shared_ptr<AgentCore const> core, StoreKey key) {
    auto const self = std::make_shared<SessionLease>(std::move(core), std::move(key));
    StoreKey its_key = self->key_;
    std::string owner = self->owner_;
    auto const until = self->end();
    auto version = co_await self->core_->runtime.store().compare_exchange(std::move(its_key), 0, std::move(owner), until);
    if (!version)
        co_return version.failure();
    if (version.value() == 0)
        co_return Failure(Errc::conflict, "another turn of this session is running");
    self->version_ = version.value();
    self->schedule();
    co_return self;
}

void SessionLease::schedule() {
    auto const when = core_->runtime.clock().steady_now() + core_->options.lease() / 3;
    ticket_ = core_->runtime.scheduler().schedule(when, *this, 0);
}

void SessionLease::on_due(std::uint32_t) {
    ticket_ = 0;
    renewing_ = true;
    asio::co_spawn(core_->runtime.executor(), renew(shared_from_this()), asio::detached);
}

awaitable<void> SessionLease::renew(std::shared_ptr<SessionLease> self) {
    StoreKey key = self->key_;
    std::string owner = self->owner_;
    auto const until = self->end();
    auto renewed = co_await self->core_->runtime.store().compare_exchange(std::move(key), self->version_, std::move(owner), until);
    self->renewing_ = false;
    if (renewed && renewed.value() == 0)
        self->lost_ = true;
    else if (renewed)
        self->version_ = renewed.value();
    if (self->released_)
        co_await release(self);
    else if (!self->lost_)
        self->schedule();
}

awaitable<void> SessionLease::release(std::shared_ptr<SessionLease> self) {
    self->released_ = true;
    if (self->ticket_ != 0)
        self->core_->runtime.scheduler().cancel(self->ticket_);
    self->ticket_ = 0;
    if (self->renewing_ || self->lost_)
        co_return;  // the renewal releases it
    // Only if it is still ours: it is gone from now on.
    StoreKey key = self->key_;
    std::string owner = self->owner_;
    auto const now = self->core_->runtime.clock().now();
    auto released = co_await self->core_->runtime.store().compare_exchange(std::move(key), self->version_, std::move(owner), now);
    static_cast<void>(released);  // or else it expires
}

}  // namespace assent::detail
