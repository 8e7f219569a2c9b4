#pragma once

#include <assent/outcome.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace assent {

/// The handles of several authorizers in one: "index:length:handle" for each that has one, so that a handle may have any bytes, those of
/// another set included.
class HandleSet {
public:
    HandleSet() = default;

    /// Nothing in it for an empty text. @par Errors invalid_argument when it is no set, or names more members than there are.
    static result<HandleSet> parse(std::string_view text, std::size_t members);

    /// The member's; empty when it has none.
    std::string of(std::size_t member) const;
    void add(std::size_t member, std::string handle);
    /// The first member that has one. @pre not empty.
    std::size_t first() const noexcept { return handles_.begin()->first; }
    bool empty() const noexcept { return handles_.empty(); }
    std::string text() const;

private:
    std::map<std::size_t, std::string> handles_;
};

}  // namespace assent
