#include "protocol/session_record.hpp"

#include "core/digest.hpp"
#include "core/exact_json.hpp"
#include "protocol/canonical_json.hpp"

#include <assent/secret.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace assent {

namespace json = boost::json;

namespace {

using std::chrono::seconds;

constexpr std::int64_t version = 1;
constexpr std::size_t max_used = 64;
constexpr std::size_t max_handle = 256;
constexpr std::int64_t latest_expiry = 7'258'118'400;  // the year 2200: beyond 2262 a time_point has no room

Failure corrupt(std::string_view what) {
    return Failure(Errc::record_corrupt, fmt::format("a stored session has no valid {}", what));
}

/// JSON has no infinity; Boost.JSON reads one from 1e999, and writes what nobody can read.
void make_finite(json::value& value) {
    if (auto const* number = value.if_double(); number != nullptr && !std::isfinite(*number)) {
        value = nullptr;
    } else if (auto* array = value.if_array()) {
        for (auto& element : *array)
            make_finite(element);
    } else if (auto* object = value.if_object()) {
        for (auto& member : *object)
            make_finite(member.value());
    }
}

std::int64_t to_seconds(SessionRecord::time_point time) {
    return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
}

std::string input_digest(ToolRequest const& request) {
    json::value const input = request.input.value_or(json::value());
    try {
        return sha256_base64url(canonical_json(input));
    } catch (NotCanonical const&) {
        return sha256_base64url(json::serialize(input));
    }
}

std::string const* text_of(json::object const& object, std::string_view name, std::string& kept) {
    auto const* member = object.if_contains(name);
    if (member == nullptr || !member->is_string())
        return nullptr;
    kept.assign(member->get_string().data(), member->get_string().size());
    return &kept;
}

}  // namespace

std::string make_pending_id() { return random_base64url(16); }

SessionRecord SessionRecord::make() {
    SessionRecord out;
    out.key_ = random_base64url(32);
    return out;
}

std::string SessionRecord::text() const {
    json::object out;
    out.emplace("v", version);
    out.emplace("key", key_);
    out.emplace("messages", to_json(messages));
    json::array calls;
    for (auto const& call : pending) {
        json::object one;
        one.emplace("ref", call.ref);
        one.emplace("id", call.id);
        one.emplace("expiresAt", to_seconds(call.expires_at));
        one.emplace("interrupt", call.interrupt.to_json());
        calls.push_back(std::move(one));
    }
    out.emplace("pending", std::move(calls));
    json::array used;
    for (auto const& id : used_)
        used.emplace_back(id);
    out.emplace("used", std::move(used));
    out.emplace("attempts", attempts);
    json::value whole(std::move(out));
    make_finite(whole);
    return json::serialize(whole);
}

result<SessionRecord> SessionRecord::parse(std::string_view text) {
    json::parse_options options;
    options.max_depth = 512;
    options.allow_invalid_utf8 = true;
    auto json = parse_exactly(text, options);
    if (!json)
        return corrupt("JSON");
    make_finite(*json);
    auto const* object = json->if_object();
    if (object == nullptr)
        return corrupt("JSON");
    auto const* number = object->if_contains("v");
    if (number == nullptr || *number != version)
        return corrupt("version");
    SessionRecord out;
    if (text_of(*object, "key", out.key_) == nullptr || out.key_.size() < 43)
        return corrupt("key");
    auto const* conversation = object->if_contains("messages");
    if (conversation == nullptr)
        return corrupt("messages");
    auto read = parse_messages(*conversation);
    if (!read)
        return corrupt(fmt::format("messages ({})", read.failure().detail()));
    out.messages = std::move(read).value();
    auto const* calls = object->if_contains("pending");
    if (calls == nullptr || !calls->is_array())
        return corrupt("pending calls");
    for (auto const& each : calls->get_array()) {
        auto const* one = each.if_object();
        PendingCall call;
        if (one == nullptr || text_of(*one, "ref", call.ref) == nullptr || text_of(*one, "id", call.id) == nullptr)
            return corrupt("pending call");
        auto const* expires = one->if_contains("expiresAt");
        auto const* interrupt = one->if_contains("interrupt");
        if (expires == nullptr || !expires->is_int64() || interrupt == nullptr)
            return corrupt("pending call");
        if (expires->get_int64() < 0 || expires->get_int64() > latest_expiry)
            return corrupt("expiry of a pending call");
        call.expires_at = time_point(seconds(expires->get_int64()));
        auto parsed = Interrupt::parse(*interrupt);
        if (!parsed)
            return corrupt("interrupt");
        call.interrupt = std::move(parsed).value();
        out.pending.push_back(std::move(call));
        if (out.part_of(out.pending.back()) == nullptr)
            return corrupt("call for an interrupt");
    }
    if (auto const* used = object->if_contains("used"); used != nullptr && used->is_array()) {
        for (auto const& id : used->get_array()) {
            if (id.is_string())
                out.used_.emplace_back(id.get_string());
        }
    }
    if (auto const* attempts = object->if_contains("attempts"); attempts != nullptr && attempts->is_int64())
        out.attempts = static_cast<std::uint32_t>(std::clamp<std::int64_t>(attempts->get_int64(), 0, 1000));
    return out;
}

