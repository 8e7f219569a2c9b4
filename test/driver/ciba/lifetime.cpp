#include "support/background.hpp"
#include "support/ciba_fixture.hpp"
#include "support/faulty_store.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::Background;
using assent::test::CibaFixture;
using assent::test::FakeCibaProvider;

namespace {

/// Everything apart, so that it can be taken down in any order. Leaks and uses after the end are the sanitizers' to find.
class Pieces {
public:
    explicit Pieces(AsyncAuthorization options)
    {
        runtime->http(provider).store(store).clock(clock);
        authorizer.emplace(*runtime, CibaFixture::client(), std::move(options));
    }
    void call(Principal who = CibaFixture::alice())
    {
        calls.emplace_back(*io, authorizer->authorize(CibaFixture::buy(10, std::move(who))));
    }
    void destroy(char what)
    {
        switch (what) {
        case 'a': authorizer.reset(); break;
        case 'r': runtime.reset(); break;
        case 'i': io.reset(); break;
        case 'c': calls.clear(); break;
        default: break;
        }
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>(1);
    std::shared_ptr<FakeCibaProvider> provider = std::make_shared<FakeCibaProvider>(clock);
    std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>(clock);
    std::optional<Runtime> runtime{std::in_place, io->get_executor()};
    std::optional<CibaAuthorizer> authorizer;
    std::vector<Background<outcome<Credentials>>> calls;
};

awaitable<void> watch(EventualCredentials credentials)
{
    auto const answer = co_await credentials.get();
    static_cast<void>(answer);
}

AsyncAuthorization blocking() { return CibaFixture::options().on_authorization_request(AuthorizationMode::block); }
AsyncAuthorization with_callback()
{
    return CibaFixture::options().on_authorization_request(
        [](Interrupt, EventualCredentials credentials) { return watch(std::move(credentials)); });
}

/// Takes things down in every order in which they can be.
template <class Prepare>
void in_every_order(AsyncAuthorization const& options, Prepare prepare)
{
    std::string order = "acir";
    do {
        Pieces pieces(options);
        prepare(pieces);
        for (char const what : order)
            pieces.destroy(what);
    } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_lifetime)

BOOST_AUTO_TEST_CASE(everything_may_go_while_calls_wait_for_a_decision)
{
    in_every_order(blocking(), [](Pieces& pieces) {
        pieces.call();
        pieces.call();
        pieces.call(CibaFixture::bob());
        pieces.clock->run_for(*pieces.io, 7s);
        BOOST_TEST(pieces.provider->polls() == 2u);
    });
}

BOOST_AUTO_TEST_CASE(everything_may_go_before_anything_has_begun)
{
    in_every_order(blocking(), [](Pieces& pieces) { pieces.call(); });
}

BOOST_AUTO_TEST_CASE(everything_may_go_while_the_push_is_under_way)
{
    in_every_order(blocking(), [](Pieces& pieces) {
        pieces.provider->hang = [](HttpRequest const&) { return true; };
        pieces.call();
        pieces.call();
        pieces.clock->run_for(*pieces.io, 1s);
        BOOST_TEST(pieces.provider->pushes() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(everything_may_go_while_a_poll_is_under_way)
{
    in_every_order(blocking(), [](Pieces& pieces) {
        pieces.provider->hang = [](HttpRequest const& request) { return CibaFixture::is_poll(request); };
        pieces.call();
        pieces.call();
        pieces.clock->run_for(*pieces.io, 6s);
        BOOST_TEST(pieces.provider->polls() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(everything_may_go_while_the_keys_are_fetched)
{
    in_every_order(blocking(), [](Pieces& pieces) {
        pieces.provider->hang = [](HttpRequest const& request) { return CibaFixture::is_jwks(request); };
        pieces.call();
        pieces.clock->run_for(*pieces.io, 1s);
        pieces.provider->approve();
        pieces.clock->run_for(*pieces.io, 5s);
        BOOST_TEST(pieces.provider->count("/.well-known/jwks.json") == 1u);
    });
}

BOOST_AUTO_TEST_CASE(everything_may_go_while_a_callback_waits)
{
    in_every_order(with_callback(), [](Pieces& pieces) {
        pieces.call();
        pieces.call();
        pieces.clock->run_for(*pieces.io, 7s);
        BOOST_TEST(pieces.provider->polls() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_call_outlives_its_authorizer_and_its_runtime)
{
    Pieces pieces(blocking());
    pieces.call();
    pieces.clock->run_for(*pieces.io, 1s);
    pieces.authorizer.reset();
    pieces.runtime.reset();
    pieces.provider->approve();
    pieces.clock->run_for(*pieces.io, 5s);
    BOOST_REQUIRE(pieces.calls[0].done());
    BOOST_TEST(pieces.calls[0].value().has_value());
}

BOOST_AUTO_TEST_CASE(when_nobody_waits_nothing_keeps_the_io_context_busy)
{
    Pieces pieces(blocking());
    pieces.call();
    pieces.clock->run_for(*pieces.io, 7s);
    pieces.calls[0].cancel();
    pieces.clock->run_for(*pieces.io, 1s);
    BOOST_TEST(pieces.clock->armed() == 0u);
    pieces.io->restart();
    pieces.io->run();  // returns at once
}

BOOST_AUTO_TEST_SUITE_END()
