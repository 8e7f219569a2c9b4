#include "protocol/fga_codec.hpp"

#include "core/finite_json.hpp"
#include "protocol/retry_after.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace assent::fga {
namespace {

namespace json = boost::json;

constexpr std::size_t max_code = 128;
constexpr std::size_t max_message = 1024;
constexpr unsigned max_depth = 32;

// --- characters ---

enum : unsigned char {
    escaped = 1,    ///< Not as it is in a JSON string.
    space = 2,      ///< What the server's patterns call white space.
    delimiter = 4,  ///< `:`, `#` or `@`.
    beyond = 8,     ///< Not ASCII.
};

constexpr std::array<unsigned char, 256> make_classes() {
    std::array<unsigned char, 256> classes{};
    for (std::size_t c = 0; c < 0x20; ++c)
        classes[c] = escaped;
    classes['"'] |= escaped;
    classes['\\'] |= escaped;
    for (char const c : {'\t', '\n', '\f', '\r', ' '})
        classes[static_cast<unsigned char>(c)] |= space;
    for (char const c : {':', '#', '@'})
        classes[static_cast<unsigned char>(c)] |= delimiter;
    for (std::size_t c = 0x80; c < 0x100; ++c)
        classes[c] = beyond;
    return classes;
}

constexpr auto classes = make_classes();

/// The classes of all characters of a text together.
unsigned char classes_of(std::string_view text) noexcept {
    unsigned char all = 0;
    for (char const c : text)
        all |= classes[static_cast<unsigned char>(c)];
    return all;
}

/// True when every byte is printable ASCII other than space, '"' and '\\': what most names are, seen eight bytes at a time.
bool is_plain(std::string_view text) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = 0x8080808080808080;
    std::uint64_t odd = 0;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        auto const quote = bytes ^ (ones * '"');
        auto const backslash = bytes ^ (ones * '\\');
        odd |= bytes | (bytes - ones * 0x21) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
    }
    unsigned char rest = 0;
    for (; at < text.size(); ++at)
        rest |= classes[static_cast<unsigned char>(text[at])];
    return (odd & high) == 0 && (rest & (escaped | space | beyond)) == 0;
}

/// How many characters a UTF-8 text has.
std::size_t characters(std::string_view text) noexcept {
    auto const continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues));
}

/// What a text breaks: null when nothing.
char const* broken_rule(std::string_view text, unsigned char found, std::size_t least, std::size_t most,
                        unsigned char forbidden) noexcept {
    std::size_t length = text.size();
    if (found & beyond) {
        if (!is_utf8(text))
            return "is not UTF-8";
        length = characters(text);
    }
    if (length == 0)
        return "is empty";
    if (length < least)
        return "is too short";
    if (length > most)
        return "is too long";
    if (found & forbidden & space)
        return "has white space in it";
    if (found & forbidden)
        return "has one of : # @ in it";
    return nullptr;
}

Failure refused(std::string_view what, char const* rule, std::size_t most) {
    return Failure(Errc::invalid_argument,
                   fmt::format("the {} {}; OpenFGA takes at most {} characters without white space{}", what,
                               rule, most, what == "relation" || what == "type" ? " and without : # @" : ""));
}

struct Field {
    std::string_view name;
    std::size_t least;
    std::size_t most;
    unsigned char forbidden;
};

constexpr Field user_field{"user", 2, max_user, space};
constexpr Field object_field{"object", 2, max_object, space};
constexpr Field relation_field{"relation", 1, max_relation, space | delimiter};
constexpr Field type_field{"type", 1, max_type, space | delimiter};

std::optional<Failure> check_field(std::string_view text, Field const& field) {
    if (char const* const rule =
            broken_rule(text, classes_of(text), field.least, field.most, field.forbidden))
        return refused(field.name, rule, field.most);
    return std::nullopt;
}

// --- writing ---

