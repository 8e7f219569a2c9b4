// What a person approved for a shared context is kept alive by its refresh token: nobody is asked again.
#include "support/ciba_fixture.hpp"
#include "support/faulty_store.hpp"
#include "support/refresh_server.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::Background;
using assent::test::FaultyStore;
using assent::test::RefreshServer;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    Fixture()
    {
        provider->alter_tokens = [this](boost::json::object& body) { body.emplace("refresh_token", server.issue()); };
        provider->fault = [this](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            bool const refresh = is_poll(request) && assent::test::form_of(request)["grant_type"] == "refresh_token";
            if (!refresh)
                return std::nullopt;
            ++asked;
            if (trouble) {
                if (auto instead = trouble(asked))
                    return instead;
            }
            auto answer = server.answer(request);
            if (lose_next) {
                lose_next = false;
                return result<HttpResponse>(Errc::connection_reset);
            }
            return std::move(*answer);
        };
    }

    static AsyncAuthorization shared() { return options().credentials_context(CredentialsContext::thread); }
    /// Approved a little while ago.
    void approve(CibaAuthorizer ciba)
    {
        ask(ciba, buy());
        provider->approve();
        pass(5s);
        BOOST_REQUIRE(run(ciba.authorize(buy())).has_value());
    }
    static std::string token_of(Answer const& answer)
    {
        return answer.has_value() ? std::string(answer.value().tokens().access_token.expose()) : describe(answer);
    }

    RefreshServer server{clock};
    std::size_t asked = 0;
    bool lose_next = false;
    std::function<std::optional<result<HttpResponse>>(std::size_t)> trouble;
};

class Process {
public:
    Process(Fixture& fixture, std::shared_ptr<Store> store)
        : authorizer(Runtime(runtime.http(fixture.provider).store(std::move(store)).clock(fixture.clock)), Fixture::client(), Fixture::shared())
    {
    }
    void call() { calls.emplace_back(io, authorizer.authorize(Fixture::buy())); }
    outcome<Credentials> const& answer(std::size_t n = 0) const { return calls.at(n).value(); }

    asio::io_context io{1};
    Runtime runtime{io.get_executor()};
    CibaAuthorizer authorizer;
    std::vector<Background<outcome<Credentials>>> calls;
};

void pass_in(Fixture& fixture, std::vector<Process*> const& processes, std::chrono::milliseconds time)
{
    for (auto passed = 0ms; passed <= time; passed += 50ms) {
        for (int round = 0; round < 8; ++round) {
            for (auto* process : processes) {
                process->io.restart();
                process->io.poll();
            }
            fixture.poll();
        }
        if (passed < time)
            fixture.clock->advance(50ms);
    }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_refresh, Fixture)

BOOST_AUTO_TEST_CASE(an_approval_lives_on_by_its_rotated_refresh_tokens)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    for (std::size_t n = 1; n <= 5; ++n) {
        pass(59min);
        BOOST_TEST(token_of(run(ciba.authorize(buy()))) == fmt::format("refreshed-secret-{}", n));
        BOOST_TEST(server.refreshes == n);
    }
    BOOST_TEST(server.reuses == 0u);
    BOOST_TEST(provider->pushes() == 1u);
    auto const granted = run(ciba.authorize(buy()));
    BOOST_TEST(granted.value().tokens().has_scope("stock:trade"));
    BOOST_TEST(!granted.value().tokens().id_token.empty());
}

BOOST_AUTO_TEST_CASE(a_person_who_comes_back_after_two_weeks_is_not_asked_again)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    pass(24h * 14);
    BOOST_TEST(token_of(run(ciba.authorize(buy()))) == "refreshed-secret-1");
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(an_approval_for_one_call_is_not_refreshed)
{
    auto ciba = authorizer(options());
    approve(ciba);
    pass(59min);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::already_used));
    BOOST_TEST(asked == 0u);
}

