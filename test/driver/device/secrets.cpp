#include "support/device_fixture.hpp"
#include "support/recording_observer.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;
using assent::test::RecordingObserver;

namespace {

class Fixture : public assent::test::DeviceFixture {
public:
    Fixture() { runtime.observer(observer); }

    /// Calls and keeps whatever could be shown to somebody.
    Answer call(DeviceAuthorizer& device)
    {
        auto answer = run(device.authorize(buy()));
        if (answer.has_interrupt()) {
            auto const& interrupt = answer.interrupt();
            shown += json::serialize(interrupt.to_public_json()) + '\n' + interrupt.message() + '\n' + interrupt.handle() + '\n';
        }
        if (answer.has_failure())
            shown += answer.failure().message() + '\n';
        return answer;
    }

    std::shared_ptr<RecordingObserver> observer = std::make_shared<RecordingObserver>();
    std::string shown;
};

using Events = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device_secrets, Fixture)

BOOST_AUTO_TEST_CASE(the_public_view_has_what_a_person_needs_and_not_the_device_code)
{
    auto device = authorizer();
    auto const asked = call(device);
    auto const view = asked.interrupt().to_public_json();
    BOOST_TEST(view.at("userCode").as_string() == "QTZL-MCB1");
    BOOST_TEST(view.at("verificationUri").as_string() == "https://tenant.example/activate");
    BOOST_TEST(view.at("verificationUriComplete").as_string() == "https://tenant.example/activate?user_code=QTZL-MCB1");
    BOOST_TEST(view.contains("expiresAt"));
    BOOST_TEST(view.contains("nextPollAt"));
    BOOST_TEST(view.at("flow").as_string() == "device");
    BOOST_TEST(view.at("resumable").as_bool());
    BOOST_TEST(!view.contains("response"));
    BOOST_TEST(json::serialize(view).find("device-code-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_provider_whose_link_contains_the_device_code_does_not_get_it_shown)
{
    provider->alter_start = [](json::object& body) {
        body["verification_uri_complete"] = "https://tenant.example/activate?code=device-code-secret-1";
    };
    auto device = authorizer();
    auto const view = call(device).interrupt().to_public_json();
    BOOST_TEST(!view.contains("verificationUriComplete"));
    BOOST_TEST(view.contains("verificationUri"));
}

BOOST_AUTO_TEST_CASE(nothing_that_is_shown_or_audited_holds_a_secret)
{
    auto device = authorizer();
    static_cast<void>(call(device));
    pass(5s);
    polls_answer({error("slow_down", 429), HttpResponse(500, "<html>"), error("invalid_client", 401)});
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(call(device));
        pass(1min);
    }
    provider->approve();
    BOOST_TEST(call(device).has_value());
    BOOST_TEST(observer->events == (Events{"requested", "granted"}), boost::test_tools::per_element());
    for (auto const& audit : observer->audits) {
        for (auto const* part : {"device_authorization", "auth0|alice", "buy_stock", "thread-1", "call-1"})
            BOOST_TEST(audit.find(part) != std::string::npos, audit);
    }
    BOOST_TEST(observer->counters.at("assent.polls authz.method=device authz.outcome=granted") == 1u);
    auto const everything = shown + observer->all();
    BOOST_TEST(everything.size() > 100u);
    BOOST_TEST(everything.find("secret") == std::string::npos, everything);
}

BOOST_AUTO_TEST_CASE(somebody_elses_sign_in_is_audited_by_its_name)
{
    provider->person = "auth0|mallory";
    auto device = authorizer();
    static_cast<void>(call(device));
    provider->approve();
    pass(5s);
    static_cast<void>(call(device));
    BOOST_REQUIRE(observer->audits.size() == 2u);
    BOOST_TEST(observer->audits[1].ends_with(" subject_mismatch"));
    BOOST_TEST((shown + observer->all()).find("mallory") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
