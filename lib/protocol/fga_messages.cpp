#include "protocol/fga_messages.hpp"

#include "core/finite_json.hpp"
#include "protocol/fga_codec.hpp"
#include "protocol/form.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace assent::fga {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

constexpr std::size_t max_id = 512;
constexpr std::size_t max_name = 256;

Failure invalid(std::string detail) {
    return Failure(Errc::invalid_argument, std::move(detail));
}

Failure malformed(std::string_view what) {
    return Failure(Errc::malformed_response, fmt::format("the server's answer {}", what));
}

// --- writing ---

std::optional<Failure> append_tuples(std::string& out, std::vector<TupleKey> const& tuples,
                                     std::size_t most = max_contextual_tuples) {
    if (tuples.size() > most)
        return invalid(fmt::format("{} contextual tuples; OpenFGA takes at most {} here", tuples.size(), most));
    out += '[';
    for (auto const& tuple : tuples) {
        if (&tuple != &tuples.front())
            out += ',';
        if (auto failure = append_tuple_key(out, tuple))
            return failure;
    }
    out += ']';
    return std::nullopt;
}

std::optional<Failure> append_context(std::string& out, json::object const& context) {
    if (context.empty())
        return std::nullopt;
    if (!is_finite(context))
        return invalid("the context has a number that JSON has no words for");
    auto const text = json::serialize(context);
    if (!is_utf8(text))
        return invalid("the context is not UTF-8");
    out.append(",\"context\":").append(text);
    return std::nullopt;
}

/// `"contextual_tuples":{"tuple_keys":[...]}`, or without the object around when `flat`.
template <class Request>
std::optional<Failure> append_contextual(std::string& out, Request const& request, bool flat) {
    if (!request.contextual_tuples().empty()) {
        out += flat ? ",\"contextual_tuples\":" : ",\"contextual_tuples\":{\"tuple_keys\":";
        if (auto failure = append_tuples(out, request.contextual_tuples()))
            return failure;
        if (!flat)
            out += '}';
    }
    return append_context(out, request.context());
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
    out += out.back() == '{' ? "\"" : ",\"";
    out.append(name).append("\":");
    append_json(out, value);
}

/// Splits "type:id"; the id may have further ':' in it.
std::pair<std::string_view, std::string_view> split(std::string_view text, char by) noexcept {
    auto const at = text.find(by);
    if (at == text.npos)
        return {text, {}};
    return {text.substr(0, at), text.substr(at + 1)};
}

std::optional<Failure> check_page(FgaPage const& page) {
    if (page.size() && (*page.size() < 1 || *page.size() > max_page_size))
        return invalid(fmt::format("the page size is not from 1 to {}", max_page_size));
    if (page.continuation_token().size() > max_continuation_token)
        return invalid(fmt::format("the continuation token is longer than {} bytes", max_continuation_token));
    return std::nullopt;
}

