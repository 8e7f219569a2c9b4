#include "tenant/fga/requests.hpp"

#include "core/digest.hpp"
#include "protocol/fga_codec.hpp"
#include "tenant/fga/names.hpp"
#include "tenant/fga/refusal.hpp"
#include "tenant/fga/tuple_rules.hpp"

#include <charconv>

namespace assent::tenant {
namespace {

namespace json = boost::json;

constexpr std::size_t max_user = 512;
constexpr std::size_t max_object = 256;
constexpr std::size_t max_relation = 50;
constexpr std::size_t max_contextual = 100;
constexpr std::int64_t max_page = 100;

[[noreturn]] void invalid(std::string message) {
    throw Refusal(FgaErrc::validation_error, std::move(message));
}

WrittenTuple read_tuple_key(Message const& message) {
    WrittenTuple out;
    out.tuple.user = message.text("user");
    out.tuple.relation = message.text("relation");
    out.tuple.object = message.text("object");
    if (out.tuple.user.size() > max_user)
        invalid("invalid TupleKey.User: it has more than 512 bytes");
    if (!out.tuple.relation.empty() && !is_plain(out.tuple.relation, 1, max_relation))
        invalid("invalid TupleKey.Relation: it has 1 to 50 characters, none of them a space or one of :#@");
    if (!out.tuple.object.empty() && !has_no_space(out.tuple.object, 2, max_object))
        invalid("invalid TupleKey.Object: it has 2 to 256 characters, none of them a space");
    if (auto const condition = message.message("condition")) {
        out.condition = condition->text("name");
        if (!has_no_space(out.condition, 2, 256))
            invalid("invalid RelationshipCondition.Name");
    }
    return out;
}

}  // namespace

Question read_question(Message const& message) {
    Question out;
    auto const key = message.message("tuple_key");
    if (!key)
        throw Refusal(FgaErrc::tuple_key_value_not_specified, "invalid TupleKey: value is required");
    out.tuple.user = key->text("user");
    out.tuple.relation = key->text("relation");
    out.tuple.object = key->text("object");
    if (!has_no_space(out.tuple.user, 2, max_user))
        invalid("invalid CheckRequestTupleKey.User: it has 2 to 512 characters, none of them a space");
    if (!is_plain(out.tuple.relation, 1, max_relation))
        invalid("invalid CheckRequestTupleKey.Relation: it has 1 to 50 characters, none of them a space or one of :#@");
    if (!has_no_space(out.tuple.object, 2, max_object))
        invalid("invalid CheckRequestTupleKey.Object: it has 2 to 256 characters, none of them a space");
    out.contextual = read_contextual(message);
    message.object("context");
    return out;
}

std::vector<WrittenTuple> read_tuple_keys(json::array const* keys) {
    std::vector<WrittenTuple> out;
    if (keys == nullptr)
        return out;
    out.reserve(keys->size());
    for (auto const& key : *keys)
        out.push_back(read_tuple_key(message_of(key)));
    return out;
}

std::vector<WrittenTuple> read_contextual(Message const& message) {
    auto const holder = message.message("contextual_tuples");
    auto const* const keys = holder ? holder->list("tuple_keys") : nullptr;
    if (keys != nullptr && keys->size() > max_contextual)
        invalid("invalid ContextualTupleKeys.TupleKeys: value must contain no more than 100 items");
    return read_tuple_keys(keys);
}

std::string read_relation(Message const& message) {
    auto const relation = message.text("relation");
    if (!is_plain(relation, 1, max_relation))
        invalid("invalid Relation: it has 1 to 50 characters, none of them a space or one of :#@");
    return std::string(relation);
}

std::string read_model_id(Message const& message) {
    auto const id = message.text("authorization_model_id");
    if (!id.empty() && !fga::is_ulid(id))
        invalid("invalid AuthorizationModelId: it is not an id");
    return std::string(id);
}

void read_consistency(Message const& message) {
    // An unknown name is ignored, an unknown number is not.
    auto const* const value = message.json().if_contains("consistency");
    if (value == nullptr || value->is_null() || value->is_string())
        return;
    auto const number = message.number("consistency");
    constexpr std::int64_t highest = 200;
    if (!number || (*number != 0 && *number != highest / 2 && *number != highest))
        invalid("invalid Consistency: value must be one of the defined enum values");
}

std::optional<std::string> problem_of(Model const& model, WrittenTuple const& tuple) {
    if (auto problem = problem_of_tuple(model, tuple.tuple))
        return problem;
    if (!tuple.condition.empty())
        return "condition '" + tuple.condition + "' is undefined: this development server does not evaluate conditions";
    return std::nullopt;
}

TupleSet contextual_tuples(Model const& model, std::vector<WrittenTuple> const& tuples, FgaErrc code, FgaErrc conditional) {
    TupleSet out;
    for (auto const& tuple : tuples) {
        if (auto const problem = problem_of(model, tuple)) {
            bool const by_condition = !problem_of_tuple(model, tuple.tuple);
            throw Refusal(by_condition ? conditional : code,
                          "Invalid tuple '" + tuple.tuple.object + "#" + tuple.tuple.relation + "@" + tuple.tuple.user + "'. Reason: " + *problem);
        }
        out.add(tuple.tuple);
    }
    return out;
}

Page read_page(std::optional<std::int64_t> size, std::string_view token) {
    Page out;
    if (size) {
        if (*size < 1 || *size > max_page)
            throw Refusal(FgaErrc::page_size_invalid, "invalid PageSize: value must be inside range [1, 100]");
        out.size = static_cast<std::size_t>(*size);
    }
    if (!is_continuation_token(token))
        invalid("invalid ContinuationToken");
    if (token.empty())
        return out;
    auto const decoded = base64url_decode(token.substr(0, token.find('=')));
    if (!decoded)
        throw Refusal(FgaErrc::invalid_continuation_token, "Invalid continuation token");
    auto const [end, error] = std::from_chars(decoded->data(), decoded->data() + decoded->size(), out.after);
    if (error != std::errc() || (end != decoded->data() + decoded->size() && *end != '|'))
        throw Refusal(FgaErrc::invalid_continuation_token, "Invalid continuation token");
    auto const bar = decoded->find('|');
    if (bar != decoded->npos)
        out.rest = decoded->substr(bar + 1);
    return out;
}

std::string page_token(std::uint64_t last, std::string_view rest) {
    return base64url_encode(std::to_string(last) + (rest.empty() ? std::string() : "|" + std::string(rest)));
}

}  // namespace assent::tenant
