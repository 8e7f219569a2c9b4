#include "protocol/pending_record.hpp"

#include "core/wiping_text.hpp"
#include "protocol/wiping_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using time_point = PendingRecord::time_point;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int format_version = 1;
constexpr std::size_t max_record_size = std::size_t(1) << 20;

constexpr std::array state_names{
    std::pair{PendingState::starting, std::string_view("starting")},
    std::pair{PendingState::unsure, std::string_view("unsure")},
    std::pair{PendingState::pending, std::string_view("pending")},
    std::pair{PendingState::received, std::string_view("received")},
    std::pair{PendingState::granted, std::string_view("granted")},
    std::pair{PendingState::consumed, std::string_view("consumed")},
    std::pair{PendingState::denied, std::string_view("denied")},
    std::pair{PendingState::expired, std::string_view("expired")},
    std::pair{PendingState::failed, std::string_view("failed")},
    std::pair{PendingState::cancelled, std::string_view("cancelled")},
};

constexpr std::array kinds{
    InterruptKind::pending,        InterruptKind::slow_down,    InterruptKind::denied,
    InterruptKind::expired,        InterruptKind::invalid_grant, InterruptKind::no_push,
    InterruptKind::consent_needed, InterruptKind::action_changed, InterruptKind::already_used,
    InterruptKind::insufficient_scope,
};

constexpr std::array flow_names{
    std::pair{Flow::ciba, std::string_view("ciba")},
    std::pair{Flow::device, std::string_view("device")},
    std::pair{Flow::token_vault, std::string_view("token_vault")},
    std::pair{Flow::fga, std::string_view("fga")},
};

