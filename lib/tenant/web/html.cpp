#include "tenant/web/html.hpp"

#include "tenant/web/page_files.hpp"

namespace assent::tenant {

std::string escaped(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (char const c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string fill(std::string_view file, std::initializer_list<std::pair<std::string_view, std::string_view>> values)
{
    std::string_view rest = page_file(file);
    std::string out;
    for (;;) {
        auto const open = rest.find("{{");
        out.append(rest.substr(0, open));
        if (open == rest.npos)
            return out;
        rest.remove_prefix(open);
        bool const as_it_is = rest.starts_with("{{{");
        std::string_view const end = as_it_is ? "}}}" : "}}";
        auto const close = rest.find(end);
        auto const name = rest.substr(end.size(), close - end.size());
        for (auto const& [known, value] : values) {
            if (known == name)
                out += as_it_is ? std::string(value) : escaped(value);
        }
        rest.remove_prefix(close + end.size());
    }
}

}  // namespace assent::tenant