class Query {
public:
    void add(std::string_view name, std::string_view value) {
        text_ += text_.empty() ? '?' : '&';
        text_.append(name).append(1, '=');
        append_form_encoded(text_, value);
    }
    void add(FgaPage const& page) {
        if (page.size())
            add("page_size", std::to_string(*page.size()));
        if (!page.continuation_token().empty())
            add("continuation_token", page.continuation_token());
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

// --- reading ---

result<json::object> object_of(std::string_view body) {
    json::error_code error;
    json::parse_options options;
    options.max_depth = 128;  // models and trees nest
    auto value = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
    if (error || !value.is_object() || !is_finite(value))
        return malformed("is not a JSON object");
    return std::move(value.get_object());
}

/// A member as a text; empty when absent. Nothing when it is something else, or too long.
std::optional<std::string> text_of(json::object const& object, std::string_view name, std::size_t most) {
    auto const* const value = object.if_contains(name);
    if (value == nullptr || value->is_null())
        return std::string();
    auto const* const text = value->if_string();
    if (text == nullptr || text->size() > most)
        return std::nullopt;
    return std::string(text->data(), text->size());
}

json::array const* array_of(json::object const& object, std::string_view name) {
    static json::array const none;
    auto const* const value = object.if_contains(name);
    if (value == nullptr || value->is_null())
        return &none;
    return value->if_array();
}

json::object const* object_member(json::object const& object, std::string_view name) {
    auto const* const value = object.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

std::optional<TupleKey> tuple_key_of(json::object const& object) {
    auto user = text_of(object, "user", max_user);
    auto relation = text_of(object, "relation", 4 * max_relation);
    auto name = text_of(object, "object", 4 * max_object);
    if (!user || !relation || !name)
        return std::nullopt;
    TupleKey key(std::move(*user), std::move(*relation), std::move(*name));
    if (auto const* const condition = object_member(object, "condition")) {
        auto condition_name = text_of(*condition, "name", max_name);
        if (!condition_name)
            return std::nullopt;
        auto const* const context = object_member(*condition, "context");
        key.condition(std::move(*condition_name), context != nullptr ? *context : json::object());
    }
    return key;
}

std::chrono::system_clock::time_point time_of(json::object const& object, std::string_view name) {
    auto const text = text_of(object, name, 64);
    return text ? parse_time(*text).value_or(system_clock::time_point()) : system_clock::time_point();
}

std::optional<FgaStore> store_of(json::object const& object) {
    auto id = text_of(object, "id", max_id);
    auto name = text_of(object, "name", max_name);
    if (!id || id->empty() || !name)
        return std::nullopt;
    FgaStore store;
    store.id = std::move(*id);
    store.name = std::move(*name);
    store.created_at = time_of(object, "created_at");
    store.updated_at = time_of(object, "updated_at");
    return store;
}

std::optional<AuthorizationModel> model_of(json::object const& object) {
    auto id = text_of(object, "id", max_id);
    auto version = text_of(object, "schema_version", 16);
    if (!id || id->empty() || !version)
        return std::nullopt;
    AuthorizationModel model;
    model.id = std::move(*id);
    model.schema_version = std::move(*version);
    model.document = object;
    return model;
}

/// A page of what `read_one` makes of the elements of a member.
template <class T, class F>
result<FgaPageOf<T>> read_page(HttpResponse const& response, std::string_view member, F read_one) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto const* const array = array_of(object.value(), member);
    auto token = text_of(object.value(), "continuation_token", max_continuation_token);
    if (array == nullptr || !token)
        return malformed(fmt::format("has no usable {} or continuation_token", member));
    FgaPageOf<T> page;
    page.continuation_token = std::move(*token);
    page.items.reserve(array->size());
    for (auto const& element : *array) {
        auto const* const one = element.if_object();
        std::optional<T> item;
        if (one != nullptr)
            item = read_one(*one);
        if (!item)
            return malformed(fmt::format("has an element of {} that is none", member));
        page.items.push_back(std::move(*item));
    }
    return page;
}

result<std::vector<std::string>> read_texts(json::array const& array, std::string_view what) {
    std::vector<std::string> texts;
    texts.reserve(array.size());
    for (auto const& element : array) {
        auto const* const text = element.if_string();
        if (text == nullptr || text->empty() || text->size() > 4 * max_object)
            return malformed(fmt::format("has an element of {} that is none", what));
        texts.emplace_back(text->data(), text->size());
    }
    return texts;
}

/// "user:anne", "team:eng#member" or "user:*"; empty when it is none of these.
std::string user_of(json::object const& user) {
    auto const joined = [](json::object const& object, bool with_relation) {
        auto const type = text_of(object, "type", 4 * max_type);
        auto const id = text_of(object, "id", max_id);
        auto const relation = text_of(object, "relation", 4 * max_relation);
        if (!type || type->empty() || !id || id->empty() || !relation || (with_relation && relation->empty()))
            return std::string();
        return with_relation ? fmt::format("{}:{}#{}", *type, *id, *relation) : fmt::format("{}:{}", *type, *id);
    };
    if (auto const* const object = object_member(user, "object"))
        return joined(*object, false);
    if (auto const* const set = object_member(user, "userset"))
        return joined(*set, true);
    if (auto const* const wildcard = object_member(user, "wildcard")) {
        auto const type = text_of(*wildcard, "type", 4 * max_type);
        return type && !type->empty() ? *type + ":*" : std::string();
    }
    return {};
}

}  // namespace

// --- bodies ---

result<std::string> list_objects_body(ListObjects const& request, std::string_view model_id,
                                      std::optional<Consistency> consistency) {
    if (auto failure = check_user(request.user()))
        return std::move(*failure);
    if (auto failure = check_relation(request.relation()))
        return std::move(*failure);
    if (auto failure = check_type(request.type()))
        return std::move(*failure);
    std::string out = "{";
    append_member(out, "type", request.type());
    append_member(out, "relation", request.relation());
    append_member(out, "user", request.user());
    if (auto failure = append_contextual(out, request, false))
        return std::move(*failure);
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
    return out;
}

result<std::string> list_users_body(ListUsers const& request, std::string_view model_id,
                                    std::optional<Consistency> consistency) {
    if (auto failure = check_object(request.object()))
        return std::move(*failure);
    if (auto failure = check_relation(request.relation()))
        return std::move(*failure);
    auto const [type, id] = split(request.object(), ':');
    if (type.empty() || id.empty())
        return invalid("the object is not written as type:id");
    auto const [user_type, user_relation] = split(request.user_type(), '#');
    if (auto failure = check_type(user_type))
        return std::move(*failure);
    std::string out = "{\"object\":{";
    append_member(out, "type", type);
    append_member(out, "id", id);
    out += '}';
    append_member(out, "relation", request.relation());
    out += ",\"user_filters\":[{";
    append_member(out, "type", user_type);
    if (!user_relation.empty()) {
        if (auto failure = check_relation(user_relation))
            return std::move(*failure);
        append_member(out, "relation", user_relation);
    }
    out += "}]";
    if (auto failure = append_contextual(out, request, true))
        return std::move(*failure);
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
    return out;
}

result<std::string> expand_body(Expand const& request, std::string_view model_id,
                                std::optional<Consistency> consistency) {
    if (auto failure = check_relation(request.relation()))
        return std::move(*failure);
    if (auto failure = check_object(request.object()))
        return std::move(*failure);
    if (!request.context().empty())
        return invalid("OpenFGA's expand takes no context");
    std::string out = "{\"tuple_key\":{";
    append_member(out, "relation", request.relation());
    append_member(out, "object", request.object());
    out += '}';
    if (auto failure = append_contextual(out, request, false))
        return std::move(*failure);
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
    return out;
}

result<std::string> write_body(Write const& request, std::string_view model_id) {
    auto const count = request.writes().size() + request.deletes().size();
    if (count == 0)
        return invalid("there is nothing to write or delete");
    if (count > max_tuples_per_write)
        return invalid(fmt::format("{} tuples in one write; OpenFGA takes at most {}: write them in parts, each of "
                                   "which is all or nothing",
                                   count, max_tuples_per_write));
    std::string out = "{";
    if (!request.writes().empty()) {
        out += "\"writes\":{\"tuple_keys\":";
        if (auto failure = append_tuples(out, request.writes()))
            return std::move(*failure);
        if (request.ignore_duplicates())
            out += ",\"on_duplicate\":\"ignore\"";
        out += '}';
    }
    if (!request.deletes().empty()) {
        std::vector<TupleKey> keys;
        keys.reserve(request.deletes().size());
        for (auto const& tuple : request.deletes())
            keys.emplace_back(tuple.user(), tuple.relation(), tuple.object());
        out += out.back() == '{' ? "\"deletes\":{\"tuple_keys\":" : ",\"deletes\":{\"tuple_keys\":";
        if (auto failure = append_tuples(out, keys))
            return std::move(*failure);
        if (request.ignore_missing())
            out += ",\"on_missing\":\"ignore\"";
        out += '}';
    }
    append_model_and_consistency(out, model_id, std::nullopt);
    out += '}';
    return out;
}

result<std::string> read_body(ReadFilter const& filter, FgaPage const& page, std::optional<Consistency> consistency) {
    if (auto failure = check_page(page))
        return std::move(*failure);
    std::string out = "{";
    bool const filtered = !filter.user().empty() || !filter.relation().empty() || !filter.object().empty();
    if (filtered) {
        if (filter.object().empty())
            return invalid("a read by user or relation needs an object, or a type as \"doc:\"");
        if (auto failure = check_object(filter.object()))
            return std::move(*failure);
        out += "\"tuple_key\":{";
        append_member(out, "object", filter.object());
        if (!filter.relation().empty()) {
            if (auto failure = check_relation(filter.relation()))
                return std::move(*failure);
            append_member(out, "relation", filter.relation());
        }
        if (!filter.user().empty()) {
            if (auto failure = check_user(filter.user()))
                return std::move(*failure);
            append_member(out, "user", filter.user());
        } else if (filter.object().back() == ':') {
            return invalid("a read of a type (\"doc:\") needs a user");
        }
        out += '}';
    }
    if (page.size())
        out += fmt::format("{}\"page_size\":{}", out.back() == '{' ? "" : ",", *page.size());
    if (!page.continuation_token().empty())
        append_member(out, "continuation_token", page.continuation_token());
    if (consistency)
        append_member(out, "consistency",
                      *consistency == Consistency::higher_consistency ? "HIGHER_CONSISTENCY" : "MINIMIZE_LATENCY");
    out += '}';
    return out;
}

result<std::string> create_store_body(std::string_view name) {
    auto const allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(" .-/^_&@").find(c) != std::string_view::npos;
    };
    if (name.size() < 3 || name.size() > 64 || !std::all_of(name.begin(), name.end(), allowed))
        return invalid("the store's name is not 3 to 64 letters, digits, spaces and . - / ^ _ & @");
    std::string out = "{";
    append_member(out, "name", name);
    out += '}';
    return out;
}

