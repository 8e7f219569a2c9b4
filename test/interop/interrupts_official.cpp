// The official SDK reads our interrupts: each of its classes answers for them as for its own.

#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include "interop/support/child_process.hpp"
#include "support/paths.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace json = boost::json;
using assent::Flow;
using assent::Interrupt;
using assent::InterruptKind;

namespace {

constexpr Flow flows[] = {Flow::unknown, Flow::ciba, Flow::device, Flow::token_vault, Flow::fga};
constexpr InterruptKind kinds[] = {
    InterruptKind::unknown,
    InterruptKind::pending,
    InterruptKind::slow_down,
    InterruptKind::denied,
    InterruptKind::expired,
    InterruptKind::invalid_grant,
    InterruptKind::no_push,
    InterruptKind::consent_needed,
    InterruptKind::action_changed,
    InterruptKind::already_used,
    InterruptKind::insufficient_scope,
};

json::value golden() {
    std::ifstream file(std::string(assent::test::source_dir()) + "/test/data/golden/interrupts.json");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text);
}

/// What the SDK answers for each of `interrupts`.
json::array ask_the_sdk(json::array const& interrupts, std::string const& name) {
    std::string const file = std::string(assent::test::build_dir()) + "/test/" + name + ".json";
    std::ofstream(file) << json::serialize(interrupts);
    std::string const script =
        std::string(assent::test::source_dir()) + "/test/interop/interrupts_official_peer.mjs";
    assent::test::ChildProcess peer({"node", script, file});
    json::value const line = json::parse(peer.read_line(std::chrono::seconds(60)));
    BOOST_TEST(line.at("version") == "5.1.1");
    json::array const answers = line.at("answers").as_array();
    BOOST_REQUIRE(answers.size() == interrupts.size());
    return answers;
}

/// With everything that can be in an interrupt of this flow, ours included.
Interrupt full(Flow flow, InterruptKind kind) {
    Interrupt interrupt(flow, kind, "our sentence");
    if (flow == Flow::ciba) {
        assent::AuthorizationRequest request;
        request.id = assent::Secret("auth-req-1");
        request.requested_at =
            std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'500));
        request.expires_in = std::chrono::seconds(300);
        interrupt.request(request);
    }
    if (flow == Flow::device) {
        assent::DeviceAuthorizationResponse response;
        response.device_code = assent::Secret("dc-1");
        response.user_code = "QTZL-MCBW";
        response.verification_uri = "https://t.example/activate";
        interrupt.device(response);
    }
    if (flow == Flow::token_vault) {
        assent::ConsentRequest consent;
        consent.connection = "google-oauth2";
        interrupt.consent(consent);
    }
    assent::ServerReply reply;
    reply.status = 400;
    reply.error = "e";
    interrupt.server(reply).handle("h-1").binding_message("Buy").retry_after(std::chrono::seconds(3));
    interrupt.expires_at(std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'300)));
    interrupt.next_poll_at(std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'005)));
    return interrupt;
}

/// The recorded answers for the SDK's own interrupt of that code, or null.
json::value const* recorded_row(json::value const& recorded, std::string_view code) {
    for (auto const& entry : recorded.at("interrupts").as_array()) {
        if (entry.at("json").at("code").as_string() == code)
            return &entry.at("isInterrupt");
    }
    return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interrupts_official)

BOOST_AUTO_TEST_CASE(the_sdk_accepts_what_it_wrote_after_we_read_and_wrote_it) {
    auto const recorded = golden();
    json::array ours;
    for (auto const& entry : recorded.at("interrupts").as_array())
        ours.push_back(Interrupt::parse(entry.at("json")).value().to_json());
    auto const answers = ask_the_sdk(ours, "interrupts_round_trip");
    for (std::size_t i = 0; i < ours.size(); ++i) {
        auto const& entry = recorded.at("interrupts").as_array()[i];
        BOOST_TEST(answers[i].at("isInterrupt") == entry.at("isInterrupt"), entry.at("name"));
        BOOST_TEST(answers[i].at("hasRequestData") == entry.at("hasRequestData"), entry.at("name"));
    }
}

BOOST_AUTO_TEST_CASE(the_sdks_classes_answer_for_every_code_and_our_members_change_nothing) {
    auto const recorded = golden();
    json::array trusted;
    json::array shown;
    std::vector<Interrupt> made;
    for (Flow const flow : flows) {
        for (InterruptKind const kind : kinds) {
            made.push_back(full(flow, kind));
            trusted.push_back(made.back().to_json());
            shown.push_back(made.back().to_public_json());
        }
    }
    auto const trusted_answers = ask_the_sdk(trusted, "interrupts_trusted");
    auto const shown_answers = ask_the_sdk(shown, "interrupts_public");
    std::size_t rows = 0;
    for (std::size_t i = 0; i < made.size(); ++i) {
        std::string const code(made[i].code());
        auto const& answers = trusted_answers[i].at("isInterrupt");
        BOOST_TEST(answers.at("Auth0Interrupt").as_bool(), code);
        BOOST_TEST(answers.at("AsyncAuthorizationInterrupt").as_bool() == (made[i].flow() == Flow::ciba),
                   code);
        BOOST_TEST(answers.at("DeviceInterrupt").as_bool() == (made[i].flow() == Flow::device), code);
        BOOST_TEST(trusted_answers[i].at("hasRequestData").at("async").as_bool() ==
                   (made[i].flow() == Flow::ciba));
        BOOST_TEST(trusted_answers[i].at("hasRequestData").at("device").as_bool() ==
                   (made[i].flow() == Flow::device));
        // The public view is of the same class and has no request data.
        BOOST_TEST(shown_answers[i].at("isInterrupt") == answers, code);
        BOOST_TEST(!shown_answers[i].at("hasRequestData").at("async").as_bool(), code);
        BOOST_TEST(!shown_answers[i].at("hasRequestData").at("device").as_bool(), code);

        std::size_t accepting = 0;
        for (auto const& answer : answers.as_object())
            accepting += answer.value().as_bool() ? 1U : 0U;
        if (auto const* row = recorded_row(recorded, code)) {
            ++rows;
            BOOST_TEST(answers == *row, code);
        } else if (code == "DEVICE_INVALID_GRANT") {  // the SDK has the class; no recorded flow made one
            BOOST_TEST(answers.at("DeviceInterrupts.InvalidGrantInterrupt").as_bool());
        } else {  // a code of ours: base classes accept it, and no class takes it for something else
            BOOST_TEST(accepting ==
                           (made[i].flow() == Flow::ciba || made[i].flow() == Flow::device ? 2U : 1U),
                       code);
        }
    }
    BOOST_TEST(rows == 11U);  // all codes of the SDK but DEVICE_INVALID_GRANT
}

BOOST_AUTO_TEST_SUITE_END()
