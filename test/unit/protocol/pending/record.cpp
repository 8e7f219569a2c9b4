#include "protocol/pending_record.hpp"
#include "support/pending_stage.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;

namespace {

PendingRecord::time_point at(long seconds) { return PendingRecord::time_point(std::chrono::seconds(seconds)); }

/// Every member set.
PendingRecord full()
{
    PendingRecord out;
    out.state = PendingState::pending;
    out.flow = Flow::device;
    out.action_digest = "digest";
    out.nonce = "nonce";
    out.tool_name = "buy \"stock\"";
    out.thread_id = "thread";
    out.call_id = "call";
    out.binding_message = "Buy ZEKO \xC3\xA4";
    out.expected_subject = "auth0|alice";
    out.scopes = {"openid", "stock:trade"};
    out.requested_details = R"([{"type":"t"}])";
    out.traceparent = "00-1-2-01";
    out.notification_token = Secret("ping-secret");
    out.one_use = false;
    out.request_id = Secret("request-secret");
    out.user_code = "ABCD-EFGH";
    out.verification_uri = "https://idp.example/device";
    out.verification_uri_complete = "https://idp.example/device?c=1";
    out.requested_at = at(1'800'000'000);
    out.expires_at = at(1'800'000'300);
    out.schedule = PollSchedule::restore(15s, at(1'800'000'020), 3).value();
    out.lease_owner = "owner";
    out.lease_until = at(1'800'000'030);
    TokenSet tokens;
    tokens.access_token = Secret("access-secret");
    tokens.refresh_token = Secret("refresh-secret");
    tokens.id_token = Secret("id-secret");
    tokens.token_type = "DPoP";
    tokens.scopes = {"openid"};
    tokens.expires_at = at(1'800'003'600);
    tokens.authorization_details(json::parse(R"([{"type":"t","limit":5}])"));
    out.tokens = std::move(tokens);
    out.final_error = Errc::transaction_failed;
    out.final_interrupt = InterruptKind::insufficient_scope;
    ServerReply server;
    server.status = 403;
    server.error = "access_denied";
    server.description = "no";
    server.request_id = "r1";
    out.server = std::move(server);
    out.told = true;
    return out;
}

json::object members(PendingRecord const& record) { return json::parse(encode(record)).as_object(); }

Failure refusal(json::object const& changed)
{
    auto const read = decode_pending_record(json::serialize(changed));
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST((read.failure() == Errc::record_corrupt));
    return read.failure();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pending_record)

BOOST_AUTO_TEST_CASE(every_member_makes_the_round_trip)
{
    auto const before = full();
    auto const read = decode_pending_record(encode(before));
    BOOST_REQUIRE(read.has_value());
    auto const& after = read.value();
    BOOST_TEST((after.state == before.state));
    BOOST_TEST((after.flow == before.flow));
    BOOST_TEST(after.action_digest == before.action_digest);
    BOOST_TEST(after.nonce == before.nonce);
    BOOST_TEST(after.tool_name == before.tool_name);
    BOOST_TEST(after.thread_id == before.thread_id);
    BOOST_TEST(after.call_id == before.call_id);
    BOOST_TEST(after.binding_message == before.binding_message);
    BOOST_TEST(after.expected_subject == before.expected_subject);
    BOOST_TEST((after.scopes == before.scopes));
    BOOST_TEST(after.requested_details == before.requested_details);
    BOOST_TEST(after.traceparent == before.traceparent);
    BOOST_TEST((after.notification_token == before.notification_token));
    BOOST_TEST(after.one_use == before.one_use);
    BOOST_TEST((after.request_id == before.request_id));
    BOOST_TEST(after.user_code == before.user_code);
    BOOST_TEST(after.verification_uri == before.verification_uri);
    BOOST_TEST(after.verification_uri_complete == before.verification_uri_complete);
    BOOST_TEST((after.requested_at == before.requested_at));
    BOOST_TEST((after.expires_at == before.expires_at));
    BOOST_TEST((after.schedule == before.schedule));
    BOOST_TEST(after.lease_owner == before.lease_owner);
    BOOST_TEST((after.lease_until == before.lease_until));
    BOOST_REQUIRE(after.tokens.has_value());
    BOOST_TEST((after.tokens->access_token == before.tokens->access_token));
    BOOST_TEST((after.tokens->refresh_token == before.tokens->refresh_token));
    BOOST_TEST((after.tokens->id_token == before.tokens->id_token));
    BOOST_TEST(after.tokens->token_type == before.tokens->token_type);
    BOOST_TEST((after.tokens->scopes == before.tokens->scopes));
    BOOST_TEST((after.tokens->expires_at == before.tokens->expires_at));
    BOOST_TEST((after.tokens->authorization_details() == before.tokens->authorization_details()));
    BOOST_TEST((after.final_error == before.final_error));
    BOOST_TEST((after.final_interrupt == before.final_interrupt));
    BOOST_REQUIRE(after.server.has_value());
    BOOST_TEST(after.server->status == 403);
    BOOST_TEST(after.server->error == "access_denied");
    BOOST_TEST(after.server->description == "no");
    BOOST_TEST(after.server->request_id == "r1");
    BOOST_TEST(after.told);
    BOOST_TEST(encode(after) == encode(before));
}

BOOST_AUTO_TEST_CASE(every_state_error_and_interrupt_makes_the_round_trip_by_name)
{
    for (int value = 1; value <= static_cast<int>(PendingState::cancelled); ++value) {
        auto record = full();
        record.state = static_cast<PendingState>(value);
        BOOST_TEST(members(record).at("state").as_string() == to_string(record.state));
        auto const read = decode_pending_record(encode(record));
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST((read.value().state == record.state));
    }
    for (int value = 1; value <= static_cast<int>(Errc::already_used); ++value) {
        auto record = full();
        record.final_error = static_cast<Errc>(value);
        BOOST_TEST(members(record).at("error").as_string() == to_string(*record.final_error));
        BOOST_TEST((decode_pending_record(encode(record)).value().final_error == record.final_error));
    }
    for (int value = 1; value <= static_cast<int>(InterruptKind::insufficient_scope); ++value) {
        auto record = full();
        record.final_interrupt = static_cast<InterruptKind>(value);
        BOOST_TEST(members(record).at("interrupt").as_string() == to_string(*record.final_interrupt));
        BOOST_TEST((decode_pending_record(encode(record)).value().final_interrupt == record.final_interrupt));
    }
}

BOOST_AUTO_TEST_CASE(format_1_stays_readable)
{
    // As written by the first release. Do not change this text: change the reader.
    auto const read = decode_pending_record(
        R"({"v":1,"state":"failed","flow":"ciba","digest":"d","nonce":"n","tool":"t","call":"c","subject":"s",)"
        R"("scopes":["openid"],"requested_at":1800000000000,"expires_at":1800000300000,"error":"subject_mismatch",)"
        R"("interrupt":"insufficient_scope","server":{"status":400,"error":"e"},"told":true})");
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((read.value().state == PendingState::failed));
    BOOST_TEST((read.value().final_error == Errc::subject_mismatch));
    BOOST_TEST((read.value().final_interrupt == InterruptKind::insufficient_scope));
    BOOST_TEST(read.value().one_use);
    BOOST_TEST((read.value().expires_at == at(1'800'000'300)));
}

BOOST_AUTO_TEST_CASE(every_wrong_member_is_refused_by_its_name)
{
    for (auto const& [name, value] : members(full())) {
        auto changed = members(full());
        // No member is an array of arrays.
        changed[name] = json::array(1, json::array());
        auto const failure = refusal(changed);
        auto const quoted = "\"" + std::string(name) + "\"";
        BOOST_TEST(failure.detail().find(quoted) != std::string_view::npos, failure.detail());
        BOOST_TEST(failure.message().find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(every_wrong_member_of_the_tokens_and_the_server_is_refused_by_its_name)
{
    for (std::string_view const part : {"tokens", "server"}) {
        auto const whole = members(full());
        for (auto const& [name, value] : whole.at(part).as_object()) {
            if (name == "authorization_details")
                continue;  // any JSON
            auto changed = members(full());
            changed[part].as_object()[name] = json::array(1, json::array());
            auto const failure = refusal(changed);
            BOOST_TEST(failure.detail().find(std::string(part)) != std::string_view::npos);
            BOOST_TEST(failure.detail().find(std::string(name)) != std::string_view::npos, failure.detail());
        }
    }
}

BOOST_AUTO_TEST_CASE(what_a_state_needs_must_be_there)
{
    for (auto const* name : {"digest", "nonce", "request", "expires_at", "interval", "state", "flow"}) {
        auto changed = members(full());
        changed.erase(name);
        BOOST_TEST(refusal(changed).detail().find(name) != std::string_view::npos, name);
    }
    for (auto const state : {PendingState::received, PendingState::granted}) {
        auto record = full();
        record.state = state;
        auto changed = members(record);
        changed.erase("tokens");
        BOOST_TEST(refusal(changed).detail().find("tokens") != std::string_view::npos);
    }
    auto changed = members(full());
    changed["tokens"].as_object().erase("access_token");
    BOOST_TEST(refusal(changed).detail().find("access_token") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_and_unknown_names_are_refused)
{
    struct Case {
        char const* name;
        json::value value;
    };
    std::vector<Case> cases;
    cases.push_back({"interval", 0});
    cases.push_back({"interval", 86'401});
    cases.push_back({"interval", 5.5});
    cases.push_back({"next_poll_at", -1});
    cases.push_back({"hiccups", -1});
    cases.push_back({"hiccups", std::int64_t(1) << 40});
    cases.push_back({"requested_at", std::int64_t(1) << 60});
    cases.push_back({"state", "finished"});
    cases.push_back({"flow", "telepathy"});
    cases.push_back({"error", "no_such_error"});
    cases.push_back({"interrupt", "no_such_interrupt"});
    for (auto const& one : cases) {
        auto changed = members(full());
        changed[one.name] = one.value;
        BOOST_TEST(refusal(changed).detail().find(one.name) != std::string_view::npos, one.name);
    }
}

BOOST_AUTO_TEST_CASE(unknown_members_are_ignored)
{
    auto changed = members(full());
    changed["of_the_future"] = json::array(1, "x");
    changed["tokens"].as_object()["more"] = 1;
    auto const read = decode_pending_record(json::serialize(changed));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(encode(read.value()) == encode(full()));
}

BOOST_AUTO_TEST_CASE(another_format_is_refused)
{
    for (json::value const& version : {json::value(2), json::value(0), json::value("1"), json::value(nullptr)}) {
        auto changed = members(full());
        changed["v"] = version;
        BOOST_TEST(refusal(changed).detail().find("\"v\"") != std::string_view::npos);
    }
    auto changed = members(full());
    changed.erase("v");
    BOOST_TEST(refusal(changed).detail().find("\"v\"") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused)
{
    for (std::string const& text : {std::string(), std::string("x"), std::string("[]"), std::string("null"),
                                    std::string("{\"v\":1"), std::string(2'000'000, ' ')}) {
        auto const read = decode_pending_record(text);
        BOOST_REQUIRE(!read.has_value());
        BOOST_TEST((read.failure() == Errc::record_corrupt));
    }
}

BOOST_AUTO_TEST_CASE(tombstones_hold_no_secret)
{
    auto granted = full();
    granted.state = PendingState::granted;
    for (auto const& record : {consumed(granted, "claim"), withdrawn(granted)}) {
        auto const text = encode(record);
        BOOST_TEST(text.find("secret") == std::string::npos, text);
        BOOST_TEST(record.is_final());
        BOOST_TEST(decode_pending_record(text).has_value());
    }
}

BOOST_AUTO_TEST_CASE(long_records_are_written_whole)
{
    auto record = full();
    record.tokens->access_token = Secret(std::string(60'000, 'x'));
    record.binding_message = std::string(5'000, '"');
    auto const read = decode_pending_record(encode(record));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((read.value().tokens->access_token == record.tokens->access_token));
    BOOST_TEST((read.value().binding_message == record.binding_message));
}

BOOST_AUTO_TEST_CASE(renewing_a_lease_in_the_text_is_the_same_as_in_the_record)
{
    auto const later = PollSchedule::restore(20s, at(1'800'000'090), 0).value();
    auto plain = full();
    plain.tokens.reset();
    plain.server.reset();
    plain.final_error.reset();
    plain.final_interrupt.reset();
    plain.told = false;
    auto hostile = full();
    hostile.binding_message = R"(,"interval":1,"lease":"x","lease_until":1})";
    for (auto record : {full(), plain, hostile}) {
        auto text = encode(record);
        BOOST_TEST(renew_lease(text, later, at(1'800'000'200)));
        record.schedule = later;
        record.lease_until = at(1'800'000'200);
        BOOST_TEST(text == encode(record));
    }
}

BOOST_AUTO_TEST_CASE(only_a_pending_record_with_a_lease_has_one_to_renew)
{
    auto const refused = [](PendingRecord const& record) {
        auto const text = encode(record);
        auto same = text;
        return !renew_lease(same, PollSchedule(), at(1'800'000'200)) && same == text;
    };
    auto record = full();
    record.lease_owner.clear();
    record.lease_until = {};
    BOOST_TEST(refused(record));
    record = full();
    record.state = PendingState::granted;
    BOOST_TEST(refused(record));

    auto const text = encode(full());
    for (std::size_t size = 0; size < text.size(); ++size) {
        auto cut = text.substr(0, size);
        if (renew_lease(cut, PollSchedule(), at(1'800'000'200)))
            BOOST_TEST(!decode_pending_record(cut));
    }
    for (std::string const other : {"", "{}", R"({"v":2,"state":"pending","interval":1,"lease":"a","lease_until":1})",
                                    R"({"v":1,"state":"pending","interval":-1,"lease":"a","lease_until":1})",
                                    R"({"v":1,"state":"pending","interval":1,"lease":"a\"b","lease_until":1})",
                                    R"({"v":1,"state":"pending","interval":1,"lease":"a","lease_until":1x)"}) {
        auto same = other;
        BOOST_TEST(!renew_lease(same, PollSchedule(), at(1'800'000'200)));
        BOOST_TEST(same == other);
    }
}

BOOST_AUTO_TEST_SUITE_END()
