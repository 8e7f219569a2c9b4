// Tokens are renewed before they expire, by one exchange of a process however many want them, and serve on while that fails.
#include "support/faulty_store.hpp"
#include "support/vault_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::Background;
using assent::test::FaultyStore;
using assent::test::VaultFixture;

namespace {

class Fixture : public VaultFixture {
public:
    using Calls = std::vector<Background<Answer>>;

    Calls many(std::size_t n, TokenVaultAuthorizer authorizer)
    {
        Calls out;
        out.reserve(n);
        for (std::size_t i = 0; i < n; ++i)
            out.emplace_back(io, authorizer.authorize(look()));
        return out;
    }
    static bool all(Calls const& calls, std::string const& token)
    {
        return std::all_of(calls.begin(), calls.end(), [&](auto const& call) { return call.done() && token_of(call.value()) == token; });
    }
};

/// A process beside the test's own: the store, the vault and the time are shared.
class Process {
public:
    Process(VaultFixture& fixture, std::shared_ptr<Store> store)
        : authorizer(Runtime(runtime.http(fixture.provider).store(std::move(store)).clock(fixture.clock)), VaultFixture::client(),
                     VaultFixture::google())
    {
    }
    void call() { calls.emplace_back(io, authorizer.authorize(VaultFixture::look())); }

