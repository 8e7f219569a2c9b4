#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include "support/paths.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using assent::AuthorizationRequest;
using assent::ConsentRequest;
using assent::DeviceAuthorizationResponse;
using assent::Errc;
using assent::Flow;
using assent::Interrupt;
using assent::InterruptKind;
using assent::Secret;
using assent::ServerReply;

namespace {

using time_point = std::chrono::system_clock::time_point;

json::value golden(std::string const& name) {
    std::ifstream file(std::string(assent::test::source_dir()) + "/test/data/golden/" + name);
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot open " << name);
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text);
}

Interrupt parsed(json::value const& value) {
    auto const interrupt = Interrupt::parse(value);
    BOOST_REQUIRE_MESSAGE(interrupt.has_value(),
                          json::serialize(value) << ": " << (interrupt ? "" : interrupt.failure().message()));
    return interrupt.value();
}

/// Every interrupt that is somewhere in a recording.
void collect(json::value const& value, std::vector<json::value>& found) {
    if (auto const* object = value.if_object()) {
        // A recorded result has the error's name, too; its JSON is the member `json`.
        if (Interrupt::is_interrupt(value) && !object->contains("json"))
            found.push_back(value);
        for (auto const& member : *object)
            collect(member.value(), found);
    } else if (auto const* array = value.if_array()) {
        for (auto const& element : *array)
            collect(element, found);
    }
}

std::vector<std::string> keys_of(json::value const& value) {
    std::vector<std::string> keys;
    if (auto const* object = value.if_object()) {
        for (auto const& member : *object) {
            keys.emplace_back(member.key());
            for (auto const& key : keys_of(member.value()))
                keys.push_back(std::string(member.key()) + "." + key);
        }
    }
    return keys;
}

/// Without the members that are null: `JSON.stringify` writes NaN so.
json::value without_nulls(json::value value) {
    if (auto* object = value.if_object()) {
        for (auto at = object->begin(); at != object->end();)
            at = at->value().is_null() ? object->stable_erase(at) : std::next(at);
    }
    return value;
}

/// Numbers by value: 10 and 1E1 are the same.
bool same(json::value const& a, json::value const& b) {
    if (a.is_number() && b.is_number())
        return a.to_number<double>() == b.to_number<double>();
    if (a.is_object() && b.is_object()) {
        if (a.get_object().size() != b.get_object().size())
            return false;
        for (auto const& member : a.get_object()) {
            auto const* other = b.get_object().if_contains(member.key());
            if (other == nullptr || !same(member.value(), *other))
                return false;
        }
        return true;
    }
    return a == b;
}

void check_round_trip(json::value const& value) {
    json::value const again = parsed(value).to_json();
    BOOST_TEST(same(again, value), json::serialize(again) << " instead of " << json::serialize(value));
    BOOST_TEST(keys_of(again) == keys_of(value), boost::test_tools::per_element());
}

/// What the SDK's 15 classes answer for an interrupt, by the rules of the SDK.
json::object row_of(json::object const& interrupt, json::object const& codes) {
    json::object row;
    auto const* code = interrupt.if_contains("code");
    for (auto const& member : codes) {
        bool accepts = Interrupt::is_interrupt(interrupt);
        if (member.key() == "AsyncAuthorizationInterrupt")
            accepts = accepts && code != nullptr && code->get_string().starts_with("ASYNC_AUTHORIZATION_");
        else if (member.key() == "DeviceInterrupt")
            accepts = accepts && code != nullptr && code->get_string().starts_with("DEVICE_");
        else if (!member.value().is_null())
            accepts = accepts && code != nullptr && *code == member.value();
        row[member.key()] = accepts;
    }
    return row;
}

AuthorizationRequest request() {
    AuthorizationRequest made;
    made.id = Secret("eyJ-the-auth-req-id");
    made.requested_at = time_point(1'700'000'000'500ms);
    made.expires_in = 300s;
    made.interval = 7s;
    return made;
}