result<std::string> model_body(json::object const& model) {
    auto const* const types = model.if_contains("type_definitions");
    if (types == nullptr || !types->is_array() || types->get_array().empty())
        return invalid("the authorization model has no type_definitions; give it as OpenFGA's JSON, not as its DSL");
    if (types->get_array().size() > max_model_types)
        return invalid(fmt::format("the authorization model has more than {} types", max_model_types));
    if (auto const* const conditions = object_member(model, "conditions");
        conditions != nullptr && conditions->size() > max_model_conditions)
        return invalid(fmt::format("the authorization model has more than {} conditions", max_model_conditions));
    if (!is_finite(model))
        return invalid("the authorization model has a number that JSON has no words for");
    auto text = json::serialize(model);
    if (text.size() > max_model_bytes)
        return invalid("the authorization model is larger than 256 KiB");
    if (!is_utf8(text))
        return invalid("the authorization model is not UTF-8");
    return text;
}

result<std::string> assertions_body(std::vector<Assertion> const& assertions) {
    if (assertions.size() > max_assertions)
        return invalid(fmt::format("{} assertions; OpenFGA takes at most {}", assertions.size(), max_assertions));
    std::string out = "{\"assertions\":[";
    for (auto const& assertion : assertions) {
        if (&assertion != &assertions.front())
            out += ',';
        out += "{\"tuple_key\":";
        TupleKey const key(assertion.user(), assertion.relation(), assertion.object());
        if (auto failure = append_tuple_key(out, key))
            return std::move(*failure);
        out += assertion.expectation() ? ",\"expectation\":true" : ",\"expectation\":false";
        if (!assertion.contextual_tuples().empty()) {
            out += ",\"contextual_tuples\":";
            if (auto failure = append_tuples(out, assertion.contextual_tuples(), max_assertion_tuples))
                return std::move(*failure);
        }
        if (auto failure = append_context(out, assertion.context()))
            return std::move(*failure);
        out += '}';
    }
    out += "]}";
    return out;
}