char* append_escaped(char* out, unsigned char c) noexcept {
    constexpr char digits[] = "0123456789abcdef";
    *out++ = '\\';
    switch (c) {
    case '"':
    case '\\':
        *out++ = static_cast<char>(c);
        break;
    case '\n':
        *out++ = 'n';
        break;
    case '\r':
        *out++ = 'r';
        break;
    case '\t':
        *out++ = 't';
        break;
    default:
        std::memcpy(out, "u00", 3);
        out[3] = digits[c >> 4];
        out[4] = digits[c & 15];
        out += 5;
    }
    return out;
}

void append_string(std::string& out, std::string_view text, unsigned char found) {
    out += '"';
    if (!(found & escaped)) {
        out.append(text);
    } else {
        for (char const c : text) {
            if (classes[static_cast<unsigned char>(c)] & escaped) {
                char buffer[6];
                out.append(buffer, append_escaped(buffer, static_cast<unsigned char>(c)));
            } else {
                out += c;
            }
        }
    }
    out += '"';
}

/// Appends `text` when the server takes it in this field.
bool append_field(std::string& out, std::string_view text, Field const& field, std::optional<Failure>& failure) {
    auto const found = classes_of(text);
    if (text.size() < field.least || text.size() > field.most || (found & (field.forbidden | beyond))) {
        if (char const* const rule = broken_rule(text, found, field.least, field.most, field.forbidden)) {
            failure = refused(field.name, rule, field.most);
            return false;
        }
    }
    append_string(out, text, found);
    return true;
}

/// Text that grows within memory that is there.
class Cursor {
public:
    explicit Cursor(char* at) : at_(at) {}
    Cursor& operator<<(std::string_view text) {
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }

private:
    char* at_;
};

/// The same as append_key_members() for the names that most are; false when these are not.
bool append_plain_key_members(std::string& out, std::string_view user, std::string_view relation, std::string_view object) {
    constexpr std::string_view before_user = "{\"user\":\"";
    constexpr std::string_view before_relation = "\",\"relation\":\"";
    constexpr std::string_view before_object = "\",\"object\":\"";
    constexpr std::size_t frame = before_user.size() + before_relation.size() + before_object.size() + 1;
    auto const fits = [](std::string_view text, Field const& field) {
        return text.size() >= field.least && text.size() <= field.most && is_plain(text);
    };
    if (!fits(user, user_field) || !fits(object, object_field) || !fits(relation, relation_field) ||
        (classes_of(relation) & delimiter) != 0)
        return false;
    auto const before = out.size();
    out.resize(before + frame + user.size() + relation.size() + object.size());
    Cursor(out.data() + before) << before_user << user << before_relation << relation << before_object << object << "\"";
    return true;
}

template <class Key>
std::optional<Failure> append_key_members(std::string& out, Key const& key) {
    std::optional<Failure> failure;
    if (append_plain_key_members(out, key.user(), key.relation(), key.object()))
        return failure;
    out += "{\"user\":";
    if (!append_field(out, key.user(), user_field, failure))
        return failure;
    out += ",\"relation\":";
    if (!append_field(out, key.relation(), relation_field, failure))
        return failure;
    out += ",\"object\":";
    if (!append_field(out, key.object(), object_field, failure))
        return failure;
    return failure;
}

std::optional<Failure> append_context(std::string& out, json::object const& context, std::string_view what) {
    if (!is_finite(context))
        return Failure(Errc::invalid_argument, fmt::format("{} has a number that JSON has no words for", what));
    auto const before = out.size();
    out += json::serialize(context);
    if (!is_utf8(std::string_view(out).substr(before)))
        return Failure(Errc::invalid_argument, fmt::format("{} is not UTF-8", what));
    return std::nullopt;
}

