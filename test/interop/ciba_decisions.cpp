#include "interop/support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using assent::AsyncAuthorization;
using assent::AuthorizationMode;
using assent::CibaAuthorizer;
using assent::Credentials;
using assent::Errc;
using assent::Interrupt;
using assent::InterruptKind;
using assent::outcome;
using assent::test::BuyStock;
using assent::test::RealCibaFixture;
using assent::test::describe;
using assent::test::is_failure;
using assent::test::is_interrupt;
using assent::test::OidcProviderProcess;

OidcProviderProcess& shared_provider() {
    static OidcProviderProcess provider({"--interval", "1"});
    return provider;
}

struct Fixture : RealCibaFixture {
    Fixture() : RealCibaFixture(shared_provider()) {}

    /// Asks, lets the person do `act` with the request, and tells what becomes of it.
    template <class Act>
    outcome<Credentials> decide(AsyncAuthorization const& with, Act act) {
        CibaAuthorizer const asks = authorizer(with);
        outcome<Credentials> first = authorize(asks, call());
        if (!is_interrupt(first, InterruptKind::pending))
            return first;
        act();
        return authorize_to_the_end(asks, call().resumed(first.interrupt().handle()));
    }

    AsyncAuthorization with_details() const {
        AsyncAuthorization result = options();
        result.authorization_details([](BuyStock const& order) { return assent::test::details(order); });
        return result;
    }

    /// approve, but for these authorization details.
    auto approve_only(boost::json::array its_details) {
        boost::json::object body;
        body["authorization_details"] = std::move(its_details);
        return [this, body] { admin.approve("latest", body); };
    }
};

BOOST_FIXTURE_TEST_SUITE(ciba_decisions, Fixture)

BOOST_AUTO_TEST_CASE(details_granted_as_asked_come_with_the_token) {
    outcome<Credentials> const granted = decide(with_details(), [&] { admin.approve(); });
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    boost::json::value const expected = assent::test::details({"ZEKO", 1});
    BOOST_TEST(granted.value().tokens().authorization_details() == expected);
    boost::json::array const requests = admin.requests();
    std::string_view const sent = requests[0].at("params").at("authorization_details").as_string();
    BOOST_TEST(boost::json::parse(sent) == expected);
}

BOOST_AUTO_TEST_CASE(details_for_another_purchase_are_refused) {
    outcome<Credentials> const more =
        decide(with_details(), approve_only(assent::test::details({"ZEKO", 1000})));
    BOOST_TEST(is_failure(more, Errc::authorization_details_mismatch), describe(more));
}

BOOST_AUTO_TEST_CASE(narrowed_details_are_refused) {
    AsyncAuthorization two = options();
    two.authorization_details([](BuyStock const& order) {
        boost::json::array both = assent::test::details(order);
        both.push_back(assent::test::details({"ACME", 2})[0]);
        return both;
    });
    outcome<Credentials> const one = decide(two, approve_only(assent::test::details({"ZEKO", 1})));
    BOOST_TEST(is_failure(one, Errc::authorization_details_mismatch), describe(one));
}

BOOST_AUTO_TEST_CASE(fewer_scopes_than_asked_are_not_enough) {
    AsyncAuthorization both = options();
    both.scopes(std::vector<std::string>{"read", "pay"});
    boost::json::object body;
    body["scope"] = "openid read";
    outcome<Credentials> const less = decide(both, [&] { admin.approve("latest", body); });
    BOOST_TEST(is_interrupt(less, InterruptKind::insufficient_scope), describe(less));
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_with_the_servers_words_apart) {
    boost::json::object body;
    body["error_description"] = "Alice said no <script>";
    CibaAuthorizer const asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    admin.deny("latest", body);
    auto const resumed = call().resumed(first.interrupt().handle());
    outcome<Credentials> const refused = authorize_to_the_end(asks, resumed);
    BOOST_REQUIRE_MESSAGE(is_interrupt(refused, InterruptKind::denied), describe(refused));
    BOOST_TEST(!refused.interrupt().resumable());
    BOOST_REQUIRE(refused.interrupt().server() != nullptr);
    BOOST_TEST(refused.interrupt().server()->error == "access_denied");
    BOOST_TEST(refused.interrupt().server()->description == "Alice said no <script>");
    BOOST_TEST(refused.interrupt().message().find("script") == std::string::npos);
    // It stays refused for this handle, without another request.
    auto const before = admin.log().size();
    outcome<Credentials> const again = authorize(asks, resumed);
    BOOST_TEST(is_interrupt(again, InterruptKind::denied), describe(again));
    BOOST_TEST(admin.log().size() == before);
}

BOOST_AUTO_TEST_CASE(a_failed_transaction_is_a_failure) {
    boost::json::object body;
    body["error"] = "transaction_failed";
    outcome<Credentials> const failed = decide(options(), [&] { admin.deny("latest", body); });
    BOOST_TEST(is_failure(failed, Errc::transaction_failed), describe(failed));
}

