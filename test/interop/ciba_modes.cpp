#include "interop/support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <set>

namespace {

using namespace std::chrono_literals;
using assent::AsyncAuthorization;
using assent::AuthorizationMode;
using assent::CibaAuthorizer;
using assent::Credentials;
using assent::Errc;
using assent::EventualCredentials;
using assent::Interrupt;
using assent::InterruptKind;
using assent::outcome;
using assent::ToolCall;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_failure;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "1", "--enforce-interval"});
    return provider;
}

struct Fixture : RealCibaFixture {
    Fixture() : RealCibaFixture(shared_provider()) {}
};

boost::json::value param(boost::json::value const& request, std::string_view name) {
    auto const* const found = request.at("params").as_object().if_contains(name);
    return found != nullptr ? *found : boost::json::value();
}

BOOST_FIXTURE_TEST_SUITE(ciba_modes, Fixture)

BOOST_AUTO_TEST_CASE(a_person_is_asked_approves_and_the_token_comes_once) {
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    Interrupt const pending = first.interrupt();
    BOOST_TEST(pending.resumable());
    BOOST_REQUIRE(pending.next_poll_at().has_value());

    auto const requests = admin.requests();
    BOOST_REQUIRE(requests.size() == 1U);
    BOOST_REQUIRE(pending.request() != nullptr);
    BOOST_TEST(pending.request()->id.expose() == requests[0].at("id").as_string());
    BOOST_TEST(param(requests[0], "binding_message").as_string() == "Buy 1 ZEKO");
    BOOST_TEST(param(requests[0], "scope").as_string() == "openid read");
    BOOST_TEST(requests[0].at("accountId").as_string() == "alice");

    // Too early: the same answer without a request.
    ToolCall const again = call().resumed(pending.handle());
    outcome<Credentials> const early = authorize(asks, again);
    BOOST_TEST(is_interrupt(early, InterruptKind::pending), describe(early));
    BOOST_TEST(polls() == 0U);

    admin.approve();
    outcome<Credentials> const granted = authorize_to_the_end(asks, again);
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    assent::TokenSet const& tokens = granted.value().tokens();
    BOOST_TEST(!tokens.access_token.empty());
    BOOST_TEST(!tokens.id_token.empty());
    BOOST_TEST(tokens.has_scope("read"));
    BOOST_TEST(tokens.valid_at(std::chrono::system_clock::now()));
    BOOST_TEST(pushes() == 1U);
    BOOST_TEST(polls() == 1U);

    outcome<Credentials> const second = authorize(asks, again);
    BOOST_TEST(is_interrupt(second, InterruptKind::already_used), describe(second));
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(block_mode_waits_for_the_decision) {
    AsyncAuthorization options = this->options();
    options.on_authorization_request(AuthorizationMode::block);
    admin.decide_automatically("approve", "afterPolls", 1);
    outcome<Credentials> const granted = authorize(authorizer(options), call());
    BOOST_TEST(granted.has_value(), describe(granted));
    BOOST_TEST(pushes() == 1U);
    BOOST_TEST(polls() == 2U);
}

BOOST_AUTO_TEST_CASE(callback_mode_tells_of_the_request_and_of_its_result) {
    AsyncAuthorization options = this->options();
    std::string asked;
    std::optional<outcome<Credentials>> eventually;
    options.on_authorization_request([&](Interrupt interrupt, EventualCredentials eventual) {
        asked = interrupt.binding_message();
        assent::test::start(context, eventually, eventual.get());
        admin.approve();
    });
    outcome<Credentials> const granted = authorize(authorizer(options), call());
    BOOST_TEST(granted.has_value(), describe(granted));
    BOOST_TEST(asked == "Buy 1 ZEKO");
    context.restart();
    context.poll();
    BOOST_REQUIRE(eventually.has_value());
    BOOST_TEST(eventually->has_value(), describe(*eventually));
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(concurrent_calls_for_one_action_ask_once) {
    admin.decide_automatically("approve", "afterMs", 300);
    std::vector<outcome<Credentials>> const results = authorize_all(authorizer(), {call(), call(), call()});
    BOOST_TEST(pushes() == 1U);
    auto const granted =
        std::count_if(results.begin(), results.end(), [](auto const& r) { return r.has_value(); });
    auto const used = std::count_if(results.begin(), results.end(), [](auto const& r) {
        return is_interrupt(r, InterruptKind::already_used);
    });
    BOOST_TEST(granted == 1);
    BOOST_TEST(used == 2);
}

BOOST_AUTO_TEST_CASE(a_changed_action_is_refused_without_asking) {
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call("ZEKO", 1));
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    admin.approve();
    auto const before = admin.log().size();
    outcome<Credentials> const changed =
        authorize(asks, call("ZEKO", 1000).resumed(first.interrupt().handle()));
    BOOST_TEST(is_interrupt(changed, InterruptKind::action_changed), describe(changed));
    BOOST_TEST(admin.log().size() == before);
    outcome<Credentials> const other =
        authorize(asks, call("ZEKO", 1, "bob").resumed(first.interrupt().handle()));
    // For another person the handle names nothing.
    BOOST_TEST(is_interrupt(other, InterruptKind::expired), describe(other));
    BOOST_TEST(admin.log().size() == before);
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(two_people_on_one_thread_are_not_mixed) {
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const alice = authorize(asks, call("ZEKO", 1, "alice"));
    outcome<Credentials> const bob = authorize(asks, call("ZEKO", 1, "bob"));
    BOOST_REQUIRE_MESSAGE(is_interrupt(alice, InterruptKind::pending), describe(alice));
    BOOST_REQUIRE_MESSAGE(is_interrupt(bob, InterruptKind::pending), describe(bob));
    BOOST_TEST(alice.interrupt().handle() != bob.interrupt().handle());
    auto const requests = admin.requests();
    BOOST_REQUIRE(requests.size() == 2U);
    admin.approve(requests[0].at("id").as_string());
    admin.deny(requests[1].at("id").as_string());
    std::vector<outcome<Credentials>> const results =
        authorize_all(asks, {call("ZEKO", 1, "alice").resumed(alice.interrupt().handle()),
                             call("ZEKO", 1, "bob").resumed(bob.interrupt().handle())});
    BOOST_TEST(results[0].has_value(), describe(results[0]));
    BOOST_TEST(is_interrupt(results[1], InterruptKind::denied), describe(results[1]));
    BOOST_TEST(pushes() == 2U);
}

BOOST_AUTO_TEST_CASE(the_secret_goes_where_the_client_says) {
    for (std::string_view const id : {"post", "basic"}) {
        admin.reset();
        admin.decide_automatically("approve", "afterMs", 0);
        CibaAuthorizer const asks(runtime, client(id), options());
        outcome<Credentials> const granted = authorize_to_the_end(asks, call("ZEKO", 1, "alice", id));
        BOOST_TEST(granted.has_value(), describe(granted));
        for (std::string_view const path : {provider.backchannel_path(), provider.token_path()}) {
            auto const log = admin.log(path);
            BOOST_REQUIRE(!log.empty());
            auto const* const header = log[0].at("headers").as_object().if_contains("authorization");
            std::string_view const body = log[0].at("body").as_string();
            bool const in_body = body.find("client_secret=") != std::string_view::npos;
            BOOST_TEST((header != nullptr) == (id == "basic"));
            BOOST_TEST(in_body == (id == "post"));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_wrong_secret_is_a_configuration_failure) {
    CibaAuthorizer const asks(runtime, client("post", "wrong"), options());
    outcome<Credentials> const refused = authorize(asks, call());
    BOOST_TEST(is_failure(refused, Errc::invalid_client), describe(refused));
    BOOST_TEST(describe(refused).find("wrong") == std::string::npos);
    BOOST_TEST((refused.failure() == assent::Condition::misconfigured));
    BOOST_TEST(pushes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_provider_that_enforces_the_interval_never_has_to) {
    AsyncAuthorization options = this->options();
    options.on_authorization_request(AuthorizationMode::block);
    admin.decide_automatically("approve", "afterPolls", 3);
    outcome<Credentials> const granted = authorize(authorizer(options), call());
    BOOST_TEST(granted.has_value(), describe(granted));
    auto const log = admin.log(provider.token_path());
    BOOST_REQUIRE(log.size() == 4U);
    for (std::size_t i = 0; i < log.size(); ++i) {
        boost::json::value const& answer = log[i].at("response");
        if (auto const* const error = answer.as_object().if_contains("error"))
            BOOST_TEST(error->as_string() == "authorization_pending");
        if (i > 0)
            BOOST_TEST(log[i].at("at").as_int64() - log[i - 1].at("at").as_int64() >= 1000);
    }
}

BOOST_AUTO_TEST_CASE(slow_down_adds_five_seconds_to_the_next_poll) {
    AsyncAuthorization options = this->options();
    options.on_authorization_request(AuthorizationMode::block);
    boost::json::object fault;
    fault["path"] = provider.token_path();
    fault["status"] = 400;
    fault["body"] = R"({"error":"slow_down"})";
    admin.fault(fault);
    admin.decide_automatically("approve", "afterPolls", 0);
    outcome<Credentials> const granted = authorize(authorizer(options), call());
    BOOST_TEST(granted.has_value(), describe(granted));
    auto const log = admin.log(provider.token_path());
    BOOST_REQUIRE(log.size() == 2U);
    std::int64_t const gap = log[1].at("at").as_int64() - log[0].at("at").as_int64();
    BOOST_TEST(gap >= 6000);
    BOOST_TEST(gap < 8000);
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(a_hundred_people_at_once_each_get_their_own_token) {
    admin.decide_automatically("approve", "afterMs", 200);
    std::vector<ToolCall> calls;
    for (int i = 0; i < 100; ++i) {
        std::string const subject = "person" + std::to_string(i);
        boost::json::object user;
        user["sub"] = subject;
        admin.call("POST", "users", user);
        calls.push_back(call("ZEKO", 1, subject));
    }
    std::vector<outcome<Credentials>> const results = authorize_all(authorizer(), calls);
    std::set<std::string, std::less<>> tokens;
    for (outcome<Credentials> const& result : results) {
        BOOST_REQUIRE_MESSAGE(result.has_value(), describe(result));
        tokens.emplace(result.value().tokens().access_token.expose());
    }
    BOOST_TEST(tokens.size() == 100U);
    BOOST_TEST(pushes() == 100U);
    BOOST_TEST(admin.log("/jwks").size() == 1U);
    BOOST_TEST(admin.log("/.well-known/openid-configuration").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
