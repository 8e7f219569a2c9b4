#include <assent/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assent {
namespace {

using NamedErrc = std::pair<Errc, std::string_view>;

constexpr std::array errc_names{
    NamedErrc{Errc::no_result, "no_result"},
    NamedErrc{Errc::cancelled, "cancelled"},
    NamedErrc{Errc::invalid_argument, "invalid_argument"},
    NamedErrc{Errc::missing_configuration, "missing_configuration"},
    NamedErrc{Errc::invalid_input, "invalid_input"},
    NamedErrc{Errc::invalid_output, "invalid_output"},
    NamedErrc{Errc::no_subject, "no_subject"},
    NamedErrc{Errc::invalid_binding_message, "invalid_binding_message"},
    NamedErrc{Errc::dns_failed, "dns_failed"},
    NamedErrc{Errc::connect_failed, "connect_failed"},
    NamedErrc{Errc::tls_failed, "tls_failed"},
    NamedErrc{Errc::timed_out, "timed_out"},
    NamedErrc{Errc::connection_reset, "connection_reset"},
    NamedErrc{Errc::response_too_large, "response_too_large"},
    NamedErrc{Errc::malformed_response, "malformed_response"},
    NamedErrc{Errc::queue_full, "queue_full"},
    NamedErrc{Errc::temporarily_unavailable, "temporarily_unavailable"},
    NamedErrc{Errc::invalid_client, "invalid_client"},
    NamedErrc{Errc::unauthorized_client, "unauthorized_client"},
    NamedErrc{Errc::invalid_request, "invalid_request"},
    NamedErrc{Errc::invalid_scope, "invalid_scope"},
    NamedErrc{Errc::invalid_target, "invalid_target"},
    NamedErrc{Errc::invalid_authorization_details, "invalid_authorization_details"},
    NamedErrc{Errc::unsupported_grant_type, "unsupported_grant_type"},
    NamedErrc{Errc::unknown_user_id, "unknown_user_id"},
    NamedErrc{Errc::expired_login_hint_token, "expired_login_hint_token"},
    NamedErrc{Errc::missing_user_code, "missing_user_code"},
    NamedErrc{Errc::invalid_user_code, "invalid_user_code"},
    NamedErrc{Errc::transaction_failed, "transaction_failed"},
    NamedErrc{Errc::server_refused, "server_refused"},
    NamedErrc{Errc::issuer_mismatch, "issuer_mismatch"},
    NamedErrc{Errc::id_token_invalid, "id_token_invalid"},
    NamedErrc{Errc::subject_mismatch, "subject_mismatch"},
    NamedErrc{Errc::insufficient_scope, "insufficient_scope"},
    NamedErrc{Errc::authorization_details_mismatch, "authorization_details_mismatch"},
    NamedErrc{Errc::store_unavailable, "store_unavailable"},
    NamedErrc{Errc::store_full, "store_full"},
    NamedErrc{Errc::record_corrupt, "record_corrupt"},
    NamedErrc{Errc::conflict, "conflict"},
    NamedErrc{Errc::already_used, "already_used"},
};
static_assert([] {
    for (std::size_t i = 0; i < errc_names.size(); ++i)
        if (errc_names[i].first != static_cast<Errc>(i + 1))
            return false;
    return errc_names.size() == static_cast<std::size_t>(Errc::already_used);
}(), "one name for each value, in order");

char const* text_of(Errc value) noexcept
{
    switch (value) {
    case Errc::no_result: return "no result";
    case Errc::cancelled: return "cancelled";
    case Errc::invalid_argument: return "invalid argument";
    case Errc::missing_configuration: return "missing configuration";
    case Errc::invalid_input: return "the tool's input does not fit its type";
    case Errc::invalid_output: return "the tool's output does not fit its schema";
    case Errc::no_subject: return "the call has no principal";
    case Errc::invalid_binding_message: return "invalid binding message";
    case Errc::dns_failed: return "host name not found";
    case Errc::connect_failed: return "connection failed";
    case Errc::tls_failed: return "TLS failed";
    case Errc::timed_out: return "timed out";
    case Errc::connection_reset: return "connection reset";
    case Errc::response_too_large: return "response too large";
    case Errc::malformed_response: return "malformed response";
    case Errc::queue_full: return "too many requests are waiting";
    case Errc::temporarily_unavailable: return "temporarily unavailable";
    case Errc::invalid_client: return "client authentication failed";
    case Errc::unauthorized_client: return "the client may not use this grant";
    case Errc::invalid_request: return "the server found the request invalid";
    case Errc::invalid_scope: return "invalid scope";
    case Errc::invalid_target: return "unknown audience or resource";
    case Errc::invalid_authorization_details: return "invalid authorization details";
    case Errc::unsupported_grant_type: return "unsupported grant type";
    case Errc::unknown_user_id: return "the provider does not know this user";
    case Errc::expired_login_hint_token: return "the login hint token has expired";
    case Errc::missing_user_code: return "the provider demands a user code";
    case Errc::invalid_user_code: return "wrong user code";
    case Errc::transaction_failed: return "the provider could not complete the transaction";
    case Errc::server_refused: return "the server refused";
    case Errc::issuer_mismatch: return "wrong issuer";
    case Errc::id_token_invalid: return "invalid ID token";
    case Errc::subject_mismatch: return "the ID token is for somebody else";
    case Errc::insufficient_scope: return "insufficient scope";
    case Errc::authorization_details_mismatch: return "granted authorization details are not those requested";
    case Errc::store_unavailable: return "store unavailable";
    case Errc::store_full: return "store full";
    case Errc::record_corrupt: return "stored record is corrupt";
    case Errc::conflict: return "the record keeps changing";
    case Errc::already_used: return "the approval was used before";
    }
    return "unknown error";
}

bool fits(Errc value, Condition condition) noexcept
{
    switch (value) {
    case Errc::cancelled: return condition == Condition::cancelled;

    case Errc::dns_failed:
    case Errc::connect_failed:
    case Errc::timed_out:
    case Errc::connection_reset:
    case Errc::queue_full:
    case Errc::temporarily_unavailable:
    case Errc::store_unavailable:
    case Errc::store_full:
    case Errc::conflict: return condition == Condition::retryable;

    case Errc::invalid_argument:
    case Errc::missing_configuration:
    case Errc::invalid_binding_message:
    case Errc::invalid_client:
    case Errc::unauthorized_client:
    case Errc::invalid_request:
    case Errc::invalid_scope:
    case Errc::invalid_target:
    case Errc::invalid_authorization_details:
    case Errc::unsupported_grant_type: return condition == Condition::misconfigured;

    case Errc::response_too_large:
    case Errc::malformed_response:
        return condition == Condition::invalid_answer || condition == Condition::retryable;

    case Errc::tls_failed:
    case Errc::issuer_mismatch:
    case Errc::id_token_invalid:
    case Errc::subject_mismatch:
    case Errc::invalid_output:
    case Errc::record_corrupt: return condition == Condition::invalid_answer;

    case Errc::no_result:
    case Errc::invalid_input:
    case Errc::no_subject:
    case Errc::unknown_user_id:
    case Errc::expired_login_hint_token:
    case Errc::missing_user_code:
    case Errc::invalid_user_code:
    case Errc::transaction_failed:
    case Errc::server_refused:
    case Errc::insufficient_scope:
    case Errc::authorization_details_mismatch:
    case Errc::already_used: return condition == Condition::refused;
    }
    return false;
}

class ErrorCategory final : public boost::system::error_category {
public:
    constexpr ErrorCategory() noexcept : error_category(0x7a6d1f20b1c9e3d5) {}
    char const* name() const noexcept override { return "assent"; }
    std::string message(int value) const override { return text_of(static_cast<Errc>(value)); }
    bool equivalent(int value, boost::system::error_condition const& condition) const noexcept override
    {
        if (condition.category() == condition_category())
            return fits(static_cast<Errc>(value), static_cast<Condition>(condition.value()));
        return error_category::equivalent(value, condition);
    }
};

class ConditionCategory final : public boost::system::error_category {
public:
    constexpr ConditionCategory() noexcept : error_category(0x5b3cf0a4e8d2716b) {}
    char const* name() const noexcept override { return "assent.condition"; }
    std::string message(int value) const override
    {
        switch (static_cast<Condition>(value)) {
        case Condition::cancelled: return "cancelled";
        case Condition::retryable: return "try again later";
        case Condition::misconfigured: return "configuration must change";
        case Condition::refused: return "refused";
        case Condition::invalid_answer: return "the answer cannot be trusted";
        }
        return "unknown condition";
    }
};

constexpr ErrorCategory error_category_instance;
constexpr ConditionCategory condition_category_instance;

}  // namespace

