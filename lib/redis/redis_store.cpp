#include <assent/redis_store.hpp>

#include "client.hpp"
#include "record.hpp"

#include "asio/cancellation.hpp"
#include "core/sip_hash.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace assent {

namespace {

using redis::Client;
using redis::Reply;
using redis::ServerFacts;

constexpr std::size_t most_value = std::size_t(16) << 20;
constexpr std::size_t scans_per_page = 16;
/// What the server's time and ours may differ by after that many microseconds: an instant of setting, and 100 ppm.
constexpr std::int64_t drift(std::int64_t age)
{
    return 100'000 + age / 10'000;
}

void check(RedisStoreConfig const& config)
{
    auto const refuse = [](std::string why) { throw ConfigurationError(Failure(Errc::invalid_argument, std::move(why))); };
    auto const in_range = [&refuse](char const* name, std::chrono::milliseconds value, std::chrono::milliseconds most) {
        if (value < std::chrono::milliseconds(10) || value > most)
            refuse(std::string(name) + " must be from 10 to " + std::to_string(most.count()) + " ms");
    };
    in_range("connect_deadline", config.connect_deadline(), std::chrono::minutes(1));
    in_range("answer_deadline", config.answer_deadline(), std::chrono::minutes(1));
    in_range("operation_deadline", config.operation_deadline(), std::chrono::minutes(5));
    if (config.max_outstanding() < 1 || config.max_outstanding() > 10'000'000)
        refuse("max_outstanding must be from 1 to 10000000");
    if (config.database() > 65'535)
        refuse("database must be from 0 to 65535");
    if (config.key_prefix().size() > 256 || config.key_prefix().find_first_of("{}") != std::string::npos)
        refuse("key_prefix must be at most 256 bytes, without braces");
    if (config.servers().size() > 256)
        refuse("server: at most 256");
    for (auto const& [host, port] : config.servers()) {
        if (!redis::is_host(host) || port == 0)
            refuse("server must be a host name or an address without brackets, and a port from 1");
    }
    if (config.cluster() && !config.master_name().empty())
        refuse("cluster and sentinel exclude each other");
    if (config.cluster() && config.database() != 0)
        refuse("a cluster has only database 0");
    if (!config.cluster() && config.master_name().empty() && config.servers().size() > 1)
        refuse("several servers need cluster(true) or sentinel(master_name)");
    if (config.password().empty() && !config.user().empty())
        refuse("user needs a password()");
}

/// A command that a coroutine waits for.
class Asked : public redis::Command, public detail::Parked {
public:
    explicit Asked(Client& client) : Parked(client.lot()), client_(client) {}
    bool pending() const noexcept { return pending_; }

private:
    void answered() override
    {
        pending_ = false;
        if (waiting())
            resume(client_.executor(), true);
    }
    void on_cancel() override
    {
        client_.withdraw(*this);
        client_.rest_when_idle();
        post(false);
    }

    Client& client_;
    bool pending_ = true;
};

class Get final : public Asked {
public:
    Get(Client& client, std::string_view text) : Asked(client), names_(client.names()), text_(text) {}

    void append(std::string& out, ServerFacts const&) override
    {
        out.append("*2\r\n$3\r\nGET\r\n");
        redis::append_name(out, names_, text_);
    }
    char const* name() const noexcept override { return "the read"; }

    /// What was read.
    result<std::optional<StoreEntry>> entry(Store::time_point now)
    {
        if (!answer)
            return answer.failure();
        Reply& reply = answer.value();
        std::optional<StoreEntry> none;
        if (reply.is(Reply::Type::nil))
            return none;
        auto const header = redis::RecordHeader::parse(reply.string());
        if (!header)
            return Failure(Errc::record_corrupt, "a value in Redis was not written by assent: give it a key_prefix() or a database of its own");
        if (!header->is_there(now))
            return none;
        StoreEntry entry;
        entry.value = std::move(reply.text);
        entry.value.erase(0, header->size);
        entry.version = header->version;
        entry.expires_at = header->expires_at;
        return std::optional<StoreEntry>(std::move(entry));
    }

private:
    redis::KeyNames const& names_;
    std::string_view text_;
};

enum class Mode : char { put = 'p', erase = 'e', exchange = 'x' };

class Write final : public Asked {
public:
    Write(Client& client, Mode mode, std::string_view text, StoreVersion expected, std::string_view value,
          std::optional<Store::time_point> expires_at)
        : Asked(client), names_(client.names()), mode_(mode), text_(text), expected_(expected), value_(value), id_(client.next_write_id())
    {
        auto const now = client.clock().now();
        now_ = redis::to_milliseconds(now);
        if (mode == Mode::exchange || mode == Mode::put) {
            if (expires_at) {
                expiry_ = redis::to_milliseconds(*expires_at);
                keep_ = expiry_ > now_ ? expiry_ - now_ : 0;
            }
            expires_ = expires_at.has_value();
        }
        keep_ += static_cast<std::uint64_t>(std::chrono::milliseconds(redis::record_remembered).count());
    }

    void first_sent(ServerFacts const& facts, std::int64_t now) override
    {
        since_ = facts.has_clock ? static_cast<std::uint64_t>(std::max<std::int64_t>(0, now + facts.clock - drift(now - facts.clock_read))) : 0;
        // Everything that was written since the version that was expected is remembered, or this was not done.
        if (mode_ == Mode::exchange && expected_ != 0)
            since_ = std::max(since_, expected_ + 1);
    }

    void append(std::string& out, ServerFacts const& facts) override
    {
        out += facts.evalsha;
        redis::append_name(out, names_, text_);
        char keep[20];
        auto* const end = std::to_chars(keep, keep + sizeof keep, keep_).ptr;
        bool const is_kept_for_ever = !expires_ && mode_ != Mode::erase;
        std::string_view const kept(keep, is_kept_for_ever ? 0 : static_cast<std::size_t>(end - keep));
        redis::append_length(out, '$', 61 + kept.size());
        out.push_back(static_cast<char>(mode_));
        redis::append_hex(out, expected_, 14);
        redis::append_hex(out, now_, 12);
        out.append(reinterpret_cast<char const*>(&id_), sizeof id_);
        if (expires_)
            redis::append_hex(out, expiry_, 12);
        else
            out.append(12, '-');
        if (repeated())
            redis::append_hex(out, since_, 14);
        else
            out.append(14, '-');
        out.append(kept).append("\r\n", 2);
        redis::append_bulk(out, value_);
    }
    char const* name() const noexcept override { return "the write"; }

    /// The version that was written, or 0.
    result<StoreVersion> version() const
    {
        if (!answer)
            return answer.failure();
        Reply const& reply = answer.value();
        if (!reply.is(Reply::Type::integer) || reply.integer < 0)
            return Failure(Errc::store_unavailable, "Redis answered a write with something else than a version");
        return static_cast<StoreVersion>(reply.integer);
    }

private:
    redis::KeyNames const& names_;
    Mode mode_;
    bool expires_ = false;
    std::string_view text_;
    StoreVersion expected_;
    std::string_view value_;
    std::uint64_t id_;
    std::uint64_t now_ = 0;
    std::uint64_t expiry_ = 0;
    std::uint64_t keep_ = 0;
    std::uint64_t since_ = 0;
};

class Scan final : public Asked {
public:
    Scan(Client& client, std::string_view pattern, std::string run_id, std::string cursor, std::size_t count)
        : Asked(client), pattern_(pattern), run_id_(std::move(run_id)), cursor_(std::move(cursor)), count_(count)
    {
    }

    void append(std::string& out, ServerFacts const& facts) override
    {
        if (run_id_ != facts.run_id)
            cursor_ = "0";  // the cursors of another process mean nothing to this one
        run_id_ = facts.run_id;
        redis::append_command(out, {"SCAN", cursor_, "MATCH", pattern_, "COUNT", std::to_string(count_)});
    }
    char const* name() const noexcept override { return "the scan"; }

    /// The next cursor, "0" at the end.
    result<std::string> next() const
    {
        if (!answer)
            return answer.failure();
        Reply const& reply = answer.value();
        if (reply.is(Reply::Type::array) && reply.elements.size() == 2 && reply.elements[1].is(Reply::Type::array)) {
            auto const cursor = reply.elements[0].string();
            if (!cursor.empty() && cursor.size() <= 20 && cursor.find_first_not_of("0123456789") == std::string_view::npos)
                return std::string(cursor);
        }
        return Failure(Errc::store_unavailable, "Redis answered SCAN with something else than a cursor and keys");
    }
    std::vector<Reply> const& names() const { return answer.value().elements[1].elements; }
    std::string const& run_id() const noexcept { return run_id_; }

private:
    std::string_view pattern_;
    std::string run_id_;
    std::string cursor_;
    std::size_t count_;
};

/// Waits until the slots of a cluster are known anew.
class Locate final : public Asked {
public:
    using Asked::Asked;
    void append(std::string&, ServerFacts const&) override {}
    char const* name() const noexcept override { return "the look-up"; }
};

/// Where a scan is. Its text, encoded as a key, is the cursor of a page.
struct Position {
    std::string prefix;  ///< What it is for.
    std::string layout;  ///< Of the cluster.
    std::string node;    ///< The master that is being scanned; empty: the first.
    std::string run_id;
    std::string cursor = "0";
    bool begun = false;  ///< The node has been asked: a cursor "0" is its end.
    std::vector<std::string> found;  ///< Keys that had no room on the page before.

    std::string text() const
    {
        StoreKey made{"scan 1", prefix, layout, node, run_id, cursor, begun ? "1" : "0"};
        for (auto const& key : found)
            made.add(key);
        return made.text();
    }

    static std::optional<Position> parse(std::string const& text, std::string const& prefix)
    {
        Position position;
        position.prefix = prefix;
        if (text.empty())
            return position;
        auto parts = StoreKey::parse(text);
        if (!parts || parts.value().size() < 7 || parts.value()[0] != "scan 1" || parts.value()[1] != prefix)
            return std::nullopt;
        auto& fields = parts.value();
        auto const& cursor = fields[5];
        if (cursor.empty() || cursor.size() > 20 || cursor.find_first_not_of("0123456789") != std::string::npos)
            return std::nullopt;
        position.layout = std::move(fields[2]);
        position.node = std::move(fields[3]);
        position.run_id = std::move(fields[4]);
        position.cursor = std::move(fields[5]);
        position.begun = fields[6] == "1";
        for (std::size_t i = 7; i < fields.size(); ++i)
            position.found.push_back(std::move(fields[i]));
        return position;
    }
};

}  // namespace

RedisStore::RedisStore(asio::any_io_executor executor, RedisStoreConfig config, std::shared_ptr<Clock> clock)
{
    check(config);
    if (!clock)
        throw ConfigurationError(Failure(Errc::invalid_argument, "a RedisStore needs a clock"));
    std::shared_ptr<http::TlsContext const> tls;
    if (config.tls())
        tls = config.tls_->context();
    client_ = std::make_shared<Client>(std::move(executor), std::move(config), std::move(tls), std::move(clock));
    client_->attach();
}

RedisStore::~RedisStore()
{
    client_->shut_down();
}

awaitable<result<std::optional<StoreEntry>>> RedisStore::get(StoreKey key)
{
    auto const client = client_;  // the store may go while this waits
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state))
        co_return Errc::cancelled;
    Get get(*client, key.text());
    client->submit(get, key.text());
    if (get.pending()) {
        bool const told = co_await get.wait();
        if (!told)
            co_return Errc::cancelled;
    }
    co_return get.entry(client->clock().now());
}

