#include <assent/qr_code.hpp>

#include "interop/support/device_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using assent::AuthorizationMode;
using assent::ClientAuthentication;
using assent::Condition;
using assent::Credentials;
using assent::CredentialsContext;
using assent::DeviceAuthorization;
using assent::DeviceAuthorizer;
using assent::Errc;
using assent::Interrupt;
using assent::InterruptKind;
using assent::OauthClient;
using assent::outcome;
using assent::ToolCall;
using assent::test::describe;
using assent::test::RealDeviceFixture;
using assent::test::is_failure;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "1", "--enforce-interval"});
    return provider;
}

assent::BeastHttpClientConfig impatient() {
    assent::BeastHttpClientConfig config;
    config.read_deadline(700ms).total_deadline(1500ms);
    return config;
}

struct Fixture : RealDeviceFixture {
    Fixture() : RealDeviceFixture(shared_provider(), impatient()) {}

    /// Asks, lets the person do `act` with what they are shown, and tells what becomes of it.
    template <class Act>
    outcome<Credentials> decide(DeviceAuthorizer asks, Act act) {
        outcome<Credentials> first = authorize(asks, call());
        if (!is_interrupt(first, InterruptKind::pending))
            return first;
        act(first.interrupt());
        return authorize_to_the_end(asks, call().resumed(first.interrupt().handle()));
    }
    auto person(std::string_view decision, std::string_view subject = "alice") {
        return [this, decision, subject](Interrupt const& shown) { browse(shown, decision, subject); };
    }
};

BOOST_FIXTURE_TEST_SUITE(device, Fixture)

BOOST_AUTO_TEST_CASE(a_person_opens_the_link_signs_in_and_the_thread_has_a_token) {
    DeviceAuthorizer const asks = device();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    Interrupt const& shown = first.interrupt();
    BOOST_REQUIRE(shown.device() != nullptr);
    BOOST_TEST(assent::terminal_qr_code(shown).has_value());

    auto const requests = codes();
    BOOST_REQUIRE(requests.size() == 1U);
    BOOST_TEST(requests[0].at("clientId").as_string() == "public");
    BOOST_TEST(requests[0].at("params").at("scope").as_string() == "openid read");
    BOOST_TEST(shown.device()->device_code.expose() == requests[0].at("id").as_string());

    // Too early: the same answer without a request.
    outcome<Credentials> const early = authorize(asks, call());
    BOOST_TEST(is_interrupt(early, InterruptKind::pending), describe(early));
    BOOST_TEST(polls() == 0U);

    BOOST_TEST(browse(shown) == "Sign-in Success");
    outcome<Credentials> const granted = authorize_to_the_end(asks, call().resumed(shown.handle()));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    assent::TokenSet const& tokens = granted.value().tokens();
    BOOST_TEST(tokens.has_scope("read"));
    BOOST_TEST(!tokens.id_token.empty());
    BOOST_TEST(tokens.valid_at(std::chrono::system_clock::now()));
    BOOST_TEST(polls() == 1U);

    BOOST_TEST(authorize(asks, call("OTHER", 7)).has_value());
    BOOST_TEST(starts() == 1U);
    BOOST_TEST(polls() == 1U);
}

BOOST_AUTO_TEST_CASE(a_person_may_type_the_code_where_the_plain_address_leads) {
    outcome<Credentials> const granted = decide(device(), [this](Interrupt const& shown) {
        auto const& its = *shown.device();
        BOOST_TEST(browse(its.verification_uri, "approve", "alice", its.user_code) == "Sign-in Success");
    });
    BOOST_TEST(granted.has_value(), describe(granted));
}

BOOST_AUTO_TEST_CASE(a_wrong_code_leaves_the_request_pending) {
    DeviceAuthorizer const asks = device();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    BOOST_TEST(browse(first.interrupt().device()->verification_uri, "approve", "alice", "BBBB-CCCC") == "Sign-in");
    std::this_thread::sleep_for(1100ms);
    BOOST_TEST(is_interrupt(authorize(asks, call()), InterruptKind::pending));
    BOOST_TEST(polls() == 1U);
}

