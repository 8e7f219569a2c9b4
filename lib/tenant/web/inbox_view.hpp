#pragma once

#include "tenant/oauth/core.hpp"

#include <string>
#include <string_view>

namespace assent::tenant {

/// "Can use" with scopes as chips and the audience; empty when there is neither.
std::string scopes_html(std::vector<std::string> const& scopes, std::string_view audience, std::string_view title);
/// Who is shown by the first letter of their name.
std::string initial_of(std::string_view name);

/// What a person's inbox shows, as HTML.
struct InboxView {
    InboxView(OauthCore const& core, std::string_view subject, std::string_view csrf, Time now);

    /// The page's main part.
    std::string page() const;
    /// The same for the page's script: {now, count, pending: [{id, html}], history}.
    std::string json() const;
    /// When the first of what waits expires; the epoch when nothing waits.
    Time next_expiry{};

private:
    struct Card {
        std::string id;
        std::string html;
    };
    std::vector<Card> cards_;
    std::string history_;
    std::size_t count_ = 0;
    Time now_;
};

}  // namespace assent::tenant