BOOST_AUTO_TEST_CASE(a_hundred_calls_with_an_expired_token_make_one_refresh)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    pass(2h);
    std::vector<Background<Answer>> calls;
    for (int n = 0; n < 100; ++n)
        calls.push_back(call_in_background(ciba, buy()));
    poll();
    for (auto const& call : calls)
        BOOST_TEST(token_of(call.value()) == "refreshed-secret-1");
    BOOST_TEST(asked == 1u);
}

BOOST_AUTO_TEST_CASE(two_processes_make_one_refresh)
{
    approve(authorizer(shared()));
    clock->advance(2h);
    Process a(*this, store);
    Process b(*this, store);
    for (int n = 0; n < 20; ++n) {
        a.call();
        b.call();
    }
    pass_in(*this, {&a, &b}, 2s);
    for (auto* process : {&a, &b}) {
        for (auto const& call : process->calls) {
            BOOST_REQUIRE(call.done());
            BOOST_TEST(token_of(call.value()) == "refreshed-secret-1");
        }
    }
    BOOST_TEST(asked == 1u);
    BOOST_TEST(server.reuses == 0u);
}

BOOST_AUTO_TEST_CASE(the_old_token_serves_while_the_provider_is_down_and_nobody_is_asked_when_it_is_dead)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    trouble = [](std::size_t) { return HttpResponse(503, ""); };
    pass(59min + 10s);
    BOOST_TEST(token_of(run(ciba.authorize(buy()))).starts_with("access-token-secret"));
    pass(2min);
    auto const dead = run(ciba.authorize(buy()));
    BOOST_REQUIRE_MESSAGE(is(dead, Errc::temporarily_unavailable), describe(dead));
    pass(1min);
    trouble = nullptr;
    BOOST_TEST(token_of(run(ciba.authorize(buy()))) == "refreshed-secret-1");
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_dead_refresh_token_asks_the_person_again)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    server.dead = true;
    pass(59min + 10s);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::pending));
    BOOST_TEST(provider->pushes() == 2u);
}

