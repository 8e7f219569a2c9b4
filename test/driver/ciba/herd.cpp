#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    using Calls = std::vector<assent::test::Background<Answer>>;

    Calls many(std::size_t n, CibaAuthorizer ciba)
    {
        Calls out;
        out.reserve(n);
        for (std::size_t i = 0; i < n; ++i)
            out.push_back(call_in_background(ciba, buy()));
        return out;
    }
    static std::size_t count(Calls const& calls, InterruptKind kind)
    {
        return static_cast<std::size_t>(std::count_if(calls.begin(), calls.end(), [kind](auto const& one) { return is(one.value(), kind); }));
    }
    static std::size_t granted(Calls const& calls)
    {
        return static_cast<std::size_t>(std::count_if(calls.begin(), calls.end(), [](auto const& one) { return one.value().has_value(); }));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_herd, Fixture)

BOOST_AUTO_TEST_CASE(three_concurrent_calls_send_one_request)
{
    auto ciba = authorizer();
    auto const calls = many(3, ciba);
    poll();
    BOOST_TEST(count(calls, InterruptKind::pending) == 3u);
    BOOST_TEST(provider->seen.size() == 1u);
    BOOST_TEST(calls[0].value().interrupt().handle() == calls[2].value().interrupt().handle());
}

BOOST_AUTO_TEST_CASE(ten_thousand_concurrent_calls_send_one_push_one_poll_and_one_of_them_runs)
{
    auto ciba = authorizer();
    auto const calls = many(10'000, ciba);
    poll();
    BOOST_TEST(count(calls, InterruptKind::pending) == 10'000u);
    BOOST_TEST(provider->seen.size() == 1u);

    provider->approve();
    pass(5s);
    auto const resumes = many(10'000, ciba);
    poll();
    BOOST_TEST(granted(resumes) == 1u);
    BOOST_TEST(count(resumes, InterruptKind::already_used) == 9'999u);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 1u);
}

BOOST_AUTO_TEST_CASE(ten_thousand_that_wait_share_the_polls_and_one_of_them_runs)
{
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto const calls = many(10'000, ciba);
    pass(12s);
    BOOST_TEST(provider->polls() == 2u);
    provider->approve();
    pass(5s);
    BOOST_TEST(granted(calls) == 1u);
    BOOST_TEST(count(calls, InterruptKind::already_used) == 9'999u);
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(provider->polls() == 3u);
}

BOOST_AUTO_TEST_CASE(a_shared_approval_serves_all_who_wait)
{
    auto ciba = authorizer(
        options().on_authorization_request(AuthorizationMode::block).credentials_context(CredentialsContext::thread));
    auto const calls = many(1'000, ciba);
    pass(1s);
    provider->approve();
    pass(5s);
    BOOST_TEST(granted(calls) == 1'000u);
    BOOST_TEST(provider->seen.size() == 3u);
}

BOOST_AUTO_TEST_CASE(all_who_wait_are_told_of_a_denial)
{
    auto ciba = authorizer(options().on_authorization_request(AuthorizationMode::block));
    auto const calls = many(100, ciba);
    pass(1s);
    provider->deny();
    pass(5s);
    BOOST_TEST(count(calls, InterruptKind::denied) == 100u);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(all_who_ask_at_once_are_told_of_a_push_that_failed)
{
    provider->fault = [](HttpRequest const&) -> std::optional<result<HttpResponse>> { return error("unknown_user_id"); };
    auto ciba = authorizer();
    auto const calls = many(100, ciba);
    poll();
    for (auto const& call : calls)
        BOOST_TEST(is(call.value(), Errc::unknown_user_id));
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
