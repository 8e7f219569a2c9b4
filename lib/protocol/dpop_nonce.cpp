#include "protocol/dpop_nonce.hpp"

#include "protocol/wiping_json.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <cstddef>

namespace assent {
namespace {

constexpr std::size_t max_nonce = 1024;
constexpr std::string_view use_nonce = "use_dpop_nonce";

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_nonce_character(char c) noexcept {
    return c > 0x20 && c < 0x7F && c != '"' && c != '\\';
}

bool is_token_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Reads challenges (RFC 9110 11.6.1) as far as needed: whose parameter `error` is what.
class Challenges {
public:
    explicit Challenges(std::string_view text) : rest_(text) {}

    /// True when a DPoP challenge has that error.
    bool dpop_error(std::string_view error) {
        bool in_dpop = false;
        while (!rest_.empty()) {
            skip(" \t,");
            auto const name = token();
            if (name.empty()) {
                if (!rest_.empty())
                    rest_.remove_prefix(1);  // not what it should be
                continue;
            }
            skip(" \t");
            if (!rest_.starts_with('=')) {
                in_dpop = equal_ignoring_case(name, "DPoP");
                continue;
            }
            rest_.remove_prefix(1);
            skip(" \t");
            auto const value = this->value();
            if (in_dpop && equal_ignoring_case(name, "error") && value == error)
                return true;
        }
        return false;
    }

private:
    void skip(std::string_view characters) {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
    }
    std::string_view token() {
        auto const end = static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_token_character) - rest_.begin());
        auto const found = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return found;
    }
    /// Escapes are left as they are: the values that matter here have none.
    std::string_view value() {
        if (!rest_.starts_with('"'))
            return token();
        std::size_t end = 1;
        while (end < rest_.size() && rest_[end] != '"')
            end += rest_[end] == '\\' ? 2 : 1;
        auto const found = rest_.substr(1, std::min(end, rest_.size()) - 1);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return found;
    }

    std::string_view rest_;
};

}  // namespace

std::string origin_of(std::string_view url) {
    auto const scheme = url.find("://");
    if (scheme == std::string_view::npos)
        return {};
    auto const end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
    std::string origin(url.substr(0, end));
    std::transform(origin.begin(), origin.end(), origin.begin(), lower);
    std::string_view const port = origin.starts_with("https:") ? ":443" : ":80";
    if (origin.ends_with(port))
        origin.resize(origin.size() - port.size());
    return origin;
}

std::string_view without_query(std::string_view url) noexcept {
    return url.substr(0, url.find_first_of("?#"));
}

std::string_view nonce_in(HttpHeaders const& headers) noexcept {
    std::string_view nonce;
    bool found = false;
    for (auto const& [name, value] : headers) {
        if (!equal_ignoring_case(name, "DPoP-Nonce"))
            continue;
        if (found)
            return {};
        found = true;
        nonce = value;
    }
    bool const good = nonce.size() <= max_nonce && std::all_of(nonce.begin(), nonce.end(), is_nonce_character);
    return good ? nonce : std::string_view();
}

bool wants_nonce(HttpResponse const& response) {
    if (response.status != 400 && response.status != 401)
        return false;
    for (auto const& [name, value] : response.headers) {
        if (equal_ignoring_case(name, "WWW-Authenticate") && Challenges(value).dpop_error(use_nonce))
            return true;
    }
    if (response.body.find(use_nonce) == std::string::npos)
        return false;
    auto const body = parse_wiping(response.body);
    if (!body)
        return false;
    auto const* error = body.value().if_contains("error");
    return error != nullptr && error->is_string() && std::string_view(error->get_string()) == use_nonce;
}

}  // namespace assent
