#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    Fixture() : ciba(authorizer()), first(run(ciba.authorize(buy())))
    {
        provider->approve();
        pass(5s);
    }
    Answer with(std::string handle, Principal who = alice())
    {
        auto call = buy(10, std::move(who));
        call.resumed(std::move(handle));
        return run(ciba.authorize(std::move(call)));
    }
    std::string handle() const { return first.interrupt().handle(); }

    CibaAuthorizer ciba;
    Answer first;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_handles, Fixture)

BOOST_AUTO_TEST_CASE(the_handle_says_nothing_of_what_it_names)
{
    for (auto const* word : {"auth-req", "secret", "alice", "call-1", "thread", "buy_stock", "ZEKO"})
        BOOST_TEST(handle().find(word) == std::string::npos);
    BOOST_TEST(handle().size() < 64u);
}

BOOST_AUTO_TEST_CASE(a_forged_nonce_learns_nothing_and_moves_nothing)
{
    auto const good = handle();
    auto const dot = good.find('.');
    for (std::size_t at = dot + 1; at < good.size(); ++at) {
        auto forged = good;
        forged[at] = forged[at] == 'A' ? 'B' : 'A';
        BOOST_TEST(is(with(forged), InterruptKind::expired));
    }
    BOOST_TEST(provider->polls() == 0u);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(with(good).has_value());
}

BOOST_AUTO_TEST_CASE(a_forged_id_finds_nothing_and_starts_nothing)
{
    auto forged = handle();
    forged[0] = forged[0] == 'A' ? 'B' : 'A';
    BOOST_TEST(is(with(forged), InterruptKind::expired));
    BOOST_TEST(provider->seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_no_handle_is_refused_before_anything_is_done)
{
    auto const good = handle();
    for (std::string const& wrong : {good.substr(0, good.size() - 1), good.substr(1), good + "A", std::string("x"), std::string(" "),
                                     std::string(100'000, 'A'), std::string("../../etc/passwd"), good + '\0'})
        BOOST_TEST(is(with(wrong), Errc::invalid_argument));
    BOOST_TEST(provider->seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_handle_of_another_person_names_nothing)
{
    BOOST_TEST(is(with(handle(), bob()), InterruptKind::expired));
    BOOST_TEST(is(with(handle(), Principal("https://other.example/", "auth0|alice")), InterruptKind::expired));
    BOOST_TEST(provider->polls() == 0u);
    BOOST_TEST(with(handle()).has_value());
}

BOOST_AUTO_TEST_CASE(a_forged_handle_does_not_use_up_the_telling_of_a_denial)
{
    provider->deny();
    auto forged = handle();
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(is(with(forged), InterruptKind::expired));
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::denied));
}

BOOST_AUTO_TEST_CASE(a_handle_may_be_used_any_number_of_times_while_pending)
{
    provider->latest().decision.clear();
    for (int i = 0; i < 10; ++i) {
        auto const again = with(handle());
        BOOST_TEST(is(again, InterruptKind::pending));
        BOOST_TEST(again.interrupt().handle() == handle());
        pass(5s);
    }
    BOOST_TEST(provider->polls() == 10u);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
