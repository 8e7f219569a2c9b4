#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include "core/sole_owner.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace assent {

namespace json = boost::json;

namespace {

using std::chrono::seconds;
using time_point = std::chrono::system_clock::time_point;

constexpr std::string_view interrupt_name = "AUTH0_AI_INTERRUPT";
constexpr std::string_view wire_prefix = "AUTH0_AI_INTERRUPTION:";

// Codes.

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

#define ASSENT_CODES(prefix)                                                                                 \
    prefix "UNKNOWN", prefix "AUTHORIZATION_PENDING", prefix "AUTHORIZATION_POLLING_ERROR",                  \
        prefix "ACCESS_DENIED", prefix "AUTHORIZATION_REQUEST_EXPIRED", prefix "INVALID_GRANT",              \
        prefix "USER_DOES_NOT_HAVE_PUSH_NOTIFICATIONS", prefix "CONSENT_NEEDED", prefix "ACTION_CHANGED",    \
        prefix "ALREADY_USED", prefix "INSUFFICIENT_SCOPE"

/// By flow and kind, in the order of their enumerators: what we write.
constexpr std::string_view codes[std::size(flows)][std::size(kinds)] = {
    {ASSENT_CODES("ASSENT_")}, {ASSENT_CODES("ASYNC_AUTHORIZATION_")},
    {ASSENT_CODES("DEVICE_")}, {ASSENT_CODES("TOKEN_VAULT_")},
    {ASSENT_CODES("FGA_")},
};
#undef ASSENT_CODES

constexpr std::string_view code_of(Flow flow, InterruptKind kind) noexcept {
    if (flow == Flow::token_vault && kind == InterruptKind::consent_needed)
        return "TOKEN_VAULT_ERROR";
    return codes[static_cast<std::size_t>(flow)][static_cast<std::size_t>(kind)];
}

class CodeMeaning {
public:
    Flow flow = Flow::unknown;
    InterruptKind kind = InterruptKind::unknown;
    bool known = false;
};

/// Also what other versions and the Python SDK wrote.
CodeMeaning meaning_of(std::string_view code) noexcept {
    struct Prefix {
        std::string_view text;
        Flow flow;
    };
    static constexpr Prefix prefixes[] = {
        {"ASYNC_AUTHORIZATION_", Flow::ciba},
        {"CIBA_", Flow::ciba},
        {"DEVICE_", Flow::device},
        {"TOKEN_VAULT_", Flow::token_vault},
        {"FEDERATED_CONNECTION_", Flow::token_vault},
        {"FGA_", Flow::fga},
        {"ASSENT_", Flow::unknown},
    };
    CodeMeaning meaning;
    if (code == "TOKEN_VAULT_ERROR" || code == "TokenVaultError" || code == "FEDERATED_CONNECTION_ERROR") {
        meaning.flow = Flow::token_vault;
        meaning.kind = InterruptKind::consent_needed;
        meaning.known = true;
        return meaning;
    }
    for (Prefix const& prefix : prefixes) {
        if (!code.starts_with(prefix.text))
            continue;
        meaning.flow = prefix.flow;
        code.remove_prefix(prefix.text.size());
        for (InterruptKind const kind : kinds) {
            std::string_view suffix = codes[0][static_cast<std::size_t>(kind)];
            suffix.remove_prefix(std::string_view("ASSENT_").size());
            // JavaScript doubles the word: ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING; Python and the older codes do not.
            if (code == suffix || (suffix.starts_with("AUTHORIZATION_") && prefix.flow == Flow::ciba &&
                                   code == suffix.substr(std::string_view("AUTHORIZATION_").size()))) {
                meaning.kind = kind;
                meaning.known = kind != InterruptKind::unknown;
                break;
            }
        }
        break;
    }
    return meaning;
}

// Writing.

/// Seconds since 1970, as the SDK's `Date.now() / 1000`: microseconds survive the way there and back.
json::value epoch_seconds(time_point when) {
    std::int64_t const micros =
        std::chrono::floor<std::chrono::microseconds>(when).time_since_epoch().count();
    if (micros % 1'000'000 == 0)
        return micros / 1'000'000;
    return static_cast<double>(micros) / 1e6;
}

std::string iso_8601(time_point when) {
    auto const day = std::chrono::floor<std::chrono::days>(when);
    std::chrono::year_month_day const date(day);
    auto const time = std::chrono::floor<std::chrono::milliseconds>(when - day).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time / 3'600'000, time / 60'000 % 60, time / 1000 % 60, time % 1000);
}

json::array array_of(std::vector<std::string> const& texts) {
    json::array array;
    array.reserve(texts.size());
    for (auto const& text : texts)
        array.emplace_back(text);
    return array;
}

json::object object_of(std::vector<std::pair<std::string, std::string>> const& members) {
    json::object object;
    object.reserve(members.size());
    for (auto const& [name, value] : members)
        object[name] = value;
    return object;
}

// Reading. Bounds are generous for what the SDKs write and small for what an attacker would send.

constexpr std::size_t max_text = 64 * 1024;
constexpr std::size_t max_code = 128;
constexpr std::size_t max_message = 8192;
constexpr std::size_t max_secret = 8192;
constexpr std::size_t max_name = 512;
constexpr std::size_t max_uri = 4096;
constexpr std::size_t max_scope = 1024;
constexpr std::size_t max_scopes = 256;
constexpr std::size_t max_params = 64;
constexpr std::size_t max_decisions = 100;
constexpr std::size_t max_others = 16;
constexpr std::size_t max_handle = 8192;
constexpr std::int64_t max_time = 9'000'000'000;  // the year 2255: what nanoseconds in 64 bits can hold
constexpr std::int64_t max_duration = 10LL * 365 * 24 * 3600;

/// Takes members out of an object under any of their names and remembers the first that does not fit.
class Reader {
public:
    bool ok() const noexcept { return ok_; }
    Failure failure() const { return Failure(Errc::record_corrupt, "interrupt" + what_); }

