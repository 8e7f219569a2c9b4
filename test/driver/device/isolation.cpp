#include "support/device_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

constexpr CredentialsContext contexts[] = {CredentialsContext::tool_call, CredentialsContext::tool, CredentialsContext::thread,
                                           CredentialsContext::agent};

class Fixture : public assent::test::DeviceFixture {
public:
    static bool is_of(Answer const& answer, std::string const& subject)
    {
        return answer.has_value() &&
               std::string(answer.value().tokens().access_token.expose()).find("-of-" + subject + "-") != std::string::npos;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(device_isolation)

BOOST_AUTO_TEST_CASE(two_users_on_one_thread_have_separate_tokens_in_every_context)
{
    for (auto const context : contexts) {
        Fixture f;
        auto device = f.authorizer(Fixture::options().credentials_context(context));
        auto const alice = Fixture::buy(10, Fixture::alice());
        auto const bob = Fixture::buy(10, Fixture::bob());
        f.ask(device, alice);
        f.provider->person = "auth0|bob";
        f.ask(device, bob);
        BOOST_REQUIRE(f.provider->pending.size() == 2u);

        f.provider->pending[0].second.decision = "approve";
        f.pass(5s);
        BOOST_TEST(Fixture::is(f.run(device.authorize(bob)), InterruptKind::pending));
        BOOST_TEST(Fixture::is_of(f.run(device.authorize(alice)), "auth0|alice"));
        BOOST_TEST(!device.try_cached(bob).has_value());
        f.provider->pending[1].second.decision = "approve";
        f.pass(5s);
        BOOST_TEST(Fixture::is_of(f.run(device.authorize(bob)), "auth0|bob"));
        if (context != CredentialsContext::tool_call) {
            BOOST_TEST(Fixture::is_of(f.run(device.authorize(alice)), "auth0|alice"));
            BOOST_TEST(Fixture::is_of(*device.try_cached(bob), "auth0|bob"));
        }
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_code_that_is_passed_on_gives_nobody_elses_token)
{
    // Bob enters the code that Alice was shown, and approves.
    for (auto const context : contexts) {
        Fixture f;
        auto device = f.authorizer(Fixture::options().credentials_context(context));
        f.provider->person = "auth0|bob";
        f.ask(device, Fixture::buy(10, Fixture::alice()));
        f.provider->approve();
        f.pass(5s);
        BOOST_TEST(Fixture::is(f.run(device.authorize(Fixture::buy(10, Fixture::alice()))), Errc::subject_mismatch));
        BOOST_TEST(!device.try_cached(Fixture::buy(10, Fixture::alice())).has_value());
        BOOST_TEST(Fixture::is(f.run(device.authorize(Fixture::buy(10, Fixture::bob()))), InterruptKind::pending));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(another_users_handle_opens_nothing)
{
    Fixture f;
    auto device = f.authorizer();
    auto const asked = f.run(device.authorize(Fixture::buy(10, Fixture::alice())));
    f.provider->approve();
    f.pass(5s);
    auto const stolen = Fixture::resumed(Fixture::buy(10, Fixture::bob()), asked.interrupt());
    BOOST_TEST(Fixture::is(f.run(device.authorize(stolen)), InterruptKind::expired));
    BOOST_TEST(f.provider->polls() == 0u);
    f.teardown();
}

BOOST_AUTO_TEST_CASE(a_call_without_a_subject_sends_nothing)
{
    for (auto const& options : {Fixture::options(), Fixture::options().user_id("auth0|alice"), DeviceAuthorization().any_account(true)}) {
        Fixture f;
        BOOST_TEST(Fixture::is(f.run(f.authorizer(options).authorize(Fixture::buy(10, Principal()))), Errc::no_subject));
        BOOST_TEST(f.provider->seen.empty());
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(the_device_flow_and_ciba_of_one_name_do_not_share)
{
    Fixture f;
    auto device = f.authorizer(Fixture::options().name("same").credentials_context(CredentialsContext::agent));
    f.ask(device, Fixture::buy());
    f.provider->approve();
    f.pass(5s);
    BOOST_TEST(f.run(device.authorize(Fixture::buy())).has_value());
    CibaAuthorizer ciba(f.runtime, Fixture::client(), AsyncAuthorization().scopes({"read:data"}).audience("https://api.example/")
                                                          .binding_message("Read").name("same")
                                                          .credentials_context(CredentialsContext::agent));
    BOOST_TEST(!f.run(ciba.authorize(Fixture::buy())).has_value());
    f.teardown();
}

BOOST_AUTO_TEST_CASE(two_processes_on_one_store_show_one_code_and_share_the_sign_in)
{
    Fixture f;
    auto here = f.authorizer(Fixture::blocking());
    auto there = f.authorizer(Fixture::blocking());  // an engine of its own
    auto one = f.call_in_background(here, Fixture::buy());
    auto two = f.call_in_background(there, Fixture::buy());
    f.pass(12s);
    BOOST_TEST(f.provider->starts() == 1u);
    f.provider->approve();
    f.pass(1min);
    BOOST_REQUIRE((one.done() && two.done()));
    BOOST_TEST(one.value().has_value(), Fixture::describe(one.value()));
    BOOST_TEST(two.value().has_value(), Fixture::describe(two.value()));
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
