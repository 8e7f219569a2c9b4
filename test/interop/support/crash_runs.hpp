#pragma once

#include <assent/clock.hpp>
#include <assent/store.hpp>

#include "interop/support/oidc_provider_process.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace assent::test {

/// Processes that ask a person by CIBA, are killed, and are followed by others that go on with what is in the store.
///
/// Each process is forked, makes a store and an authorizer of its own, and calls a tool until it has run or will not run. Their time runs
/// a hundred times as fast as ours, so that leases end soon.
class CrashRuns {
public:
    /// Called in each process. Nothing of a store may be open in the test itself.
    using MakeStore = std::function<std::shared_ptr<Store>(asio::io_context&, std::shared_ptr<Clock>)>;

    /// @param provider with --interval 1, --binding-message any, and a --ciba-ttl and --at-ttl of hours, because time runs fast.
    CrashRuns(OidcProviderProcess& provider, MakeStore make_store);

    /// A kill before and after every store operation, every request and the handler of one run, each followed by a new process.
    /// Checks, for each: at most one execution; exactly one, and one push, unless the kill was where an answer cannot have been kept.
    void check_every_point();

    /// So many kills, at points and at times that the seed says, up to several for one approval. The figures are printed.
    void check_random_kills(std::size_t kills, unsigned seed);

    /// While another process runs `disturb` again and again, all approvals are executed once, by one push each.
    void check_disturbed(std::function<void()> disturb, std::size_t approvals);

    /// How many kills: ASSENT_RANDOM_KILLS (the full measure is 2000), or as usual.
    static std::size_t random_kills(std::size_t usual);

    /// Many processes wait for the same approvals at once, by the real clock.
    void check_crowd(std::size_t processes, std::size_t approvals);

private:
    struct Log;
    struct Shared;
    enum class End : int;

    End process(Log& log, std::string const& name, int kill_at, int kill_after_microseconds);
    int drive(Log& log, std::string const& name, int kill_at);
    void crowd_member(Shared& shared, std::size_t approvals, bool waits);
    std::map<std::string, std::size_t> pushes() const;
    std::unique_ptr<Log, void (*)(Log*)> new_log() const;

    OidcProviderProcess& provider_;
    MakeStore make_store_;
};

}  // namespace assent::test