namespace {

awaitable<result<StoreVersion>> write(std::shared_ptr<Client> client, Mode mode, StoreKey key, StoreVersion expected, std::string value,
                                      std::optional<Store::time_point> expires_at)
{
    auto const state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state))
        co_return Errc::cancelled;
    if (value.size() > most_value)
        co_return Failure(Errc::invalid_argument, "a value is above 16 MiB");
    // A version that no entry has, or ever will have.
    if (expected > std::uint64_t(1) << 53)
        co_return StoreVersion(0);
    Write write(*client, mode, key.text(), expected, value, expires_at);
    client->submit(write, key.text());
    if (write.pending()) {
        bool const told = co_await write.wait();
        if (!told)
            co_return Errc::cancelled;
    }
    wipe(value);
    co_return write.version();
}

}  // namespace

awaitable<result<StoreVersion>> RedisStore::put(StoreKey key, std::string value, std::optional<time_point> expires_at)
{
    return write(client_, Mode::put, std::move(key), 0, std::move(value), expires_at);
}

awaitable<result<StoreVersion>> RedisStore::compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                             std::optional<time_point> expires_at)
{
    return write(client_, Mode::exchange, std::move(key), expected, std::move(value), expires_at);
}

awaitable<result<bool>> RedisStore::erase(StoreKey key)
{
    auto const client = client_;
    std::string nothing;
    auto version = co_await write(client, Mode::erase, std::move(key), 0, std::move(nothing), std::nullopt);
    if (!version)
        co_return version.failure();
    co_return version.value() != 0;
}

