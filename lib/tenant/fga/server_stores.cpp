#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"
#include "tenant/fga/request.hpp"
#include "tenant/fga/requests.hpp"
#include "tenant/fga/server.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include "protocol/fga_codec.hpp"
#include "protocol/fga_messages.hpp"

#include <algorithm>
#include <charconv>

namespace assent::tenant {
namespace {

namespace json = boost::json;

constexpr std::size_t max_stores = 1000;
constexpr std::size_t max_models = 1000;
constexpr std::size_t max_model_bytes = 256 * 1024;
constexpr std::size_t max_assertions = 100;
constexpr std::size_t max_assertion_tuples = 20;
constexpr std::size_t max_assertion_bytes = 64000;

std::optional<std::int64_t> number_of(std::string_view text) {
    if (text.empty())
        return std::nullopt;
    std::int64_t out = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size())
        throw Refusal(FgaErrc::validation_error, "malformed query: page_size has to be a number");
    return out;
}

Page page_of(FgaRequest const& request) {
    return read_page(number_of(request.parameter("page_size")), request.parameter("continuation_token"));
}

template <class Store>
json::object store_json(Store const& store, bool whole = true) {
    json::object out;
    out["id"] = store.id;
    out["name"] = store.name;
    out["created_at"] = fga::format_time(store.created_at);
    out["updated_at"] = fga::format_time(store.created_at);
    if (whole)
        out["deleted_at"] = nullptr;
    return out;
}

[[noreturn]] void no_store() {
    throw Refusal(FgaErrc::store_id_not_found, "Store ID not found");
}

[[noreturn]] void full(char const* what) {
    throw Refusal(FgaErrc::resource_exhausted, std::string("this development server keeps no more ") + what);
}

}  // namespace

HttpResponse FgaServer::create_store(FgaRequest const& request) {
    auto const name = request.message().text("name");
    if (!is_store_name(name))
        throw Refusal(FgaErrc::validation_error, "invalid CreateStoreRequest.Name: it has 3 to 64 letters, digits, spaces or ./-^_&@");
    if (stores_.size() >= max_stores)
        full("stores");
    auto store = std::make_unique<Store>();
    store->id = next_id(request.now);
    store->name = name;
    store->created_at = request.now;
    store->number = next_id_;
    auto const body = store_json(*store, false);
    stores_.emplace(store->id, std::move(store));
    return json_answer(201, body);
}

HttpResponse FgaServer::list_stores(FgaRequest const& request) {
    auto const page = page_of(request);
    auto const name = request.parameter("name");
    if (!name.empty() && !is_store_name(name))
        throw Refusal(FgaErrc::validation_error, "invalid ListStoresRequest.Name");
    json::array list;
    std::uint64_t last = 0;
    bool more = false;
    for (auto const& [id, store] : stores_) {
        if (store->number <= page.after || (!name.empty() && store->name != name))
            continue;
        if (list.size() == page.size) {
            more = true;
            break;
        }
        list.push_back(store_json(*store));
        last = store->number;
    }
    json::object body;
    body["stores"] = std::move(list);
    body["continuation_token"] = more ? page_token(last) : std::string();
    return json_answer(200, body);
}

HttpResponse FgaServer::get_store(FgaRequest const& request) {
    auto const* const store = find_store(request.store_id());
    if (store == nullptr)
        no_store();
    return json_answer(200, store_json(*store));
}

HttpResponse FgaServer::delete_store(FgaRequest const& request) {
    if (auto const at = stores_.find(request.store_id()); at != stores_.end())
        stores_.erase(at);
    return HttpResponse(204, {});
}

HttpResponse FgaServer::write_model(FgaRequest const& request) {
    auto model = Model::parse(request.body);
    if (request.body_bytes > max_model_bytes)
        throw Refusal(FgaErrc::exceeded_entity_limit, "model exceeds size limit: 256 KiB");
    auto* const store = find_store(request.store_id());
    if (store == nullptr)
        no_store();
    if (store->models.size() >= max_models)
        full("models");
    model.id = next_id(request.now);
    json::object body;
    body["authorization_model_id"] = model.id;
    store->models.push_back(std::make_unique<Model const>(std::move(model)));
    return json_answer(201, body);
}

