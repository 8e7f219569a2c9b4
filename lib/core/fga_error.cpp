#include <assent/fga_error.hpp>

#include <string>

namespace assent {
namespace {

bool fits(FgaErrc value, Condition condition) noexcept {
    switch (value) {
    case FgaErrc::cancelled:
        return condition == Condition::retryable;
    case FgaErrc::authorization_model_not_found:
    case FgaErrc::authorization_model_resolution_too_complex:
    case FgaErrc::authorization_model_assertions_not_found:
    case FgaErrc::latest_authorization_model_not_found:
    case FgaErrc::type_not_found:
    case FgaErrc::relation_not_found:
    case FgaErrc::unknown_relation:
    case FgaErrc::store_id_invalid_length:
    case FgaErrc::authorization_model_id_too_long:
    case FgaErrc::invalid_authorization_model:
    case FgaErrc::unsupported_schema_version:
        return condition == Condition::misconfigured;
    case FgaErrc::already_exists:
    case FgaErrc::failed_precondition:
    case FgaErrc::out_of_range:
        return condition == Condition::refused;
    default:
        break;
    }
    switch (static_cast<int>(value) / 1000) {
    case 1:
    case 5:
        return condition == Condition::misconfigured;
    case 2:
        return condition == Condition::refused;
    case 3:
    case 4:
        return condition == Condition::retryable;
    default:
        return false;
    }
}

class FgaErrorCategory final : public boost::system::error_category {
public:
    constexpr FgaErrorCategory() noexcept : error_category(0x91d44b7de60fa1c3) {}
    char const* name() const noexcept override { return "openfga"; }
    std::string message(int value) const override {
        return "OpenFGA: " + std::string(to_string(static_cast<FgaErrc>(value)));
    }
    bool equivalent(int value, boost::system::error_condition const& condition) const noexcept override {
        if (condition.category() == condition_category())
            return fits(static_cast<FgaErrc>(value), static_cast<Condition>(condition.value()));
        return error_category::equivalent(value, condition);
    }
};

constexpr FgaErrorCategory instance;

}  // namespace

std::string_view to_string(FgaErrc value) noexcept {
    switch (value) {
    case FgaErrc::auth_failed_invalid_subject:
        return "auth_failed_invalid_subject";
    case FgaErrc::auth_failed_invalid_audience:
        return "auth_failed_invalid_audience";
    case FgaErrc::auth_failed_invalid_issuer:
        return "auth_failed_invalid_issuer";
    case FgaErrc::invalid_claims:
        return "invalid_claims";
    case FgaErrc::auth_failed_invalid_bearer_token:
        return "auth_failed_invalid_bearer_token";
    case FgaErrc::bearer_token_missing:
        return "bearer_token_missing";
    case FgaErrc::unauthenticated:
        return "unauthenticated";
    case FgaErrc::forbidden:
        return "forbidden";
    case FgaErrc::validation_error:
        return "validation_error";
    case FgaErrc::authorization_model_not_found:
        return "authorization_model_not_found";
    case FgaErrc::authorization_model_resolution_too_complex:
        return "authorization_model_resolution_too_complex";
    case FgaErrc::invalid_write_input:
        return "invalid_write_input";
    case FgaErrc::cannot_allow_duplicate_tuples_in_one_request:
        return "cannot_allow_duplicate_tuples_in_one_request";
    case FgaErrc::cannot_allow_duplicate_types_in_one_request:
        return "cannot_allow_duplicate_types_in_one_request";
    case FgaErrc::cannot_allow_multiple_references_to_one_relation:
        return "cannot_allow_multiple_references_to_one_relation";
    case FgaErrc::invalid_continuation_token:
        return "invalid_continuation_token";
    case FgaErrc::invalid_tuple_set:
        return "invalid_tuple_set";
    case FgaErrc::invalid_check_input:
        return "invalid_check_input";
    case FgaErrc::invalid_expand_input:
        return "invalid_expand_input";
    case FgaErrc::unsupported_user_set:
        return "unsupported_user_set";
    case FgaErrc::invalid_object_format:
        return "invalid_object_format";
    case FgaErrc::write_failed_due_to_invalid_input:
        return "write_failed_due_to_invalid_input";
    case FgaErrc::authorization_model_assertions_not_found:
        return "authorization_model_assertions_not_found";
    case FgaErrc::latest_authorization_model_not_found:
        return "latest_authorization_model_not_found";
    case FgaErrc::type_not_found:
        return "type_not_found";
    case FgaErrc::relation_not_found:
        return "relation_not_found";
    case FgaErrc::empty_relation_definition:
        return "empty_relation_definition";
    case FgaErrc::invalid_user:
        return "invalid_user";
    case FgaErrc::invalid_tuple:
        return "invalid_tuple";
    case FgaErrc::unknown_relation:
        return "unknown_relation";
    case FgaErrc::store_id_invalid_length:
        return "store_id_invalid_length";
    case FgaErrc::assertions_too_many_items:
        return "assertions_too_many_items";
    case FgaErrc::id_too_long:
        return "id_too_long";
    case FgaErrc::authorization_model_id_too_long:
        return "authorization_model_id_too_long";
    case FgaErrc::tuple_key_value_not_specified:
        return "tuple_key_value_not_specified";
    case FgaErrc::tuple_keys_too_many_or_too_few_items:
        return "tuple_keys_too_many_or_too_few_items";
    case FgaErrc::page_size_invalid:
        return "page_size_invalid";
    case FgaErrc::param_missing_value:
        return "param_missing_value";
    case FgaErrc::difference_base_missing_value:
        return "difference_base_missing_value";
    case FgaErrc::subtract_base_missing_value:
        return "subtract_base_missing_value";
    case FgaErrc::object_too_long:
        return "object_too_long";
    case FgaErrc::relation_too_long:
        return "relation_too_long";
    case FgaErrc::type_definitions_too_few_items:
        return "type_definitions_too_few_items";
    case FgaErrc::type_invalid_length:
        return "type_invalid_length";
    case FgaErrc::type_invalid_pattern:
        return "type_invalid_pattern";
    case FgaErrc::relations_too_few_items:
        return "relations_too_few_items";
    case FgaErrc::relations_too_long:
        return "relations_too_long";
    case FgaErrc::relations_invalid_pattern:
        return "relations_invalid_pattern";
    case FgaErrc::object_invalid_pattern:
        return "object_invalid_pattern";
    case FgaErrc::query_string_type_continuation_token_mismatch:
        return "query_string_type_continuation_token_mismatch";
    case FgaErrc::exceeded_entity_limit:
        return "exceeded_entity_limit";
    case FgaErrc::invalid_contextual_tuple:
        return "invalid_contextual_tuple";
    case FgaErrc::duplicate_contextual_tuple:
        return "duplicate_contextual_tuple";
    case FgaErrc::invalid_authorization_model:
        return "invalid_authorization_model";
    case FgaErrc::unsupported_schema_version:
        return "unsupported_schema_version";
    case FgaErrc::cancelled:
        return "cancelled";
    case FgaErrc::invalid_start_time:
        return "invalid_start_time";
    case FgaErrc::throttled_timeout_error:
        return "throttled_timeout_error";
    case FgaErrc::rate_limit_exceeded:
        return "rate_limit_exceeded";
    case FgaErrc::internal_error:
        return "internal_error";
    case FgaErrc::deadline_exceeded:
        return "deadline_exceeded";
    case FgaErrc::already_exists:
        return "already_exists";
    case FgaErrc::resource_exhausted:
        return "resource_exhausted";
    case FgaErrc::failed_precondition:
        return "failed_precondition";
    case FgaErrc::aborted:
        return "aborted";
    case FgaErrc::out_of_range:
        return "out_of_range";
    case FgaErrc::unavailable:
        return "unavailable";
    case FgaErrc::data_loss:
        return "data_loss";
    case FgaErrc::undefined_endpoint:
        return "undefined_endpoint";
    case FgaErrc::store_id_not_found:
        return "store_id_not_found";
    case FgaErrc::unimplemented:
        return "unimplemented";
    }
    return "unknown";
}

boost::system::error_category const& fga_error_category() noexcept {
    return instance;
}

boost::system::error_code make_error_code(FgaErrc value) noexcept {
    return {static_cast<int>(value), instance};
}

}  // namespace assent
