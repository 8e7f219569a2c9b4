// Whatever an API says about a token: read without a crash, and only within the documented bounds.
#include "protocol/www_authenticate.hpp"

#include <assent/token_refusal.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool good) {
    if (!good)
        std::abort();
}

bool printable(std::string_view text) {
    for (char const c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

}  // namespace

/// Every line is one WWW-Authenticate header.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    assent::HttpResponse response(size % 2 == 0 ? 401 : 403, {});
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
        response.headers.add("WWW-Authenticate", std::string(line));
    }
    auto const challenges = assent::read_challenges(response.headers);
    require(challenges.size() <= assent::max_challenges);
    std::size_t bytes = 0;
    for (auto const& challenge : challenges) {
        require(!challenge.scheme.empty());
        require(challenge.parameters.size() <= assent::max_challenge_parameters);
        require(printable(challenge.scheme) && printable(challenge.token));
        bytes += challenge.scheme.size() + challenge.token.size();
        for (auto const& [name, value] : challenge.parameters) {
            require(!name.empty() && printable(name) && printable(value));
            bytes += name.size() + value.size();
        }
    }
    require(bytes <= assent::max_challenge_bytes);
    if (auto const refusal = assent::TokenRefusal::from(response)) {
        require(refusal->server.error.size() <= 128 && refusal->server.description.size() <= 1024);
        require(refusal->scopes.size() <= 64 && refusal->acr_values.size() <= 64);
        for (auto const& scope : refusal->scopes)
            require(!scope.empty() && scope.size() <= 512 && scope.find_first_of(" \"\\") == std::string::npos);
        require(!refusal->max_age || *refusal->max_age >= std::chrono::seconds(0));
    } else {
        require(response.status == 403 || !challenges.empty());
    }
    return 0;
}
