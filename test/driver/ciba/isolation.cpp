#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

constexpr CredentialsContext contexts[] = {CredentialsContext::tool_call, CredentialsContext::tool, CredentialsContext::thread,
                                           CredentialsContext::agent};

class Fixture : public assent::test::CibaFixture {
public:
    /// Whose access token it is.
    static bool is_of(Answer const& answer, std::string const& subject)
    {
        return answer.has_value() &&
               std::string(answer.value().tokens().access_token.expose()).find("-of-" + subject + "-") != std::string::npos;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_isolation)

BOOST_AUTO_TEST_CASE(two_users_on_one_thread_do_not_mix_in_any_context)
{
    for (auto const context : contexts) {
        Fixture f;
        auto ciba = f.authorizer(Fixture::options().credentials_context(context));
        auto const alice = Fixture::buy(10, Fixture::alice());
        auto const bob = Fixture::buy(10, Fixture::bob());
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(alice)), InterruptKind::pending));
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(bob)), InterruptKind::pending));
        BOOST_REQUIRE(f.provider->pending.size() == 2u);
        BOOST_TEST(f.provider->pending[0].second.subject == "auth0|alice");
        BOOST_TEST(f.provider->pending[1].second.subject == "auth0|bob");

        f.provider->pending[0].second.decision = "approve";
        f.pass(5s);
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(bob)), InterruptKind::pending));
        BOOST_TEST(Fixture::is_of(f.run(ciba.authorize(alice)), "auth0|alice"));
        BOOST_TEST(!ciba.try_cached(bob).has_value());
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(bob)), InterruptKind::pending));

        f.provider->pending[1].second.decision = "access_denied";
        f.pass(5s);
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(bob)), InterruptKind::denied));
        auto const later = f.run(ciba.authorize(alice));
        if (context == CredentialsContext::tool_call)
            BOOST_TEST(Fixture::is(later, InterruptKind::already_used));
        else
            BOOST_TEST(Fixture::is_of(later, "auth0|alice"));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(issuer_tenant_and_agent_part_users_of_the_same_subject)
{
    for (auto const context : contexts) {
        Fixture f;
        auto ciba = f.authorizer(Fixture::options().credentials_context(context));
        Principal const people[] = {
            Principal("https://idp.example/", "auth0|alice"),
            Principal("https://other.example/", "auth0|alice"),
            Principal("https://idp.example/", "auth0|alice").tenant("t"),
            Principal("https://idp.example/", "auth0|alice").agent("a"),
        };
        for (auto const& person : people)
            BOOST_TEST(Fixture::is(f.run(ciba.authorize(Fixture::buy(10, person))), InterruptKind::pending));
        BOOST_TEST(f.provider->pushes() == 4u);
        f.provider->pending[0].second.decision = "approve";
        f.pass(5s);
        BOOST_TEST(f.run(ciba.authorize(Fixture::buy(10, people[0]))).has_value());
        for (int i = 1; i < 4; ++i) {
            BOOST_TEST(!ciba.try_cached(Fixture::buy(10, people[i])).has_value());
            BOOST_TEST(Fixture::is(f.run(ciba.authorize(Fixture::buy(10, people[i]))), InterruptKind::pending));
        }
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_call_without_a_subject_sends_nothing)
{
    for (auto const context : contexts) {
        Fixture f;
        auto ciba = f.authorizer(Fixture::options().credentials_context(context).user_id("auth0|alice"));
        BOOST_TEST(Fixture::is(f.run(ciba.authorize(Fixture::buy(10, Principal()))), Errc::no_subject));
        BOOST_TEST(f.provider->seen.empty());
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_context_shares_what_it_says_and_no_more)
{
    struct Case {
        CredentialsContext context;
        bool other_call, other_tool, other_thread;
    };
    for (auto const& [context, other_call, other_tool, other_thread] :
         {Case{CredentialsContext::tool_call, false, false, false}, Case{CredentialsContext::tool, true, false, false},
          Case{CredentialsContext::thread, true, true, false}, Case{CredentialsContext::agent, true, true, true}}) {
        Fixture f;
        auto ciba = f.authorizer(Fixture::options().credentials_context(context));
        f.ask(ciba, Fixture::buy());
        f.provider->approve();
        f.pass(5s);
        BOOST_TEST(f.run(ciba.authorize(Fixture::buy())).has_value());
        auto call = Fixture::buy();
        call.call_id("call-2");
        auto tool = Fixture::buy();
        tool.call_id("call-2").tool_name("sell_stock");
        auto thread = Fixture::buy();
        thread.call_id("call-2").thread_id("thread-2");
        BOOST_TEST(f.run(ciba.authorize(call)).has_value() == other_call);
        BOOST_TEST(f.run(ciba.authorize(tool)).has_value() == other_tool);
        BOOST_TEST(f.run(ciba.authorize(thread)).has_value() == other_thread);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(authorizers_of_one_client_with_different_names_do_not_share)
{
    Fixture f;
    auto one = f.authorizer(Fixture::options().name("one").credentials_context(CredentialsContext::agent));
    auto two = f.authorizer(Fixture::options().name("two").credentials_context(CredentialsContext::agent));
    auto const asked = f.run(one.authorize(Fixture::buy()));
    f.provider->approve();
    f.pass(5s);
    auto const granted = f.run(one.authorize(Fixture::buy()));
    BOOST_REQUIRE(granted.has_value());
    BOOST_TEST(granted.value().find("one") != nullptr);
    BOOST_TEST(granted.value().find("two") == nullptr);
    BOOST_TEST(Fixture::is(f.run(two.authorize(Fixture::resumed(Fixture::buy(), asked.interrupt()))), InterruptKind::expired));
    BOOST_TEST(Fixture::is(f.run(two.authorize(Fixture::buy())), InterruptKind::pending));
    f.teardown();
}

BOOST_AUTO_TEST_CASE(a_shared_token_is_handed_out_from_memory_and_dies_in_time)
{
    Fixture f;
    auto ciba = f.authorizer(Fixture::options().credentials_context(CredentialsContext::thread));
    f.ask(ciba, Fixture::buy());
    f.provider->approve();
    f.pass(5s);
    f.ask(ciba, Fixture::buy());
    BOOST_TEST(ciba.try_cached(Fixture::buy()).has_value());
    auto resuming = Fixture::buy();
    resuming.resumed("anything");
    BOOST_TEST(!ciba.try_cached(resuming).has_value());
    f.pass(61s);
    BOOST_TEST(!ciba.try_cached(Fixture::buy()).has_value());
    BOOST_TEST(f.run(ciba.authorize(Fixture::buy())).has_value());
    f.pass(1h);
    BOOST_TEST(Fixture::is(f.run(ciba.authorize(Fixture::buy())), InterruptKind::pending));
    BOOST_TEST(f.provider->pushes() == 2u);
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
