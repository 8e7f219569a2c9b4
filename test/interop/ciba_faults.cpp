#include "interop/support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace {

using namespace std::chrono_literals;
using assent::CibaAuthorizer;
using assent::Condition;
using assent::Credentials;
using assent::Errc;
using assent::InterruptKind;
using assent::outcome;
using assent::ToolCall;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_failure;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "1"});
    return provider;
}

assent::BeastHttpClientConfig impatient() {
    assent::BeastHttpClientConfig config;
    config.read_deadline(700ms).total_deadline(1500ms);
    return config;
}

struct Fault {
    std::string name;
    boost::json::object what;
};

/// Everything that can go wrong on the way, but the answer being lost after the provider has processed the request.
std::vector<Fault> all_faults() {
    auto const fault = [](std::string_view name, std::string_view json) {
        return Fault{std::string(name), boost::json::parse(json).as_object()};
    };
    return {
        fault("reset", R"({"kind":"reset"})"),
        fault("close", R"({"kind":"close"})"),
        fault("hang", R"({"kind":"hang"})"),
        fault("truncate", R"({"kind":"truncate","body":"{\"access_token\":\"x\",\"token_type\":"})"),
        fault("drip", R"({"kind":"drip","everyMs":100})"),
        fault("http429",
              R"({"status":429,"headers":{"Retry-After":"2"},"body":"{\"error\":\"too_many_requests\"}"})"),
        fault("http500",
              R"({"status":500,"headers":{"content-type":"text/html"},"body":"<html>oops</html>"})"),
        fault("http503", R"({"status":503})"),
        fault("html200",
              R"({"status":200,"headers":{"content-type":"text/html"},"body":"<html>sign in</html>"})"),
        fault("empty200", R"({"status":200,"body":"{}"})"),
    };
}

struct Fixture : RealCibaFixture {
    Fixture() : RealCibaFixture(shared_provider(), impatient()) {}

    /// The next request to `path` that contains that text meets the fault.
    void order(Fault const& fault, std::string_view path, std::string_view contains) {
        boost::json::object body = fault.what;
        body["path"] = path;
        body["contains"] = contains;
        admin.fault(body);
    }
};

BOOST_FIXTURE_TEST_SUITE(ciba_faults, Fixture)

// Every fault once, at the poll that would have brought the approval. All at the same time, to take the time of one.
BOOST_AUTO_TEST_CASE(an_approval_survives_every_fault_at_the_token_endpoint) {
    std::vector<Fault> const faults = all_faults();
    CibaAuthorizer const asks = authorizer();
    std::vector<ToolCall> calls;
    for (Fault const& fault : faults) {
        ToolCall its_call = call(fault.name);
        outcome<Credentials> const first = authorize(asks, its_call);
        BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
        order(fault, provider.token_path(), first.interrupt().request()->id.expose());
        admin.approve(first.interrupt().request()->id.expose());
        its_call.resumed(first.interrupt().handle());
        calls.push_back(std::move(its_call));
    }
    std::vector<outcome<Credentials>> const results = authorize_all(asks, calls);
    for (std::size_t i = 0; i < faults.size(); ++i)
        BOOST_TEST(results[i].has_value(), faults[i].name << ": " << describe(results[i]));
    BOOST_TEST(admin.faults().empty());
    BOOST_TEST(pushes() == faults.size());
}

BOOST_AUTO_TEST_CASE(retry_after_is_obeyed_while_polling) {
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    Fault fault{"http429", {}};
    fault.what["status"] = 429;
    boost::json::object headers;
    headers["Retry-After"] = "3";
    fault.what["headers"] = std::move(headers);
    order(fault, provider.token_path(), "");
    admin.approve();
    outcome<Credentials> const granted =
        authorize_to_the_end(asks, call().resumed(first.interrupt().handle()));
    BOOST_TEST(granted.has_value(), describe(granted));
    auto const log = admin.log(provider.token_path());
    BOOST_REQUIRE(log.size() == 2U);
    BOOST_TEST(log[1].at("at").as_int64() - log[0].at("at").as_int64() >= 3000);
}