// --- query strings ---

result<std::string> page_query(FgaPage const& page) {
    if (auto failure = check_page(page))
        return std::move(*failure);
    Query query;
    query.add(page);
    return query.take();
}

result<std::string> stores_query(FgaPage const& page, std::string_view name) {
    if (auto failure = check_page(page))
        return std::move(*failure);
    Query query;
    query.add(page);
    if (!name.empty())
        query.add("name", name);
    return query.take();
}

result<std::string> changes_query(ChangeFilter const& filter, FgaPage const& page) {
    if (auto failure = check_page(page))
        return std::move(*failure);
    Query query;
    if (!filter.type().empty()) {
        if (auto failure = check_type(filter.type()))
            return std::move(*failure);
        query.add("type", filter.type());
    }
    query.add(page);
    if (filter.start_time())
        query.add("start_time", format_time(*filter.start_time()));
    return query.take();
}

// --- answers ---

result<std::vector<std::string>> read_objects(HttpResponse const& response) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto const* const objects = array_of(object.value(), "objects");
    if (objects == nullptr)
        return malformed("has no list of objects");
    return read_texts(*objects, "objects");
}

result<std::vector<std::string>> read_users(HttpResponse const& response) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto const* const users = array_of(object.value(), "users");
    if (users == nullptr)
        return malformed("has no list of users");
    std::vector<std::string> read;
    read.reserve(users->size());
    for (auto const& element : *users) {
        auto const* const user = element.if_object();
        auto text = user != nullptr ? user_of(*user) : std::string();
        if (text.empty())
            return malformed("has an element of users that is none");
        read.push_back(std::move(text));
    }
    return read;
}