Part const* SessionRecord::part_of(PendingCall const& call) const noexcept {
    if (messages.empty())
        return nullptr;
    for (auto const& part : messages.back().content()) {
        auto const* request = part.if_tool_request();
        if (request != nullptr && request->ref == call.ref && part.metadata().contains("interrupt"))
            return &part;
    }
    return nullptr;
}

std::string SessionRecord::handle(Session const& session, PendingCall const& call) const {
    auto const* part = part_of(call);
    if (part == nullptr)
        return {};
    auto const& request = *part->if_tool_request();
    auto const& principal = session.principal();
    json::array bound;
    bound.emplace_back("assent interrupt 1");
    bound.emplace_back(call.id);
    bound.emplace_back(to_seconds(call.expires_at));
    bound.emplace_back(principal.issuer());
    bound.emplace_back(principal.subject());
    bound.emplace_back(principal.tenant());
    bound.emplace_back(principal.agent());
    bound.emplace_back(session.thread_id());
    bound.emplace_back(request.name);
    bound.emplace_back(call.ref);
    bound.emplace_back(input_digest(request));
    return call.id + '.' + base64url_encode(hmac_sha256(key_, json::serialize(bound)));
}

result<std::size_t> SessionRecord::find(Session const& session, std::string_view handle, time_point now) const {
    Failure const unknown(Errc::invalid_argument, "the handle names no interrupted call of this session");
    auto const dot = handle.find('.');
    if (handle.size() > max_handle || dot == std::string_view::npos)
        return unknown;
    auto const id = handle.substr(0, dot);
    auto const found = std::find_if(pending.begin(), pending.end(), [&](PendingCall const& call) { return call.id == id; });
    if (found == pending.end()) {
        if (std::find(used_.begin(), used_.end(), id) != used_.end())
            return Failure(Errc::already_used, "the handle of an interrupted call is good for one use; there is another now");
        return unknown;
    }
    if (!equal_in_constant_time(this->handle(session, *found), handle))
        return unknown;
    if (now >= found->expires_at)
        return Failure(Errc::invalid_argument, "the handle of the interrupted call has expired; ask Agent::interrupts() for another");
    return static_cast<std::size_t>(found - pending.begin());
}

void SessionRecord::use(std::size_t index, time_point expires_at) {
    auto& call = pending.at(index);
    used_.push_back(std::move(call.id));
    if (used_.size() > max_used)
        used_.erase(used_.begin(), used_.end() - max_used);
    call.id = make_pending_id();
    call.expires_at = expires_at;
}

Part SessionRecord::shown_part(Session const& session, PendingCall const& call, Part const& part) const {
    auto metadata = part.metadata();
    auto& interrupt = metadata["interrupt"];
    if (!interrupt.is_object())
        interrupt = json::object();
    interrupt.get_object()["handle"] = handle(session, call);
    Part out = part;
    out.metadata(std::move(metadata));
    return out;
}

std::vector<AgentInterrupt> SessionRecord::interrupts(Session const& session) const {
    std::vector<AgentInterrupt> out;
    out.reserve(pending.size());
    for (auto const& call : pending) {
        if (auto const* part = part_of(call))
            out.emplace_back(shown_part(session, call, *part), call.interrupt, handle(session, call));
    }
    return out;
}

std::vector<Message> SessionRecord::shown(Session const& session) const {
    auto out = messages;
    if (pending.empty() || out.empty())
        return out;
    auto content = out.back().content();
    for (auto& part : content) {
        auto const* request = part.if_tool_request();
        if (request == nullptr)
            continue;
        for (auto const& call : pending) {
            if (call.ref == request->ref && part.metadata().contains("interrupt"))
                part = shown_part(session, call, part);
        }
    }
    out.back().content(std::move(content));
    return out;
}

}  // namespace assent
