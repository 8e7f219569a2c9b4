#include "tenant/oauth/messages.hpp"

#include <assent/secret.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace assent::tenant {

namespace json = boost::json;

namespace {

constexpr std::size_t max_parameters = 64;
constexpr std::size_t max_name = 128;

int digit(char c) noexcept
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decoded(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+')
            c = ' ';
        if (text[i] == '%') {
            if (i + 2 >= text.size())
                return std::nullopt;
            int const high = digit(text[i + 1]);
            int const low = digit(text[i + 2]);
            if (high < 0 || low < 0)
                return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return std::nullopt;
        out += c;
    }
    return out;
}

}  // namespace

Parameters::~Parameters()
{
    for (auto& parameter : all_)
        wipe(parameter.second);
}

bool Parameters::add(std::string name, std::string value)
{
    if (name.size() > max_name || all_.size() >= max_parameters || has(name))
        return false;
    all_.emplace_back(std::move(name), std::move(value));
    return true;
}

std::optional<Parameters> Parameters::from_form(std::string_view text)
{
    Parameters out;
    while (!text.empty()) {
        auto const end = std::min(text.find('&'), text.size());
        auto const pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty())
            continue;
        auto const equals = std::min(pair.find('='), pair.size());
        auto name = decoded(pair.substr(0, equals));
        auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value || !out.add(std::move(*name), std::move(*value)))
            return std::nullopt;
    }
    return out;
}

std::optional<Parameters> Parameters::from_json(std::string_view text)
{
    boost::system::error_code error;
    auto const value = json::parse(text, error);
    if (error || !value.is_object())
        return std::nullopt;
    Parameters out;
    for (auto const& member : value.get_object()) {
        if (member.value().is_null())
            continue;
        std::string as_text = member.value().is_string() ? std::string(member.value().get_string()) : json::serialize(member.value());
        if (!out.add(std::string(member.key()), std::move(as_text)))
            return std::nullopt;
    }
    return out;
}

std::string_view Parameters::get(std::string_view name) const noexcept
{
    for (auto const& [key, value] : all_) {
        if (key == name)
            return value;
    }
    return {};
}

bool Parameters::has(std::string_view name) const noexcept
{
    return std::any_of(all_.begin(), all_.end(), [&](auto const& parameter) { return parameter.first == name; });
}

ApiAnswer oauth_error(int status, std::string_view error, std::string_view description)
{
    json::object body;
    body["error"] = error;
    body["error_description"] = description;
    return ApiAnswer(status, std::move(body));
}

std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const end = std::min(text.find(' '), text.size());
        auto const word = text.substr(0, end);
        if (!word.empty() && !has_word(out, word))
            out.emplace_back(word);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string joined(std::vector<std::string> const& words)
{
    std::string out;
    for (auto const& word : words)
        out.append(out.empty() ? "" : " ").append(word);
    return out;
}

bool has_word(std::vector<std::string> const& words, std::string_view word) noexcept
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace assent::tenant