std::int64_t to_milliseconds(time_point at)
{
    return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

void put(WipingJsonWriter& out, std::string_view name, std::string_view value)
{
    if (!value.empty())
        out.name(name).text(value);
}

void put(WipingJsonWriter& out, std::string_view name, Secret const& value) { put(out, name, std::string_view(value.expose())); }

void put(WipingJsonWriter& out, std::string_view name, time_point at)
{
    if (at != time_point{})
        out.name(name).number(to_milliseconds(at));
}

void put(WipingJsonWriter& out, std::string_view name, std::vector<std::string> const& texts)
{
    out.name(name).begin_array();
    for (auto const& text : texts)
        out.text(text);
    out.end_array();
}

void put(WipingJsonWriter& out, std::string_view name, TokenSet const& tokens)
{
    out.name(name).begin_object();
    put(out, "access_token", tokens.access_token);
    put(out, "refresh_token", tokens.refresh_token);
    put(out, "id_token", tokens.id_token);
    put(out, "token_type", tokens.token_type);
    put(out, "scopes", tokens.scopes);
    if (tokens.expires_at)
        put(out, "expires_at", *tokens.expires_at);
    if (!tokens.authorization_details().is_null())
        out.name("authorization_details").json(json::serialize(tokens.authorization_details()));
    out.end_object();
}

void put(WipingJsonWriter& out, std::string_view name, ServerReply const& server)
{
    out.name(name).begin_object().name("status").number(server.status);
    put(out, "error", server.error);
    put(out, "description", server.description);
    put(out, "request_id", server.request_id);
    out.end_object();
}

void put_schedule(WipingJsonWriter& out, PollSchedule const& schedule)
{
    out.name("interval").number(schedule.interval().count());
    put(out, "next_poll_at", schedule.next_poll_at());
    if (schedule.hiccups() != 0)
        out.name("hiccups").number(schedule.hiccups());
}

/// About how long the text of a record is.
std::size_t size_of(PendingRecord const& record)
{
    std::size_t size = 512 + record.action_digest.size() + record.tool_name.size() + record.thread_id.size() + record.call_id.size() +
                       record.binding_message.size() + record.requested_details.size() + record.request_id.expose().size() +
                       record.verification_uri.size() + record.verification_uri_complete.size() + record.lease_owner.size();
    if (record.tokens)
        size += record.tokens->access_token.expose().size() + record.tokens->refresh_token.expose().size() +
                record.tokens->id_token.expose().size();
    return size;
}

/// Reads members, remembers the first that is wrong.
class Reader {
public:
    explicit Reader(json::object const& object) : object_(object) {}

    std::string text(std::string_view name)
    {
        auto const* value = object_.if_contains(name);
        if (value == nullptr)
            return {};
        if (auto const* string = value->if_string())
            return std::string(*string);
        wrong(name, "is not a string");
        return {};
    }

    std::int64_t integer(std::string_view name, std::int64_t low, std::int64_t high, std::int64_t absent)
    {
        auto const* value = object_.if_contains(name);
        if (value == nullptr)
            return absent;
        auto const* number = value->if_int64();
        if (number == nullptr || *number < low || *number > high) {
            wrong(name, "is not a number in range");
            return absent;
        }
        return *number;
    }

    time_point time(std::string_view name)
    {
        constexpr std::int64_t year_2500 = 16'725'225'600'000;
        return time_point(milliseconds(integer(name, 0, year_2500, 0)));
    }

    bool flag(std::string_view name, bool absent)
    {
        auto const* value = object_.if_contains(name);
        if (value == nullptr)
            return absent;
        if (auto const* boolean = value->if_bool())
            return *boolean;
        wrong(name, "is not a boolean");
        return absent;
    }

    std::vector<std::string> texts(std::string_view name)
    {
        std::vector<std::string> out;
        auto const* value = object_.if_contains(name);
        if (value == nullptr)
            return out;
        auto const* array = value->if_array();
        if (array == nullptr) {
            wrong(name, "is not an array");
            return out;
        }
        for (auto const& element : *array) {
            if (auto const* string = element.if_string())
                out.emplace_back(*string);
            else
                wrong(name, "has an element that is not a string");
        }
        return out;
    }

    json::object const* object(std::string_view name)
    {
        auto const* value = object_.if_contains(name);
        if (value == nullptr)
            return nullptr;
        if (auto const* object = value->if_object())
            return object;
        wrong(name, "is not an object");
        return nullptr;
    }

    template <class Enum, std::size_t N>
    Enum one_of(std::string_view name, std::array<std::pair<Enum, std::string_view>, N> const& names)
    {
        auto const value = text(name);
        for (auto const& [candidate, its_name] : names) {
            if (its_name == value)
                return candidate;
        }
        wrong(name, "has an unknown value");
        return names.front().first;
    }

    void wrong(std::string_view name, std::string_view what)
    {
        if (!problem_)
            problem_ = Failure(Errc::record_corrupt,
                               fmt::format("member \"{}\" of a stored authorization {}", name, what));
    }

    std::optional<Failure> const& problem() const { return problem_; }

private:
    json::object const& object_;
    std::optional<Failure> problem_;
};

TokenSet read_tokens(json::object const& object, Reader& outer)
{
    Reader in(object);
    TokenSet tokens;
    tokens.access_token = Secret(in.text("access_token"));
    tokens.refresh_token = Secret(in.text("refresh_token"));
    tokens.id_token = Secret(in.text("id_token"));
    tokens.token_type = in.text("token_type");
    tokens.scopes = in.texts("scopes");
    if (object.contains("expires_at"))
        tokens.expires_at = in.time("expires_at");
    if (auto const* details = object.if_contains("authorization_details"))
        tokens.authorization_details(*details);
    if (tokens.access_token.empty())
        in.wrong("access_token", "is missing");
    if (in.problem())
        outer.wrong("tokens", in.problem()->detail());
    return tokens;
}

ServerReply read_server(json::object const& object, Reader& outer)
{
    Reader in(object);
    ServerReply server;
    server.status = static_cast<int>(in.integer("status", 0, 999, 0));
    server.error = in.text("error");
    server.description = in.text("description");
    server.request_id = in.text("request_id");
    if (in.problem())
        outer.wrong("server", in.problem()->detail());
    return server;
}

}  // namespace

