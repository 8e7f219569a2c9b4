#pragma once

#include <assent/client_certificate.hpp>
#include <assent/clock.hpp>
#include <assent/secret.hpp>
#include <assent/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

namespace http {
class TlsShare;
}  // namespace http
namespace redis {
class Client;
}  // namespace redis

/// Where Redis is, how to reach it and how long to wait. One server, the master that sentinels name, or a cluster.
///
/// Copies share one TLS context, which is expensive to build: make one configuration and give copies of it to the stores of all
/// threads. @par Concurrency Distinct objects: safe, also copies of each other. Shared objects: safe to read.
class RedisStoreConfig {
public:
    /// A server at 127.0.0.1:6379, without TLS and password.
    RedisStoreConfig();

    /// From a URL:
    ///
    ///     redis://[[user]:password@]host[:port][/database]        rediss:// is the same with TLS
    ///     redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/master[/database]      rediss+sentinel://
    ///     redis+cluster://[[user]:password@]host[:port][,host[:port]...]                         rediss+cluster://
    ///
    /// User and password are percent-decoded. Without a port: 6379, for sentinels 26379. Throws ConfigurationError that names the part
    /// which does not fit, but never the password.
    static RedisStoreConfig from_url(std::string_view url);

    /// A server, or one more: the nodes of a cluster or the sentinels to begin with; any of them will do. The first call replaces the
    /// default. @param host a name or an address without brackets.
    RedisStoreConfig& server(std::string host, std::uint16_t port = 6379);
    /// The user of an ACL. Default: Redis' default user.
    RedisStoreConfig& user(std::string value)
    {
        user_ = std::move(value);
        return *this;
    }
    RedisStoreConfig& password(Secret value)
    {
        password_ = std::move(value);
        return *this;
    }
    /// 0 to 65535; default 0. A cluster has only 0.
    RedisStoreConfig& database(unsigned value)
    {
        database_ = value;
        return *this;
    }
    /// What the names of all keys begin with. At most 256 bytes, without braces; default "assent:".
    RedisStoreConfig& key_prefix(std::string value)
    {
        key_prefix_ = std::move(value);
        return *this;
    }

    /// Encrypts, and checks the server's certificate and name. Default false.
    RedisStoreConfig& tls(bool value)
    {
        uses_tls_ = value;
        return *this;
    }
    /// Trusts the CA certificates of this PEM file instead of the system's. Turns tls() on.
    RedisStoreConfig& ca_file(std::string path);
    /// Trusts these CA certificates (PEM text) instead of the system's. Turns tls() on.
    RedisStoreConfig& ca_pem(std::string text);
    /// Shown to the servers, for tls-auth-clients. Turns tls() on.
    RedisStoreConfig& client_certificate(ClientCertificate value)
    {
        certificate_ = std::move(value);
        return tls(true);
    }

    /// The servers are sentinels: the master that they know by this name is used, and another one when they say so.
    RedisStoreConfig& sentinel(std::string master_name)
    {
        master_name_ = std::move(master_name);
        return *this;
    }
    /// What the sentinels themselves demand. Default: nothing.
    RedisStoreConfig& sentinel_user(std::string value)
    {
        sentinel_user_ = std::move(value);
        return *this;
    }
    RedisStoreConfig& sentinel_password(Secret value)
    {
        sentinel_password_ = std::move(value);
        return *this;
    }
    /// The servers are nodes of a Redis Cluster. Default false.
    RedisStoreConfig& cluster(bool value)
    {
        cluster_ = value;
        return *this;
    }

    /// For the look-up of the name, the connection, TLS and the greeting together. 10 ms to 1 min; default 2 s.
    RedisStoreConfig& connect_deadline(std::chrono::milliseconds value)
    {
        connect_deadline_ = value;
        return *this;
    }
    /// The longest silence of a server from which answers are awaited; then the connection is given up and another one made.
    /// 10 ms to 1 min; default 2 s.
    RedisStoreConfig& answer_deadline(std::chrono::milliseconds value)
    {
        answer_deadline_ = value;
        return *this;
    }
    /// For one operation with all its attempts. 10 ms to 5 min; default 5 s.
    RedisStoreConfig& operation_deadline(std::chrono::milliseconds value)
    {
        operation_deadline_ = value;
        return *this;
    }
    /// Most operations that are outstanding; one more fails with store_unavailable. 1 to 10,000,000; default 100,000.
    RedisStoreConfig& max_outstanding(std::size_t value)
    {
        max_outstanding_ = value;
        return *this;
    }

