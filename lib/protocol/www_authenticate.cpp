#include "protocol/www_authenticate.hpp"

#include <algorithm>

namespace assent {
namespace {

constexpr std::string_view header_name = "www-authenticate";

bool is_token_char(char c) noexcept
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token68_char(char c) noexcept
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~+/").find(c) != std::string_view::npos;
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }
bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lowered(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

/// Goes through one header's value.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    /// The next challenge; false at the end or at what is none.
    bool next(Challenge& out)
    {
        skip_list_gap();
        auto const scheme = take(is_token_char);
        if (scheme.empty())
            return false;
        out.scheme = lowered(scheme);
        if (rest_.empty() || !is_space(rest_.front()))
            return true;
        skip_spaces();
        if (token68(out.token))
            return true;
        while (parameter(out)) {
        }
        return true;
    }

private:
    template <class Predicate>
    std::string_view take(Predicate belongs)
    {
        auto const end = std::find_if_not(rest_.begin(), rest_.end(), belongs);
        auto const taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(taken.size());
        return taken;
    }
    void skip_spaces() { take(is_space); }
    void skip_list_gap()
    {
        take([](char c) { return is_space(c) || c == ','; });
    }

    /// A token68 is followed by the end of the challenge; anything else is a parameter's name.
    bool token68(std::string& out)
    {
        auto const before = rest_;
        auto const text = take(is_token68_char);
        auto const padding = take([](char c) { return c == '='; });
        skip_spaces();
        if (text.empty() || (!rest_.empty() && rest_.front() != ',')) {
            rest_ = before;
            return false;
        }
        out.assign(text.data(), text.size() + padding.size());
        return true;
    }

    /// False, with nothing taken, when the next challenge or the end comes.
    bool parameter(Challenge& out)
    {
        skip_list_gap();
        auto const before = rest_;
        auto const name = take(is_token_char);
        skip_spaces();
        if (name.empty() || rest_.empty() || rest_.front() != '=') {
            rest_ = before;
            return false;
        }
        rest_.remove_prefix(1);
        skip_spaces();
        std::string value;
        if (!rest_.empty() && rest_.front() == '"') {
            if (!quoted(value)) {
                rest_ = {};
                return false;
            }
        }
        else
            value = std::string(take([](char c) { return !is_space(c) && c != ',' && c != '"' && !is_control(c); }));
        auto key = lowered(name);
        if (out.parameters.size() < max_challenge_parameters && !out.has(key))
            out.parameters.emplace_back(std::move(key), std::move(value));
        return true;
    }

    /// False when the closing quote is missing.
    bool quoted(std::string& out)
    {
        rest_.remove_prefix(1);
        while (!rest_.empty()) {
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"')
                return true;
            if (c == '\\') {
                if (rest_.empty())
                    return false;
                c = rest_.front();
                rest_.remove_prefix(1);
            }
            out.push_back(is_control(c) ? ' ' : c);
        }
        return false;
    }

    std::string_view rest_;
};

void read_into(std::vector<Challenge>& out, std::string_view header)
{
    Reader reader(header);
    while (out.size() < max_challenges) {
        Challenge challenge;
        if (!reader.next(challenge))
            return;
        out.push_back(std::move(challenge));
    }
}

}  // namespace

std::string_view Challenge::parameter(std::string_view name) const noexcept
{
    for (auto const& [key, value] : parameters) {
        if (key == name)
            return value;
    }
    return {};
}

bool Challenge::has(std::string_view name) const noexcept
{
    return std::any_of(parameters.begin(), parameters.end(), [name](auto const& one) { return one.first == name; });
}

std::vector<Challenge> read_challenges(std::string_view header)
{
    std::vector<Challenge> out;
    read_into(out, header.substr(0, max_challenge_bytes));
    return out;
}

std::vector<Challenge> read_challenges(HttpHeaders const& headers)
{
    std::vector<Challenge> out;
    std::size_t left = max_challenge_bytes;
    for (auto const& [name, value] : headers) {
        if (lowered(name) != header_name)
            continue;
        auto const part = std::string_view(value).substr(0, left);
        left -= part.size();
        read_into(out, part);
    }
    return out;
}

}  // namespace assent
