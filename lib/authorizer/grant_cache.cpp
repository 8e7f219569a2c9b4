#include "authorizer/grant_cache.hpp"

#include <boost/container_hash/hash.hpp>

#include <algorithm>
#include <utility>

namespace assent {
namespace {

constexpr std::size_t max_entries = 100'000;
constexpr std::chrono::seconds longest_belief{60};

}  // namespace

GrantCache::View::View(ToolCall const& call, CredentialsContext context) noexcept
    : issuer(call.principal().issuer()), subject(call.principal().subject()), tenant(call.principal().tenant()),
      agent(call.principal().agent())
{
    if (context == CredentialsContext::thread || context == CredentialsContext::tool)
        thread = call.thread_id();
    if (context == CredentialsContext::tool)
        tool = call.tool_name();
}

GrantCache::Owner::Owner(View const& view)
{
    std::array const parts{view.issuer, view.subject, view.tenant, view.agent, view.thread, view.tool};
    std::size_t size = 0;
    for (std::size_t n = 0; n < parts.size(); ++n) {
        sizes_[n] = static_cast<std::uint32_t>(parts[n].size());  // at most 512 each, see check(ToolCall)
        size += parts[n].size();
    }
    text_.reserve(size);
    for (auto const part : parts)
        text_ += part;
}

GrantCache::View GrantCache::Owner::view() const noexcept
{
    View out;
    std::string_view rest = text_;
    std::size_t n = 0;
    for (auto* const part : {&out.issuer, &out.subject, &out.tenant, &out.agent, &out.thread, &out.tool}) {
        *part = rest.substr(0, sizes_[n]);
        rest.remove_prefix(sizes_[n++]);
    }
    return out;
}

std::size_t GrantCache::Hash::operator()(View const& view) const noexcept
{
    std::size_t seed = 0;
    for (auto const part : {view.issuer, view.subject, view.tenant, view.agent, view.thread, view.tool})
        boost::hash_combine(seed, std::hash<std::string_view>()(part));
    return seed;
}

std::size_t GrantCache::Hash::operator()(Owner const& owner) const noexcept { return (*this)(owner.view()); }

bool GrantCache::Equal::same(View const& a, View const& b) noexcept
{
    return a.subject == b.subject && a.thread == b.thread && a.issuer == b.issuer && a.tool == b.tool && a.tenant == b.tenant &&
           a.agent == b.agent;
}

Credentials const* GrantCache::find(ToolCall const& call, CredentialsContext context, time_point now) const noexcept
{
    auto const found = entries_.find(View(call, context));
    if (found == entries_.end() || now >= found->second.good_until)
        return nullptr;
    return &found->second.credentials;
}

void GrantCache::put(ToolCall const& call, CredentialsContext context, Credentials credentials, time_point now)
{
    auto good_until = now + longest_belief;
    for (auto const name : credentials.names()) {
        if (auto const* tokens = credentials.find(name); tokens->expires_at)
            good_until = std::min(good_until, *tokens->expires_at - skew_);
    }
    if (good_until <= now)
        return;
    make_room(now);
    Entry entry{std::move(credentials), good_until};
    entries_.insert_or_assign(Owner(View(call, context)), std::move(entry));
}

void GrantCache::erase(ToolCall const& call, CredentialsContext context)
{
    auto const found = entries_.find(View(call, context));
    if (found != entries_.end())
        entries_.erase(found);
}

void GrantCache::erase(Principal const& principal)
{
    boost::unordered::erase_if(entries_, [&principal](auto const& entry) {
        auto const owner = entry.first.view();
        return owner.subject == principal.subject() && owner.issuer == principal.issuer() && owner.tenant == principal.tenant() &&
               owner.agent == principal.agent();
    });
}

void GrantCache::make_room(time_point now)
{
    if (entries_.size() < max_entries)
        return;
    boost::unordered::erase_if(entries_, [now](auto const& entry) { return now >= entry.second.good_until; });
    if (entries_.size() >= max_entries)
        entries_.clear();  // the store still has them
}

}  // namespace assent