result<json::object> read_tree(HttpResponse const& response) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto const* const tree = object_member(object.value(), "tree");
    if (tree == nullptr)
        return malformed("has no tree");
    return *tree;
}

result<FgaPageOf<StoredTuple>> read_tuples(HttpResponse const& response) {
    return read_page<StoredTuple>(response, "tuples", [](json::object const& object) {
        std::optional<StoredTuple> tuple;
        auto const* const member = object_member(object, "key");
        auto key = member != nullptr ? tuple_key_of(*member) : std::nullopt;
        if (key) {
            tuple.emplace();
            tuple->key = std::move(*key);
            tuple->written_at = time_of(object, "timestamp");
        }
        return tuple;
    });
}

result<FgaPageOf<TupleChange>> read_changes(HttpResponse const& response) {
    return read_page<TupleChange>(response, "changes", [](json::object const& object) {
        std::optional<TupleChange> change;
        auto const* const member = object_member(object, "tuple_key");
        auto key = member != nullptr ? tuple_key_of(*member) : std::nullopt;
        auto const operation = text_of(object, "operation", 64);
        bool const deleted = operation && *operation == "TUPLE_OPERATION_DELETE";
        if (key && (deleted || (operation && *operation == "TUPLE_OPERATION_WRITE"))) {
            change.emplace();
            change->key = std::move(*key);
            change->deleted = deleted;
            change->at = time_of(object, "timestamp");
        }
        return change;
    });
}

result<FgaStore> read_store(HttpResponse const& response) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto store = store_of(object.value());
    if (!store)
        return malformed("has no id of a store");
    return std::move(*store);
}

result<FgaPageOf<FgaStore>> read_stores(HttpResponse const& response) {
    return read_page<FgaStore>(response, "stores", store_of);
}

result<std::string> read_model_id(HttpResponse const& response) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto id = text_of(object.value(), "authorization_model_id", max_id);
    if (!id || id->empty())
        return malformed("has no authorization_model_id");
    return std::move(*id);
}

result<AuthorizationModel> read_model(HttpResponse const& response) {
    auto const object = object_of(response.body);
    if (!object)
        return object.failure();
    auto const* const member = object_member(object.value(), "authorization_model");
    auto model = member != nullptr ? model_of(*member) : std::nullopt;
    if (!model)
        return malformed("has no authorization_model");
    return std::move(*model);
}

result<FgaPageOf<AuthorizationModel>> read_models(HttpResponse const& response) {
    return read_page<AuthorizationModel>(response, "authorization_models", model_of);
}

result<std::vector<Assertion>> read_assertions(HttpResponse const& response) {
    auto page = read_page<Assertion>(response, "assertions", [](json::object const& object) {
        std::optional<Assertion> assertion;
        auto const* const member = object_member(object, "tuple_key");
        auto const key = member != nullptr ? tuple_key_of(*member) : std::nullopt;
        auto const* const expected = object.if_contains("expectation");
        auto const* const tuples = array_of(object, "contextual_tuples");
        if (!key || tuples == nullptr || (expected != nullptr && !expected->is_bool()))
            return assertion;
        Assertion read(key->user(), key->relation(), key->object(), expected != nullptr && expected->get_bool());
        for (auto const& element : *tuples) {
            auto const* const one = element.if_object();
            auto tuple = one != nullptr ? tuple_key_of(*one) : std::nullopt;
            if (!tuple)
                return assertion;
            read.contextual_tuple(std::move(*tuple));
        }
        if (auto const* const context = object_member(object, "context"))
            read.context(*context);
        assertion = std::move(read);
        return assertion;
    });
    if (!page)
        return page.failure();
    return std::move(page.value().items);
}