BOOST_AUTO_TEST_CASE(confidential_clients_sign_in_with_both_kinds_of_secret) {
    for (auto const* id : {"post", "basic"}) {
        outcome<Credentials> const granted =
            decide(DeviceAuthorizer(runtime, client(id), device_options()), person("approve"));
        BOOST_TEST(granted.has_value(), id << ": " << describe(granted));
    }
    outcome<Credentials> const refused =
        authorize(DeviceAuthorizer(runtime, client("post", "wrong-secret"), device_options().name("wrong")), call());
    BOOST_TEST(is_failure(refused, Errc::invalid_client), describe(refused));
    BOOST_TEST(describe(refused).find("wrong-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_person_may_refuse_where_the_code_is_shown_or_instead_of_signing_in) {
    for (auto const* how : {"deny", "cancel"}) {
        outcome<Credentials> const refused = decide(device(device_options().name(how)), person(how));
        BOOST_TEST(is_interrupt(refused, InterruptKind::denied), how << ": " << describe(refused));
        BOOST_TEST(!refused.interrupt().resumable());
    }
}

BOOST_AUTO_TEST_CASE(somebody_else_who_signs_in_is_refused) {
    outcome<Credentials> const other = decide(device(), person("approve", "bob"));
    BOOST_TEST(is_failure(other, Errc::subject_mismatch), describe(other));
    BOOST_TEST(!device().try_cached(call()).has_value());
}

BOOST_AUTO_TEST_CASE(where_any_account_will_do_no_id_token_is_asked_for) {
    outcome<Credentials> const granted = decide(device(device_options().any_account(true)), person("approve", "bob"));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    BOOST_TEST(granted.value().tokens().id_token.empty());
    BOOST_TEST(codes()[0].at("params").at("scope").as_string() == "read");
}

BOOST_AUTO_TEST_CASE(expired_token_and_the_invalid_grant_after_it_both_end_it) {
    outcome<Credentials> const expired =
        decide(device(), [this](Interrupt const&) { admin.call("POST", "device/latest/expire"); });
    BOOST_TEST(is_interrupt(expired, InterruptKind::expired), describe(expired));
    outcome<Credentials> const forgotten =
        decide(device(device_options().name("other")), [this](Interrupt const&) { admin.call("POST", "device/latest/forget"); });
    BOOST_TEST(is_interrupt(forgotten, InterruptKind::invalid_grant), describe(forgotten));
}

BOOST_AUTO_TEST_CASE(a_blocked_call_polls_in_time_and_is_never_told_to_slow_down) {
    boost::json::object automatic;
    automatic["decision"] = "approve";
    automatic["afterPolls"] = 3;
    boost::json::object settings;
    settings["auto"] = std::move(automatic);
    admin.config(settings);
    outcome<Credentials> const granted =
        authorize(device(device_options().on_authorization_request(AuthorizationMode::block)), call());
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    auto const log = admin.log(provider.token_path());
    BOOST_REQUIRE(log.size() == 4U);
    for (std::size_t i = 1; i < log.size(); ++i) {
        BOOST_TEST(log[i].at("at").as_int64() - log[i - 1].at("at").as_int64() >= 1000);
        if (i + 1 < log.size())
            BOOST_TEST(log[i].at("response").at("error").as_string() == "authorization_pending");
    }
}

BOOST_AUTO_TEST_CASE(a_missing_interval_is_five_seconds) {
    boost::json::object settings;
    settings["interval"] = nullptr;
    admin.config(settings);
    outcome<Credentials> const first = authorize(device(), call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    BOOST_TEST((first.interrupt().device()->interval == 5s));
}

BOOST_AUTO_TEST_CASE(two_people_on_one_thread_have_separate_tokens) {
    DeviceAuthorizer const asks = device(device_options().credentials_context(CredentialsContext::agent));
    ToolCall alice = call("ZEKO", 1, "alice");
    ToolCall bob = call("ZEKO", 1, "bob");
    for (ToolCall* one : {&alice, &bob}) {
        outcome<Credentials> const first = authorize(asks, *one);
        BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
        browse(first.interrupt(), "approve", one->principal().subject());
        one->resumed(first.interrupt().handle());
    }
    std::vector<outcome<Credentials>> const results = authorize_all(asks, {alice, bob});
    std::set<std::string> tokens;
    for (auto const& one : results) {
        BOOST_REQUIRE_MESSAGE(one.has_value(), describe(one));
        tokens.emplace(one.value().tokens().access_token.expose());
    }
    BOOST_TEST(tokens.size() == 2U);
    auto const requests = codes();
    BOOST_TEST(requests[0].at("accountId").as_string() == "alice");
    BOOST_TEST(requests[1].at("accountId").as_string() == "bob");
}

BOOST_AUTO_TEST_CASE(a_client_without_the_grant_is_told_as_misconfigured) {
    outcome<Credentials> const refused = authorize(DeviceAuthorizer(runtime, client("nogrant"), device_options()), call());
    BOOST_REQUIRE_MESSAGE(refused.has_failure(), describe(refused));
    BOOST_TEST((refused.failure() == Condition::misconfigured), describe(refused));
    BOOST_TEST(starts() == 0U);
}

BOOST_AUTO_TEST_CASE(an_unknown_audience_is_a_configuration_failure) {
    outcome<Credentials> const refused = decide(device(device_options().audience(std::string("https://elsewhere.test/"))), person("approve"));
    BOOST_REQUIRE_MESSAGE(refused.has_failure(), describe(refused));
    BOOST_TEST((refused.failure() == Condition::misconfigured), describe(refused));
}

struct Fault {
    std::string name;
    boost::json::object what;
};

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
        fault("http429", R"({"status":429,"headers":{"Retry-After":"2"},"body":"{\"error\":\"too_many_requests\"}"})"),
        fault("http500", R"({"status":500,"headers":{"content-type":"text/html"},"body":"<html>oops</html>"})"),
        fault("http503", R"({"status":503})"),
        fault("html200", R"({"status":200,"headers":{"content-type":"text/html"},"body":"<html>sign in</html>"})"),
        fault("empty200", R"({"status":200,"body":"{}"})"),
    };
}

// Every fault once, at the poll that would have brought the tokens. All at the same time, to take the time of one.
BOOST_AUTO_TEST_CASE(a_sign_in_survives_every_fault_at_the_token_endpoint) {
    std::vector<Fault> const faults = all_faults();
    DeviceAuthorizer const asks = device();
    std::vector<ToolCall> calls;
    for (Fault const& fault : faults) {
        ToolCall its_call = call("ZEKO", 1, "alice", fault.name);
        outcome<Credentials> const first = authorize(asks, its_call);
        BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
        boost::json::object order = fault.what;
        order["path"] = provider.token_path();
        order["contains"] = first.interrupt().device()->device_code.expose();
        admin.fault(order);
        admin.call("POST", "device/" + first.interrupt().device()->user_code + "/approve");
        its_call.resumed(first.interrupt().handle());
        calls.push_back(std::move(its_call));
    }
    std::vector<outcome<Credentials>> const results = authorize_all(asks, calls);
    for (std::size_t i = 0; i < faults.size(); ++i)
        BOOST_TEST(results[i].has_value(), faults[i].name << ": " << describe(results[i]));
    BOOST_TEST(admin.faults().empty());
    BOOST_TEST(starts() == faults.size());
}

// Nobody has seen a code whose answer was lost: the next call has another.
BOOST_AUTO_TEST_CASE(after_a_fault_at_the_first_request_the_next_call_has_a_code) {
    for (Fault const& fault : all_faults()) {
        if (fault.name == "http429")
            continue;  // asks to wait
        DeviceAuthorizer const asks = device(device_options().name(fault.name));
        boost::json::object order = fault.what;
        order["path"] = "/device/auth";
        admin.fault(order);
        outcome<Credentials> const first = authorize(asks, call());
        BOOST_TEST(first.has_failure(), fault.name << ": " << describe(first));
        outcome<Credentials> const second = authorize(asks, call());
        BOOST_TEST(is_interrupt(second, InterruptKind::pending), fault.name << ": " << describe(second));
    }
    BOOST_TEST(admin.faults().empty());
}

BOOST_AUTO_TEST_CASE(tokens_lost_on_their_way_are_told) {
    DeviceAuthorizer const asks = device();
    outcome<Credentials> const over = decide(asks, [this](Interrupt const& shown) {
        boost::json::object lost;
        lost["kind"] = "after";
        lost["path"] = provider.token_path();
        admin.fault(lost);
        browse(shown);
    });
    BOOST_TEST(is_interrupt(over, InterruptKind::invalid_grant), describe(over));
    BOOST_TEST(admin.log("/device/auth").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

OidcProviderProcess& auth0_provider() {
    static OidcProviderProcess provider({"--interval", "1", "--routes", "auth0", "--tls", "good"});
    return provider;
}

assent::BeastHttpClientConfig trusting() {
    assent::BeastHttpClientConfig config;
    config.ca_file(assent::test::certificates() + "/ca.crt");
    return config;
}

struct Auth0Fixture : RealDeviceFixture {
    Auth0Fixture() : RealDeviceFixture(auth0_provider(), trusting()) {}

    DeviceAuthorizer auth0() {
        return DeviceAuthorizer(runtime, OauthClient::auth0(provider.domain(), "public"), device_options());
    }
};

BOOST_FIXTURE_TEST_SUITE(device_auth0, Auth0Fixture)

BOOST_AUTO_TEST_CASE(auth0s_dialect_over_tls_is_granted_without_discovery) {
    DeviceAuthorizer const asks = auth0();
    ToolCall its_call = call("ZEKO", 1, "auth0|alice");
    outcome<Credentials> const first = authorize(asks, its_call);
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    BOOST_TEST(first.interrupt().device()->verification_uri == provider.issuer() + "activate");
    boost::json::object options;
    options["sub"] = "auth0|alice";
    admin.call("POST", "device/latest/approve", options);
    outcome<Credentials> const granted = authorize_to_the_end(asks, its_call.resumed(first.interrupt().handle()));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    BOOST_TEST(granted.value().tokens().has_scope("read"));
    BOOST_TEST(admin.log("/.well-known/openid-configuration").empty());
    BOOST_TEST(admin.log("/oauth/device/code").size() == 1U);
}

BOOST_AUTO_TEST_CASE(denied_means_denied_at_auth0_too) {
    DeviceAuthorizer const asks = auth0();
    ToolCall its_call = call("ZEKO", 1, "auth0|alice");
    outcome<Credentials> const first = authorize(asks, its_call);
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    admin.call("POST", "device/latest/deny");
    outcome<Credentials> const refused = authorize_to_the_end(asks, its_call.resumed(first.interrupt().handle()));
    BOOST_TEST(is_interrupt(refused, InterruptKind::denied), describe(refused));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
