// The claims of an ID token: no crash, and what passes is for the person, the client and the time that were asked.
#include "protocol/id_token.hpp"

#include "protocol/oauth_response.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace std::chrono_literals;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const claims = assent::read_json_object(text);
    if (!claims)
        return 0;
    assent::IdTokenExpectations expected;
    expected.issuer = "https://as.example";
    expected.client_id = "client";
    expected.subject = "alice";
    expected.auth_req_id = assent::Secret("r");
    expected.access_token = assent::Secret("AT");
    expected.refresh_token = assent::Secret("RT");
    std::chrono::system_clock::time_point const now(1'700'000'000s);
    auto const checked = assent::check_id_token(claims.value(), "RS256", expected, now);
    if (!checked)
        return 0;
    auto const& out = checked.value();
    if (out.issuer != expected.issuer || out.subject != expected.subject ||
        std::count(out.audience.begin(), out.audience.end(), "client") == 0 || out.expires_at + 60s <= now ||
        out.issued_at > now + 60s)
        std::abort();
    return 0;
}
