#pragma once

#include "support/ciba_fixture.hpp"

#include <assent/authorizations.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace assent::test {

/// Makes a store for that io_context, by that clock.
using MakeListedStore = std::function<std::shared_ptr<Store>(asio::io_context&, std::shared_ptr<Clock>)>;

class ListedStore {
public:
    explicit ListedStore(MakeListedStore const& make) : store_(make(io_, people_.clock)), authorizations_(runtime()) {}

    /// What two people are asked for is seen and withdrawn, each one's by themselves only.
    void check()
    {
        ask_both();
        auto const seen = ids(people_.alice());
        BOOST_TEST(seen.size() == 7u);
        BOOST_TEST(ids(people_.bob()).size() == 4u);

        BOOST_TEST(!stopped(authorizations_.revoke(people_.bob(), *seen.begin())), "withdrawn by somebody else");
        BOOST_TEST(pending(people_.alice()) == 7u);
        BOOST_TEST(stopped(authorizations_.revoke(people_.alice(), *seen.begin())) == 1u);
        BOOST_TEST(pending(people_.alice()) == 6u);
        BOOST_TEST(ids(people_.alice()) == seen, "what was withdrawn is still told of");

        BOOST_TEST(stopped(authorizations_.revoke_all(people_.alice())) == 6u);
        BOOST_TEST(stopped(authorizations_.revoke_all(people_.alice())) == 0u);
        BOOST_TEST(pending(people_.alice()) == 0u);
        BOOST_TEST(pending(people_.bob()) == 4u);
        people_.teardown();
    }

private:
    Runtime runtime()
    {
        Runtime made(io_.get_executor());
        made.http(people_.provider).clock(people_.clock).store(store_);
        return made;
    }
    template <class T>
    T run(awaitable<T> operation)
    {
        auto future = asio::co_spawn(io_, std::move(operation), asio::use_future);
        io_.restart();
        io_.run();
        return future.get();
    }
    /// Their records are made in memory and then stored.
    void ask_both()
    {
        auto ciba = people_.authorizer();
        for (int i = 0; i < 11; ++i) {
            auto call = CibaFixture::buy(i + 1, i < 7 ? people_.alice() : people_.bob());
            call.call_id("call-" + std::to_string(i));
            people_.ask(ciba, std::move(call));
        }
        auto const page = people_.run(people_.store->scan(StoreKey{"authorization"}, {}, 1000)).value();
        BOOST_REQUIRE(page.next.empty());
        for (auto const& [key, entry] : page.entries)
            BOOST_REQUIRE(run(store_->put(key, entry.value, entry.expires_at)).has_value());
    }
    std::set<std::string> ids(Principal principal, bool only_pending = false)
    {
        std::set<std::string> found;
        std::string cursor;
        do {
            auto page = run(authorizations_.list(principal, std::move(cursor), 2)).value();
            for (auto const& each : page.authorizations) {
                if (!only_pending || each.state == AuthorizationState::pending)
                    BOOST_TEST(found.insert(each.id).second, "told of twice");
            }
            cursor = std::move(page.next);
        } while (!cursor.empty());
        return found;
    }
    std::size_t pending(Principal principal) { return ids(std::move(principal), true).size(); }
    std::size_t stopped(awaitable<result<Withdrawal>> operation)
    {
        auto const ended = run(std::move(operation));
        return ended ? ended.value().withdrawn : 0;
    }

    CibaFixture people_;
    asio::io_context io_{1};
    std::shared_ptr<Store> store_;
    Authorizations authorizations_;
};

}  // namespace assent::test