std::optional<Failure> append_tuple(std::string& out, TupleKey const& tuple) {
    if (auto failure = append_key_members(out, tuple))
        return failure;
    if (!tuple.condition_name().empty()) {
        auto const& name = tuple.condition_name();
        auto const found = classes_of(name);
        if (char const* const rule = broken_rule(name, found, 2, 256, space))
            return refused("condition's name", rule, 256);
        out += ",\"condition\":{\"name\":";
        append_string(out, name, found);
        if (!tuple.condition_context().empty()) {
            out += ",\"context\":";
            auto const before = out.size();
            if (auto failure = append_context(out, tuple.condition_context(), "the condition's context"))
                return failure;
            if (out.size() - before > max_condition_context)
                return Failure(Errc::invalid_argument,
                               "the condition's context is larger than 32 KiB; OpenFGA takes no more");
        }
        out += '}';
    }
    out += '}';
    return std::nullopt;
}

std::optional<Failure> append_members(std::string& out, Check const& check) {
    out += "\"tuple_key\":";
    if (auto failure = append_key_members(out, check))
        return failure;
    out += '}';
    auto const& tuples = check.contextual_tuples();
    if (!tuples.empty()) {
        if (tuples.size() > max_contextual_tuples)
            return Failure(Errc::invalid_argument,
                           fmt::format("{} contextual tuples; OpenFGA takes at most {}", tuples.size(),
                                       max_contextual_tuples));
        out += ",\"contextual_tuples\":{\"tuple_keys\":[";
        for (auto const& tuple : tuples) {
            if (auto failure = append_tuple(out, tuple))
                return Failure(Errc::invalid_argument, "in a contextual tuple: " + std::string(failure->detail()));
            out += ',';
        }
        out.back() = ']';
        out += '}';
    }
    if (!check.context().empty()) {
        out += ",\"context\":";
        if (auto failure = append_context(out, check.context(), "the check's context"))
            return failure;
    }
    return std::nullopt;
}

// --- errors ---

constexpr std::array all_errors{
    FgaErrc::auth_failed_invalid_subject,
    FgaErrc::auth_failed_invalid_audience,
    FgaErrc::auth_failed_invalid_issuer,
    FgaErrc::invalid_claims,
    FgaErrc::auth_failed_invalid_bearer_token,
    FgaErrc::bearer_token_missing,
    FgaErrc::unauthenticated,
    FgaErrc::forbidden,
    FgaErrc::validation_error,
    FgaErrc::authorization_model_not_found,
    FgaErrc::authorization_model_resolution_too_complex,
    FgaErrc::invalid_write_input,
    FgaErrc::cannot_allow_duplicate_tuples_in_one_request,
    FgaErrc::cannot_allow_duplicate_types_in_one_request,
    FgaErrc::cannot_allow_multiple_references_to_one_relation,
    FgaErrc::invalid_continuation_token,
    FgaErrc::invalid_tuple_set,
    FgaErrc::invalid_check_input,
    FgaErrc::invalid_expand_input,
    FgaErrc::unsupported_user_set,
    FgaErrc::invalid_object_format,
    FgaErrc::write_failed_due_to_invalid_input,
    FgaErrc::authorization_model_assertions_not_found,
    FgaErrc::latest_authorization_model_not_found,
    FgaErrc::type_not_found,
    FgaErrc::relation_not_found,
    FgaErrc::empty_relation_definition,
    FgaErrc::invalid_user,
    FgaErrc::invalid_tuple,
    FgaErrc::unknown_relation,
    FgaErrc::store_id_invalid_length,
    FgaErrc::assertions_too_many_items,
    FgaErrc::id_too_long,
    FgaErrc::authorization_model_id_too_long,
    FgaErrc::tuple_key_value_not_specified,
    FgaErrc::tuple_keys_too_many_or_too_few_items,
    FgaErrc::page_size_invalid,
    FgaErrc::param_missing_value,
    FgaErrc::difference_base_missing_value,
    FgaErrc::subtract_base_missing_value,
    FgaErrc::object_too_long,
    FgaErrc::relation_too_long,
    FgaErrc::type_definitions_too_few_items,
    FgaErrc::type_invalid_length,
    FgaErrc::type_invalid_pattern,
    FgaErrc::relations_too_few_items,
    FgaErrc::relations_too_long,
    FgaErrc::relations_invalid_pattern,
    FgaErrc::object_invalid_pattern,
    FgaErrc::query_string_type_continuation_token_mismatch,
    FgaErrc::exceeded_entity_limit,
    FgaErrc::invalid_contextual_tuple,
    FgaErrc::duplicate_contextual_tuple,
    FgaErrc::invalid_authorization_model,
    FgaErrc::unsupported_schema_version,
    FgaErrc::cancelled,
    FgaErrc::invalid_start_time,
    FgaErrc::throttled_timeout_error,
    FgaErrc::rate_limit_exceeded,
    FgaErrc::internal_error,
    FgaErrc::deadline_exceeded,
    FgaErrc::already_exists,
    FgaErrc::resource_exhausted,
    FgaErrc::failed_precondition,
    FgaErrc::aborted,
    FgaErrc::out_of_range,
    FgaErrc::unavailable,
    FgaErrc::data_loss,
    FgaErrc::undefined_endpoint,
    FgaErrc::store_id_not_found,
    FgaErrc::unimplemented,
};

