#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace assent::detail {

/// An ECMA-262 regular expression over Unicode, for strings from outside: the cost of a search is bounded.
///
/// Immutable; a cheap handle.
class Pattern {
public:
    enum class Answer { match, no_match, too_costly };

    /// @throws std::invalid_argument with a sentence that completes "the pattern ..."
    explicit Pattern(std::string_view expression);

    std::string const& expression() const noexcept;
    /// Whether it matches somewhere in `text`.
    Answer search(std::string_view text) const;

private:
    struct Data;
    std::shared_ptr<Data const> data_;
};

}  // namespace assent::detail