// --- streams ---

result<std::string> read_streamed_object(std::string_view line) {
    auto const object = object_of(line);
    if (!object)
        return object.failure();
    if (auto const* const error = object_member(object.value(), "error")) {
        ServerReply reply;
        reply.status = 200;
        if (auto const* const code = error->if_contains("code"))
            reply.error = code->is_string()  ? std::string(code->get_string().data(), std::min<std::size_t>(code->get_string().size(), 128))
                          : code->is_int64() ? std::to_string(code->get_int64())
                                             : std::string();
        if (auto message = text_of(*error, "message", 1024))
            reply.description = std::move(*message);
        auto const code = errc_from_name(reply.error).value_or(FgaErrc::internal_error);
        return Failure(make_error_code(code), "the server ended its list of objects with an error")
            .with_server(std::move(reply));
    }
    auto const* const found = object_member(object.value(), "result");
    auto text = found != nullptr ? text_of(*found, "object", 4 * max_object) : std::nullopt;
    if (!text || text->empty())
        return malformed("has a line that is neither an object nor an error");
    return std::move(*text);
}

// --- times ---

std::optional<system_clock::time_point> parse_time(std::string_view text) noexcept {
    // 2026-01-31T12:34:56[.123456789](Z|+hh:mm|-hh:mm)
    auto const number = [&text](std::size_t at, std::size_t size, int most) -> std::optional<int> {
        int value = 0;
        if (at + size > text.size())
            return std::nullopt;
        auto const* const begin = text.data() + at;
        auto const [end, error] = std::from_chars(begin, begin + size, value);
        if (error != std::errc() || end != begin + size || value < 0 || value > most || text[at] == '-')
            return std::nullopt;
        return value;
    };
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
        text[13] != ':' || text[16] != ':')
        return std::nullopt;
    auto const year = number(0, 4, 9999);
    auto const month = number(5, 2, 12);
    auto const day = number(8, 2, 31);
    auto const hour = number(11, 2, 23);
    auto const minute = number(14, 2, 59);
    auto const second = number(17, 2, 60);
    if (!year || !month || !day || !hour || !minute || !second || *year < 1970 || *year > 2200)
        return std::nullopt;
    std::chrono::year_month_day const date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok())
        return std::nullopt;
    std::chrono::nanoseconds fraction{0};
    std::size_t at = 19;
    if (text[at] == '.') {
        std::int64_t unit = 100'000'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            fraction += std::chrono::nanoseconds(unit * (text[at] - '0'));
            unit /= 10;
        }
        if (at == 20)
            return std::nullopt;
    }
    std::chrono::minutes offset{0};
    if (at + 1 == text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    } else if (at + 6 == text.size() && (text[at] == '+' || text[at] == '-') && text[at + 3] == ':') {
        auto const hours = number(at + 1, 2, 23);
        auto const minutes = number(at + 4, 2, 59);
        if (!hours || !minutes)
            return std::nullopt;
        offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
        if (text[at] == '-')
            offset = -offset;
    } else {
        return std::nullopt;
    }
    auto const time = std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                      std::chrono::seconds(*second) - offset;
    return std::chrono::time_point_cast<system_clock::duration>(time) +
           std::chrono::duration_cast<system_clock::duration>(fraction);
}

std::string format_time(system_clock::time_point time) {
    auto const seconds = std::chrono::floor<std::chrono::seconds>(time);
    auto const days = std::chrono::floor<std::chrono::days>(seconds);
    std::chrono::year_month_day const date(days);
    std::chrono::hh_mm_ss const clock(seconds - days);
    auto const micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), micros);
}

}  // namespace assent::fga
