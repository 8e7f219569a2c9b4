#include "support/ciba_fixture.hpp"
#include "support/faulty_store.hpp"

#include <assent/authorizations.hpp>
#include <assent/encrypted_store.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <set>
#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

/// What a person has authorized, over a plain store and over an encrypted one.
class ListFixture : public assent::test::CibaFixture {
public:
    explicit ListFixture(bool encrypted = false)
    {
        if (encrypted)
            runtime.store(make_encrypted_store(store, EncryptionKeys(Secret("0123456789abcdef0123456789ABCDEF"))));
    }

    std::vector<AuthorizationSummary> list(Principal principal = alice())
    {
        std::vector<AuthorizationSummary> all;
        std::string cursor;
        do {
            auto page = run(authorizations.list(principal, std::move(cursor), 3)).value();
            all.insert(all.end(), page.authorizations.begin(), page.authorizations.end());
            cursor = std::move(page.next);
        } while (!cursor.empty());
        return all;
    }
    AuthorizationSummary sole(Principal principal = alice())
    {
        auto const all = list(std::move(principal));
        BOOST_REQUIRE(all.size() == 1u);
        return all.front();
    }
    Withdrawal revoke(std::string id, Principal principal = alice()) { return run(authorizations.revoke(std::move(principal), std::move(id))).value(); }
    bool withdrawn(Answer const& answer) const
    {
        return is(answer, InterruptKind::denied) && answer.interrupt().message().find("withdrawn") != std::string::npos;
    }
    static ToolCall numbered(int number, Principal principal = alice())
    {
        auto call = buy(number, std::move(principal));
        call.call_id("call-" + std::to_string(number));
        return call;
    }
    Answer approved(CibaAuthorizer& ciba, ToolCall call)
    {
        ask(ciba, call);
        provider->approve();
        pass(5s);
        return run(ciba.authorize(std::move(call)));
    }
    static AsyncAuthorization shared() { return options().credentials_context(CredentialsContext::thread); }

    Authorizations authorizations{runtime};
};

std::string spelled(AuthorizationSummary const& summary)
{
    std::string all = summary.id + summary.tool_name + summary.thread_id + summary.binding_message + summary.authorization_details;
    for (auto const& scope : summary.scopes)
        all += scope;
    return all;
}

