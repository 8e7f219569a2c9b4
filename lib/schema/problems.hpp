#pragma once

#include <assent/error.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace assent::detail {

/// Where in the input a value is: a JSON pointer, kept as a chain on the stack.
class InputPath {
public:
    InputPath() = default;
    InputPath(InputPath const& parent, std::string_view name) : parent_(&parent), name_(name) {}
    InputPath(InputPath const& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}
    bool is_whole() const noexcept { return parent_ == nullptr; }
    /// RFC 6901, with long names cut and control characters replaced; "the input" for the whole.
    std::string pointer() const;

private:
    void append_to(std::string& out) const;

    InputPath const* parent_ = nullptr;
    std::string_view name_;
    std::size_t index_ = 0;
    bool is_index_ = false;
};

/// One step of a JSON pointer, escaped; cut at `limit` bytes, between characters, and printable.
void append_step(std::string& pointer, std::string_view name, std::size_t limit);

/// "a string"
std::string_view kind_name(boost::json::value const& json);
/// A number, "a string" and so on: what a sentence may say of a value.
std::string shown(boost::json::value const& json);

/// What is wrong with an input: sentences, of which the first eight are kept.
class Problems {
public:
    bool none() const noexcept { return count_ == 0; }
    std::size_t count() const noexcept { return count_; }
    /// "/qty: must be at least 1"
    void add(InputPath const& path, std::string_view sentence);
    /// "/qty is missing"
    void add_about(InputPath const& path, std::string_view verb);
    void add_text(std::string_view text);
    void expected(InputPath const& path, std::string_view what, boost::json::value const& got);
    std::string const& text() const noexcept { return text_; }
    /// invalid_input
    Failure failure() const;

private:
    bool room();

    std::size_t count_ = 0;
    std::string text_;
};

/// The bounds that Schema::check() states; what is beyond them.
/// @returns nothing, or a sentence
std::string_view beyond_bounds(boost::json::value const& json);

constexpr unsigned max_input_depth = 64;

}  // namespace assent::detail