BOOST_AUTO_TEST_CASE(a_lost_answer_costs_the_grant_only_where_the_server_has_no_leeway)
{
    // RFC 9700 4.14.2: a used refresh token that is used again ends the grant, unless the server allows a client to try again.
    for (bool const leeway : {true, false}) {
        Fixture f;
        f.server.leeway = leeway ? 30s : 0s;
        auto ciba = f.authorizer(shared());
        f.approve(ciba);
        f.pass(59min + 10s);
        f.lose_next = true;
        // The old one serves on.
        BOOST_TEST(token_of(f.run(ciba.authorize(buy()))).starts_with("access-token-secret"));
        f.pass(2s);
        auto const again = f.run(ciba.authorize(buy()));
        if (leeway)
            BOOST_TEST(token_of(again) == "refreshed-secret-2");
        else
            BOOST_TEST(is(again, InterruptKind::pending), describe(again));
        BOOST_TEST(f.server.reuses == (leeway ? 0u : 1u));
        BOOST_TEST(f.provider->pushes() == (leeway ? 1u : 2u));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_lost_answer_costs_nothing_where_tokens_are_not_rotated)
{
    server.rotate = false;
    auto ciba = authorizer(shared());
    approve(ciba);
    pass(2h);
    lose_next = true;
    BOOST_TEST(is(run(ciba.authorize(buy())), Errc::connection_reset));
    pass(2s);
    BOOST_TEST(token_of(run(ciba.authorize(buy()))) == "refreshed-secret-2");
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_crash_between_answer_and_store_is_a_lost_answer_and_no_worse)
{
    for (bool const leeway : {true, false}) {
        Fixture f;
        f.server.leeway = leeway ? 60s : 0s;
        f.approve(f.authorizer(shared()));
        f.clock->advance(2h);
        auto a = std::make_unique<Process>(f, f.store);
        // The store of the process that dies takes the lease (get, claim), and then nothing any more.
        auto const faulty = std::make_shared<FaultyStore>(f.store, a->io.get_executor(), f.clock);
        faulty->fault = [](std::size_t operation) { return operation < 2 ? FaultyStore::Fault::none : FaultyStore::Fault::fails; };
        a->runtime.store(faulty);
        Process b(f, f.store);
        a->call();
        pass_in(f, {a.get()}, 1s);
        BOOST_TEST(f.server.refreshes == 1u);
        BOOST_TEST(!a->calls[0].done());
        a.reset();  // with it the rotated token

        b.call();
        pass_in(f, {&b}, 28s);
        BOOST_TEST(!b.calls[0].done());  // the lease says that the refresh token may be in use
        BOOST_TEST(f.asked == 1u);
        pass_in(f, {&b}, 4s);
        BOOST_REQUIRE(b.calls[0].done());
        if (leeway)
            BOOST_TEST(token_of(b.answer()) == "refreshed-secret-2");
        else
            BOOST_TEST(is(b.answer(), InterruptKind::pending), describe(b.answer()));
        BOOST_TEST(f.asked == 2u);
        BOOST_TEST(f.provider->pushes() == (leeway ? 1u : 2u));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_for_a_moment_does_not_lose_the_rotated_token)
{
    auto const faulty = std::make_shared<FaultyStore>(store, io.get_executor(), clock);
    runtime.store(faulty);
    auto ciba = authorizer(shared());
    approve(ciba);
    pass(59min + 10s);
    auto const first = faulty->operations;
    // get, claim, and then the write of the tokens five times in a row.
    faulty->fault = [first](std::size_t operation) {
        return operation >= first + 2 && operation < first + 7 ? FaultyStore::Fault::fails : FaultyStore::Fault::none;
    };
    BOOST_TEST(token_of(run(ciba.authorize(buy()))) == "refreshed-secret-1");
    pass(59min);
    BOOST_TEST(token_of(run(ciba.authorize(buy()))) == "refreshed-secret-2");
    BOOST_TEST(server.reuses == 0u);
}

BOOST_AUTO_TEST_CASE(a_token_that_an_api_refused_is_renewed_once_for_all)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    TokenRefusal refusal("async_authorization");
    refusal.access_token = run(ciba.authorize(buy())).value().tokens().access_token;
    for (int n = 0; n < 3; ++n) {
        auto const renewed = run(ciba.renew(buy(), refusal));
        BOOST_REQUIRE(renewed.has_value());
        BOOST_TEST(renewed.value().credentials.tokens().access_token.expose() == "refreshed-secret-1");
    }
    BOOST_TEST(token_of(run(ciba.authorize(buy()))) == "refreshed-secret-1");
    BOOST_TEST(asked == 1u);
    refusal.repeated = true;
    BOOST_TEST(run(ciba.renew(buy(), refusal)).has_failure());
    BOOST_TEST(asked == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_token_without_a_refresh_token_asks_nobody)
{
    provider->alter_tokens = nullptr;
    auto ciba = authorizer(shared());
    approve(ciba);
    BOOST_TEST((run(ciba.renew(buy(), TokenRefusal())).failure() == Errc::server_refused));
    auto once = authorizer(options());
    BOOST_TEST((run(once.renew(buy(), TokenRefusal())).failure() == Errc::server_refused));
    BOOST_TEST(provider->pushes() == 1u);
    BOOST_TEST(asked == 0u);
}

BOOST_AUTO_TEST_CASE(renewed_tokens_with_fewer_scopes_are_not_enough)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    server.alter = [](boost::json::object& body) { body["scope"] = "openid"; };
    pass(59min + 10s);
    BOOST_TEST(is(run(ciba.authorize(buy())), InterruptKind::insufficient_scope));
}

BOOST_AUTO_TEST_CASE(a_renewed_id_token_must_verify)
{
    auto ciba = authorizer(shared());
    approve(ciba);
    server.alter = [](boost::json::object& body) { body["id_token"] = "e30.e30.e30"; };
    pass(59min + 10s);
    BOOST_TEST(is(run(ciba.authorize(buy())), Errc::id_token_invalid));
}

BOOST_AUTO_TEST_SUITE_END()