// The provider has used the auth_req_id up and the tokens went down with the connection: nobody can have them any more. The
// person's approval cannot be saved, but nobody is asked twice behind their back, and the host learns that it is over.
BOOST_AUTO_TEST_CASE(tokens_lost_on_their_way_are_told_and_the_person_is_not_asked_again) {
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    Fault lost{"after", {}};
    lost.what["kind"] = "after";
    order(lost, provider.token_path(), "");
    admin.approve();
    outcome<Credentials> const over = authorize_to_the_end(asks, call().resumed(first.interrupt().handle()));
    BOOST_TEST(is_interrupt(over, InterruptKind::invalid_grant), describe(over));
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lost_pending_answer_costs_nothing) {
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    Fault lost{"after", {}};
    lost.what["kind"] = "after";
    order(lost, provider.token_path(), "");
    admin.decide_automatically("approve", "afterPolls", 1);
    outcome<Credentials> const granted =
        authorize_to_the_end(asks, call().resumed(first.interrupt().handle()));
    BOOST_TEST(granted.has_value(), describe(granted));
    BOOST_TEST(pushes() == 1U);
}

// The provider may or may not have asked the person: the call fails as retryable, and for a while nobody is asked again.
BOOST_AUTO_TEST_CASE(a_fault_at_the_first_request_never_leads_to_a_second_push) {
    CibaAuthorizer const asks = authorizer();
    for (Fault const& fault : all_faults()) {
        order(fault, provider.backchannel_path(), "Buy 1 " + fault.name);
        outcome<Credentials> const first = authorize(asks, call(fault.name));
        BOOST_TEST(first.has_failure(), fault.name << ": " << describe(first));
        if (first.has_failure())
            BOOST_TEST(
                (first.failure() == Condition::retryable || first.failure() == Condition::invalid_answer),
                fault.name << ": " << describe(first));
        outcome<Credentials> const second = authorize(asks, call(fault.name));
        bool const asked = is_interrupt(second, InterruptKind::pending);
        bool const held = is_failure(second, Errc::temporarily_unavailable);
        BOOST_TEST((asked || held), fault.name << ": " << describe(second));
    }
    // A fault instead of an answer reached nobody's phone; each may have been asked once since.
    BOOST_TEST(pushes() <= all_faults().size());
    BOOST_TEST(admin.faults().empty());
}

BOOST_AUTO_TEST_CASE(a_lost_answer_to_the_first_request_does_not_push_twice) {
    CibaAuthorizer const asks = authorizer();
    Fault lost{"after", {}};
    lost.what["kind"] = "after";
    order(lost, provider.backchannel_path(), "");
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_TEST(first.has_failure(), describe(first));
    outcome<Credentials> const second = authorize(asks, call());
    BOOST_TEST(is_failure(second, Errc::temporarily_unavailable), describe(second));
    BOOST_TEST(pushes() == 1U);
}

BOOST_AUTO_TEST_CASE(a_fault_at_discovery_or_keys_asks_nobody_and_is_over_with_the_next_call) {
    for (std::string_view const path : {"/.well-known/openid-configuration", "/jwks"}) {
        CibaAuthorizer const asks = authorizer();
        Fault fault{"http500", {}};
        fault.what["status"] = 500;
        fault.what["body"] = "<html>oops</html>";
        order(fault, path, "");
        admin.decide_automatically("approve", "afterMs", 0);
        outcome<Credentials> decision = authorize_to_the_end(asks, call("ZEKO", 1, "alice", path));
        if (decision.has_failure()) {
            BOOST_TEST((decision.failure() == Condition::retryable), describe(decision));
            decision = authorize_to_the_end(asks, call("ZEKO", 1, "alice", path));
        }
        BOOST_TEST(decision.has_value(), path << ": " << describe(decision));
    }
    BOOST_TEST(admin.faults().empty());
    BOOST_TEST(pushes() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
