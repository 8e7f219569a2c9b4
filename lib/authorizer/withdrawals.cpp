#include "authorizer/withdrawals.hpp"

#include "authorizer/grant_cache.hpp"
#include "authorizer/pending_engine.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <utility>

namespace assent {

namespace {

class Forgetter final : public WithdrawalListener {
public:
    Forgetter(PendingEngine& engine, GrantCache& cache) : engine_(engine), cache_(cache) {}

    void withdrawn(StoreKey const& key, Principal const& principal) override
    {
        cache_.erase(principal);
        engine_.look_again(key);
    }

private:
    PendingEngine& engine_;
    GrantCache& cache_;
};

}  // namespace

std::shared_ptr<WithdrawalListener> forget_withdrawn(asio::any_io_executor const& executor, PendingEngine& engine, GrantCache& cache)
{
    auto listener = std::make_shared<Forgetter>(engine, cache);
    Withdrawals::of(executor).add(executor, listener);
    return listener;
}

Withdrawals& Withdrawals::of(asio::any_io_executor const& executor)
{
    return asio::use_service<Withdrawals>(asio::query(executor, asio::execution::context));
}

void Withdrawals::add(asio::any_io_executor executor, std::weak_ptr<WithdrawalListener> listener)
{
    Entry entry{std::move(executor), std::move(listener)};
    std::lock_guard const lock(mutex_);
    std::erase_if(entries_, [](Entry const& each) { return each.listener.expired(); });
    entries_.push_back(std::move(entry));
}

void Withdrawals::tell(StoreKey const& what, Principal const& principal)
{
    std::vector<Entry> entries;
    {
        std::lock_guard const lock(mutex_);
        entries = entries_;
    }
    for (auto& entry : entries) {
        asio::post(entry.executor, [listener = std::move(entry.listener), what, principal] {
            if (auto const held = listener.lock())
                held->withdrawn(what, principal);
        });
    }
}

void Withdrawals::shutdown() noexcept
{
    std::lock_guard const lock(mutex_);
    entries_.clear();
}

}  // namespace assent
