#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include "core/finite_json.hpp"
#include "core/interrupt_code.hpp"
#include "core/interrupt_data.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

namespace json = boost::json;

namespace {

using std::chrono::seconds;
using time_point = std::chrono::system_clock::time_point;

constexpr std::string_view wire_prefix = "AUTH0_AI_INTERRUPTION:";

// Bounds are generous for what the SDKs write and small for what an attacker would send.

constexpr std::size_t max_text = 64 * 1024;
constexpr std::size_t max_code = 128;
constexpr std::size_t max_message = 8192;
constexpr std::size_t max_secret = 8192;
constexpr std::size_t max_name = 512;
constexpr std::size_t max_uri = 4096;
constexpr std::size_t max_scope = 1024;
constexpr std::size_t max_scopes = 256;
constexpr std::size_t max_params = 64;
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
            if (!is_finite(member.value()))
                return fail(where, "has a number that JSON has no words for");
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

}  // namespace assent
