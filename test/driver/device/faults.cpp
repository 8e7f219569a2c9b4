#include "support/device_fixture.hpp"
#include "support/troubles.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

using assent::test::Trouble;
using assent::test::troubles;

/// A fixture that lives as long as one run of the whole story.
class Story : public assent::test::DeviceFixture {
public:
    /// The request number `step` meets `trouble`.
    Story(Trouble const& trouble, std::size_t step) { assent::test::meet(*provider, trouble, step); }

    /// A host that calls every 5 s until there is something final; the person signs in 12 s after each code was given out.
    Answer live(DeviceAuthorizer device)
    {
        std::string handle;
        for (int round = 0; round < 100; ++round) {
            for (auto& [id, pending] : provider->pending) {
                if (pending.decision.empty() && clock->now() + 300s >= pending.expires_at + 12s)
                    pending.decision = "approve";
            }
            auto call = buy();
            call.resumed(handle);
            auto answer = run(device.authorize(std::move(call)));
            if (answer.has_value())
                return answer;
            if (answer.has_interrupt()) {
                if (!answer.interrupt().resumable())
                    return answer;
                handle = answer.interrupt().handle();
            }
            else if (!(answer.failure() == Condition::retryable) && !(answer.failure() == Condition::invalid_answer))
                return answer;
            pass(5s);
        }
        return Errc::timed_out;
    }

    std::vector<long> start_times() const
    {
        std::vector<long> out;
        for (auto const& one : provider->seen) {
            if (one.path == "/oauth/device/code")
                out.push_back((one.at - provider->seen.front().at) / 1s);
        }
        return out;
    }
};

constexpr std::size_t start = 0;
constexpr std::size_t granting_poll = 3;  // start, 2 polls, the poll that gets the tokens, JWKS
constexpr std::size_t steps = 5;

}  // namespace

BOOST_AUTO_TEST_SUITE(device_faults)

BOOST_AUTO_TEST_CASE(without_trouble_the_story_has_five_requests)
{
    Story story({"none", std::nullopt}, 0);
    BOOST_TEST(story.live(story.authorizer()).has_value());
    BOOST_TEST(story.provider->seen.size() == steps);
    BOOST_TEST(story.provider->seen[granting_poll].path == "/oauth/token");
    BOOST_TEST(story.provider->seen[4].path == "/.well-known/jwks.json");
    story.teardown();
}

BOOST_AUTO_TEST_CASE(no_trouble_with_a_poll_or_the_keys_costs_the_sign_in_or_a_second_code)
{
    for (auto const& trouble : troubles()) {
        for (std::size_t step = start + 1; step < steps; ++step) {
            // The provider gives tokens out once: what it says when their answer is lost is shown below.
            if (trouble.lost && step == granting_poll)
                continue;
            Story story(trouble, step);
            auto const answer = story.live(story.authorizer());
            BOOST_TEST(answer.has_value(), trouble.name << " at step " << step << ": " << Story::describe(answer));
            BOOST_TEST(story.provider->starts() == 1u, trouble.name << " at step " << step);
            story.teardown();
        }
    }
}

BOOST_AUTO_TEST_CASE(the_same_holds_for_a_call_that_waits)
{
    for (auto const& trouble : troubles()) {
        for (std::size_t step = start + 1; step < steps; ++step) {
            if (trouble.lost && step == granting_poll)
                continue;
            Story story(trouble, step);
            auto waiting = story.call_in_background(story.authorizer(Story::blocking()), Story::buy());
            story.pass(12s);
            story.provider->approve();
            story.pass(2min);
            BOOST_REQUIRE_MESSAGE(waiting.done(), trouble.name << " at step " << step);
            BOOST_TEST(waiting.value().has_value(), trouble.name << " at step " << step << ": " << Story::describe(waiting.value()));
            BOOST_TEST(story.provider->starts() == 1u);
            story.teardown();
        }
    }
}

BOOST_AUTO_TEST_CASE(after_any_trouble_with_the_first_request_the_next_call_has_a_code)
{
    // Nobody has seen a code whose answer was lost, so nothing need be waited for, unless the provider says so.
    for (auto const& trouble : troubles()) {
        std::string const name = trouble.name;
        Story story(trouble, start);
        auto device = story.authorizer();
        BOOST_TEST(story.run(device.authorize(Story::buy())).has_failure(), name);
        BOOST_TEST(story.live(device).has_value(), name);
        auto const starts = story.start_times();
        BOOST_REQUIRE(starts.size() == 2u);
        BOOST_TEST(starts[1] == (name.ends_with("Retry-After") ? 20 : name == "hang" ? 15 : 0), name << " " << starts[1]);
        story.teardown();
    }
}

