#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"
#include "tenant/fga/request.hpp"
#include "tenant/fga/requests.hpp"
#include "tenant/fga/server.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include "protocol/fga_messages.hpp"

#include <charconv>
#include <set>

namespace assent::tenant {
namespace {

namespace json = boost::json;

constexpr std::size_t max_writes = 100;
constexpr std::size_t max_tuples = 1000000;
constexpr std::size_t max_changes = 100000;
constexpr std::size_t max_user = 512;

std::string text_of(RelationTuple const& tuple) {
    return "user: '" + tuple.user + "', relation: '" + tuple.relation + "', object: '" + tuple.object + "'";
}

json::object tuple_json(RelationTuple const& tuple) {
    json::object out;
    out["user"] = tuple.user;
    out["relation"] = tuple.relation;
    out["object"] = tuple.object;
    out["condition"] = nullptr;
    return out;
}

/// The two halves of a request to write.
struct Half {
    std::vector<WrittenTuple> tuples;
    std::string option;
};

Half read_half(Message const& request, char const* name, char const* option) {
    Half out;
    auto const message = request.message(name);
    if (!message)
        return out;
    auto const* const keys = message->list("tuple_keys");
    if (keys == nullptr || keys->empty())
        throw Refusal(FgaErrc::validation_error, std::string("invalid WriteRequest: ") + name + ".tuple_keys must contain at least 1 item");
    out.tuples = read_tuple_keys(keys);
    out.option = message->text(option);
    return out;
}

bool is_ignored(Half const& half, char const* option) {
    if (!half.option.empty() && half.option != "error" && half.option != "ignore")
        throw Refusal(FgaErrc::validation_error, std::string("invalid ") + option + " option: " + half.option);
    return half.option == "ignore";
}

[[noreturn]] void invalid_tuple(RelationTuple const& tuple, std::string const& reason) {
    throw Refusal(FgaErrc::validation_error, "Invalid tuple '" + tuple.object + "#" + tuple.relation + "@" + tuple.user + "'. Reason: " + reason);
}

void check_writes(Model const& model, Half const& writes, Half const& deletes) {
    for (auto const& written : writes.tuples) {
        auto const& tuple = written.tuple;
        if (auto const problem = problem_of(model, written))
            invalid_tuple(tuple, *problem);
        if (tuple.user == joined(tuple.object, '#', tuple.relation))
            invalid_tuple(tuple, "cannot write a tuple that is implicit");
    }
    for (auto const& deleted : deletes.tuples) {
        if (!is_user(deleted.tuple.user))
            invalid_tuple(deleted.tuple, "the 'user' field is malformed");
    }
    std::set<std::string> seen;
    for (auto const* half : {&deletes, &writes}) {
        for (auto const& one : half->tuples) {
            if (!seen.insert(one.tuple.object + "#" + one.tuple.relation + "@" + one.tuple.user).second)
                throw Refusal(FgaErrc::cannot_allow_duplicate_tuples_in_one_request, "duplicate tuple in write: " + text_of(one.tuple));
        }
    }
    if (seen.size() > max_writes)
        throw Refusal(FgaErrc::exceeded_entity_limit, "The number of write operations exceeds the allowed limit of 100");
}

/// "doc:1", "doc:" and "" match a stored object as the real server matches them; so do users.
bool matches(std::string_view filter, std::string_view value) {
    if (filter.empty())
        return true;
    auto const [type, id] = split_object(filter);
    return id.empty() ? type_of(value) == type : value == filter;
}

}  // namespace

HttpResponse FgaServer::write(FgaRequest const& request) {
    auto const message = request.message();
    auto const writes = read_half(message, "writes", "on_duplicate");
    auto const deletes = read_half(message, "deletes", "on_missing");
    auto const& model = model_of(request, read_model_id(message));
    if (writes.tuples.empty() && deletes.tuples.empty())
        throw Refusal(FgaErrc::invalid_write_input, "Invalid input. Make sure you provide at least one write, or at least one delete");
    check_writes(model, writes, deletes);
    bool const ignore_duplicate = is_ignored(writes, "on_duplicate");
    bool const ignore_missing = is_ignored(deletes, "on_missing");
    auto& store = *find_store(request.store_id());
    for (auto const& deleted : deletes.tuples) {
        if (!ignore_missing && !store.tuples.contains(deleted.tuple))
            throw Refusal(FgaErrc::write_failed_due_to_invalid_input, "cannot delete a tuple which does not exist: " + text_of(deleted.tuple));
    }
    for (auto const& written : writes.tuples) {
        if (!ignore_duplicate && store.tuples.contains(written.tuple))
            throw Refusal(FgaErrc::write_failed_due_to_invalid_input, "cannot write a tuple which already exists: " + text_of(written.tuple));
    }
    if (store.tuples.size() + writes.tuples.size() > max_tuples)
        throw Refusal(FgaErrc::resource_exhausted, "this development server keeps no more tuples");
    auto const note = [&](RelationTuple const& tuple, bool deleted) {
        store.changes.push_back(Change{tuple, deleted, request.now, store.next_change++});
        if (store.changes.size() > max_changes)
            store.changes.pop_front();
    };
    for (auto const& deleted : deletes.tuples) {
        if (store.tuples.remove(deleted.tuple))
            note(deleted.tuple, true);
    }
    for (auto const& written : writes.tuples) {
        if (store.tuples.add(written.tuple, request.now))
            note(written.tuple, false);
    }
    return json_answer(200, {});
}

HttpResponse FgaServer::read(FgaRequest const& request) {
    auto const message = request.message();
    RelationTuple filter;
    if (auto const key = message.message("tuple_key")) {
        filter.user = key->text("user");
        filter.relation = key->text("relation");
        filter.object = key->text("object");
        auto const colon = filter.user.find(':');
        bool const user_ok = has_no_space(filter.user, 3, max_user) && filter.user.size() <= max_user && colon != filter.user.npos && colon != 0 &&
                             (colon + 1 < filter.user.size() || filter.user.find(':') != filter.user.rfind(':'));
        if ((!filter.user.empty() && !user_ok) || (!filter.relation.empty() && !is_plain(filter.relation, 1, 50)) ||
            (!filter.object.empty() && !has_no_space(filter.object, 2, 256)))
            throw Refusal(FgaErrc::validation_error, "invalid ReadRequestTupleKey");
    }
    auto const page = read_page(message.number("page_size"), message.text("continuation_token"));
    read_consistency(message);
    if (message.has("tuple_key")) {
        auto const [type, id] = split_object(filter.object);
        if (type.empty() || (id.empty() && filter.user.empty()))
            throw Refusal(FgaErrc::validation_error,
                          "the 'tuple_key' field needs the type of the object, and the object's id or the user");
    }
    json::array list;
    std::uint64_t last = 0;
    bool more = false;
    if (auto const* const store = find_store(request.store_id())) {
        auto const& all = store->tuples.all();
        for (auto at = all.upper_bound(page.after); at != all.end(); ++at) {
            auto const& tuple = at->second.tuple;
            if (!matches(filter.object, tuple.object) || !matches(filter.user, tuple.user) ||
                (!filter.relation.empty() && tuple.relation != filter.relation))
                continue;
            if (list.size() == page.size) {
                more = true;
                break;
            }
            json::object one;
            one["key"] = tuple_json(tuple);
            one["timestamp"] = fga::format_time(at->second.written_at);
            list.push_back(std::move(one));
            last = at->first;
        }
    }
    json::object body;
    body["tuples"] = std::move(list);
    body["continuation_token"] = more ? page_token(last) : std::string();
    return json_answer(200, body);
}

HttpResponse FgaServer::read_changes(FgaRequest const& request) {
    auto const type = request.parameter("type");
    if (!type.empty() && (!has_no_space(type, 1, 254) || type.find_first_of(":#") != type.npos))
        throw Refusal(FgaErrc::type_invalid_pattern, "invalid ReadChangesRequest.Type");
    auto const size_text = request.parameter("page_size");
    std::int64_t size = 50;
    if (!size_text.empty()) {
        auto const [end, error] = std::from_chars(size_text.data(), size_text.data() + size_text.size(), size);
        if (error != std::errc() || end != size_text.data() + size_text.size() || size < 1)
            throw Refusal(FgaErrc::validation_error, "invalid ReadChangesRequest.PageSize: value must be greater than or equal to 1");
    }
    auto const token = request.parameter("continuation_token");
    auto const page = read_page(std::nullopt, token);
    Time from{};
    if (auto const start = request.parameter("start_time"); !start.empty()) {
        auto const time = fga::parse_time(start);
        if (!time || *time >= request.now)
            throw Refusal(FgaErrc::validation_error, "invalid ReadChangesRequest.StartTime: value must be a time before now");
        from = *time;
    }
    if (!token.empty() && page.rest != type)
        throw Refusal(FgaErrc::query_string_type_continuation_token_mismatch, "The type in the querystring and the continuation token don't match");
    json::array list;
    std::string next(token);
    if (auto const* const store = find_store(request.store_id())) {
        for (auto const& change : store->changes) {
            if (list.size() == static_cast<std::size_t>(size))
                break;
            if (change.number <= page.after || (token.empty() && change.at < from) || (!type.empty() && type_of(change.tuple.object) != type))
                continue;
            json::object one;
            one["tuple_key"] = tuple_json(change.tuple);
            one["operation"] = change.deleted ? "TUPLE_OPERATION_DELETE" : "TUPLE_OPERATION_WRITE";
            one["timestamp"] = fga::format_time(change.at);
            list.push_back(std::move(one));
            next = page_token(change.number, type);
        }
    }
    json::object body;
    body["changes"] = std::move(list);
    body["continuation_token"] = next;
    return json_answer(200, body);
}

}  // namespace assent::tenant