FgaErrc errc_from_status(int status) noexcept {
    switch (status) {
    case 401:
        return FgaErrc::unauthenticated;
    case 403:
        return FgaErrc::forbidden;
    case 404:
        return FgaErrc::undefined_endpoint;
    case 408:
    case 504:
        return FgaErrc::deadline_exceeded;
    case 409:
        return FgaErrc::aborted;
    case 422:
        return FgaErrc::throttled_timeout_error;
    case 429:
        return FgaErrc::rate_limit_exceeded;
    case 501:
        return FgaErrc::unimplemented;
    case 502:
    case 503:
        return FgaErrc::unavailable;
    default:
        return status >= 500 ? FgaErrc::internal_error : FgaErrc::validation_error;
    }
}

/// At most `most` bytes, not cut within a character.
std::string bounded(std::string_view text, std::size_t most) {
    if (text.size() > most) {
        text = text.substr(0, most);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80)
            text.remove_suffix(1);
        if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0)
            text.remove_suffix(1);
    }
    return std::string(text);
}

/// A member of a JSON object as a text: of a string or an integer.
std::string text_member(json::object const& object, std::string_view name, std::size_t most) {
    auto const* const value = object.if_contains(name);
    if (value == nullptr)
        return {};
    if (auto const* const text = value->if_string())
        return bounded({text->data(), text->size()}, most);
    if (auto const* const number = value->if_int64())
        return std::to_string(*number);
    return {};
}

std::optional<json::object> parse_object(std::string_view body) {
    json::error_code error;
    json::parse_options options;
    options.max_depth = max_depth;
    auto value = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
    if (error || !value.is_object())
        return std::nullopt;
    return std::move(value.get_object());
}

}  // namespace

// --- checking ---

bool is_ulid(std::string_view text) noexcept {
    return text.size() == 26 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') ||
                      (c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U');
           });
}

bool is_utf8(std::string_view text) noexcept {
    auto const byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const continues = [text, byte](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
    for (std::size_t i = 0; i < text.size();) {
        auto const first = byte(i);
        if (first < 0x80) {
            ++i;
        } else if (first >= 0xC2 && first <= 0xDF) {
            if (!continues(i + 1))
                return false;
            i += 2;
        } else if ((first & 0xF0) == 0xE0) {
            if (!continues(i + 1) || !continues(i + 2) || (first == 0xE0 && byte(i + 1) < 0xA0) ||
                (first == 0xED && byte(i + 1) > 0x9F))
                return false;
            i += 3;
        } else if (first >= 0xF0 && first <= 0xF4) {
            if (!continues(i + 1) || !continues(i + 2) || !continues(i + 3) ||
                (first == 0xF0 && byte(i + 1) < 0x90) || (first == 0xF4 && byte(i + 1) > 0x8F))
                return false;
            i += 4;
        } else {
            return false;
        }
    }
    return true;
}

bool is_header_name(std::string_view name) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    constexpr std::array<std::string_view, 8> own{"authorization", "host",    "content-length", "content-type",
                                                  "accept",        "te",      "connection",     "transfer-encoding"};
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    auto const allowed = [lower, marks](char c) {
        auto const small = lower(c);
        return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
    };
    auto const is_name = [lower, name](std::string_view other) {
        return std::equal(name.begin(), name.end(), other.begin(), other.end(),
                          [lower](char a, char b) { return lower(a) == b; });
    };
    return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), allowed) &&
           std::none_of(own.begin(), own.end(), is_name);
}

