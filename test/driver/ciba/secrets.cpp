#include "support/ciba_fixture.hpp"
#include "support/recording_observer.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::RecordingObserver;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    Fixture()
    {
        runtime.observer(observer);
        provider->alter_tokens = [this](boost::json::object& tokens) {
            tokens["refresh_token"] = "refresh-token-secret";
            secrets.emplace_back(tokens["id_token"].as_string());
        };
    }
    static AsyncAuthorization telling() { return options().ping(true).user_code(Secret("user-code-secret")); }

    /// Calls and keeps whatever could be shown to somebody.
    Answer call(CibaAuthorizer& ciba, ToolCall its_call = buy())
    {
        auto answer = run(ciba.authorize(std::move(its_call)));
        if (answer.has_interrupt()) {
            auto const& interrupt = answer.interrupt();
            shown += boost::json::serialize(interrupt.to_public_json()) + '\n' + interrupt.message() + '\n' + interrupt.handle() + '\n';
        }
        if (answer.has_failure()) {
            shown += answer.failure().message() + '\n';
            if (auto const* server = answer.failure().server())
                shown += server->error + server->description + '\n';
        }
        return answer;
    }
    void nothing_secret_is_shown()
    {
        for (auto const& [id, pending] : provider->pending) {
            secrets.push_back(id);
            secrets.push_back(pending.parameters.at("client_notification_token"));
        }
        auto const everything = shown + observer->all();
        BOOST_TEST(everything.size() > 100u);
        BOOST_TEST(everything.find("secret") == std::string::npos, everything);
        for (auto const& secret : secrets)
            BOOST_TEST(everything.find(secret) == std::string::npos, secret);
    }

    std::shared_ptr<RecordingObserver> observer = std::make_shared<RecordingObserver>();
    std::vector<std::string> secrets;
    std::string shown;
};

using Events = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_secrets, Fixture)

BOOST_AUTO_TEST_CASE(the_audit_of_an_approval_says_who_what_and_when_and_no_secret)
{
    auto ciba = authorizer(telling());
    static_cast<void>(call(ciba));
    static_cast<void>(call(ciba));
    provider->approve();
    pass(5s);
    BOOST_TEST(call(ciba).has_value());
    static_cast<void>(call(ciba));
    BOOST_TEST(observer->events == (Events{"requested", "granted", "consumed"}), boost::test_tools::per_element());
    for (auto const& audit : observer->audits) {
        for (auto const* part : {"async_authorization", "https://idp.example/", "auth0|alice", "buy_stock", "thread-1", "call-1"})
            BOOST_TEST(audit.find(part) != std::string::npos, audit);
    }
    BOOST_TEST(observer->counters.at("assent.polls authz.method=ciba authz.outcome=granted") == 1u);
    nothing_secret_is_shown();
}