    bool fail(std::string_view where, std::string_view what) {
        if (ok_)
            what_ = fmt::format(" {}: {}", where, what);
        ok_ = false;
        return false;
    }

    /// Absent and null are the same: `JSON.stringify` writes null for NaN.
    static json::value const* find(json::object const& object,
                                   std::initializer_list<std::string_view> names) noexcept {
        for (std::string_view const name : names) {
            json::value const* const found = object.if_contains(name);
            if (found != nullptr && !found->is_null())
                return found;
        }
        return nullptr;
    }

    bool text(json::value const& from, std::string_view where, std::size_t max, std::string& to) {
        json::string const* const string = from.if_string();
        if (string == nullptr)
            return fail(where, "must be a string");
        if (string->size() > max)
            return fail(where, fmt::format("is longer than {} bytes", max));
        to.assign(string->data(), string->size());
        return true;
    }

    /// A name that is shown or sent on: no control characters.
    bool name(json::value const& from, std::string_view where, std::size_t max, std::string& to) {
        if (!text(from, where, max, to))
            return false;
        for (char const c : to) {
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                return fail(where, "contains a control character");
        }
        return true;
    }

    bool secret(json::value const& from, std::string_view where, Secret& to) {
        std::string value;
        if (!text(from, where, max_secret, value))
            return false;
        to = Secret(std::move(value));
        return true;
    }

    /// What a front end may make a link of: nothing but the web.
    bool web_address(json::value const& from, std::string_view where, std::string& to) {
        if (!name(from, where, max_uri, to))
            return false;
        if (!to.empty() && !to.starts_with("https://") && !to.starts_with("http://"))
            return fail(where, "must begin with https:// or http://");
        return true;
    }

    bool number(json::value const& from, std::string_view where, double min, double max, double& to) {
        switch (from.kind()) {
        case json::kind::int64:
            to = static_cast<double>(from.get_int64());
            break;
        case json::kind::uint64:
            to = static_cast<double>(from.get_uint64());
            break;
        case json::kind::double_:
            to = from.get_double();
            break;
        default:
            return fail(where, "must be a number");
        }
        if (!(to >= min && to <= max))  // also NaN
            return fail(where, fmt::format("must be {} to {}", min, max));
        return true;
    }