awaitable<result<StorePage>> RedisStore::scan(StoreKey prefix, std::string cursor, std::size_t limit)
{
    auto const client = client_;
    auto state = co_await asio::this_coro::cancellation_state;
    if (detail::is_cancelled(state))
        co_return Errc::cancelled;
    if (limit < 1 || limit > 1000)
        co_return Failure(Errc::invalid_argument, "the limit of a scan must be from 1 to 1000");
    std::string name;
    redis::append_hex(name, sip_hash({}, prefix.text()), 16);
    auto position = Position::parse(cursor, name);
    if (!position)
        co_return Failure(Errc::invalid_argument, "the cursor of a scan is not one of this store and prefix");

    // Where to look. After the slots of a cluster have moved, from the beginning.
    auto masters = client->masters(prefix.text());
    if (masters.empty()) {
        Locate locate(*client);
        client->locate(locate, prefix.text());
        if (locate.pending()) {
            bool const told = co_await locate.wait();
            if (!told)
                co_return Errc::cancelled;
        }
        if (!locate.answer)
            co_return locate.answer.failure();
        masters = client->masters(prefix.text());
        if (masters.empty())
            co_return Failure(Errc::store_unavailable, "the slots of the Redis cluster keep moving");
    }
    std::string layout;
    redis::append_hex(layout, client->layout(), 16);
    std::size_t at = 0;
    while (at < masters.size() && !position->node.empty() && masters[at]->endpoint.text() != position->node)
        ++at;
    if (client->config().cluster() && !cursor.empty() && (position->layout != layout || at == masters.size())) {
        position = Position();
        position->prefix = name;
        at = 0;
    }
    if (at == masters.size())
        at = 0;  // without a cluster there is one, whatever its address is now
    position->layout = layout;

    // The names, from one master at a time.
    std::string const pattern = client->names().pattern(prefix.text());
    std::size_t count = std::max<std::size_t>(10, limit);
    bool ended = false;
    for (std::size_t step = 0; position->found.empty() && step < scans_per_page && !ended; ++step) {
        if (position->begun && position->cursor == "0") {
            if (at + 1 == masters.size()) {
                ended = true;
                break;
            }
            ++at;
            position->run_id.clear();
            position->begun = false;
        }
        position->node = masters[at]->endpoint.text();
        Scan scan(*client, pattern, position->run_id, position->cursor, count);
        client->submit(scan, prefix.text(), masters[at]);
        if (scan.pending()) {
            bool const told = co_await scan.wait();
            if (!told)
                co_return Errc::cancelled;
        }
        auto next = scan.next();
        if (!next)
            co_return next.failure();
        for (auto const& found : scan.names()) {
            auto const text = client->names().text(found.string());
            if (!text || !text->starts_with(prefix.text()))
                continue;
            position->found.emplace_back(*text);
        }
        position->begun = true;
        position->cursor = std::move(next.value());
        position->run_id = scan.run_id();
        count = std::min<std::size_t>(count * 2, 1000);
    }

    // Their values, all at once.
    StorePage page;
    std::vector<std::string> rest;
    if (position->found.size() > limit)
        rest.assign(std::make_move_iterator(position->found.begin() + static_cast<std::ptrdiff_t>(limit)),
                    std::make_move_iterator(position->found.end()));
    auto texts = std::move(position->found);
    texts.resize(std::min(texts.size(), limit));
    position->found = std::move(rest);
    std::vector<std::unique_ptr<Get>> gets;
    for (auto const& text : texts) {
        client->submit(*gets.emplace_back(std::make_unique<Get>(*client, text)), text);
    }
    for (std::size_t i = 0; i < gets.size(); ++i) {
        if (gets[i]->pending()) {
            state = co_await asio::this_coro::cancellation_state;
            if (detail::is_cancelled(state))
                co_return Errc::cancelled;
            bool const told = co_await gets[i]->wait();
            if (!told)
                co_return Errc::cancelled;
        }
        auto entry = gets[i]->entry(client->clock().now());
        if (!entry)
            co_return entry.failure();
        auto key = StoreKey::from_text(std::move(texts[i]));
        if (entry.value() && key)
            page.entries.emplace_back(std::move(key).value(), std::move(*entry.value()));
    }

    if (!position->found.empty() || !position->begun || position->cursor != "0" || at + 1 != masters.size()) {
        page.next = position->text();
        co_return page;
    }
    if (client->config().cluster() && masters.size() > 1) {
        // Slots that have moved meanwhile may have gone from a master that was still to be scanned to one that had been.
        state = co_await asio::this_coro::cancellation_state;
        if (detail::is_cancelled(state))
            co_return Errc::cancelled;
        Locate locate(*client);
        client->locate(locate, prefix.text());
        if (locate.pending()) {
            bool const told = co_await locate.wait();
            if (!told)
                co_return Errc::cancelled;
        }
        if (!locate.answer)
            co_return locate.answer.failure();
        std::string now;
        redis::append_hex(now, client->layout(), 16);
        if (now != layout) {
            Position again;
            again.prefix = name;
            again.layout = now;
            page.next = again.text();
        }
    }
    co_return page;
}

std::shared_ptr<Store> make_redis_store(asio::any_io_executor executor, RedisStoreConfig config)
{
    return std::make_shared<RedisStore>(std::move(executor), std::move(config));
}

}  // namespace assent