BOOST_AUTO_TEST_CASE(when_the_answer_with_the_tokens_is_lost_the_provider_has_the_last_word)
{
    Story story({"answer lost", std::nullopt, false, true}, granting_poll);
    auto device = story.authorizer();
    auto const answer = story.live(device);
    BOOST_TEST(Story::is(answer, InterruptKind::invalid_grant), Story::describe(answer));
    BOOST_TEST(story.provider->starts() == 1u);
    BOOST_TEST(Story::is(story.run(device.authorize(Story::buy())), InterruptKind::pending));
    story.teardown();
}

BOOST_AUTO_TEST_CASE(a_refused_client_is_told_and_the_sign_in_is_kept)
{
    for (auto const* code : {"invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type"}) {
        Story story({code, Story::error(code, 401)}, 1);
        auto device = story.authorizer();
        auto const first = story.run(device.authorize(Story::buy()));
        story.pass(5s);
        auto const told = story.run(device.authorize(Story::buy()));
        BOOST_REQUIRE(told.has_failure());
        BOOST_TEST((told.failure() == Condition::misconfigured), code);
        story.provider->approve();
        story.pass(1min);
        BOOST_TEST(story.run(device.authorize(Story::resumed(Story::buy(), first.interrupt()))).has_value(), code);
        BOOST_TEST(story.provider->starts() == 1u);
        story.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_client_that_may_not_use_the_flow_is_told_so)
{
    Story story({"start", Story::error("unauthorized_client", 403)}, start);
    auto const told = story.run(story.authorizer().authorize(Story::buy()));
    BOOST_REQUIRE(Story::is(told, Errc::unauthorized_client));
    BOOST_REQUIRE(told.failure().server() != nullptr);
    BOOST_TEST(told.failure().server()->status == 403);
    story.teardown();
}

BOOST_AUTO_TEST_CASE(a_provider_without_the_flow_is_named)
{
    Story story({"none", std::nullopt}, 99);
    DeviceAuthorizer device(story.runtime,
                            OauthClient::standard("https://tenant.example/", "client").discovery(false).token_endpoint(
                                "https://tenant.example/oauth/token"),
                            Story::options());
    auto const told = story.run(device.authorize(Story::buy()));
    BOOST_REQUIRE(Story::is(told, Errc::missing_configuration));
    BOOST_TEST(std::string(told.failure().detail()).find("device_authorization_endpoint") != std::string::npos);
    story.teardown();
}

BOOST_AUTO_TEST_CASE(a_hostile_answer_is_refused_and_stored_nowhere)
{
    struct Case {
        char const* member;
        boost::json::value value;
    };
    Case const cases[] = {
        {"verification_uri", "javascript:alert(1)"},
        {"verification_uri", "http://tenant.example/activate"},
        {"verification_uri", "http://localhost:1234/activate"},
        {"verification_uri", "https://user@tenant.example/"},
        {"verification_uri_complete", "data:text/html,x"},
        {"user_code", "\x1b]0;owned\x07"},
        {"user_code", boost::json::value(std::string(65, 'A'))},
        {"device_code", ""},
        {"device_code", boost::json::value(std::string(4097, 'd'))},
        {"expires_in", 0},
        {"expires_in", 1e12},
        {"interval", -5},
        {"interval", 1e9},
    };
    for (auto const& one : cases) {
        Story f({"none", std::nullopt}, 99);
        f.provider->alter_start = [&one](boost::json::object& body) { body[one.member] = one.value; };
        auto const told = f.run(f.authorizer().authorize(Story::buy()));
        BOOST_TEST(Story::is(told, Errc::malformed_response), one.member << ": " << Story::describe(told));
        auto const page = f.run(f.store->scan(StoreKey{"authorization"}, std::string(), 10));
        BOOST_TEST(page.value().entries.empty(), one.member);
        f.teardown();
    }
}

BOOST_AUTO_TEST_SUITE_END()