    bool time(json::value const& from, std::string_view where, time_point& to) {
        double value = 0;
        if (!number(from, where, 0, static_cast<double>(max_time), value))
            return false;
        to = time_point(std::chrono::microseconds(std::llround(value * 1e6)));
        return true;
    }

    bool duration(json::value const& from, std::string_view where, seconds min, seconds max, seconds& to) {
        double value = 0;
        if (!number(from, where, 0, static_cast<double>(max.count()), value))
            return false;
        to = seconds(static_cast<std::int64_t>(std::ceil(value)));
        if (to < min)
            return fail(where, fmt::format("must be at least {}", min.count()));
        return true;
    }

    bool texts(json::value const& from, std::string_view where, std::vector<std::string>& to) {
        json::array const* const array = from.if_array();
        if (array == nullptr)
            return fail(where, "must be an array");
        if (array->size() > max_scopes)
            return fail(where, fmt::format("has more than {} elements", max_scopes));
        to.resize(array->size());
        for (std::size_t i = 0; i < to.size(); ++i) {
            if (!name((*array)[i], where, max_scope, to[i]))
                return false;
        }
        return true;
    }

    bool params(json::value const& from, std::string_view where,
                std::vector<std::pair<std::string, std::string>>& to) {
        json::object const* const object = from.if_object();
        if (object == nullptr)
            return fail(where, "must be an object");
        if (object->size() > max_params)
            return fail(where, fmt::format("has more than {} members", max_params));
        for (auto const& member : *object) {
            if (member.key().size() > max_name)
                return fail(where, fmt::format("has a name longer than {} bytes", max_name));
            std::string value;
            if (member.value().is_number() || member.value().is_bool())
                value = json::serialize(member.value());  // they end in a query string, where all is text
            else if (!text(member.value(), where, max_uri, value))
                return false;
            to.emplace_back(std::string(member.key()), std::move(value));
        }
        return true;
    }

    /// Reads a member when it is there, under any of its names.
    template <class Read>
    bool optional(json::object const& object, std::initializer_list<std::string_view> names, Read&& read) {
        if (!ok_)
            return false;
        json::value const* const found = find(object, names);
        return found == nullptr || read(*found);
    }

private:
    std::string what_;
    bool ok_ = true;
};

}  // namespace

std::string_view to_string(Flow flow) noexcept {
    switch (flow) {
    case Flow::unknown:
        break;
    case Flow::ciba:
        return "ciba";
    case Flow::device:
        return "device";
    case Flow::token_vault:
        return "token_vault";
    case Flow::fga:
        return "fga";
    }
    return "unknown";
}

std::string_view to_string(InterruptKind kind) noexcept {
    switch (kind) {
    case InterruptKind::unknown:
        break;
    case InterruptKind::pending:
        return "pending";
    case InterruptKind::slow_down:
        return "slow_down";
    case InterruptKind::denied:
        return "denied";
    case InterruptKind::expired:
        return "expired";
    case InterruptKind::invalid_grant:
        return "invalid_grant";
    case InterruptKind::no_push:
        return "no_push";
    case InterruptKind::consent_needed:
        return "consent_needed";
    case InterruptKind::action_changed:
        return "action_changed";
    case InterruptKind::already_used:
        return "already_used";
    case InterruptKind::insufficient_scope:
        return "insufficient_scope";
    }
    return "unknown";
}

struct Interrupt::Data {
    Flow flow = Flow::unknown;
    InterruptKind kind = InterruptKind::unknown;
    std::string code;  ///< As parsed, when nobody here knows it; else empty.
    std::string message;
    std::string handle;
    std::string binding_message;
    std::optional<AuthorizationRequest> request;
    std::optional<DeviceAuthorizationResponse> device;
    std::optional<ConsentRequest> consent;
    std::optional<seconds> retry_after;
    std::optional<time_point> expires_at;
    std::optional<time_point> next_poll_at;
    std::optional<ServerReply> server;
    std::vector<Decision> decisions;
    std::vector<Interrupt> others;

