#include "tenant/web/browsers.hpp"

#include "core/digest.hpp"

#include <algorithm>

namespace assent::tenant {

namespace {

constexpr std::size_t max_browsers = 20'000;

}  // namespace

Browser* Browsers::find(std::string_view cookie, Time now)
{
    auto const at = all_.find(cookie);
    if (at == all_.end())
        return nullptr;
    at->second.used_at = now;
    return &at->second;
}

Browser& Browsers::make(Time now)
{
    if (all_.size() >= max_browsers)
        all_.erase(std::min_element(all_.begin(), all_.end(), [](auto const& a, auto const& b) { return a.second.used_at < b.second.used_at; }));
    Browser browser{random_base64url(24), random_base64url(24), {}, now};
    return all_.emplace(browser.cookie, browser).first->second;
}

Browser& Browsers::renew(Browser& browser, std::string subject)
{
    Browser next{random_base64url(24), random_base64url(24), std::move(subject), browser.used_at};
    all_.erase(browser.cookie);
    return all_.emplace(next.cookie, next).first->second;
}

}  // namespace assent::tenant