std::string_view to_string(PendingState state) noexcept
{
    for (auto const& [candidate, name] : state_names) {
        if (candidate == state)
            return name;
    }
    return "unknown";
}

std::string encode(PendingRecord const& record)
{
    WipingJsonWriter out(size_of(record));
    out.begin_object();
    out.name("v").number(format_version);
    put(out, "state", to_string(record.state));
    for (auto const& [candidate, name] : flow_names) {
        if (candidate == record.flow)
            put(out, "flow", name);
    }
    put(out, "digest", record.action_digest);
    put(out, "nonce", record.nonce);
    put(out, "tool", record.tool_name);
    put(out, "thread", record.thread_id);
    put(out, "call", record.call_id);
    put(out, "message", record.binding_message);
    put(out, "subject", record.expected_subject);
    if (!record.scopes.empty())
        put(out, "scopes", record.scopes);
    put(out, "details", record.requested_details);
    put(out, "traceparent", record.traceparent);
    put(out, "ping", record.notification_token);
    if (!record.one_use)
        out.name("one_use").flag(false);
    put(out, "request", record.request_id);
    put(out, "user_code", record.user_code);
    put(out, "verification_uri", record.verification_uri);
    put(out, "verification_uri_complete", record.verification_uri_complete);
    put(out, "requested_at", record.requested_at);
    put(out, "expires_at", record.expires_at);
    if (record.state == PendingState::pending)
        put_schedule(out, record.schedule);
    put(out, "lease", record.lease_owner);
    put(out, "lease_until", record.lease_until);
    if (record.tokens)
        put(out, "tokens", *record.tokens);
    if (record.id_token_kept)
        out.name("id_token_kept").flag(true);
    put(out, "refresh_at", record.refresh_at);
    if (record.refresh_failures != 0)
        out.name("refresh_failures").number(record.refresh_failures);
    if (record.final_error)
        put(out, "error", to_string(*record.final_error));
    if (record.final_interrupt)
        put(out, "interrupt", to_string(*record.final_interrupt));
    if (record.server)
        put(out, "server", *record.server);
    if (record.told)
        out.name("told").flag(true);
    return out.end_object().take();
}

namespace {

/// Takes `,"name":` and a number off the front. False when something else is there.
bool take_number(std::string_view& text, std::string_view name)
{
    if (!text.starts_with(name))
        return false;
    auto const digits = text.substr(name.size());
    auto const end = std::min(digits.find_first_not_of("0123456789"), digits.size());
    if (end == 0)
        return false;
    text = digits.substr(end);
    return true;
}

}  // namespace

bool renew_lease(std::string& text, PollSchedule const& schedule, time_point lease_until)
{
    constexpr std::string_view head = R"({"v":1,"state":"pending",)";
    constexpr std::string_view interval = R"(,"interval":)";
    constexpr std::string_view lease = R"(,"lease":")";
    // Only texts are written before it, and in a text it would have backslashes.
    auto const at = text.find(interval);
    if (!text.starts_with(head) || at == text.npos)
        return false;
    auto rest = std::string_view(text).substr(at);
    if (!take_number(rest, interval))
        return false;
    static_cast<void>(take_number(rest, R"(,"next_poll_at":)"));
    static_cast<void>(take_number(rest, R"(,"hiccups":)"));
    if (!rest.starts_with(lease))
        return false;
    auto const owner = rest.substr(lease.size(), rest.find_first_of("\"\\", lease.size()) - lease.size());
    rest.remove_prefix(lease.size() + owner.size());
    if (!rest.starts_with('"'))
        return false;
    rest.remove_prefix(1);
    if (!take_number(rest, R"(,"lease_until":)") || (rest != "}" && !rest.starts_with(",\"")))
        return false;

    WipingJsonWriter out(256);
    out.begin_object();
    put_schedule(out, schedule);
    put(out, "lease", owner);
    put(out, "lease_until", lease_until);
    auto renewed = out.take();
    renewed.front() = ',';
    auto const end = static_cast<std::size_t>(rest.data() - text.data());
    make_room_wiping(text, renewed.size());
    text.replace(at, end - at, renewed);
    return true;
}

