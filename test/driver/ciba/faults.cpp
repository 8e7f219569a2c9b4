#include "support/ciba_fixture.hpp"
#include "support/troubles.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

using assent::test::Trouble;
using assent::test::troubles;

/// A fixture that lives as long as one run of the whole story.
class Story : public assent::test::CibaFixture {
public:
    /// The request number `step` meets `trouble`.
    Story(Trouble const& trouble, std::size_t step) { assent::test::meet(*provider, trouble, step); }

    /// A host that calls every 5 s until there is something final; the person approves 12 s after each push.
    Answer live(CibaAuthorizer ciba)
    {
        std::string handle;
        for (int round = 0; round < 100; ++round) {
            for (auto& [id, pending] : provider->pending) {
                if (pending.decision.empty() && clock->now() + pending_life >= pending.expires_at + 12s)
                    pending.decision = "approve";
            }
            auto call = buy();
            call.resumed(handle);
            auto answer = run(ciba.authorize(std::move(call)));
            if (answer.has_value())
                return answer;
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

    std::vector<long> push_times() const
    {
        std::vector<long> out;
        for (auto const& one : provider->seen) {
            if (one.path == "/bc-authorize")
                out.push_back((one.at - provider->seen.front().at) / 1s);
        }
        return out;
    }

    static constexpr auto pending_life = 300s;
};

constexpr std::size_t push = 0;
constexpr std::size_t granting_poll = 3;  // push, 2 polls, the poll that gets the tokens, JWKS
constexpr std::size_t steps = 5;

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_faults)

BOOST_AUTO_TEST_CASE(without_trouble_the_story_has_five_requests)
{
    Story story({"none", std::nullopt}, 0);
    BOOST_TEST(story.live(story.authorizer()).has_value());
    BOOST_TEST(story.provider->seen.size() == steps);
    BOOST_TEST(story.provider->seen[granting_poll].path == "/oauth/token");
    BOOST_TEST(story.provider->seen[4].path == "/.well-known/jwks.json");
    story.teardown();
}

BOOST_AUTO_TEST_CASE(no_trouble_with_a_poll_or_the_keys_costs_the_approval_or_a_second_push)
{
    for (auto const& trouble : troubles()) {
        for (std::size_t step = push + 1; step < steps; ++step) {
            // The provider gives tokens out once: what it says when their answer is lost is shown below.
            if (trouble.lost && step == granting_poll)
                continue;
            Story story(trouble, step);
            auto const answer = story.live(story.authorizer());
            BOOST_TEST(answer.has_value(), trouble.name << " at step " << step << ": " << Story::describe(answer));
            BOOST_TEST(story.provider->pushes() == 1u, trouble.name << " at step " << step);
            story.teardown();
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_holds_for_a_call_that_waits)
{
    for (auto const& trouble : troubles()) {
        for (std::size_t step = push + 1; step < steps; ++step) {
            if (trouble.lost && step == granting_poll)
                continue;
            Story story(trouble, step);
            auto const blocking = Story::options().on_authorization_request(AuthorizationMode::block);
            auto waiting = story.call_in_background(story.authorizer(blocking), Story::buy());
            story.pass(12s);
            story.provider->approve();
            story.pass(2min);
            BOOST_REQUIRE_MESSAGE(waiting.done(), trouble.name << " at step " << step);
            BOOST_TEST(waiting.value().has_value(), trouble.name << " at step " << step << ": " << Story::describe(waiting.value()));
            BOOST_TEST(story.provider->pushes() == 1u);
            story.teardown();
        }
    }
}

BOOST_AUTO_TEST_CASE(a_request_that_never_left_is_sent_by_the_next_call)
{
    for (auto const& trouble : troubles()) {
        std::string const name = trouble.name;
        if (name != "connection refused" && name != "dns" && name != "429")
            continue;
        Story story(trouble, push);
        BOOST_TEST(story.live(story.authorizer()).has_value(), name);
        auto const pushes = story.push_times();
        BOOST_REQUIRE(pushes.size() == 2u);
        BOOST_TEST(pushes[1] == 5, name);
        BOOST_TEST(story.provider->pending.size() == 1u);
        story.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_provider_that_asks_to_wait_is_not_asked_before)
{
    for (auto const& trouble : troubles()) {
        if (!std::string(trouble.name).ends_with("with Retry-After"))
            continue;
        Story story(trouble, push);
        BOOST_TEST(story.live(story.authorizer()).has_value());
        auto const pushes = story.push_times();
        BOOST_REQUIRE(pushes.size() == 2u);
        BOOST_TEST(pushes[1] == 20);
        story.teardown();
    }
}

BOOST_AUTO_TEST_CASE(when_the_answer_to_the_push_is_lost_nobody_is_asked_again_for_the_lease)
{
    // The person may have been asked, and without an auth_req_id nobody can learn what they decided. The call fails, calls in the
    // next 30 s fail as temporarily unavailable, then a call asks the person again.
    for (auto const& trouble : troubles()) {
        std::string const name = trouble.name;
        bool const refused = name == "connection refused" || name == "dns" || name.starts_with("429") || name.starts_with("503");
        if (refused)
            continue;
        Story story(trouble, push);
        auto ciba = story.authorizer();
        auto const first = story.run(ciba.authorize(Story::buy()));
        BOOST_TEST(first.has_failure(), name);
        auto const second = story.run(ciba.authorize(Story::buy()));
        BOOST_TEST(Story::is(second, Errc::temporarily_unavailable), name << ": " << Story::describe(second));
        BOOST_TEST(story.provider->pushes() == 1u, name);
        BOOST_TEST(story.live(ciba).has_value(), name);
        auto const pushes = story.push_times();
        BOOST_REQUIRE(pushes.size() == 2u);
        BOOST_TEST(pushes[1] >= 30, name);
        BOOST_TEST(story.provider->pending.size() == (trouble.lost ? 2u : 1u), name);
        story.teardown();
    }
}

BOOST_AUTO_TEST_CASE(when_the_answer_with_the_tokens_is_lost_the_provider_has_the_last_word)
{
    // Tokens are given out once. This provider forgets the request then, and says so; nothing is ever allowed without tokens.
    Story story({"answer lost", std::nullopt, false, true}, granting_poll);
    auto ciba = story.authorizer();
    auto const answer = story.live(ciba);
    BOOST_TEST(Story::is(answer, InterruptKind::invalid_grant), Story::describe(answer));
    BOOST_TEST(story.provider->pushes() == 1u);
    BOOST_TEST(Story::is(story.run(ciba.authorize(Story::buy())), InterruptKind::pending));
    BOOST_TEST(story.provider->pushes() == 2u);
    story.teardown();
}

BOOST_AUTO_TEST_CASE(a_refused_client_is_told_and_the_approval_is_kept)
{
    for (auto const* code : {"invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type"}) {
        Story story({code, Story::error(code, 401)}, 1);
        auto ciba = story.authorizer();
        auto const first = story.run(ciba.authorize(Story::buy()));
        story.pass(5s);
        auto const told = story.run(ciba.authorize(Story::buy()));
        BOOST_REQUIRE(told.has_failure());
        BOOST_TEST((told.failure() == Condition::misconfigured), code);
        story.provider->approve();
        story.pass(1min);
        BOOST_TEST(story.run(ciba.authorize(Story::resumed(Story::buy(), first.interrupt()))).has_value(), code);
        BOOST_TEST(story.provider->pushes() == 1u);
        story.teardown();
    }
}

BOOST_AUTO_TEST_SUITE_END()