std::string_view to_string(Errc value) noexcept
{
    auto const* const found = std::find_if(errc_names.begin(), errc_names.end(),
                                           [value](NamedErrc const& named) { return named.first == value; });
    return found != errc_names.end() ? found->second : "unknown";
}

std::optional<Errc> errc_from_string(std::string_view name) noexcept
{
    auto const* const found = std::find_if(errc_names.begin(), errc_names.end(),
                                           [name](NamedErrc const& named) { return named.second == name; });
    if (found == errc_names.end())
        return std::nullopt;
    return found->first;
}

boost::system::error_category const& error_category() noexcept { return error_category_instance; }
boost::system::error_category const& condition_category() noexcept { return condition_category_instance; }

boost::system::error_code make_error_code(Errc value) noexcept
{
    return {static_cast<int>(value), error_category_instance};
}

boost::system::error_condition make_error_condition(Condition value) noexcept
{
    return {static_cast<int>(value), condition_category_instance};
}

struct Failure::Details {
    boost::system::error_code code;
    std::string detail;
    std::optional<ServerReply> server;
};

/// The failures that say no more than their code; they take no memory of their own.
std::shared_ptr<Failure::Details const> Failure::plain(Errc code) noexcept
{
    // Never destroyed: a failure may outlive every static object.
    static auto const& table = *[] {
        auto* const made = new std::array<Details, errc_names.size()>;
        for (std::size_t i = 0; i < made->size(); ++i)
            (*made)[i].code = make_error_code(errc_names[i].first);
        return made;
    }();
    auto const at = static_cast<std::size_t>(code) - 1;
    auto const& found = table[at < table.size() ? at : static_cast<std::size_t>(Errc::no_result) - 1];
    return {std::shared_ptr<void>(), &found};
}