bool is_header_value(std::string_view value) noexcept {
    return value.size() <= 8192 &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

std::optional<Failure> check_user(std::string_view user) {
    return check_field(user, user_field);
}

std::optional<Failure> check_object(std::string_view object) {
    return check_field(object, object_field);
}

std::optional<Failure> check_relation(std::string_view relation) {
    return check_field(relation, relation_field);
}

std::optional<Failure> check_type(std::string_view type) {
    return check_field(type, type_field);
}

// --- writing ---

void append_json(std::string& out, std::string_view text) {
    append_string(out, text, classes_of(text));
}

std::optional<Failure> append_check(std::string& out, Check const& check) {
    auto const before = out.size();
    auto failure = append_members(out, check);
    if (failure)
        out.resize(before);
    return failure;
}

std::optional<Failure> append_tuple_key(std::string& out, TupleKey const& tuple) {
    auto const before = out.size();
    auto failure = append_tuple(out, tuple);
    if (failure)
        out.resize(before);
    return failure;
}

void append_model_and_consistency(std::string& out, std::string_view model_id,
                                  std::optional<Consistency> consistency) {
    if (!model_id.empty()) {
        out += ",\"authorization_model_id\":";
        append_json(out, model_id);
    }
    if (consistency)
        out += *consistency == Consistency::higher_consistency ? ",\"consistency\":\"HIGHER_CONSISTENCY\""
                                                               : ",\"consistency\":\"MINIMIZE_LATENCY\"";
}

// --- reading ---

std::optional<FgaErrc> errc_from_name(std::string_view name) noexcept {
    for (auto const value : all_errors) {
        auto const known = to_string(value);
        auto const same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); };
        if (known.size() == name.size() && std::equal(known.begin(), known.end(), name.begin(), same))
            return value;
    }
    return std::nullopt;
}

std::string_view request_id(HttpHeaders const& headers) noexcept {
    for (auto const* const name : {"fga-request-id", "x-request-id"}) {
        if (auto const id = headers.find(name))
            return id->substr(0, max_code);
    }
    return {};
}

Failure read_error(HttpResponse const& response, std::chrono::system_clock::time_point now) {
    ServerReply reply;
    reply.status = response.status;
    reply.request_id = request_id(response.headers);
    reply.retry_after = retry_after(response.headers, now);
    if (auto const object = parse_object(response.body)) {
        reply.error = text_member(*object, "code", max_code);
        reply.description = text_member(*object, "message", max_message);
    }
    auto const code = errc_from_name(reply.error).value_or(errc_from_status(response.status));
    return Failure(make_error_code(code), fmt::format("the server answered with status {}", response.status))
        .with_server(std::move(reply));
}

CheckResult read_check(HttpResponse const& response) {
    if (auto const object = parse_object(response.body)) {
        auto const* const allowed = object->if_contains("allowed");
        if (allowed != nullptr && allowed->is_bool()) {
            auto id = std::string(request_id(response.headers));
            auto resolution = text_member(*object, "resolution", max_message);
            return allowed->get_bool() ? CheckResult::make_allowed(std::move(id), std::move(resolution))
                                       : CheckResult::make_denied(std::move(id), std::move(resolution));
        }
    }
    return Failure(Errc::malformed_response, "the answer to a check is not a JSON object with \"allowed\"");
}