    static Data const& none() noexcept {
        static Data const data;
        return data;
    }

    /// True when `text` contains a secret of this interrupt.
    bool gives_away(std::string_view text) const noexcept {
        auto const contains = [text](Secret const& secret) {
            return !secret.empty() && text.find(secret.expose()) != std::string_view::npos;
        };
        return (request && contains(request->id)) || (device && contains(device->device_code));
    }
    bool gives_away(std::vector<std::string> const& texts) const noexcept {
        return std::any_of(texts.begin(), texts.end(),
                           [this](std::string const& text) { return gives_away(text); });
    }
    bool gives_away(ConsentRequest const& shown) const noexcept {
        return gives_away(shown.connection) || gives_away(shown.scopes) ||
               gives_away(shown.required_scopes) || gives_away(shown.behavior) ||
               std::any_of(
                   shown.authorization_params.begin(), shown.authorization_params.end(),
                   [this](auto const& param) { return gives_away(param.first) || gives_away(param.second); });
    }
    void show(json::object& object, std::string_view name, std::string_view text) const {
        if (!text.empty() && !gives_away(text))
            object[name] = text;
    }
};

Interrupt::Interrupt(Flow flow, InterruptKind kind, std::string message) : data_(std::make_shared<Data>()) {
    data_->flow = flow;
    data_->kind = kind;
    data_->message = std::move(message);
}

Interrupt::Data& Interrupt::own() {
    if (data_ == nullptr)
        data_ = std::make_shared<Data>();
    else if (!sole_owner(data_))
        data_ = std::make_shared<Data>(*data_);
    return *data_;
}

Flow Interrupt::flow() const noexcept {
    return data_ ? data_->flow : Flow::unknown;
}

InterruptKind Interrupt::kind() const noexcept {
    return data_ ? data_->kind : InterruptKind::unknown;
}

std::string_view Interrupt::code() const noexcept {
    if (data_ && !data_->code.empty())
        return data_->code;
    return code_of(flow(), kind());
}

std::string const& Interrupt::message() const noexcept {
    return (data_ ? *data_ : Data::none()).message;
}

bool Interrupt::resumable() const noexcept {
    return is_authorization_pending(*this) || is_consent_needed(*this);
}

std::string const& Interrupt::handle() const noexcept {
    return (data_ ? *data_ : Data::none()).handle;
}

AuthorizationRequest const* Interrupt::request() const noexcept {
    return data_ && data_->request ? &*data_->request : nullptr;
}

DeviceAuthorizationResponse const* Interrupt::device() const noexcept {
    return data_ && data_->device ? &*data_->device : nullptr;
}

ConsentRequest const* Interrupt::consent() const noexcept {
    return data_ && data_->consent ? &*data_->consent : nullptr;
}

std::string const& Interrupt::binding_message() const noexcept {
    return (data_ ? *data_ : Data::none()).binding_message;
}

std::optional<seconds> Interrupt::retry_after() const noexcept {
    return (data_ ? *data_ : Data::none()).retry_after;
}

std::optional<time_point> Interrupt::expires_at() const noexcept {
    if (!data_)
        return std::nullopt;
    auto const by = [](auto const& part) -> std::optional<time_point> {
        if (!part || part->expires_in <= seconds(0) || part->requested_at == time_point())
            return std::nullopt;
        return part->requested_at + part->expires_in;
    };
    if (data_->expires_at)
        return data_->expires_at;
    if (auto const expires_at = by(data_->request))
        return expires_at;
    return by(data_->device);
}

std::optional<time_point> Interrupt::next_poll_at() const noexcept {
    return (data_ ? *data_ : Data::none()).next_poll_at;
}

ServerReply const* Interrupt::server() const noexcept {
    return data_ && data_->server ? &*data_->server : nullptr;
}

std::vector<Decision> const& Interrupt::decisions() const noexcept {
    return (data_ ? *data_ : Data::none()).decisions;
}

