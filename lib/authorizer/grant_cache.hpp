#pragma once

#include <assent/credentials.hpp>
#include <assent/tool_call.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assent {

/// Shared credentials that this process has seen granted, for calls that need no question to the store.
///
/// Bounded; an entry is believed for a minute, so that a withdrawal by another process is noticed. Lookups do not allocate.
class GrantCache {
public:
    using time_point = std::chrono::system_clock::time_point;

    /// @param skew nothing is handed out that expires within this.
    explicit GrantCache(std::chrono::seconds skew = std::chrono::seconds(60)) : skew_(skew) {}

    /// Null when there is none or it is not good at `now` any more. Valid until the next put() or erase().
    Credentials const* find(ToolCall const& call, CredentialsContext context, time_point now) const noexcept;
    void put(ToolCall const& call, CredentialsContext context, Credentials credentials, time_point now);
    void erase(ToolCall const& call, CredentialsContext context);
    /// All of that principal.
    void erase(Principal const& principal);

private:
    /// What shares an entry; views into a call, or into an Owner.
    struct View {
        View() = default;
        View(ToolCall const& call, CredentialsContext context) noexcept;
        std::string_view issuer, subject, tenant, agent, thread, tool;
        friend bool operator==(View const&, View const&) = default;
    };
    /// The same, in one piece of memory.
    class Owner {
    public:
        explicit Owner(View const& view);
        View view() const noexcept;
    private:
        std::string text_;
        std::array<std::uint32_t, 6> sizes_;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(View const& view) const noexcept;
        std::size_t operator()(Owner const& owner) const noexcept;
    };
    struct Equal {
        using is_transparent = void;
        static bool same(View const& a, View const& b) noexcept;
        bool operator()(View const& view, Owner const& owner) const noexcept { return same(view, owner.view()); }
        bool operator()(Owner const& owner, View const& view) const noexcept { return same(view, owner.view()); }
        bool operator()(Owner const& a, Owner const& b) const noexcept { return same(a.view(), b.view()); }
    };
    struct Entry {
        Credentials credentials;
        time_point good_until;
    };

    void make_room(time_point now);

    std::chrono::seconds skew_;
    boost::unordered_flat_map<Owner, Entry, Hash, Equal> entries_;
};

}  // namespace assent