BOOST_AUTO_TEST_CASE(an_expired_request_is_told_as_expired) {
    outcome<Credentials> const expired = decide(options(), [&] { admin.expire(); });
    BOOST_TEST(is_interrupt(expired, InterruptKind::expired), describe(expired));
}

BOOST_AUTO_TEST_CASE(a_request_that_the_provider_forgot_is_an_invalid_grant) {
    outcome<Credentials> const forgotten = decide(options(), [&] { admin.forget(); });
    BOOST_TEST(is_interrupt(forgotten, InterruptKind::invalid_grant), describe(forgotten));
}

BOOST_AUTO_TEST_CASE(nobody_decides_within_the_requested_time) {
    AsyncAuthorization brief = options();
    brief.requested_expiry(3s).on_authorization_request(AuthorizationMode::block);
    auto const begin = std::chrono::steady_clock::now();
    outcome<Credentials> const expired = authorize(authorizer(brief), call());
    auto const took = std::chrono::steady_clock::now() - begin;
    BOOST_TEST(is_interrupt(expired, InterruptKind::expired), describe(expired));
    BOOST_TEST((took > 2s && took < 6s));
    BOOST_TEST(admin.requests()[0].at("params").at("requested_expiry").as_string() == "3");
}

BOOST_AUTO_TEST_CASE(an_unknown_person_is_a_failure_that_says_so) {
    outcome<Credentials> const unknown = authorize(authorizer(), call("ZEKO", 1, "nobody"));
    BOOST_TEST(is_failure(unknown, Errc::unknown_user_id), describe(unknown));
    BOOST_TEST(pushes() == 0U);
}

// The standard has no code for it; only Auth0's dialect can be told apart (see ciba_auth0).
BOOST_AUTO_TEST_CASE(a_person_without_a_device_is_the_providers_invalid_request) {
    outcome<Credentials> const alone = authorize(authorizer(), call("ZEKO", 1, "nodevice"));
    BOOST_TEST(is_failure(alone, Errc::invalid_request), describe(alone));
    BOOST_TEST(pushes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_message_that_only_the_provider_refuses_is_told_as_such) {
    AsyncAuthorization shouting = options();
    shouting.binding_message(std::string("Buy 1 ZEKO?!"));
    outcome<Credentials> const refused = authorize(authorizer(shouting), call());
    BOOST_TEST(is_failure(refused, Errc::invalid_binding_message), describe(refused));
    BOOST_REQUIRE(refused.failure().server() != nullptr);
    BOOST_TEST(refused.failure().server()->error == "invalid_binding_message");
    BOOST_TEST(pushes() == 0U);
}

BOOST_AUTO_TEST_CASE(an_unknown_audience_is_a_configuration_failure) {
    AsyncAuthorization elsewhere = options();
    elsewhere.audience(std::string("https://elsewhere.test/"));
    outcome<Credentials> const refused = authorize(authorizer(elsewhere), call());
    BOOST_TEST(is_failure(refused, Errc::invalid_target), describe(refused));
    BOOST_TEST((refused.failure() == assent::Condition::misconfigured));
}

BOOST_AUTO_TEST_CASE(a_wrong_user_code_is_told_as_such) {
    AsyncAuthorization coded = options();
    coded.user_code(assent::Secret("1234"));
    outcome<Credentials> const refused = authorize(authorizer(coded), call());
    BOOST_TEST(is_failure(refused, Errc::invalid_user_code), describe(refused));
    BOOST_TEST(describe(refused).find("1234") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_login_hint_token_goes_in_place_of_the_person) {
    AsyncAuthorization hinted = options();
    hinted.login_hint_token(assent::Secret("eyJ.hint.token"));
    outcome<Credentials> const refused = authorize(authorizer(hinted), call());
    BOOST_TEST(is_failure(refused, Errc::expired_login_hint_token), describe(refused));
    boost::json::array const log = admin.log(provider.backchannel_path());
    std::string_view const body = log[0].at("body").as_string();
    BOOST_TEST(body.find("login_hint=") == std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(a_client_without_the_grant_is_told_as_misconfigured) {
    CibaAuthorizer const asks(runtime, client("nogrant"), options());
    outcome<Credentials> const refused = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(refused.has_failure(), describe(refused));
    BOOST_TEST((refused.failure() == assent::Condition::misconfigured), describe(refused));
}

BOOST_AUTO_TEST_CASE(a_withdrawn_request_is_not_granted_any_more) {
    CibaAuthorizer asks = authorizer();
    outcome<Credentials> const first = authorize(asks, call());
    BOOST_REQUIRE_MESSAGE(is_interrupt(first, InterruptKind::pending), describe(first));
    auto const resumed = call().resumed(first.interrupt().handle());
    assent::result<bool> const withdrawn = assent::test::run(context, asks.cancel(resumed));
    BOOST_TEST((withdrawn.has_value() && withdrawn.value()));
    admin.approve();
    outcome<Credentials> const after = authorize_to_the_end(asks, resumed);
    BOOST_TEST(!after.has_value(), describe(after));
    BOOST_TEST(polls() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