Withdrawal end_all(ListFixture& f, Principal principal) { return f.run(f.authorizations.revoke_all(std::move(principal))).value(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(authorizations)

BOOST_AUTO_TEST_CASE(a_person_sees_what_is_pending_granted_and_used_and_no_secret)
{
    for (bool const encrypted : {false, true}) {
        ListFixture f(encrypted);
        auto ciba = f.authorizer();
        BOOST_TEST(f.list().empty());
        f.ask(ciba, f.numbered(1));
        auto const pending = f.sole();
        BOOST_TEST((pending.state == AuthorizationState::pending));
        BOOST_TEST((pending.flow == Flow::ciba));
        BOOST_TEST(pending.tool_name == "buy_stock");
        BOOST_TEST(pending.thread_id == "thread-1");
        BOOST_TEST(pending.binding_message == "Buy ZEKO");
        BOOST_TEST(pending.scopes.size() >= 1u);
        BOOST_TEST(pending.one_use);
        BOOST_REQUIRE(pending.requested_at.has_value());
        BOOST_TEST((*pending.requested_at == f.clock->now()));
        BOOST_TEST((pending.expires_at && *pending.expires_at > f.clock->now()));
        f.provider->approve();
        f.pass(5s);
        f.ask(ciba, f.numbered(1));
        BOOST_TEST((f.sole().state == AuthorizationState::used));
        auto shared = f.authorizer(ListFixture::shared().name("shared"));
        BOOST_REQUIRE(f.approved(shared, f.numbered(2)).has_value());
        std::set<AuthorizationState> states;
        for (auto const& each : f.list()) {
            states.insert(each.state);
            for (auto const* secret : {"client-secret", "access", "refresh", "auth-req"})
                BOOST_TEST(spelled(each).find(secret) == std::string::npos, spelled(each));
        }
        BOOST_TEST(states.size() == 2u);
        BOOST_TEST(states.count(AuthorizationState::granted) == 1u);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(two_people_two_tenants_and_two_agents_are_never_mixed)
{
    for (bool const encrypted : {false, true}) {
        ListFixture f(encrypted);
        auto ciba = f.authorizer();
        auto const at = [](std::string tenant, std::string agent) { return ListFixture::alice().tenant(std::move(tenant)).agent(std::move(agent)); };
        std::vector<Principal> const people{f.alice(), f.bob(), at("one", ""), at("", "one"), at("one", "one"),
                                            Principal("https://other.example/", "auth0|alice")};
        for (auto const& person : people)
            f.ask(ciba, f.numbered(1, person));
        BOOST_TEST(f.revoke(f.sole(f.alice()).id).withdrawn == 1u);
        for (std::size_t i = 1; i < people.size(); ++i)
            BOOST_TEST((f.sole(people[i]).state == AuthorizationState::pending));
        BOOST_TEST(end_all(f, f.bob()).withdrawn == 1u);
        for (std::size_t i = 2; i < people.size(); ++i)
            BOOST_TEST((f.sole(people[i]).state == AuthorizationState::pending));
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(calls_that_wait_are_told_at_once_and_polling_stops)
{
    ListFixture f;
    auto ciba = f.authorizer(f.options().on_authorization_request(AuthorizationMode::block));
    auto one = f.call_in_background(ciba, f.buy());
    auto two = f.call_in_background(ciba, f.buy());
    f.pass(12s);
    BOOST_TEST(f.revoke(f.sole().id).withdrawn == 1u);
    f.poll();
    BOOST_REQUIRE(one.done());
    BOOST_REQUIRE(two.done());
    BOOST_TEST(f.withdrawn(one.value()));
    BOOST_TEST(f.withdrawn(two.value()));
    BOOST_TEST((f.sole().state == AuthorizationState::withdrawn));
    BOOST_TEST(f.revoke(f.sole().id).withdrawn == 0u);
    auto const polls = f.provider->polls();
    f.provider->approve();
    f.pass(5min);
    BOOST_TEST(f.provider->polls() == polls);
    f.teardown();
}

BOOST_AUTO_TEST_CASE(what_is_granted_is_of_no_use_any_more_also_from_memory)
{
    ListFixture f;
    auto ciba = f.authorizer(ListFixture::shared());
    BOOST_REQUIRE(f.approved(ciba, f.buy()).has_value());
    BOOST_REQUIRE(ciba.try_cached(f.buy()).has_value());
    BOOST_TEST(f.revoke(f.sole().id).withdrawn == 1u);
    f.poll();
    BOOST_TEST(!ciba.try_cached(f.buy()).has_value());
    BOOST_TEST(f.is(f.run(ciba.authorize(f.buy())), InterruptKind::pending), "the person is asked anew");
    BOOST_TEST(f.provider->pushes() == 2u);
    f.teardown();
}

BOOST_AUTO_TEST_CASE(a_person_who_signs_out_ends_all_of_them)
{
    ListFixture f;
    auto ciba = f.authorizer();
    for (int i = 0; i < 450; ++i)
        f.ask(ciba, f.numbered(i));
    f.ask(ciba, f.numbered(1, f.bob()));
    BOOST_TEST(end_all(f, f.alice()).withdrawn == 450u);
    BOOST_TEST(end_all(f, f.alice()).withdrawn == 0u);
    for (auto const& each : f.list())
        BOOST_REQUIRE((each.state == AuthorizationState::withdrawn));
    BOOST_TEST((f.sole(f.bob()).state == AuthorizationState::pending));
    f.teardown();
}

BOOST_AUTO_TEST_CASE(tokens_are_revoked_at_the_provider_and_kept_out_of_reach_until_they_are)
{
    ListFixture f;
    auto ciba = f.authorizer(ListFixture::shared().scopes({"stock:trade", "offline_access"}));
    f.provider->alter_tokens = [](boost::json::object& tokens) { tokens["refresh_token"] = "rt-secret"; };
    BOOST_REQUIRE(f.approved(ciba, f.buy()).has_value());
    int asked = 0;
    bool down = true;
    f.provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (!request.url().ends_with("/oauth/revoke"))
            return std::nullopt;
        ++asked;
        return down ? HttpResponse(503, "") : HttpResponse(200, "");
    };
    f.authorizations.revoke_tokens_of(f.client());
    auto const id = f.sole().id;
    assent::test::Background<result<Withdrawal>> first(f.io, f.authorizations.revoke(f.alice(), id));
    f.pass(2min);
    BOOST_REQUIRE(first.done());
    auto const kept = first.value().value();
    BOOST_TEST(kept.withdrawn == 1u);
    BOOST_TEST(kept.tokens_kept == 1u);
    BOOST_TEST(!kept.complete());
    BOOST_TEST(kept.failure.has_value());
    BOOST_TEST(asked >= 1);
    BOOST_TEST(!ciba.try_cached(f.buy()).has_value());
    down = false;
    auto const again = f.revoke(id);
    BOOST_TEST(again.withdrawn == 0u);
    BOOST_TEST(again.tokens_revoked == 1u);
    BOOST_TEST(again.complete());
    asked = 0;
    BOOST_TEST(f.revoke(id).tokens_revoked == 0u);
    BOOST_TEST(asked == 0, "they are forgotten");
    f.teardown();
}

BOOST_AUTO_TEST_CASE(who_has_no_subject_and_what_is_no_id_are_refused)
{
    ListFixture f;
    auto const nobody = f.run(f.authorizations.list(Principal()));
    BOOST_TEST((nobody.has_failure() && nobody.failure() == Errc::no_subject));
    BOOST_TEST((f.run(f.authorizations.revoke_all(Principal("https://idp.example/", ""))).failure() == Errc::no_subject));
    for (auto const* id : {"", ".", "x", ".x", "x."})
        BOOST_TEST((f.run(f.authorizations.revoke(f.alice(), id)).failure() == Errc::invalid_argument));
    BOOST_TEST(f.revoke("unknown.unknown").withdrawn == 0u);
    auto const limit = f.run(f.authorizations.list(f.alice(), "", 0));
    BOOST_TEST((limit.has_failure() && limit.failure() == Errc::invalid_argument));
    f.teardown();
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_is_a_failure_and_the_authorization_stays)
{
    ListFixture f;
    auto const faulty = std::make_shared<assent::test::FaultyStore>(f.store, f.io.get_executor(), f.clock);
    f.runtime.store(faulty);
    auto ciba = f.authorizer();
    f.ask(ciba, f.buy());
    auto const id = f.sole().id;
    using Fault = assent::test::FaultyStore::Fault;
    for (std::size_t at = 0; at < 2; ++at) {
        faulty->fail_at(at, Fault::fails);
        auto const failed = f.run(f.authorizations.revoke(f.alice(), id));
        BOOST_TEST((failed.has_failure() && failed.failure() == Errc::store_unavailable));
        faulty->fault = nullptr;
        BOOST_TEST((f.sole().state == AuthorizationState::pending));
    }
    faulty->fail_at(1, Fault::conflicts);
    BOOST_TEST(f.revoke(id).withdrawn == 1u);
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