std::vector<Interrupt> const& Interrupt::others() const noexcept {
    return (data_ ? *data_ : Data::none()).others;
}

Interrupt& Interrupt::others(std::vector<Interrupt> value) {
    if (value.size() > max_others)
        value.resize(max_others);
    for (Interrupt& other : value) {
        if (!other.others().empty())
            other.own().others.clear();
    }
    own().others = std::move(value);
    return *this;
}

Interrupt& Interrupt::decisions(std::vector<Decision> value) {
    if (value.size() > max_decisions)
        value.resize(max_decisions);
    own().decisions = std::move(value);
    return *this;
}

Interrupt& Interrupt::handle(std::string value) {
    own().handle = std::move(value);
    return *this;
}

Interrupt& Interrupt::request(AuthorizationRequest value) {
    own().request = std::move(value);
    return *this;
}

Interrupt& Interrupt::device(DeviceAuthorizationResponse value) {
    own().device = std::move(value);
    return *this;
}

Interrupt& Interrupt::consent(ConsentRequest value) {
    own().consent = std::move(value);
    return *this;
}

Interrupt& Interrupt::binding_message(std::string value) {
    own().binding_message = std::move(value);
    return *this;
}

Interrupt& Interrupt::retry_after(seconds value) {
    own().retry_after = value;
    return *this;
}

Interrupt& Interrupt::expires_at(time_point value) {
    own().expires_at = value;
    return *this;
}

Interrupt& Interrupt::next_poll_at(time_point value) {
    own().next_poll_at = value;
    return *this;
}

Interrupt& Interrupt::server(ServerReply value) {
    own().server = std::move(value);
    return *this;
}

json::object Interrupt::to_json() const {
    Data const& data = data_ ? *data_ : Data::none();
    json::object object;
    object["name"] = interrupt_name;
    object["code"] = code();
    if (data.request) {
        json::object request;
        request["id"] = data.request->id.expose();
        if (data.request->requested_at != time_point())
            request["requestedAt"] = epoch_seconds(data.request->requested_at);
        if (data.request->expires_in.count() != 0)
            request["expiresIn"] = data.request->expires_in.count();
        request["interval"] = data.request->interval.count();
        object["request"] = std::move(request);
    }
    if (data.device) {
        json::object response;
        response["deviceCode"] = data.device->device_code.expose();
        response["userCode"] = data.device->user_code;
        response["verificationUri"] = data.device->verification_uri;
        if (data.device->expires_in.count() != 0)
            response["expiresIn"] = data.device->expires_in.count();
        if (!data.device->verification_uri_complete.empty())
            response["verificationUriComplete"] = data.device->verification_uri_complete;
        response["interval"] = data.device->interval.count();
        if (data.device->requested_at != time_point())
            response["requestedAt"] = epoch_seconds(data.device->requested_at);
        object["response"] = std::move(response);
    }
    if (data.consent) {
        object["connection"] = data.consent->connection;
        object["scopes"] = array_of(data.consent->scopes);
        object["requiredScopes"] = array_of(data.consent->required_scopes);
        object["authorizationParams"] = object_of(data.consent->authorization_params);
        object["behavior"] = data.consent->behavior;
    }
    if (data.retry_after)
        object["retryAfter"] = data.retry_after->count();
    object["message"] = data.message;

    if (data.consent && !data.consent->reason.empty())
        object["reason"] = data.consent->reason;
    if (!data.handle.empty())
        object["handle"] = data.handle;
    if (!data.binding_message.empty())
        object["bindingMessage"] = data.binding_message;
    if (data.expires_at)
        object["expiresAt"] = epoch_seconds(*data.expires_at);
    if (data.next_poll_at)
        object["nextPollAt"] = epoch_seconds(*data.next_poll_at);
    if (data.server) {
        json::object server;
        server["status"] = data.server->status;
        server["error"] = data.server->error;
        server["description"] = data.server->description;
        server["requestId"] = data.server->request_id;
        if (data.server->retry_after)
            server["retryAfter"] = data.server->retry_after->count();
        object["server"] = std::move(server);
    }
    if (!data.decisions.empty()) {
        json::array decisions;
        for (Decision const& decision : data.decisions) {
            json::object one;
            one["authorizer"] = decision.authorizer;
            one["subject"] = decision.subject;
            one["action"] = decision.action;
            one["reason"] = decision.reason;
            decisions.push_back(std::move(one));
        }
        object["decisions"] = std::move(decisions);
    }
    if (!data.others.empty()) {
        json::array others;
        for (Interrupt const& other : data.others)
            others.push_back(other.to_json());
        object["others"] = std::move(others);
    }
    return object;
}