/// Reads the answer to a batch check as its text goes by.
class BatchReader::Handler {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    struct ItemError {
        std::size_t index = 0;
        std::string code;
        std::string message;
    };

    void start(std::size_t count) {
        verdicts.assign(count, Verdict::missing);
        errors_used = 0;
        text_.clear();
        // The text before may have ended anywhere.
        depth_ = 0;
        top_ = Top::other;
        member_ = Member::other;
        results_ = 0;
        index_ = none;
        in_result_ = false;
        item_open_ = false;
        item_error_ = none;
        error_ = nullptr;
    }
    bool has_result() const noexcept { return results_ == 1; }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        ++depth_;
        if (depth_ == result_depth && top_ == Top::result) {
            ++results_;
            in_result_ = true;
        } else if (depth_ == item_depth && in_result_) {
            open_item();
        } else if (depth_ == error_depth && item_open_) {
            if (member_ == Member::allowed)
                item_ambiguous_ = true;
            else if (member_ == Member::error)
                open_error();
        }
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) {
        if (depth_ == result_depth)
            in_result_ = false;
        else if (depth_ == item_depth)
            close_item();
        else if (depth_ == error_depth)
            error_ = nullptr;
        --depth_;
        return true;
    }
    bool on_array_begin(json::error_code&) {
        ++depth_;
        scalar_or_array();
        return true;
    }
    bool on_array_end(std::size_t, json::error_code&) {
        --depth_;
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        if (text_.empty()) {
            key({part.data(), part.size()});
        } else {
            text_.append(part.data(), part.size());
            key(text_);
            text_.clear();
        }
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        if (error_ != nullptr && text_.size() < max_message)
            text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        if (error_ != nullptr && depth_ == error_depth) {
            if (text_.size() < max_message)
                text_.append(part.data(), part.size());
            if (member_ == Member::message)
                error_->message.assign(text_, 0, max_message);
            else if (member_ == Member::code)
                error_->code.assign(text_, 0, max_code);
        } else {
            depth_scalar();
        }
        text_.clear();
        return true;
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) {
        depth_scalar();
        return true;
    }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) {
        depth_scalar();
        return true;
    }
    bool on_double(double, json::string_view, json::error_code&) {
        depth_scalar();
        return true;
    }
    bool on_bool(bool value, json::error_code&) {
        if (depth_ == item_depth && item_open_ && member_ == Member::allowed) {
            if (item_answered_)
                item_ambiguous_ = true;
            item_answered_ = true;
            item_allowed_ = value;
        } else {
            depth_scalar();
        }
        return true;
    }
    bool on_null(json::error_code&) {
        if (depth_ == item_depth && item_open_ && member_ == Member::allowed)
            item_ambiguous_ = true;  // but `"error":null` is no error
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

    std::vector<Verdict> verdicts;
    std::vector<ItemError> errors;
    std::size_t errors_used = 0;

private:
    enum class Top { other, result };
    enum class Member { other, allowed, error, code, message };
    static constexpr unsigned result_depth = 2;
    static constexpr unsigned item_depth = 3;
    static constexpr unsigned error_depth = 4;
    static constexpr std::size_t none = std::size_t(-1);

    void key(std::string_view name) noexcept {
        switch (depth_) {
        case 1:
            top_ = name == "result" ? Top::result : Top::other;
            break;
        case result_depth:
            if (in_result_)
                index_ = index_of(name);
            break;
        case item_depth:
            if (item_open_)
                member_ = name == "allowed" ? Member::allowed : name == "error" ? Member::error : Member::other;
            break;
        case error_depth:
            if (error_ != nullptr)
                member_ = name == "message"                                       ? Member::message
                          : name == "input_error" || name == "internal_error" ? Member::code
                                                                                  : Member::other;
            break;
        default:
            break;
        }
    }

    std::size_t index_of(std::string_view id) const noexcept {
        if (id.empty() || id.size() > 5 || (id.size() > 1 && id[0] == '0'))
            return none;
        std::size_t index = 0;
        for (char const c : id) {
            if (c < '0' || c > '9')
                return none;
            index = index * 10 + static_cast<std::size_t>(c - '0');
        }
        return index < verdicts.size() ? index : none;
    }

    void open_item() noexcept {
        item_open_ = index_ != none;
        item_answered_ = false;
        item_allowed_ = false;
        item_error_ = none;
        item_ambiguous_ = false;
        member_ = Member::other;
    }

    void close_item() {
        if (!item_open_)
            return;
        item_open_ = false;
        auto& verdict = verdicts[index_];
        if (verdict != Verdict::missing || item_ambiguous_ || (item_answered_ && item_error_ != none))
            verdict = Verdict::unusable;
        else if (item_error_ != none)
            verdict = Verdict::failed;
        else if (item_answered_)
            verdict = item_allowed_ ? Verdict::allowed : Verdict::denied;
    }

    void open_error() {
        if (item_error_ != none)
            item_ambiguous_ = true;
        item_error_ = errors_used;
        if (errors_used == errors.size())
            errors.emplace_back();
        error_ = &errors[errors_used++];
        error_->index = index_;
        error_->code.clear();
        error_->message.clear();
        member_ = Member::other;
    }

    /// A value that is not the object, or the truth value, that is wanted in its place.
    void depth_scalar() noexcept {
        if (depth_ == item_depth && item_open_ && (member_ == Member::allowed || member_ == Member::error))
            item_ambiguous_ = true;
    }
    void scalar_or_array() noexcept {
        if (depth_ == error_depth && item_open_ && (member_ == Member::allowed || member_ == Member::error))
            item_ambiguous_ = true;
    }

    unsigned depth_ = 0;
    Top top_ = Top::other;
    Member member_ = Member::other;
    std::size_t results_ = 0;
    std::size_t index_ = none;
    bool in_result_ = false;
    bool item_open_ = false;
    bool item_answered_ = false;
    bool item_allowed_ = false;
    bool item_ambiguous_ = false;
    std::size_t item_error_ = none;
    ItemError* error_ = nullptr;
    std::string text_;
};

