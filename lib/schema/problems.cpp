#include "schema/problems.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

namespace assent::detail {
namespace {

constexpr std::size_t max_problems = 8;
constexpr std::size_t max_name = 64;
constexpr std::size_t max_pointer = 512;
constexpr std::size_t max_values = 65'536;
constexpr std::size_t max_text = 4 * 1024 * 1024;

class Measure {
public:
    /// False when `json` is beyond a bound.
    bool take(boost::json::value const& json, unsigned depth)
    {
        if (depth > max_input_depth)
            return fail("is nested too deeply");
        if (++values_ > max_values)
            return fail("has too many parts");
        if (auto const* text = json.if_string())
            return add(text->size());
        if (auto const* array = json.if_array()) {
            if (array->size() > max_values)
                return fail("has too many parts");
            for (auto const& element : *array) {
                if (!take(element, depth + 1))
                    return false;
            }
        }
        else if (auto const* object = json.if_object()) {
            for (auto const& entry : *object) {
                if (!add(entry.key().size()) || !take(entry.value(), depth + 1))
                    return false;
            }
        }
        return true;
    }
    std::string_view problem() const noexcept { return problem_; }

private:
    bool add(std::size_t bytes)
    {
        text_ += bytes;
        return text_ <= max_text || fail("is too long");
    }
    bool fail(std::string_view problem)
    {
        problem_ = problem;
        return false;
    }

    std::size_t values_ = 0;
    std::size_t text_ = 0;
    std::string_view problem_;
};

}  // namespace

void append_step(std::string& pointer, std::string_view name, std::size_t limit)
{
    if (name.size() > limit) {
        while (limit > 0 && (static_cast<unsigned char>(name[limit]) & 0xC0) == 0x80)
            --limit;
        name = name.substr(0, limit);
    }
    pointer += '/';
    for (char const c : name) {
        if (c == '~')
            pointer += "~0";
        else if (c == '/')
            pointer += "~1";
        else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
            pointer += '?';
        else
            pointer += c;
    }
}

std::string InputPath::pointer() const
{
    if (parent_ == nullptr)
        return "the input";
    std::string out;
    append_to(out);
    return out;
}

void InputPath::append_to(std::string& out) const
{
    if (parent_ == nullptr)
        return;
    parent_->append_to(out);
    if (out.size() > max_pointer)
        return;
    if (is_index_)
        out += fmt::format("/{}", index_);
    else
        append_step(out, name_, max_name);
}

std::string_view kind_name(boost::json::value const& json)
{
    switch (json.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_: return "a number";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
    }
    return "something else";
}

std::string shown(boost::json::value const& json)
{
    if (auto const* number = json.if_double())
        return fmt::format("{}", *number);
    if (json.is_number() || json.is_bool() || json.is_null())
        return boost::json::serialize(json);
    return std::string(kind_name(json));
}

bool Problems::room()
{
    if (++count_ > max_problems)
        return false;
    if (!text_.empty())
        text_ += "; ";
    return true;
}

void Problems::add(InputPath const& path, std::string_view sentence)
{
    if (room())
        text_ += fmt::format("{}: {}", path.pointer(), sentence);
}

void Problems::add_about(InputPath const& path, std::string_view verb)
{
    if (room())
        text_ += fmt::format("{} {}", path.pointer(), verb);
}

void Problems::add_text(std::string_view text)
{
    if (room())
        text_ += text;
}

void Problems::expected(InputPath const& path, std::string_view what, boost::json::value const& got)
{
    if (room())
        text_ += fmt::format("{}: expected {}, got {}", path.pointer(), what, kind_name(got));
}

Failure Problems::failure() const
{
    if (count_ <= max_problems)
        return Failure(Errc::invalid_input, text_);
    return Failure(Errc::invalid_input, fmt::format("{}; and {} more", text_, count_ - max_problems));
}

std::string_view beyond_bounds(boost::json::value const& json)
{
    Measure measure;
    measure.take(json, 0);
    return measure.problem();
}

}  // namespace assent::detail