BOOST_AUTO_TEST_CASE(what_is_waited_for_is_gauged_and_looks_for_known_credentials_are_counted)
{
    std::string const in_hand = "assent.authorizations.in_hand authz.method=ciba";
    std::string const looks = "assent.token_cache authz.method=ciba authz.outcome=";
    auto block = options().on_authorization_request(AuthorizationMode::block).credentials_context(CredentialsContext::thread);
    auto ciba = authorizer(std::move(block));
    auto first = call_in_background(ciba, buy());
    auto second = call_in_background(ciba, buy());
    pass(12s);
    BOOST_TEST(observer->gauges.at(in_hand) == 1);
    BOOST_TEST(observer->counters.at(looks + "miss") == 2u);
    BOOST_TEST(observer->counters.count(looks + "hit") == 0u);
    provider->approve();
    pass(5s);
    BOOST_REQUIRE(first.done());
    BOOST_REQUIRE(second.done());
    BOOST_TEST(observer->gauges.at(in_hand) == 0);
    BOOST_TEST(call(ciba).has_value());
    BOOST_TEST(observer->counters.at(looks + "hit") == 1u);
    BOOST_TEST(observer->counters.at(looks + "miss") == 2u);
    {
        auto gone = authorizer(options().on_authorization_request(AuthorizationMode::block));
        auto never = call_in_background(gone, buy(7).thread_id("thread-7"));
        pass(1s);
        BOOST_TEST(observer->gauges.at(in_hand) == 1);
        never.cancel();
        pass(1s);
        BOOST_TEST(observer->gauges.at(in_hand) == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_denial_an_expiry_and_a_withdrawal_are_audited_once)
{
    auto ciba = authorizer(telling());
    static_cast<void>(call(ciba));
    provider->deny();
    pass(5s);
    static_cast<void>(call(ciba));
    static_cast<void>(call(ciba));
    pass(300s);
    static_cast<void>(call(ciba));
    static_cast<void>(call(ciba));
    BOOST_TEST(run(ciba.cancel(buy())).has_value());
    static_cast<void>(call(ciba, buy(1000)));
    Events const expected{"requested", "denied", "requested", "expired", "requested"};
    BOOST_REQUIRE(observer->events.size() >= expected.size());
    BOOST_TEST(Events(observer->events.begin(), observer->events.begin() + 5) == expected, boost::test_tools::per_element());
    BOOST_TEST(observer->audits[1].ends_with(" denied"));
    BOOST_TEST(observer->audits[3].ends_with(" expired"));
    BOOST_TEST(std::count(observer->events.begin(), observer->events.end(), "withdrawn") == 1);
    nothing_secret_is_shown();
}

BOOST_AUTO_TEST_CASE(no_failure_tells_a_secret)
{
    std::vector<result<HttpResponse>> const answers{
        Errc::connection_reset, error("invalid_client", 401), HttpResponse(500, "<html>"), error("mystery", 403), error("invalid_grant"),
        HttpResponse(200, "{}")};
    for (auto const& answer : answers) {
        auto ciba = authorizer(telling());
        provider->fault = nullptr;
        static_cast<void>(call(ciba));
        pass(5s);
        polls_answer({answer});
        static_cast<void>(call(ciba));
        static_cast<void>(call(ciba));
        static_cast<void>(run(ciba.cancel(buy())));
    }
    provider->fault = [](HttpRequest const&) -> std::optional<result<HttpResponse>> { return Errc::timed_out; };
    auto ciba = authorizer(telling().name("another"));
    static_cast<void>(call(ciba));
    static_cast<void>(call(ciba));
    provider->fault = nullptr;
    nothing_secret_is_shown();
}

BOOST_AUTO_TEST_CASE(a_failed_verification_is_audited_by_the_name_of_its_error)
{
    provider->alter_claims = [](boost::json::object& claims) { claims["sub"] = "auth0|mallory"; };
    auto ciba = authorizer(telling());
    static_cast<void>(call(ciba));
    provider->approve();
    pass(5s);
    BOOST_TEST(is(call(ciba), Errc::subject_mismatch));
    BOOST_REQUIRE(observer->events.size() == 2u);
    BOOST_TEST(observer->events[1] == "failed");
    BOOST_TEST(observer->audits[1].ends_with(" subject_mismatch"));
    nothing_secret_is_shown();
}

BOOST_AUTO_TEST_CASE(a_server_that_echoes_a_secret_does_not_get_it_shown)
{
    auto ciba = authorizer(telling());
    static_cast<void>(call(ciba));
    pass(5s);
    polls_answer({HttpResponse(400, R"({"error":"access_denied","error_description":"auth-req-secret-1 was refused"})")});
    auto const answer = run(ciba.authorize(buy()));
    BOOST_REQUIRE(is(answer, InterruptKind::denied));
    BOOST_TEST(answer.interrupt().message().find("secret") == std::string::npos);
    auto const page = run(store->scan(StoreKey{"authorization"}, std::string(), 10));
    BOOST_REQUIRE(page.has_value());
    for (auto const& [key, entry] : page.value().entries)
        BOOST_TEST(entry.value.find("access-token-secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