json::object Interrupt::to_public_json() const {
    Data const& data = data_ ? *data_ : Data::none();
    json::object object;
    object["name"] = interrupt_name;
    object["code"] = data.gives_away(code()) ? code_of(data.flow, data.kind) : code();
    object["message"] = data.gives_away(data.message) ? std::string_view() : std::string_view(data.message);
    object["flow"] = to_string(data.flow);
    object["kind"] = to_string(data.kind);
    object["resumable"] = resumable();
    data.show(object, "handle", data.handle);
    data.show(object, "bindingMessage", data.binding_message);
    if (data.device) {
        data.show(object, "userCode", data.device->user_code);
        data.show(object, "verificationUri", data.device->verification_uri);
        data.show(object, "verificationUriComplete", data.device->verification_uri_complete);
    }
    if (data.consent && !data.gives_away(*data.consent)) {
        object["connection"] = data.consent->connection;
        object["scopes"] = array_of(data.consent->scopes);
        object["requiredScopes"] = array_of(data.consent->required_scopes);
        object["authorizationParams"] = object_of(data.consent->authorization_params);
        object["behavior"] = data.consent->behavior;
        data.show(object, "reason", data.consent->reason);
    }
    if (data.retry_after)
        object["retryAfter"] = data.retry_after->count();
    if (auto const when = expires_at())
        object["expiresAt"] = iso_8601(*when);
    if (data.next_poll_at)
        object["nextPollAt"] = iso_8601(*data.next_poll_at);
    if (data.server) {
        json::object server;
        server["untrusted"] = true;
        if (data.server->status != 0)
            server["status"] = data.server->status;
        data.show(server, "error", data.server->error);
        data.show(server, "description", data.server->description);
        data.show(server, "requestId", data.server->request_id);
        object["server"] = std::move(server);
    }
    if (!data.others.empty()) {
        json::array others;
        for (Interrupt const& other : data.others)
            others.push_back(other.to_public_json());
        object["others"] = std::move(others);
    }
    return object;
}

bool Interrupt::is_interrupt(json::value const& value) noexcept {
    json::object const* const object = value.if_object();
    if (object == nullptr)
        return false;
    json::value const* const name = object->if_contains("name");
    return name != nullptr && name->is_string() && name->get_string() == interrupt_name;
}

result<Interrupt> Interrupt::parse_text(std::string_view text) {
    if (text.size() > max_text)
        return Failure(Errc::record_corrupt, fmt::format("interrupt: is longer than {} bytes", max_text));
    if (text.starts_with(wire_prefix))
        text.remove_prefix(wire_prefix.size());
    boost::system::error_code error;
    json::monotonic_resource memory(4096);
    json::value const value = json::parse(text, error, &memory);
    if (error)
        return Failure(Errc::record_corrupt, "interrupt: is not JSON");
    if (value.is_string())
        return Failure(Errc::record_corrupt, "interrupt: must be an object");
    return parse(value);
}

