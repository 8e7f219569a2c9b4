#include "core/interrupt_code.hpp"

#include <cstddef>
#include <iterator>

namespace assent {
namespace {

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

}  // namespace

std::string_view code_of(Flow flow, InterruptKind kind) noexcept {
    if (flow == Flow::token_vault && kind == InterruptKind::consent_needed)
        return "TOKEN_VAULT_ERROR";
    return codes[static_cast<std::size_t>(flow)][static_cast<std::size_t>(kind)];
}

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

}  // namespace assent