result<PendingRecord> decode_pending_record(std::string_view text)
{
    if (text.size() > max_record_size)
        return Failure(Errc::record_corrupt, "a stored authorization is larger than 1 MiB");
    auto const parsed = parse_wiping(text);
    if (!parsed)
        return Failure(Errc::record_corrupt, "a stored authorization is not a JSON object");
    Reader in(parsed.value());
    if (in.integer("v", 0, std::numeric_limits<std::int64_t>::max(), 0) != format_version)
        return Failure(Errc::record_corrupt, "member \"v\" of a stored authorization names a format this version does not know");

    PendingRecord record;
    record.state = in.one_of("state", state_names);
    record.flow = in.one_of("flow", flow_names);
    record.action_digest = in.text("digest");
    record.nonce = in.text("nonce");
    record.tool_name = in.text("tool");
    record.thread_id = in.text("thread");
    record.call_id = in.text("call");
    record.binding_message = in.text("message");
    record.expected_subject = in.text("subject");
    record.scopes = in.texts("scopes");
    record.requested_details = in.text("details");
    record.traceparent = in.text("traceparent");
    record.notification_token = Secret(in.text("ping"));
    record.one_use = in.flag("one_use", true);
    record.request_id = Secret(in.text("request"));
    record.user_code = in.text("user_code");
    record.verification_uri = in.text("verification_uri");
    record.verification_uri_complete = in.text("verification_uri_complete");
    record.requested_at = in.time("requested_at");
    record.expires_at = in.time("expires_at");
    record.lease_owner = in.text("lease");
    record.lease_until = in.time("lease_until");
    if (record.state == PendingState::pending) {
        auto schedule = PollSchedule::restore(
            seconds(in.integer("interval", 1, PollSchedule::longest_interval.count(), 0)), in.time("next_poll_at"),
            static_cast<std::uint32_t>(in.integer("hiccups", 0, std::numeric_limits<std::uint32_t>::max(), 0)));
        if (schedule)
            record.schedule = schedule.value();
        else
            in.wrong("interval", "is missing or absurd");
        if (record.request_id.empty())
            in.wrong("request", "is missing");
        if (record.expires_at == time_point{})
            in.wrong("expires_at", "is missing");
    }
    if (auto const* tokens = in.object("tokens"))
        record.tokens = read_tokens(*tokens, in);
    if ((record.state == PendingState::received || record.state == PendingState::granted) && !record.tokens)
        in.wrong("tokens", "is missing");
    record.id_token_kept = in.flag("id_token_kept", false);
    record.refresh_at = in.time("refresh_at");
    record.refresh_failures =
        static_cast<std::uint32_t>(in.integer("refresh_failures", 0, std::numeric_limits<std::uint32_t>::max(), 0));
    if (auto const name = in.text("error"); !name.empty()) {
        record.final_error = errc_from_string(name);
        if (!record.final_error)
            in.wrong("error", "has an unknown value");
    }
    if (auto const name = in.text("interrupt"); !name.empty()) {
        for (auto const kind : kinds) {
            if (to_string(kind) == name)
                record.final_interrupt = kind;
        }
        if (!record.final_interrupt)
            in.wrong("interrupt", "has an unknown value");
    }
    if (auto const* server = in.object("server"))
        record.server = read_server(*server, in);
    record.told = in.flag("told", false);
    if (record.action_digest.empty())
        in.wrong("digest", "is missing");
    if (record.nonce.empty())
        in.wrong("nonce", "is missing");
    if (in.problem())
        return *in.problem();
    return record;
}

}  // namespace assent