DeviceAuthorizationResponse device() {
    DeviceAuthorizationResponse made;
    made.device_code = Secret("the-device-code-XYZ");
    made.user_code = "QTZL-MCBW";
    made.verification_uri = "https://t.example/activate";
    made.verification_uri_complete = "https://t.example/activate?user_code=QTZL-MCBW";
    made.requested_at = time_point(1'700'000'000s);
    made.expires_in = 900s;
    return made;
}

ConsentRequest consent() {
    ConsentRequest made;
    made.connection = "google-oauth2";
    made.scopes = {"a"};
    made.required_scopes = {"a", "b"};
    made.authorization_params = {{"prompt", "consent"}};
    return made;
}

ServerReply server() {
    ServerReply made;
    made.status = 400;
    made.error = "access_denied";
    made.description = "The end-user denied <b>it</b>";
    made.request_id = "req-77";
    made.retry_after = 9s;
    return made;
}

Interrupt everything(Flow flow, InterruptKind kind) {
    Interrupt interrupt(flow, kind, "our sentence");
    interrupt.request(request()).device(device()).consent(consent()).server(server());
    interrupt.handle("h-123").binding_message("Buy 10 ZEKO").retry_after(11s);
    interrupt.expires_at(time_point(1'700'000'300'250ms)).next_poll_at(time_point(1'700'000'010s));
    return interrupt;
}

/// The failure's pointer for a pending interrupt in which one member is replaced.
std::string refusal(std::string_view text) {
    auto const interrupt = Interrupt::parse_text(text);
    if (interrupt)
        return "accepted";
    BOOST_TEST((interrupt.failure() == Errc::record_corrupt));
    BOOST_TEST(!interrupt.failure().server());
    return std::string(interrupt.failure().detail());
}

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

}  // namespace

BOOST_AUTO_TEST_SUITE(core_interrupt)

BOOST_AUTO_TEST_CASE(every_interrupt_of_the_official_sdk_comes_back_as_it_was) {
    auto const recorded = golden("interrupts.json");
    auto const& all = recorded.at("interrupts").as_array();
    BOOST_TEST(all.size() == 13u);
    for (auto const& entry : all) {
        BOOST_TEST_CONTEXT(entry.at("name")) {
            check_round_trip(entry.at("json"));
            std::vector<std::string> order;
            for (auto const& key : entry.at("key_order").as_array())
                order.emplace_back(key.as_string());
            std::vector<std::string> ours;
            for (auto const& member : parsed(entry.at("json")).to_json())
                ours.emplace_back(member.key());
            BOOST_TEST(ours == order, boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(every_interrupt_of_the_recorded_flows_comes_back_as_it_was) {
    for (auto const& [name, at_least] : std::map<std::string, std::size_t>{
             {"async.json", 40}, {"device.json", 15}, {"token-vault.json", 8}}) {
        std::vector<json::value> found;
        collect(golden(name), found);
        BOOST_TEST(found.size() >= at_least);
        for (auto const& value : found)
            check_round_trip(without_nulls(value));
    }
}

BOOST_AUTO_TEST_CASE(the_sdks_classes_answer_for_ours_as_for_theirs) {
    auto const recorded = golden("interrupts.json");
    auto const& codes = recorded.at("codes").as_object();
    for (auto const& entry : recorded.at("interrupts").as_array()) {
        auto const ours = parsed(entry.at("json")).to_json();
        BOOST_TEST(row_of(ours, codes) == entry.at("isInterrupt").as_object(), entry.at("name"));
        auto const& data = entry.at("hasRequestData");
        BOOST_TEST(ours.contains("request") == data.at("async").as_bool());
        BOOST_TEST(ours.contains("response") == data.at("device").as_bool());
    }
    for (auto const& entry : recorded.at("odd").as_array()) {
        if (entry.at("value") != "(undefined)")
            BOOST_TEST(Interrupt::is_interrupt(entry.at("value")) ==
                       entry.at("isInterrupt").at("Auth0Interrupt").as_bool());
    }
}

BOOST_AUTO_TEST_CASE(the_wire_form_of_the_vercel_package_is_read) {
    auto const recorded = golden("interrupts.json");
    for (auto const& entry : recorded.at("interrupts").as_array()) {
        auto const& wire = entry.at("vercel_stream_error").as_string();
        BOOST_REQUIRE(wire.starts_with(recorded.at("vercel_prefix").as_string()));
        BOOST_TEST(same(parsed(wire).to_json(), entry.at("json")));
        auto const from_text = Interrupt::parse_text(wire);
        BOOST_REQUIRE(from_text.has_value());
        BOOST_TEST(same(from_text.value().to_json(), entry.at("json")));
        BOOST_TEST(!Interrupt::is_interrupt(wire), "a string is no interrupt for the SDK");
    }
}

BOOST_AUTO_TEST_CASE(every_code_comes_back_with_its_flow_and_kind) {
    std::set<std::string> seen;
    for (Flow const flow : flows) {
        for (InterruptKind const kind : kinds) {
            Interrupt const interrupt(flow, kind, "m");
            std::string const code(interrupt.code());
            BOOST_TEST(seen.insert(code).second, code << " is given twice");
            Interrupt const again = parsed(interrupt.to_json());
            BOOST_TEST((again.flow() == flow), code);
            BOOST_TEST((again.kind() == kind), code);
            BOOST_TEST(again.code() == code);
        }
    }
}

BOOST_AUTO_TEST_CASE(codes_are_the_current_javascript_sdks) {
    auto const code = [](Flow flow, InterruptKind kind) {
        return std::string(Interrupt(flow, kind, "").code());
    };
    BOOST_TEST(code(Flow::ciba, InterruptKind::pending) == "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING");
    BOOST_TEST(code(Flow::ciba, InterruptKind::slow_down) ==
               "ASYNC_AUTHORIZATION_AUTHORIZATION_POLLING_ERROR");
    BOOST_TEST(code(Flow::ciba, InterruptKind::denied) == "ASYNC_AUTHORIZATION_ACCESS_DENIED");
    BOOST_TEST(code(Flow::ciba, InterruptKind::expired) ==
               "ASYNC_AUTHORIZATION_AUTHORIZATION_REQUEST_EXPIRED");
    BOOST_TEST(code(Flow::ciba, InterruptKind::invalid_grant) == "ASYNC_AUTHORIZATION_INVALID_GRANT");
    BOOST_TEST(code(Flow::ciba, InterruptKind::no_push) ==
               "ASYNC_AUTHORIZATION_USER_DOES_NOT_HAVE_PUSH_NOTIFICATIONS");
    BOOST_TEST(code(Flow::device, InterruptKind::pending) == "DEVICE_AUTHORIZATION_PENDING");
    BOOST_TEST(code(Flow::device, InterruptKind::slow_down) == "DEVICE_AUTHORIZATION_POLLING_ERROR");
    BOOST_TEST(code(Flow::device, InterruptKind::denied) == "DEVICE_ACCESS_DENIED");
    BOOST_TEST(code(Flow::device, InterruptKind::expired) == "DEVICE_AUTHORIZATION_REQUEST_EXPIRED");
    BOOST_TEST(code(Flow::device, InterruptKind::invalid_grant) == "DEVICE_INVALID_GRANT");
    BOOST_TEST(code(Flow::token_vault, InterruptKind::consent_needed) == "TOKEN_VAULT_ERROR");
    BOOST_TEST(code(Flow::ciba, InterruptKind::action_changed) == "ASYNC_AUTHORIZATION_ACTION_CHANGED");
    BOOST_TEST(code(Flow::ciba, InterruptKind::already_used) == "ASYNC_AUTHORIZATION_ALREADY_USED");
    BOOST_TEST(code(Flow::ciba, InterruptKind::insufficient_scope) ==
               "ASYNC_AUTHORIZATION_INSUFFICIENT_SCOPE");
    BOOST_TEST(code(Flow::fga, InterruptKind::denied) == "FGA_ACCESS_DENIED");
}

BOOST_AUTO_TEST_CASE(codes_of_the_python_sdk_and_of_older_versions_mean_the_same) {
    struct Old {
        char const* code;
        char const* now;
    };
    Old const olds[] = {
        {"ASYNC_AUTHORIZATION_PENDING", "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING"},
        {"ASYNC_AUTHORIZATION_POLLING_ERROR", "ASYNC_AUTHORIZATION_AUTHORIZATION_POLLING_ERROR"},
        {"ASYNC_AUTHORIZATION_REQUEST_EXPIRED", "ASYNC_AUTHORIZATION_AUTHORIZATION_REQUEST_EXPIRED"},
        {"CIBA_AUTHORIZATION_PENDING", "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING"},
        {"CIBA_AUTHORIZATION_POLLING_ERROR", "ASYNC_AUTHORIZATION_AUTHORIZATION_POLLING_ERROR"},
        {"CIBA_AUTHORIZATION_REQUEST_EXPIRED", "ASYNC_AUTHORIZATION_AUTHORIZATION_REQUEST_EXPIRED"},
        {"CIBA_ACCESS_DENIED", "ASYNC_AUTHORIZATION_ACCESS_DENIED"},
        {"CIBA_INVALID_GRANT", "ASYNC_AUTHORIZATION_INVALID_GRANT"},
        {"CIBA_USER_DOES_NOT_HAVE_PUSH_NOTIFICATIONS",
         "ASYNC_AUTHORIZATION_USER_DOES_NOT_HAVE_PUSH_NOTIFICATIONS"},
        {"FEDERATED_CONNECTION_ERROR", "TOKEN_VAULT_ERROR"},
        {"TokenVaultError", "TOKEN_VAULT_ERROR"},
    };
    for (Old const& old : olds) {
        json::object object;
        object["name"] = "AUTH0_AI_INTERRUPT";
        object["code"] = old.code;
        BOOST_TEST(parsed(object).code() == old.now);
    }
}

BOOST_AUTO_TEST_CASE(a_code_of_the_future_keeps_its_text_and_has_the_flow_of_its_prefix) {
    auto const read = [](std::string_view code) {
        json::object object;
        object["name"] = "AUTH0_AI_INTERRUPT";
        object["code"] = code;
        return parsed(object);
    };
    Interrupt const fresh = read("ASYNC_AUTHORIZATION_SOMETHING_NEW");
    BOOST_TEST((fresh.flow() == Flow::ciba));
    BOOST_TEST((fresh.kind() == InterruptKind::unknown));
    BOOST_TEST(fresh.code() == "ASYNC_AUTHORIZATION_SOMETHING_NEW");
    BOOST_TEST(fresh.to_json().at("code") == "ASYNC_AUTHORIZATION_SOMETHING_NEW");
    BOOST_TEST(fresh.to_public_json().at("code") == "ASYNC_AUTHORIZATION_SOMETHING_NEW");
    BOOST_TEST(!fresh.resumable());
    BOOST_TEST((read("DEVICE_X").flow() == Flow::device));
    BOOST_TEST((read("TOKEN_VAULT_X").flow() == Flow::token_vault));
    BOOST_TEST((read("FGA_X").flow() == Flow::fga));
    BOOST_TEST((read("X").flow() == Flow::unknown));
    // A prefix alone, or half of a doubled word where the SDK has none, is not taken for something else.
    for (char const* code : {"", "ASYNC_AUTHORIZATION_", "DEVICE_PENDING", "AUTHORIZATION_PENDING",
                             "async_authorization_pending"})
        BOOST_TEST((read(code).kind() == InterruptKind::unknown), code);
}

BOOST_AUTO_TEST_CASE(the_python_dialect_is_read) {
    auto const pending = Interrupt::parse_text(R"({"code": "ASYNC_AUTHORIZATION_PENDING",
        "_request": {"id": "auth-req-1", "requested_at": 1700000000.25, "expires_in": 300, "interval": 5},
        "message": "Authorization pending", "name": "AUTH0_AI_INTERRUPT"})");
    BOOST_REQUIRE(pending.has_value());
    BOOST_REQUIRE(pending.value().request() != nullptr);
    BOOST_TEST((pending.value().request()->id == Secret("auth-req-1")));
    BOOST_TEST((pending.value().request()->requested_at == time_point(1'700'000'000'250ms)));
    BOOST_TEST(pending.value().request()->expires_in.count() == 300);
    BOOST_TEST(pending.value().to_json().at("request").at("expiresIn") == 300);

    auto const vault = Interrupt::parse_text(R"({"code": "TOKEN_VAULT_ERROR", "connection": "google-oauth2",
        "scopes": ["a"], "required_scopes": ["a", "b"], "message": "m", "name": "AUTH0_AI_INTERRUPT"})");
    BOOST_REQUIRE(vault.has_value());
    BOOST_REQUIRE(vault.value().consent() != nullptr);
    BOOST_TEST(vault.value().consent()->required_scopes.size() == 2u);
    BOOST_TEST(vault.value().consent()->behavior == "resume");
}

BOOST_AUTO_TEST_CASE(missing_and_null_members_have_defaults) {
    auto const read = Interrupt::parse_text(R"({"name": "AUTH0_AI_INTERRUPT",
        "code": "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING", "request": {"id": "r", "requestedAt": null, "interval": null},
        "retryAfter": null, "unknown": {"deep": [1, 2, 3]}, "toolCall": {"id": "c"}})");
    BOOST_REQUIRE(read.has_value());
    auto const& interrupt = read.value();
    BOOST_TEST(interrupt.request()->interval.count() == 5);
    BOOST_TEST(!interrupt.retry_after());
    BOOST_TEST(!interrupt.expires_at());
    BOOST_TEST(interrupt.message().empty());
    auto const bare = Interrupt::parse_text(R"({"name":"AUTH0_AI_INTERRUPT"})");
    BOOST_REQUIRE(bare.has_value());
    BOOST_TEST((bare.value().kind() == InterruptKind::unknown));
}

BOOST_AUTO_TEST_CASE(what_only_we_write_comes_after_the_sdks_members_and_comes_back) {
    for (Flow const flow : flows) {
        for (InterruptKind const kind : kinds) {
            json::object const written = everything(flow, kind).to_json();
            check_round_trip(written);
            std::vector<std::string> keys;
            for (auto const& member : written)
                keys.emplace_back(member.key());
            std::vector<std::string> const expected = {
                "name",           "code",       "request",        "response",
                "connection",     "scopes",     "requiredScopes", "authorizationParams",
                "behavior",       "retryAfter", "message",        "handle",
                "bindingMessage", "expiresAt",  "nextPollAt",     "server"};
            BOOST_TEST(keys == expected, boost::test_tools::per_element());
        }
    }
    Interrupt const again = parsed(everything(Flow::ciba, InterruptKind::pending).to_json());
    BOOST_TEST(again.handle() == "h-123");
    BOOST_TEST(again.binding_message() == "Buy 10 ZEKO");
    BOOST_TEST((again.expires_at() == time_point(1'700'000'300'250ms)));
    BOOST_TEST((again.next_poll_at() == time_point(1'700'000'010s)));
    BOOST_REQUIRE(again.server() != nullptr);
    BOOST_TEST(again.server()->status == 400);
    BOOST_TEST(again.server()->description == server().description);
    BOOST_TEST((again.server()->retry_after == 9s));
}

BOOST_AUTO_TEST_CASE(times_survive_to_the_microsecond) {
    for (auto const micros : {1'700'000'000'000'001LL, 1'795'421'049'098'000LL, 1'700'000'000'999'999LL,
                              8'999'999'999'000'000LL, 1LL}) {
        AuthorizationRequest made = request();
        made.requested_at = time_point(std::chrono::microseconds(micros));
        Interrupt interrupt(Flow::ciba, InterruptKind::pending, "m");
        interrupt.request(made);
        auto const text = json::serialize(interrupt.to_json());
        auto const again = Interrupt::parse_text(text);
        BOOST_REQUIRE(again.has_value());
        BOOST_TEST((again.value().request()->requested_at == made.requested_at), micros);
    }
}

BOOST_AUTO_TEST_CASE(whole_seconds_are_written_without_a_fraction) {
    Interrupt interrupt(Flow::device, InterruptKind::pending, "m");
    interrupt.device(device());
    BOOST_TEST(interrupt.to_json().at("response").at("requestedAt").is_int64());
}

BOOST_AUTO_TEST_CASE(the_public_view_holds_no_secret) {
    for (Flow const flow : flows) {
        for (InterruptKind const kind : kinds) {
            Interrupt interrupt = everything(flow, kind);
            ServerReply chatty = server();
            chatty.description = "unknown auth_req_id 'eyJ-the-auth-req-id'";
            chatty.error = "the-device-code-XYZ";
            interrupt.server(chatty);
            interrupt.binding_message("eyJ-the-auth-req-id");
            std::string const text = json::serialize(interrupt.to_public_json());
            for (auto const& secret : {request().id, device().device_code})
                BOOST_TEST(text.find(secret.expose()) == std::string::npos, text);
            for (char const* name : {"request", "response", "deviceCode", "device_code", "auth_req_id", "id"})
                BOOST_TEST(text.find(std::string("\"") + name + "\"") == std::string::npos, text);
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_public_repeats_a_secret_from_elsewhere) {
    std::string const secret = "eyJ-the-auth-req-id";
    ConsentRequest careless = consent();
    careless.authorization_params.emplace_back("login_hint", secret);
    Interrupt interrupt(Flow::token_vault, InterruptKind::consent_needed, "bad " + secret);
    interrupt.request(request()).consent(careless).handle("h" + secret);
    BOOST_TEST(json::serialize(interrupt.to_public_json()).find(secret) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_public_view_of_a_ciba_request) {
    Interrupt interrupt(Flow::ciba, InterruptKind::pending, "The person has not answered yet.");
    interrupt.request(request())
        .handle("h-1")
        .binding_message("Buy 10 ZEKO")
        .next_poll_at(time_point(1'700'000'007'500ms));
    json::value const expected = json::parse(R"({
        "name": "AUTH0_AI_INTERRUPT", "code": "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING",
        "message": "The person has not answered yet.", "flow": "ciba", "kind": "pending", "resumable": true,
        "handle": "h-1", "bindingMessage": "Buy 10 ZEKO",
        "expiresAt": "2023-11-14T22:18:20.500Z", "nextPollAt": "2023-11-14T22:13:27.500Z"})");
    BOOST_TEST(json::value(interrupt.to_public_json()) == expected,
               json::serialize(interrupt.to_public_json()));
}

BOOST_AUTO_TEST_CASE(the_public_view_of_a_device_authorization) {
    Interrupt interrupt(Flow::device, InterruptKind::slow_down, "m");
    interrupt.device(device()).retry_after(10s);
    json::value const expected = json::parse(R"({
        "name": "AUTH0_AI_INTERRUPT", "code": "DEVICE_AUTHORIZATION_POLLING_ERROR", "message": "m", "flow": "device",
        "kind": "slow_down", "resumable": true, "userCode": "QTZL-MCBW",
        "verificationUri": "https://t.example/activate",
        "verificationUriComplete": "https://t.example/activate?user_code=QTZL-MCBW", "retryAfter": 10,
        "expiresAt": "2023-11-14T22:28:20.000Z"})");
    BOOST_TEST(json::value(interrupt.to_public_json()) == expected,
               json::serialize(interrupt.to_public_json()));
}

BOOST_AUTO_TEST_CASE(the_public_view_of_a_consent_works_in_the_sdks_front_ends) {
    Interrupt interrupt(Flow::token_vault, InterruptKind::consent_needed, "m");
    interrupt.consent(consent()).server(server());
    auto const shown = interrupt.to_public_json();
    BOOST_TEST(Interrupt::is_interrupt(shown));
    Interrupt const read = parsed(shown);
    BOOST_REQUIRE(read.consent() != nullptr);
    BOOST_TEST(read.consent()->connection == "google-oauth2");
    BOOST_TEST(read.consent()->required_scopes == consent().required_scopes,
               boost::test_tools::per_element());
    BOOST_TEST(shown.at("server").at("untrusted") == true);
    BOOST_TEST(shown.at("server").at("description") == json::string(server().description));
}

BOOST_AUTO_TEST_CASE(a_public_view_that_comes_back_can_name_the_authorization_but_not_more) {
    Interrupt interrupt(Flow::ciba, InterruptKind::pending, "m");
    interrupt.request(request()).handle("h-1");
    auto json = interrupt.to_public_json();
    json.erase("expiresAt");  // for people; not the trusted form's number
    Interrupt const read = parsed(json);
    BOOST_TEST(read.handle() == "h-1");
    BOOST_TEST((read.kind() == InterruptKind::pending));
    BOOST_TEST(read.request() == nullptr);
}

BOOST_AUTO_TEST_CASE(hostile_json_is_refused_with_the_name_of_the_member) {
    struct Case {
        std::string text;
        std::string begins;
    };
    auto const with = [](std::string const& member) {
        return R"({"name":"AUTH0_AI_INTERRUPT","code":"ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING",)" +
               member + "}";
    };
    auto const in_request = [&](std::string const& member) { return with(R"("request":{)" + member + "}"); };
    auto const in_device = [&](std::string const& member) { return with(R"("response":{)" + member + "}"); };
    auto const in_consent = [&](std::string const& member) { return with(R"("connection":"c",)" + member); };
    std::string const long_text(9000, 'x');
    std::string scopes = "[\"a\"";
    for (int i = 0; i < 300; ++i)
        scopes += ",\"a\"";
    scopes += "]";
    std::string params = "{";
    for (int i = 0; i < 80; ++i)
        params += (i ? ",\"" : "\"") + std::to_string(i) + "\":\"v\"";
    params += "}";
    std::vector<Case> const cases = {
        {"", "interrupt: is not JSON"},
        {"{", "interrupt: is not JSON"},
        {"NaN", "interrupt: is not JSON"},
        {"null", "interrupt : must be an object"},
        {"[]", "interrupt : must be an object"},
        {"7", "interrupt : must be an object"},
        {"\"x\"", "interrupt: must be an object"},
        {"\"AUTH0_AI_INTERRUPTION:{}\"", "interrupt: must be an object"},
        {"AUTH0_AI_INTERRUPTION:", "interrupt: is not JSON"},
        {"AUTH0_AI_INTERRUPTION:\"AUTH0_AI_INTERRUPTION:\"", "interrupt: must be an object"},
        {R"({"name":"auth0_ai_interrupt"})", "interrupt : must be an object"},
        {R"({"name":["AUTH0_AI_INTERRUPT"]})", "interrupt : must be an object"},
        {R"({"name":"Error","code":"TOKEN_VAULT_ERROR"})", "interrupt : must be an object"},
        {R"({"name":"AUTH0_AI_INTERRUPT","code":7})", "interrupt /code:"},
        {R"({"name":"AUTH0_AI_INTERRUPT","code":"A\nB"})", "interrupt /code:"},
        {R"({"name":"AUTH0_AI_INTERRUPT","code":")" + std::string(129, 'A') + "\"}", "interrupt /code:"},
        {with(R"("message":7)"), "interrupt /message:"},
        {with(R"("message":")" + long_text + "\""), "interrupt /message:"},
        {with(R"("request":"r")"), "interrupt /request:"},
        {with(R"("request":[])"), "interrupt /request:"},
        {in_request(R"("id":7)"), "interrupt /request/id:"},
        {in_request(R"("id":")" + long_text + "\""), "interrupt /request/id:"},
        {in_request(R"("requestedAt":"now")"), "interrupt /request/requestedAt:"},
        {in_request(R"("requestedAt":-1)"), "interrupt /request/requestedAt:"},
        {in_request(R"("requestedAt":1700000000000)"), "interrupt /request/requestedAt:"},
        {in_request(R"("requestedAt":1e400)"), "interrupt"},
        {in_request(R"("requestedAt":1e308)"), "interrupt /request/requestedAt:"},
        {in_request(R"("requested_at":18446744073709551615)"), "interrupt /request/requestedAt:"},
        {in_request(R"("expiresIn":-300)"), "interrupt /request/expiresIn:"},
        {in_request(R"("expiresIn":9223372036854775807)"), "interrupt /request/expiresIn:"},
        {in_request(R"("expiresIn":true)"), "interrupt /request/expiresIn:"},
        {in_request(R"("interval":0)"), "interrupt /request/interval:"},
        {in_request(R"("interval":-5)"), "interrupt /request/interval:"},
        {in_request(R"("interval":1e9)"), "interrupt /request/interval:"},
        {in_request(R"("interval":"5")"), "interrupt /request/interval:"},
        {with(R"("retryAfter":-1)"), "interrupt /retryAfter:"},
        {with(R"("retryAfter":1e300)"), "interrupt /retryAfter:"},
        {with(R"("response":0)"), "interrupt /response:"},
        {in_device(R"x("verificationUri":"javascript:alert(1)")x"), "interrupt /response/verificationUri:"},
        {in_device(R"("verificationUri":"https://a\u0000b")"), "interrupt /response/verificationUri:"},
        {in_device(R"("verificationUriComplete":"data:text/html,x")"),
         "interrupt /response/verificationUriComplete:"},
        {in_device(R"("userCode":"A\u001b[2J")"), "interrupt /response/userCode:"},
        {in_device(R"("interval":0)"), "interrupt /response/interval:"},
        {with(R"("connection":7)"), "interrupt /connection:"},
        {in_consent(R"("scopes":"a b")"), "interrupt /scopes:"},
        {in_consent(R"("scopes":[1])"), "interrupt /scopes:"},
        {in_consent(R"("requiredScopes":)" + scopes), "interrupt /requiredScopes:"},
        {in_consent(R"("authorizationParams":[])"), "interrupt /authorizationParams:"},
        {in_consent(R"("authorizationParams":{"a":{}})"), "interrupt /authorizationParams:"},
        {in_consent(R"("authorizationParams":)" + params), "interrupt /authorizationParams:"},
        {in_consent(R"("behavior":"explode")"), "interrupt /behavior:"},
        {with(R"("handle":{})"), "interrupt /handle:"},
        {with(R"("handle":")" + std::string(9'000, 'h') + "\""), "interrupt /handle:"},
        {with(R"("expiresAt":"2023-11-14T22:18:20Z")"), "interrupt /expiresAt:"},
        {with(R"("server":[])"), "interrupt /server:"},
        {with(R"("server":{"status":1000})"), "interrupt /server/status:"},
        {with(R"("server":{"description":")" + std::string(1025, 'd') + "\"}"),
         "interrupt /server/description:"},
        {std::string(70'000, ' '), "interrupt: is longer than"},
        {std::string(40'000, '['), "interrupt: is not JSON"},
    };
    for (Case const& hostile : cases) {
        std::string const why = refusal(hostile.text);
        BOOST_TEST(why.starts_with(hostile.begins), why << " for " << hostile.text.substr(0, 200));
        BOOST_TEST(why.size() < 200u);
    }
}

BOOST_AUTO_TEST_CASE(a_number_that_json_text_cannot_write_is_refused_too) {
    json::object request;
    request["id"] = "r";
    json::object object;
    object["name"] = "AUTH0_AI_INTERRUPT";
    for (double const absurd :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity()}) {
        for (char const* name : {"requestedAt", "expiresIn", "interval"}) {
            json::object bad = request;
            bad[name] = absurd;
            object["request"] = bad;
            BOOST_TEST(!Interrupt::parse(object).has_value(), name);
        }
    }
}

BOOST_AUTO_TEST_CASE(no_message_of_a_refusal_repeats_the_input) {
    std::string const why =
        refusal(R"({"name":"AUTH0_AI_INTERRUPT","request":{"id":"s3cr3t","requestedAt":"s3cr3t"}})");
    BOOST_TEST(why.find("s3cr3t") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_default_interrupt_is_final_and_says_nothing) {
    Interrupt const none;
    BOOST_TEST((none.kind() == InterruptKind::unknown));
    BOOST_TEST((none.flow() == Flow::unknown));
    BOOST_TEST(!none.resumable());
    BOOST_TEST(none.message().empty());
    BOOST_TEST(none.handle().empty());
    BOOST_TEST(none.binding_message().empty());
    BOOST_TEST(none.request() == nullptr);
    BOOST_TEST(none.device() == nullptr);
    BOOST_TEST(none.consent() == nullptr);
    BOOST_TEST(none.server() == nullptr);
    BOOST_TEST(!none.retry_after());
    BOOST_TEST(!none.expires_at());
    BOOST_TEST(!none.next_poll_at());
    BOOST_TEST(Interrupt::is_interrupt(none.to_json()));
    BOOST_TEST(Interrupt::is_interrupt(none.to_public_json()));
    Interrupt filled;
    filled.handle("h");
    BOOST_TEST(filled.handle() == "h");
    BOOST_TEST(none.handle().empty());
}

BOOST_AUTO_TEST_CASE(what_can_be_resumed_is_what_a_person_can_still_decide) {
    std::set<InterruptKind> const resumable = {InterruptKind::pending, InterruptKind::slow_down,
                                               InterruptKind::consent_needed};
    for (InterruptKind const kind : kinds) {
        Interrupt const interrupt(Flow::ciba, kind, "m");
        BOOST_TEST(interrupt.resumable() == (resumable.count(kind) == 1));
        bool const waits = kind == InterruptKind::pending || kind == InterruptKind::slow_down;
        BOOST_TEST(assent::is_authorization_pending(interrupt) == waits);
        BOOST_TEST(assent::is_consent_needed(interrupt) == (kind == InterruptKind::consent_needed));
    }
}

BOOST_AUTO_TEST_CASE(setting_a_member_of_a_copy_leaves_the_original_as_it_is) {
    Interrupt const original = everything(Flow::ciba, InterruptKind::pending);
    auto const before = original.to_json();
    Interrupt copy = original;
    copy.handle("other").retry_after(99s).request(AuthorizationRequest()).binding_message("x");
    BOOST_TEST(original.to_json() == before);
    BOOST_TEST(copy.handle() == "other");
    Interrupt moved = std::move(copy);
    BOOST_TEST(moved.handle() == "other");
}

BOOST_AUTO_TEST_CASE(copies_that_share_data_may_be_changed_in_different_threads) {
    for (int round = 0; round < 200; ++round) {
        Interrupt first = everything(Flow::ciba, InterruptKind::pending);
        std::thread other([copy = first]() mutable {
            std::string const seen = copy.handle();
            copy.handle(seen + "-other");
        });
        first.handle("mine");
        other.join();
        BOOST_TEST(first.handle() == "mine");
    }
}

BOOST_AUTO_TEST_CASE(expiry_follows_from_the_request_unless_it_was_set) {
    Interrupt interrupt(Flow::ciba, InterruptKind::pending, "m");
    interrupt.request(request());
    BOOST_TEST((interrupt.expires_at() == time_point(1'700'000'300'500ms)));
    BOOST_TEST(!interrupt.to_json().contains("expiresAt"));
    interrupt.expires_at(time_point(5s));
    BOOST_TEST((interrupt.expires_at() == time_point(5s)));
    Interrupt by_device(Flow::device, InterruptKind::pending, "m");
    by_device.device(device());
    BOOST_TEST((by_device.expires_at() == time_point(1'700'000'900s)));
}

BOOST_AUTO_TEST_SUITE_END()