result<Interrupt> Interrupt::parse(json::value const& value) {
    if (json::string const* const text = value.if_string()) {
        if (std::string_view(*text).starts_with(wire_prefix))
            return parse_text(*text);
    }
    Reader reader;
    if (!is_interrupt(value)) {
        reader.fail("", "must be an object whose name is AUTH0_AI_INTERRUPT");
        return reader.failure();
    }
    json::object const& object = value.get_object();
    std::string code;
    reader.optional(object, {"code"},
                    [&](json::value const& from) { return reader.name(from, "/code", max_code, code); });
    CodeMeaning const meaning = meaning_of(code);
    Interrupt interrupt(meaning.flow, meaning.kind, std::string());
    Data& data = *interrupt.data_;
    if (!meaning.known)
        data.code = std::move(code);
    reader.optional(object, {"message"}, [&](json::value const& from) {
        return reader.text(from, "/message", max_message, data.message);
    });

    reader.optional(object, {"request", "_request"}, [&](json::value const& from) {
        json::object const* const part = from.if_object();
        if (part == nullptr)
            return reader.fail("/request", "must be an object");
        AuthorizationRequest& request = data.request.emplace();
        reader.optional(*part, {"id"},
                        [&](json::value const& id) { return reader.secret(id, "/request/id", request.id); });
        reader.optional(*part, {"requestedAt", "requested_at"}, [&](json::value const& at) {
            return reader.time(at, "/request/requestedAt", request.requested_at);
        });
        reader.optional(*part, {"expiresIn", "expires_in"}, [&](json::value const& in) {
            return reader.duration(in, "/request/expiresIn", seconds(0), seconds(max_duration),
                                   request.expires_in);
        });
        return reader.optional(*part, {"interval"}, [&](json::value const& every) {
            return reader.duration(every, "/request/interval", seconds(1), seconds(86'400), request.interval);
        });
    });

    reader.optional(object, {"response", "_response"}, [&](json::value const& from) {
        json::object const* const part = from.if_object();
        if (part == nullptr)
            return reader.fail("/response", "must be an object");
        DeviceAuthorizationResponse& device = data.device.emplace();
        reader.optional(*part, {"deviceCode", "device_code"}, [&](json::value const& secret) {
            return reader.secret(secret, "/response/deviceCode", device.device_code);
        });
        reader.optional(*part, {"userCode", "user_code"}, [&](json::value const& text) {
            return reader.name(text, "/response/userCode", max_name, device.user_code);
        });
        reader.optional(*part, {"verificationUri", "verification_uri"}, [&](json::value const& text) {
            return reader.web_address(text, "/response/verificationUri", device.verification_uri);
        });
        reader.optional(*part, {"verificationUriComplete", "verification_uri_complete"},
                        [&](json::value const& text) {
                            return reader.web_address(text, "/response/verificationUriComplete",
                                                      device.verification_uri_complete);
                        });
        reader.optional(*part, {"requestedAt", "requested_at"}, [&](json::value const& at) {
            return reader.time(at, "/response/requestedAt", device.requested_at);
        });
        reader.optional(*part, {"expiresIn", "expires_in"}, [&](json::value const& in) {
            return reader.duration(in, "/response/expiresIn", seconds(0), seconds(max_duration),
                                   device.expires_in);
        });
        return reader.optional(*part, {"interval"}, [&](json::value const& every) {
            return reader.duration(every, "/response/interval", seconds(1), seconds(86'400), device.interval);
        });
    });

    reader.optional(object, {"connection"}, [&](json::value const& from) {
        ConsentRequest& consent = data.consent.emplace();
        reader.name(from, "/connection", max_name, consent.connection);
        reader.optional(object, {"scopes"}, [&](json::value const& scopes) {
            return reader.texts(scopes, "/scopes", consent.scopes);
        });
        reader.optional(object, {"requiredScopes", "required_scopes"}, [&](json::value const& scopes) {
            return reader.texts(scopes, "/requiredScopes", consent.required_scopes);
        });
        reader.optional(
            object, {"authorizationParams", "authorization_params"}, [&](json::value const& params) {
                return reader.params(params, "/authorizationParams", consent.authorization_params);
            });
        reader.optional(object, {"reason"}, [&](json::value const& reason) {
            return reader.text(reason, "/reason", max_name, consent.reason);
        });
        return reader.optional(object, {"behavior"}, [&](json::value const& behavior) {
            return reader.text(behavior, "/behavior", max_name, consent.behavior) &&
                   (consent.behavior == "resume" || consent.behavior == "reload" ||
                    reader.fail("/behavior", "must be resume or reload"));
        });
    });

    reader.optional(object, {"retryAfter", "retry_after", "_retry_after"}, [&](json::value const& from) {
        return reader.duration(from, "/retryAfter", seconds(0), seconds(max_duration),
                               data.retry_after.emplace());
    });
    reader.optional(object, {"handle"}, [&](json::value const& from) {
        return reader.name(from, "/handle", max_handle, data.handle);
    });
    reader.optional(object, {"bindingMessage"}, [&](json::value const& from) {
        return reader.text(from, "/bindingMessage", max_message, data.binding_message);
    });
    reader.optional(object, {"expiresAt"}, [&](json::value const& from) {
        return reader.time(from, "/expiresAt", data.expires_at.emplace());
    });
    reader.optional(object, {"nextPollAt"}, [&](json::value const& from) {
        return reader.time(from, "/nextPollAt", data.next_poll_at.emplace());
    });
    reader.optional(object, {"server"}, [&](json::value const& from) {
        json::object const* const part = from.if_object();
        if (part == nullptr)
            return reader.fail("/server", "must be an object");
        ServerReply& server = data.server.emplace();
        reader.optional(*part, {"status"}, [&](json::value const& status) {
            double number = 0;
            if (!reader.number(status, "/server/status", 0, 999, number))
                return false;
            server.status = static_cast<int>(number);
            return true;
        });
        reader.optional(*part, {"error"}, [&](json::value const& text) {
            return reader.text(text, "/server/error", 128, server.error);
        });
        reader.optional(*part, {"description"}, [&](json::value const& text) {
            return reader.text(text, "/server/description", 1024, server.description);
        });
        reader.optional(*part, {"requestId"}, [&](json::value const& text) {
            return reader.text(text, "/server/requestId", 128, server.request_id);
        });
        return reader.optional(*part, {"retryAfter"}, [&](json::value const& after) {
            return reader.duration(after, "/server/retryAfter", seconds(0), seconds(max_duration),
                                   server.retry_after.emplace());
        });
    });
    reader.optional(object, {"decisions"}, [&](json::value const& from) {
        json::array const* const array = from.if_array();
        if (array == nullptr || array->size() > max_decisions)
            return reader.fail("/decisions", fmt::format("must be an array of at most {}", max_decisions));
        for (json::value const& each : *array) {
            json::object const* const part = each.if_object();
            if (part == nullptr)
                return reader.fail("/decisions", "must be an array of objects");
            Decision& decision = data.decisions.emplace_back();
            auto const read = [&](char const* name, std::string& to) {
                reader.optional(*part, {name}, [&](json::value const& text) {
                    return reader.text(text, "/decisions", max_message, to);
                });
            };
            read("authorizer", decision.authorizer);
            read("subject", decision.subject);
            read("action", decision.action);
            read("reason", decision.reason);
        }
        return reader.ok();
    });
    reader.optional(object, {"others"}, [&](json::value const& from) {
        json::array const* const array = from.if_array();
        if (array == nullptr || array->size() > max_others)
            return reader.fail("/others", fmt::format("must be an array of at most {}", max_others));
        for (json::value const& each : *array) {
            if (!each.is_object())
                return reader.fail("/others", "must be an array of objects");
            json::object other = each.get_object();
            other.erase("others");
            auto read = parse(std::move(other));
            if (!read)
                return reader.fail("/others", read.failure().detail());
            data.others.push_back(std::move(read).value());
        }
        return reader.ok();
    });
    if (!reader.ok())
        return reader.failure();
    return interrupt;
}

bool is_authorization_pending(Interrupt const& interrupt) noexcept {
    return interrupt.kind() == InterruptKind::pending || interrupt.kind() == InterruptKind::slow_down;
}

bool is_consent_needed(Interrupt const& interrupt) noexcept {
    return interrupt.kind() == InterruptKind::consent_needed;
}

}  // namespace assent
