// Refresh tokens of a provider nobody here wrote: rotation, reuse detection, its faults; and an exchange of what it granted.
#include <assent/token_exchange_authorizer.hpp>

#include "interop/support/ciba_fixture.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using assent::AsyncAuthorization;
using assent::CibaAuthorizer;
using assent::Credentials;
using assent::CredentialsContext;
using assent::Errc;
using assent::InterruptKind;
using assent::outcome;
using assent::Secret;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_failure;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider()
{
    static OidcProviderProcess provider({"--interval", "1"});
    return provider;
}

struct Fixture : RealCibaFixture {
    Fixture() : RealCibaFixture(shared_provider())
    {
        // Two seconds after they were issued, tokens have less than the minute left at which they are renewed.
        boost::json::object settings;
        settings["atTtl"] = 62;
        settings["refreshTokens"] = "always";
        admin.config(settings);
        admin.decide_automatically("approve", "afterMs", 0);
    }

    AsyncAuthorization lasting() const
    {
        AsyncAuthorization result = options();
        result.credentials_context(CredentialsContext::thread);
        return result;
    }
    /// Approved, and due to be renewed.
    CibaAuthorizer approved()
    {
        CibaAuthorizer result = authorizer(lasting());
        outcome<Credentials> const granted = authorize_to_the_end(result, call());
        BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
        first = std::string(granted.value().tokens().access_token.expose());
        let_age();
        return result;
    }
    void let_age() { assent::test::run(context, nap()); }
    static assent::awaitable<bool> nap()
    {
        auto const until = std::chrono::system_clock::now() + 2500ms;
        co_await assent::test::sleep_until(until);
        co_return true;
    }
    std::size_t refreshes() const
    {
        std::size_t count = 0;
        for (boost::json::value const& entry : admin.log(provider.token_path())) {
            auto const* body = entry.as_object().if_contains("body");
            count += body != nullptr && body->is_string() &&
                     std::string_view(body->as_string()).find("grant_type=refresh_token") != std::string_view::npos;
        }
        return count;
    }
    void fault_refresh(boost::json::object fault)
    {
        fault["path"] = provider.token_path();
        fault["contains"] = "grant_type=refresh_token";
        admin.fault(fault);
    }

    std::string first;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(refresh, Fixture)

BOOST_AUTO_TEST_CASE(rotated_refresh_tokens_keep_an_approval_alive)
{
    CibaAuthorizer const ciba = approved();
    std::string before = first;
    for (std::size_t n = 1; n <= 2; ++n) {
        outcome<Credentials> const renewed = authorize(ciba, call());
        BOOST_REQUIRE_MESSAGE(renewed.has_value(), describe(renewed));
        std::string const token(renewed.value().tokens().access_token.expose());
        BOOST_TEST(token != before);
        BOOST_TEST(renewed.value().tokens().has_scope("read"));
        BOOST_TEST(refreshes() == n);
        before = token;
        let_age();
    }
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(a_hundred_calls_make_one_refresh)
{
    CibaAuthorizer const ciba = approved();
    std::vector<assent::ToolCall> const calls(100, call());
    for (outcome<Credentials> const& renewed : authorize_all(ciba, calls))
        BOOST_TEST(renewed.has_value(), describe(renewed));
    BOOST_TEST(refreshes() == 1U);
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(reuse_detection_ends_the_grant_after_a_lost_answer_and_the_person_is_asked_again)
{
    CibaAuthorizer const ciba = approved();
    boost::json::object lost;
    lost["kind"] = "after";
    fault_refresh(std::move(lost));
    // The answer with the rotated token is lost; the old access token serves.
    outcome<Credentials> const old = authorize(ciba, call());
    BOOST_REQUIRE_MESSAGE(old.has_value(), describe(old));
    BOOST_TEST(old.value().tokens().access_token.expose() == first);
    let_age();
    outcome<Credentials> const again = authorize(ciba, call());
    BOOST_TEST(is_interrupt(again, InterruptKind::pending), describe(again));
    BOOST_TEST(refreshes() == 2U);
    BOOST_TEST(pushes() == 2U);
}

BOOST_AUTO_TEST_CASE(faults_before_the_provider_cost_nothing)
{
    for (std::string_view const kind : {"status", "reset", "close", "truncate"}) {
        Fixture f;
        CibaAuthorizer const ciba = f.approved();
        boost::json::object fault;
        fault["kind"] = kind;
        f.fault_refresh(std::move(fault));
        outcome<Credentials> const old = f.authorize(ciba, f.call());
        BOOST_REQUIRE_MESSAGE(old.has_value(), kind << ": " << describe(old));
        BOOST_TEST(old.value().tokens().access_token.expose() == f.first);
        f.let_age();
        outcome<Credentials> const renewed = f.authorize(ciba, f.call());
        BOOST_REQUIRE_MESSAGE(renewed.has_value(), kind << ": " << describe(renewed));
        BOOST_TEST(renewed.value().tokens().access_token.expose() != f.first);
        BOOST_TEST(f.pushes() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(what_was_granted_is_exchanged_for_an_api)
{
    CibaAuthorizer const ciba = approved();
    outcome<Credentials> const granted = authorize(ciba, call());
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    std::string const subject(granted.value().tokens().refresh_token.expose());
    auto const exchange = [&](std::string const& token, std::string resource) {
        assent::TokenExchange exchanged;
        exchanged.subject_token(Secret(token)).subject_token_type(assent::token_type::refresh_token).resource(std::move(resource));
        assent::TokenExchangeAuthorizer authorizer(runtime, client(), std::move(exchanged));
        return assent::test::run(context, authorizer.authorize(call()));
    };
    auto const issued = exchange(subject, "https://api.example.test/");
    BOOST_REQUIRE_MESSAGE(issued.has_value(), describe(issued));
    BOOST_TEST(issued.value().tokens().has_scope("read"));
    auto const unknown = exchange(subject, "https://unknown.example.test/");
    BOOST_TEST(is_failure(unknown, Errc::invalid_target), describe(unknown));
    auto const bad = exchange("no such token", "https://vault.example.test/");
    BOOST_TEST(is_interrupt(bad, InterruptKind::invalid_grant), describe(bad));
}

BOOST_AUTO_TEST_SUITE_END()