    std::vector<std::pair<std::string, std::uint16_t>> const& servers() const noexcept { return servers_; }
    std::string const& user() const noexcept { return user_; }
    Secret const& password() const noexcept { return password_; }
    unsigned database() const noexcept { return database_; }
    std::string const& key_prefix() const noexcept { return key_prefix_; }
    bool tls() const noexcept { return uses_tls_; }
    ClientCertificate const& client_certificate() const noexcept { return certificate_; }
    std::string const& master_name() const noexcept { return master_name_; }
    std::string const& sentinel_user() const noexcept { return sentinel_user_; }
    Secret const& sentinel_password() const noexcept { return sentinel_password_; }
    bool cluster() const noexcept { return cluster_; }
    std::chrono::milliseconds connect_deadline() const noexcept { return connect_deadline_; }
    std::chrono::milliseconds answer_deadline() const noexcept { return answer_deadline_; }
    std::chrono::milliseconds operation_deadline() const noexcept { return operation_deadline_; }
    std::size_t max_outstanding() const noexcept { return max_outstanding_; }

private:
    friend class RedisStore;
    /// The TLS settings, for changing them: a copy of its own, because a shared one may be in use.
    http::TlsShare& own_tls();

    std::vector<std::pair<std::string, std::uint16_t>> servers_;
    bool default_server_ = true;
    std::string user_;
    Secret password_;
    unsigned database_ = 0;
    std::string key_prefix_ = "assent:";
    bool uses_tls_ = false;
    ClientCertificate certificate_;
    std::string master_name_;
    std::string sentinel_user_;
    Secret sentinel_password_;
    bool cluster_ = false;
    std::chrono::milliseconds connect_deadline_{2'000};
    std::chrono::milliseconds answer_deadline_{2'000};
    std::chrono::milliseconds operation_deadline_{5'000};
    std::size_t max_outstanding_ = 100'000;
    std::shared_ptr<http::TlsShare> tls_;
};

/// Store in Redis 5 or newer, or Valkey: for many processes on many machines.
///
/// One connection to each server, on which all operations are pipelined: many may be outstanding, and what is asked at the same
/// time is written at once. Writes are a Lua script, run by its hash; compare-exchange is decided in the server.
///
/// **An answer that is lost.** When a connection breaks, operations are sent again on the next one until their deadline. Each write has an
/// id, which the server keeps with the value and with the three writes after it: a write that was done before is not done again, and
/// its answer is told. Where that cannot be decided any more, the operation fails, and the write may or may not have been done.
///
/// **Versions** are the server's time in microseconds, or one more than the version before, whichever is greater. They grow across erasure and
/// expiry, also when the server's clock is set back by up to ten minutes: that long a few bytes stay where an entry was. After a fail-over that
/// lost writes no version is given a second time, as counters would.
///
/// **Time.** Whether an entry has expired is decided by this process's clock, to the millisecond; the server is told how long to keep it,
/// not until when, so that its clock does not matter.
///
/// **What Redis does not promise.** A fail-over loses what was not replicated: set min-replicas-to-write, so that a master that is cut off
/// takes no writes. A server that is restarted has what it saved: appendonly yes. Let maxmemory-policy be noeviction.
///
/// **Cluster.** What belongs to one principal (the first five components of a key) lives in one slot, so that it is scanned on one node; a
/// shorter prefix is scanned on all masters. Entries whose slot is being moved during a scan may be missed by it.
///
/// **Scans** are SCAN with a pattern: they look at every key of the database. Entries may be given more than once. A scan begins again
/// when the server was restarted or replaced meanwhile.
///
/// @par Errors       store_unavailable, whose detail names the server and the remedy: not reachable, no answer in time, wrong password, missing
///                   permission, read-only replica, still loading, busy, cluster down. store_full: maxmemory is reached. record_corrupt:
///                   something else is under one of the keys. Failure::server() has what the server said.
/// @par Cancellation terminal; a write that was sent may be done.
/// @par Lifetime     destroying the store completes outstanding operations with Errc::cancelled. An idle connection does not keep
///                   io_context::run() from returning.
/// @par Concurrency  Single-threaded: call everything from the executor given (a strand, when its io_context has several threads).
///                   Make one store for each io_context.
class RedisStore final : public Store {
public:
    /// Connects when the first operation asks for it. Throws ConfigurationError for a setting that is out of range or does not fit.
    explicit RedisStore(asio::any_io_executor executor, RedisStoreConfig config = {},
                        std::shared_ptr<Clock> clock = make_system_clock());
    RedisStore(RedisStore const&) = delete;
    RedisStore& operator=(RedisStore const&) = delete;
    ~RedisStore() override;

    awaitable<result<std::optional<StoreEntry>>> get(StoreKey key) override;
    awaitable<result<StoreVersion>> put(StoreKey key, std::string value, std::optional<time_point> expires_at) override;
    awaitable<result<bool>> erase(StoreKey key) override;
    awaitable<result<StoreVersion>> compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                     std::optional<time_point> expires_at) override;
    awaitable<result<StorePage>> scan(StoreKey prefix, std::string cursor, std::size_t limit) override;

private:
    std::shared_ptr<redis::Client> client_;
};

/// A RedisStore, for Runtime::store().
std::shared_ptr<Store> make_redis_store(asio::any_io_executor executor, RedisStoreConfig config = {});

}  // namespace assent
