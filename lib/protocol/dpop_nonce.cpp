#include "protocol/dpop_nonce.hpp"

#include "protocol/wiping_json.hpp"
#include "protocol/www_authenticate.hpp"

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
    for (auto const& challenge : read_challenges(response.headers)) {
        if (challenge.scheme == "dpop" && challenge.parameter("error") == use_nonce)
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
