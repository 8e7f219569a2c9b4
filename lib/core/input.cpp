#include <assent/input.hpp>

#include <fmt/format.h>

namespace assent::detail {
namespace {

constexpr std::size_t max_name = 64;

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

}  // namespace

std::string InputPath::pointer() const
{
    if (parent_ == nullptr)
        return {};
    auto out = parent_->pointer() + '/';
    if (is_index_)
        return out + std::to_string(index_);
    for (char const c : name_.substr(0, max_name)) {  // RFC 6901 3
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else if (static_cast<unsigned char>(c) < ' ')
            out += '?';
        else
            out += c;
    }
    return out;
}

Failure wrong_input(InputPath const& path, std::string_view expected, boost::json::value const& got)
{
    auto const pointer = path.pointer();
    return Failure(Errc::invalid_input, fmt::format("{}: expected {}, got {}", pointer.empty() ? "the input" : pointer,
                                                    expected, kind_name(got)));
}

Failure missing_input(InputPath const& path)
{
    return Failure(Errc::invalid_input, fmt::format("{} is missing", path.pointer()));
}

Failure unknown_input(InputPath const& path)
{
    return Failure(Errc::invalid_input, fmt::format("{} is not a parameter of this tool", path.pointer()));
}

}  // namespace assent::detail