HttpResponse FgaServer::read_model(FgaRequest const& request) {
    auto const& id = request.path[3];
    if (!fga::is_ulid(id))
        throw Refusal(FgaErrc::validation_error, "invalid ReadAuthorizationModelRequest.Id: it is not an id");
    json::object body;
    body["authorization_model"] = model_of(request, id).to_json();
    return json_answer(200, body);
}

HttpResponse FgaServer::read_models(FgaRequest const& request) {
    auto const page = page_of(request);
    json::array list;
    std::uint64_t last = 0;
    bool more = false;
    if (auto const* const store = find_store(request.store_id())) {
        auto const count = store->models.size();
        for (auto i = static_cast<std::size_t>(page.after); i < count && !more; ++i) {
            if (list.size() == page.size) {
                more = true;
                break;
            }
            list.push_back(store->models[count - 1 - i]->to_json());
            last = i + 1;
        }
    }
    json::object body;
    body["authorization_models"] = std::move(list);
    body["continuation_token"] = more ? page_token(last) : std::string();
    return json_answer(200, body);
}

HttpResponse FgaServer::write_assertions(FgaRequest const& request) {
    auto const& id = request.path[3];
    auto const* const list = request.message().list("assertions");
    auto const count = list == nullptr ? 0 : list->size();
    if (count > max_assertions)
        throw Refusal(FgaErrc::assertions_too_many_items, "invalid WriteAssertionsRequest.Assertions: value must contain no more than 100 items");
    std::vector<Question> questions;
    json::array kept;
    for (std::size_t i = 0; i < count; ++i) {
        auto const message = message_of((*list)[i]);
        // Unlike a check's, they are not in an object of their own.
        json::object question;
        if (auto const* const key = message.object("tuple_key"))
            question["tuple_key"] = *key;
        auto const* const tuples = message.list("contextual_tuples");
        if (tuples != nullptr && tuples->size() > max_assertion_tuples)
            throw Refusal(FgaErrc::validation_error, "invalid Assertion.ContextualTuples: value must contain no more than 20 items");
        questions.push_back(read_question(Message(question)));
        questions.back().contextual = read_tuple_keys(tuples);
        json::object one;
        one["tuple_key"] = question["tuple_key"];
        one["expectation"] = message.flag("expectation");
        one["contextual_tuples"] = tuples == nullptr ? json::array() : *tuples;
        one["context"] = nullptr;
        if (auto const* const context = message.object("context"))
            one["context"] = *context;
        kept.push_back(std::move(one));
    }
    if (!fga::is_ulid(id))
        throw Refusal(FgaErrc::validation_error, "invalid AuthorizationModelId: it is not an id");
    auto const& model = model_of(request, id);
    if (request.body_bytes > max_assertion_bytes * 2)
        throw Refusal(FgaErrc::exceeded_entity_limit, "The number of bytes exceeds the allowed limit of 64000");
    for (auto const& question : questions) {
        if (auto const problem = problem_of_question(model, question.tuple))
            throw Refusal(FgaErrc::validation_error, *problem);
        contextual_tuples(model, question.contextual, FgaErrc::validation_error, FgaErrc::validation_error);
    }
    find_store(request.store_id())->assertions[id] = std::move(kept);
    return HttpResponse(204, {});
}

HttpResponse FgaServer::read_assertions(FgaRequest const& request) {
    auto const& id = request.path[3];
    if (!fga::is_ulid(id))
        throw Refusal(FgaErrc::validation_error, "invalid AuthorizationModelId: it is not an id");
    json::object body;
    body["authorization_model_id"] = id;
    body["assertions"] = json::array();
    if (auto const* const store = find_store(request.store_id())) {
        if (auto const at = store->assertions.find(id); at != store->assertions.end())
            body["assertions"] = at->second;
    }
    return json_answer(200, body);
}

}  // namespace assent::tenant
