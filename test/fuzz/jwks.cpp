// A provider's key set, and verifying a token with whatever keys it has: no crash, and nothing forged passes.
#include "jose/jws.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// The first line is a token, the rest a key set.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static std::vector<std::string> const all{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                                              "ES256", "ES384", "ES512", "none",  "HS256"};
    std::string_view text(reinterpret_cast<char const*>(data), size);
    auto const token = text.substr(0, text.find('\n'));
    text.remove_prefix(token.size() < text.size() ? token.size() + 1 : token.size());
    auto const header = assent::read_jws_header(token);
    if (header &&
        (header.value().alg.size() > 16 || header.value().kid.size() > 512 || header.value().typ.size() > 64))
        std::abort();
    auto const keys = assent::Jwks::parse(text);
    if (!keys)
        return 0;
    if (keys.value().size() > assent::Jwks::max_keys)
        std::abort();
    auto const payload = assent::verify_jws(token, keys.value(), all);
    // What does verify was verified with an asymmetric key.
    if (payload && (!header || !assent::is_supported_jws_algorithm(header.value().alg)))
        std::abort();
    return 0;
}