    asio::io_context io{1};
    Runtime runtime{io.get_executor()};
    TokenVaultAuthorizer authorizer;
    std::vector<Background<outcome<Credentials>>> calls;
};

/// All processes run as time passes.
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

BOOST_FIXTURE_TEST_SUITE(vault_renewal, Fixture)

BOOST_AUTO_TEST_CASE(a_token_is_renewed_a_minute_before_it_expires)
{
    auto authorizer = vault();
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    pass(3539s);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    pass(1s);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
    BOOST_TEST(token_of(authorize(vault())) == "third-party-secret-2");
}

BOOST_AUTO_TEST_CASE(how_early_can_be_chosen)
{
    auto authorizer = vault(google().refresh_skew(600s));
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    pass(3001s);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
}

BOOST_AUTO_TEST_CASE(a_hundred_calls_with_an_expired_token_make_one_exchange)
{
    auto authorizer = vault();
    BOOST_TEST(authorize(authorizer).has_value());
    pass(2h);
    auto const calls = many(100, authorizer);
    poll();
    BOOST_TEST(all(calls, "third-party-secret-2"));
    BOOST_TEST(exchanges() == 2u);
}

BOOST_AUTO_TEST_CASE(a_hundred_calls_without_a_token_make_one_exchange)
{
    auto const calls = many(100, vault());
    poll();
    BOOST_TEST(all(calls, "third-party-secret-1"));
    BOOST_TEST(exchanges() == 1u);
}

BOOST_AUTO_TEST_CASE(the_old_token_serves_while_the_vault_is_down_and_then_is_told_as_trouble)
{
    auto authorizer = vault();
    BOOST_TEST(authorize(authorizer).has_value());
    answers = [](std::size_t, Form const&) { return HttpResponse(503, ""); };
    pass(3550s);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    auto const asked = exchanges();
    BOOST_TEST(asked == 4u);
    // Not again at once.
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    BOOST_TEST(exchanges() == asked);
    pass(60s);
    auto const dead = authorize(authorizer);
    BOOST_REQUIRE_MESSAGE(is(dead, Errc::temporarily_unavailable), describe(dead));
    answers = nullptr;
    pass(30s);
    BOOST_TEST(authorize(authorizer).has_value());
}

BOOST_AUTO_TEST_CASE(a_misconfigured_client_is_told_when_the_old_token_is_dead)
{
    auto authorizer = vault();
    BOOST_TEST(authorize(authorizer).has_value());
    answers = [](std::size_t, Form const&) { return error("invalid_client", 401); };
    pass(3550s);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    pass(60s);
    BOOST_TEST(is(authorize(authorizer), Errc::invalid_client));
}

BOOST_AUTO_TEST_CASE(consent_that_was_withdrawn_ends_the_old_token_when_it_is_renewed)
{
    auto authorizer = vault();
    BOOST_TEST(authorize(authorizer).has_value());
    answers = [](std::size_t, Form const&) { return error("federated_connection_refresh_token_not_found", 401); };
    pass(3550s);
    BOOST_TEST(is(authorize(authorizer), InterruptKind::consent_needed));
    BOOST_TEST(is(authorize(vault()), InterruptKind::consent_needed));
}

BOOST_AUTO_TEST_CASE(two_processes_exchange_once_each_at_most_and_agree)
{
    Process a(*this, store);
    Process b(*this, store);
    std::vector<Process*> const both{&a, &b};
    std::size_t before = 0;
    for (int round = 1; round <= 2; ++round) {
        for (int n = 0; n < 50; ++n) {
            a.call();
            b.call();
        }
        pass_in(*this, both, 1s);
        BOOST_TEST(exchanges() <= before + 2);
        auto const token = token_of(a.calls[0].value());
        BOOST_TEST(token.starts_with("third-party-secret-"));
        for (auto* process : both) {
            for (auto const& call : process->calls) {
                BOOST_REQUIRE(call.done());
                BOOST_TEST(token_of(call.value()) == token);
            }
            process->calls.clear();
        }
        // Who comes later needs none.
        before = exchanges();
        BOOST_TEST(token_of(authorize(vault())) == token);
        BOOST_TEST(exchanges() == before);
        clock->advance(2h);
    }
}

BOOST_AUTO_TEST_CASE(a_process_that_dies_while_it_exchanges_holds_nobody_up)
{
    auto a = std::make_unique<Process>(*this, store);
    Process b(*this, store);
    bool hang = true;
    provider->hang = [&hang](HttpRequest const&) { return hang; };
    a->call();
    pass_in(*this, {a.get(), &b}, 1s);
    BOOST_TEST(exchanges() == 1u);
    a.reset();
    hang = false;
    b.call();
    pass_in(*this, {&b}, 0s);
    BOOST_REQUIRE(b.calls[0].done());
    BOOST_TEST(b.calls[0].value().has_value());
    BOOST_TEST(exchanges() == 2u);
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_after_another_process_has_stored_its_own_yields_to_it)
{
    Process a(*this, store);
    Process b(*this, store);
    bool down = true;
    answers = [&down](std::size_t, Form const&) { return down ? std::optional<result<HttpResponse>>(HttpResponse(503, "")) : std::nullopt; };
    for (auto const& token : {"third-party-secret-2", "third-party-secret-5"}) {
        down = true;
        a.calls.clear();
        b.calls.clear();
        a.call();
        pass_in(*this, {&a, &b}, 0s);
        down = false;
        b.call();
        pass_in(*this, {&a, &b}, 0s);
        BOOST_REQUIRE(b.calls[0].done());
        BOOST_TEST(token_of(b.calls[0].value()) == token);
        BOOST_TEST(!a.calls[0].done());
        pass_in(*this, {&a, &b}, 1s);
        BOOST_REQUIRE(a.calls[0].done());
        BOOST_TEST(token_of(a.calls[0].value()) == token);
        clock->advance(3545s);
    }
    BOOST_TEST(exchanges() == 6u);
}

BOOST_AUTO_TEST_CASE(what_is_withdrawn_while_it_is_exchanged_is_not_granted)
{
    auto authorizer = vault();
    bool down = true;
    answers = [&down](std::size_t, Form const&) { return down ? std::optional<result<HttpResponse>>(HttpResponse(503, "")) : std::nullopt; };
    std::vector<Background<Answer>> calls;
    calls.emplace_back(io, authorizer.authorize(look()));
    poll();
    BOOST_TEST(run(authorizer.cancel(look())).value());
    down = false;
    pass(1s);
    BOOST_REQUIRE(calls[0].done());
    BOOST_TEST(is(calls[0].value(), Errc::temporarily_unavailable));
    BOOST_TEST(!authorizer.try_cached(look()).has_value());
    // A new call is a new wish.
    BOOST_TEST(authorize(authorizer).has_value());
    BOOST_TEST(run(authorizer.cancel(look())).value());
    BOOST_TEST(!run(authorizer.cancel(look())).value());
}

BOOST_AUTO_TEST_CASE(each_fault_of_the_store_costs_an_exchange_at_most)
{
    std::size_t operations = 0;
    for (std::size_t n = 0; n <= operations; ++n) {
        for (auto const how : {FaultyStore::Fault::fails, FaultyStore::Fault::forgets, FaultyStore::Fault::hangs, FaultyStore::Fault::conflicts}) {
            Fixture f;
            auto const faulty = std::make_shared<FaultyStore>(f.store, f.io.get_executor(), f.clock);
            f.runtime.store(faulty);
            auto authorizer = f.vault();
            if (operations == 0) {
                BOOST_TEST(f.authorize(authorizer).has_value());
                f.pass(2h);
                BOOST_TEST(f.authorize(authorizer).has_value());
                operations = faulty->operations;
                f.teardown();
                continue;
            }
            faulty->fail_at(n, how);
            for (int step = 0; step < 2; ++step) {
                auto answer = f.authorize(authorizer);
                for (int again = 0; again < 10 && !answer.has_value(); ++again) {
                    BOOST_REQUIRE_MESSAGE(answer.has_failure(), describe(answer));
                    BOOST_TEST((answer.failure() == Condition::retryable), describe(answer));
                    f.pass(5s);
                    answer = f.authorize(authorizer);
                }
                BOOST_TEST(answer.has_value(), n << ": " << describe(answer));
                f.pass(2h);
            }
            BOOST_TEST(f.exchanges() <= 3u);
            f.teardown();
        }
    }
    BOOST_TEST(operations >= 4u);
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_leaves_the_exchange_to_the_others)
{
    provider->fault = nullptr;
    std::vector<Background<Answer>> calls;
    auto authorizer = vault();
    provider->hang = [](HttpRequest const&) { return true; };
    calls.emplace_back(io, authorizer.authorize(look()));
    calls.emplace_back(io, authorizer.authorize(look()));
    pass(1s);
    calls[0].cancel();
    pass(0s);
    BOOST_REQUIRE(calls[0].done());
    BOOST_TEST(is(calls[0].value(), Errc::cancelled));
    BOOST_TEST(!calls[1].done());
    pass(1min);
    BOOST_TEST(calls[1].done());
}

// --- renew(): the third party refused the token ---

BOOST_AUTO_TEST_CASE(a_refused_token_is_forgotten_and_exchanged_again_once)
{
    auto authorizer = vault();
    auto const first = authorize(authorizer);
    auto const renewed = renew(authorizer, refusal_of(first));
    BOOST_REQUIRE(renewed.has_value());
    BOOST_TEST(renewed.value().credentials.tokens().access_token.expose() == "third-party-secret-2");
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
    BOOST_TEST(token_of(authorize(vault())) == "third-party-secret-2");
    BOOST_TEST(exchanges() == 2u);
    // Who was refused with the first one later gets the second, without another exchange.
    BOOST_TEST(renew(authorizer, refusal_of(first)).value().credentials.tokens().access_token.expose() == "third-party-secret-2");
    BOOST_TEST(exchanges() == 2u);
}

BOOST_AUTO_TEST_CASE(a_refusal_that_does_not_name_the_token_means_the_current_one)
{
    auto authorizer = vault();
    BOOST_TEST(authorize(authorizer).has_value());
    auto const renewed = renew(authorizer, TokenRefusal());
    BOOST_REQUIRE(renewed.has_value());
    BOOST_TEST(renewed.value().credentials.tokens().access_token.expose() == "third-party-secret-2");
}

BOOST_AUTO_TEST_CASE(a_hundred_refusals_of_one_token_make_one_exchange)
{
    auto authorizer = vault();
    auto const first = authorize(authorizer);
    std::vector<Background<outcome<Grant>>> calls;
    for (int n = 0; n < 100; ++n)
        calls.emplace_back(io, authorizer.renew(look(), refusal_of(first)));
    poll();
    for (auto const& call : calls) {
        BOOST_REQUIRE(call.done());
        BOOST_TEST(call.value().value().credentials.tokens().access_token.expose() == "third-party-secret-2");
    }
    BOOST_TEST(exchanges() == 2u);
}

BOOST_AUTO_TEST_CASE(a_vault_that_gives_the_refused_token_again_means_consent)
{
    answers = [](std::size_t, Form const&) { return token_answer("the same"); };
    auto authorizer = vault();
    auto const first = authorize(authorizer);
    auto const renewed = renew(authorizer, refusal_of(first));
    BOOST_REQUIRE(renewed.has_interrupt());
    BOOST_TEST(reason_of(renewed.interrupt()) == "token_refused");
    BOOST_TEST(exchanges() == 2u);
    // It is not handed out again from what is kept.
    BOOST_TEST(authorize(authorizer).has_value());
    BOOST_TEST(exchanges() == 3u);
}

BOOST_AUTO_TEST_CASE(trouble_while_a_refused_token_is_renewed_is_no_consent_and_the_token_is_not_served)
{
    auto authorizer = vault();
    auto const first = authorize(authorizer);
    answers = [](std::size_t, Form const&) { return HttpResponse(500, ""); };
    auto const renewed = renew(authorizer, refusal_of(first));
    BOOST_REQUIRE(renewed.has_failure());
    BOOST_TEST((renewed.failure() == Errc::temporarily_unavailable));
}

BOOST_AUTO_TEST_CASE(a_demand_for_more_scopes_asks_for_the_union)
{
    auto authorizer = vault();
    auto refusal = refusal_of(authorize(authorizer), 403);
    refusal.server.error = "insufficient_scope";
    refusal.scopes = {"https://www.googleapis.com/auth/drive"};
    refusal.acr_values = {"urn:strong"};
    refusal.max_age = 300s;
    auto const answer = renew(authorizer, refusal);
    BOOST_REQUIRE(answer.has_interrupt());
    auto const& interrupt = answer.interrupt();
    BOOST_TEST(to_string(interrupt.kind()) == "consent_needed");
    BOOST_TEST(interrupt.consent()->required_scopes ==
                   (std::vector<std::string>{"openid", calendar, "https://www.googleapis.com/auth/drive"}),
               boost::test_tools::per_element());
    BOOST_TEST(interrupt.consent()->reason == "missing_scopes");
    BOOST_TEST(interrupt.consent()->authorization_params.size() == 2u);
    BOOST_TEST(interrupt.server()->error == "insufficient_scope");
    BOOST_TEST(exchanges() == 1u);
    // After the consent the next call exchanges anew.
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
}

BOOST_AUTO_TEST_CASE(a_renewed_token_that_is_refused_too_needs_a_person)
{
    auto authorizer = vault();
    auto refusal = refusal_of(authorize(authorizer));
    refusal.repeated = true;
    auto const answer = renew(authorizer, refusal);
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST(reason_of(answer.interrupt()) == "token_refused");
    BOOST_TEST(exchanges() == 1u);
}

BOOST_AUTO_TEST_CASE(a_token_handed_in_is_asked_for_again)
{
    int n = 0;
    auto authorizer = vault(TokenVault().connection("google-oauth2").access_token([&n] { return fmt::format("theirs-{}", ++n); }));
    auto const first = authorize(authorizer);
    auto const renewed = renew(authorizer, refusal_of(first));
    BOOST_REQUIRE(renewed.has_value());
    BOOST_TEST(renewed.value().credentials.tokens().access_token.expose() == "theirs-2");
    auto constant = vault(TokenVault().connection("google-oauth2").access_token(Secret("fixed")));
    BOOST_TEST(renew(constant, refusal_of(authorize(constant))).has_interrupt());
}

BOOST_AUTO_TEST_SUITE_END()
