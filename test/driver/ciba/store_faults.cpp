#include "support/ciba_fixture.hpp"
#include "support/faulty_store.hpp"

#include <assent/encrypted_store.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::FaultyStore;
using Fault = FaultyStore::Fault;

namespace {

class Story : public assent::test::CibaFixture {
public:
    /// @param encrypted what goes wrong is beneath the encryption.
    explicit Story(bool encrypted = false)
    {
        runtime.store(faulty);
        if (encrypted)
            runtime.store(make_encrypted_store(faulty, EncryptionKeys(Secret("0123456789abcdef0123456789ABCDEF"))));
    }

    /// A host that calls every 5 s until there is something final; the person approves 12 s after the push.
    Answer live(CibaAuthorizer ciba)
    {
        std::string handle;
        for (int round = 0; round < 100; ++round) {
            for (auto& [id, pending] : provider->pending) {
                if (pending.decision.empty() && clock->now() + 300s >= pending.expires_at + 12s)
                    pending.decision = "approve";
            }
            auto call = buy();
            call.resumed(handle);
            auto answer = run(ciba.authorize(std::move(call)));
            if (answer.has_value()) {
                ++granted;
                return answer;
            }
            if (answer.has_interrupt()) {
                if (!answer.interrupt().resumable())
                    return answer;
                handle = answer.interrupt().handle();
            }
            else if (!(answer.failure() == Condition::retryable))
                return answer;
            pass(5s);
        }
        return Errc::timed_out;
    }

    std::shared_ptr<FaultyStore> faulty = std::make_shared<FaultyStore>(store, io.get_executor(), clock);
    int granted = 0;
};

char const* name_of(Fault fault)
{
    switch (fault) {
    case Fault::none: return "none";
    case Fault::fails: return "fails";
    case Fault::forgets: return "forgets to answer";
    case Fault::hangs: return "hangs";
    case Fault::conflicts: return "conflicts";
    }
    return "";
}

/// Store operations of the story without trouble.
std::size_t operations_of(AuthorizationMode mode)
{
    Story story;
    if (mode == AuthorizationMode::interrupt)
        static_cast<void>(story.live(story.authorizer()));
    else {
        auto waiting = story.call_in_background(story.authorizer(Story::options().on_authorization_request(mode)), Story::buy());
        story.pass(12s);
        story.provider->approve();
        story.pass(1min);
        BOOST_REQUIRE(waiting.done());
    }
    story.teardown();
    return story.faulty->operations;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_store_faults)

BOOST_AUTO_TEST_CASE(whichever_store_operation_goes_wrong_nothing_is_lost_and_one_push_is_sent)
{
    auto const operations = operations_of(AuthorizationMode::interrupt);
    BOOST_REQUIRE(operations >= 8u);
    for (auto const fault : {Fault::fails, Fault::forgets, Fault::hangs, Fault::conflicts}) {
        for (std::size_t n = 0; n < 2 * operations; ++n) {
            Story story(n >= operations);
            story.faulty->fail_at(n % operations, fault);
            auto ciba = story.authorizer();
            auto const answer = story.live(ciba);
            BOOST_TEST(answer.has_value(), "operation " << n << ' ' << name_of(fault) << ": " << Story::describe(answer));
            BOOST_TEST(story.provider->pushes() == 1u, "operation " << n << ' ' << name_of(fault));
            auto const again = story.run(ciba.authorize(Story::buy()));
            BOOST_TEST(Story::is(again, InterruptKind::already_used), "operation " << n << ' ' << name_of(fault));
            story.teardown();
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_holds_for_a_call_that_waits)
{
    auto const operations = operations_of(AuthorizationMode::block);
    for (auto const fault : {Fault::fails, Fault::forgets, Fault::hangs, Fault::conflicts}) {
        for (std::size_t n = 0; n < operations; ++n) {
            Story story;
            story.faulty->fail_at(n, fault);
            auto ciba = story.authorizer(Story::options().on_authorization_request(AuthorizationMode::block));
            auto waiting = story.call_in_background(ciba, Story::buy());
            story.pass(12s);
            if (story.provider->pushes() == 1)
                story.provider->approve();
            story.pass(3min);
            BOOST_REQUIRE_MESSAGE(waiting.done(), "operation " << n << ' ' << name_of(fault));
            auto answer = waiting.value();
            for (int call = 0; call < 3 && answer.has_failure(); ++call) {
                BOOST_TEST((answer.failure() == Condition::retryable), Story::describe(answer));
                auto later = story.call_in_background(ciba, Story::buy());
                story.pass(40s);
                if (story.provider->pushes() == 1)
                    story.provider->approve();
                story.pass(3min);
                BOOST_REQUIRE(later.done());
                answer = later.value();
            }
            BOOST_TEST(answer.has_value(), "operation " << n << ' ' << name_of(fault) << ": " << Story::describe(answer));
            BOOST_TEST(story.provider->pushes() == 1u, "operation " << n << ' ' << name_of(fault));
            story.teardown();
        }
    }
}

void away_allows_nothing(bool encrypted)
{
    Story story(encrypted);
    auto ciba = story.authorizer();
    story.faulty->fault = [](std::size_t) { return Fault::fails; };
    BOOST_TEST(Story::is(story.run(ciba.authorize(Story::buy())), Errc::store_unavailable));
    BOOST_TEST(story.provider->seen.empty());

    story.faulty->fault = nullptr;
    story.ask(ciba, Story::buy());
    story.provider->approve();
    story.pass(5s);
    story.faulty->fault = [](std::size_t) { return Fault::fails; };
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(Story::is(story.run(ciba.authorize(Story::buy())), Errc::store_unavailable));
    story.faulty->fault = nullptr;
    BOOST_TEST(story.run(ciba.authorize(Story::buy())).has_value());
    story.teardown();
}

BOOST_AUTO_TEST_CASE(a_store_that_is_away_allows_nothing)
{
    away_allows_nothing(false);
    away_allows_nothing(true);
}

BOOST_AUTO_TEST_CASE(a_store_that_comes_back_within_the_outage_of_a_waiting_call_is_enough)
{
    Story story;
    auto waiting = story.call_in_background(
        story.authorizer(Story::options().on_authorization_request(AuthorizationMode::block)), Story::buy());
    story.pass(4s);
    story.faulty->fault = [](std::size_t) { return Fault::fails; };
    story.pass(60s);
    story.provider->approve();
    story.pass(30s);
    BOOST_TEST(!waiting.done());
    story.faulty->fault = nullptr;
    story.pass(2min);
    BOOST_REQUIRE(waiting.done());
    BOOST_TEST(waiting.value().has_value(), Story::describe(waiting.value()));
    BOOST_TEST(story.provider->pushes() == 1u);
    story.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