Failure::Failure() noexcept : details_(plain(Errc::no_result)) {}

Failure::Failure(Errc code) noexcept : details_(plain(code)) {}

Failure::Failure(Errc code, std::string detail) : Failure(make_error_code(code), std::move(detail)) {}

Failure::Failure(boost::system::error_code code, std::string detail)
    : details_(std::make_shared<Details const>(Details{code, std::move(detail), std::nullopt}))
{
}

boost::system::error_code const& Failure::code() const noexcept
{
    return details_ ? details_->code : plain(Errc::no_result)->code;
}

std::string_view Failure::detail() const noexcept
{
    return details_ ? std::string_view(details_->detail) : std::string_view();
}

ServerReply const* Failure::server() const noexcept
{
    return details_ && details_->server ? &*details_->server : nullptr;
}

Failure Failure::with_server(ServerReply reply) const
{
    auto copy = *this;
    copy.details_ = std::make_shared<Details const>(Details{code(), std::string(detail()), std::move(reply)});
    return copy;
}

std::string Failure::message() const
{
    return detail().empty() ? code().message() : fmt::format("{}: {}", code().message(), detail());
}

ConfigurationError::ConfigurationError(Failure failure) : failure_(std::move(failure)), what_(failure_.message()) {}

}  // namespace assent
