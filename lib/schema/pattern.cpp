// The matcher is a template over its traits: ours are of this file only, and so is the bound.
#define BOOST_REGEX_MAX_STATE_COUNT 4'000'000

#include "schema/pattern.hpp"

#include <boost/regex.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <locale>
#include <stdexcept>
#include <utility>

namespace assent::detail {
namespace {

constexpr std::size_t max_expression = 1024;
constexpr std::size_t max_searched = 64 * 1024;

struct BoundedTraits : boost::regex_traits<wchar_t> {};
using Regex = boost::basic_regex<wchar_t, BoundedTraits>;

/// Code points; what is not UTF-8 becomes U+FFFD.
std::wstring decode(std::string_view text)
{
    std::wstring out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        auto const lead = static_cast<unsigned char>(text[at]);
        std::size_t const length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        unsigned long point = length == 1 ? lead : lead & (0x7FU >> length);
        bool good = length > 0 && at + length <= text.size();
        for (std::size_t next = 1; good && next < length; ++next) {
            auto const trail = static_cast<unsigned char>(text[at + next]);
            good = (trail & 0xC0) == 0x80;
            point = point << 6 | (trail & 0x3FU);
        }
        out += static_cast<wchar_t>(good ? point : 0xFFFDUL);
        at += good ? length : 1;
    }
    return out;
}

/// From ECMA-262 22.2 to what Boost.Regex reads: they differ in escapes and in brackets.
class Translation {
public:
    explicit Translation(std::string_view from) : from_(from) {}

    std::string run()
    {
        while (!from_.empty()) {
            char const c = take();
            if (c == '\\')
                escape();
            else if (in_brackets_) {
                if (c == '[')
                    out_ += '\\';
                else if (c == ']')
                    in_brackets_ = false;
                out_ += c;
            }
            else if (c == '[')
                open_brackets();
            else
                out_ += c;
        }
        if (in_brackets_)
            throw std::invalid_argument("has a [ without its ]");
        return std::move(out_);
    }

private:
    char take()
    {
        char const c = from_.front();
        from_.remove_prefix(1);
        return c;
    }

    void open_brackets()
    {
        bool const negated = from_.starts_with('^');
        if (negated)
            from_.remove_prefix(1);
        if (from_.starts_with(']')) {
            from_.remove_prefix(1);
            out_ += negated ? "(?s:.)" : "(?!)";
            return;
        }
        out_ += negated ? "[^" : "[";
        in_brackets_ = true;
    }

    void escape()
    {
        if (from_.empty())
            throw std::invalid_argument("ends in a backslash");
        char const c = take();
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == 'u')
            code_point();
        else if (c == 'v')
            out_ += "\\x{0B}";
        else if (c == '0')
            out_ += "\\x{0}";
        else if (c == 'b' && in_brackets_)
            out_ += "\\x{08}";
        else if (c == '/')
            out_ += c;
        else if (letter && std::string_view("bBdDwWsSnrtfcxk").find(c) == std::string_view::npos)
            throw std::invalid_argument(fmt::format("has the escape \\{}, which is not known here", c));
        else {
            out_ += '\\';
            out_ += c;
        }
    }

    void code_point()
    {
        std::string_view digits;
        if (from_.starts_with('{')) {
            auto const end = from_.find('}');
            digits = from_.substr(1, end == std::string_view::npos ? 0 : end - 1);
            from_.remove_prefix(end == std::string_view::npos ? 0 : end + 1);
        }
        else {
            digits = from_.substr(0, 4);
            from_.remove_prefix(digits.size());
        }
        bool const good = !digits.empty() && (digits.size() == 4 || digits.size() <= 6) &&
                          digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        if (!good)
            throw std::invalid_argument("has a \\u without its hexadecimal digits");
        out_ += fmt::format("\\x{{{}}}", digits);
    }

    std::string_view from_;
    std::string out_;
    bool in_brackets_ = false;
};

}  // namespace

struct Pattern::Data {
    std::string expression;
    Regex regex;
};

Pattern::Pattern(std::string_view expression)
{
    if (expression.size() > max_expression)
        throw std::invalid_argument(fmt::format("is longer than {} bytes", max_expression));
    auto data = std::make_shared<Data>();
    data->expression = expression;
    auto const translated = decode(Translation(expression).run());
    data->regex.imbue(std::locale::classic());
    try {
        data->regex.assign(translated, boost::regex_constants::perl);
    }
    catch (std::runtime_error const&) {
        throw std::invalid_argument("is not a regular expression that is understood here");
    }
    data_ = std::move(data);
}

std::string const& Pattern::expression() const noexcept { return data_->expression; }

Pattern::Answer Pattern::search(std::string_view text) const
{
    if (text.size() > max_searched)
        return Answer::too_costly;
    auto const points = decode(text);
    auto const flags = boost::match_any | boost::match_single_line | boost::match_not_dot_newline;
    try {
        return boost::regex_search(points, data_->regex, flags) ? Answer::match : Answer::no_match;
    }
    catch (std::runtime_error const&) {
        return Answer::too_costly;  // too many steps, or too much memory for them
    }
}

}  // namespace assent::detail