struct BatchReader::Impl {
    static json::parse_options options() {
        json::parse_options options;
        options.max_depth = max_depth;
        return options;
    }

    json::basic_parser<Handler> parser{options()};
};

BatchReader::BatchReader() : impl_(std::make_unique<Impl>()) {}

BatchReader::~BatchReader() = default;

bool BatchReader::read(std::string_view body, std::size_t count) {
    auto& parser = impl_->parser;
    parser.reset();
    parser.handler().start(count);
    json::error_code error;
    auto const used = parser.write_some(false, body.data(), body.size(), error);
    return !error && used == body.size() && parser.handler().has_result();
}

BatchReader::Verdict BatchReader::verdict(std::size_t index) const noexcept {
    return impl_->parser.handler().verdicts[index];
}

Failure BatchReader::failure_of(std::size_t index) const {
    auto const& handler = impl_->parser.handler();
    switch (handler.verdicts[index]) {
    case Verdict::failed:
        for (std::size_t i = 0; i < handler.errors_used; ++i) {
            auto const& item = handler.errors[i];
            if (item.index != index)
                continue;
            ServerReply reply;
            reply.status = 200;
            reply.error = item.code;
            reply.description = bounded(item.message, max_message);
            auto const code = errc_from_name(item.code).value_or(FgaErrc::internal_error);
            return Failure(make_error_code(code), "the server could not answer this check of the batch")
                .with_server(std::move(reply));
        }
        break;
    case Verdict::missing:
        return Failure(Errc::malformed_response, "the server's answer leaves this check of the batch out");
    default:
        break;
    }
    return Failure(Errc::malformed_response, "the server's answer to this check of the batch is ambiguous");
}

}  // namespace assent::fga
