// A provider's metadata and its caching headers: no crash, and no endpoint that a secret must not be sent to.
#include "protocol/provider_metadata.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace std::chrono_literals;
    static auto const client = assent::OauthClient::standard("https://as.example", "c");
    static auto const local = assent::OauthClient::standard("http://127.0.0.1", "c").allow_plain_http(true);
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    assent::HttpHeaders headers;
    headers.add("Cache-Control", std::string(text));
    auto const lifetime = assent::cache_lifetime(headers);
    if (lifetime < 5min || lifetime > 24h)
        std::abort();
    (void)assent::check_endpoint(text, "url", true);
    (void)assent::is_loopback_host(text);
    (void)assent::openid_configuration_url(text);
    (void)assent::oauth_server_metadata_url(text);
    (void)assent::read_provider_metadata(text, local);
    if (auto const metadata = assent::read_provider_metadata(text, client)) {
        if (metadata.value().issuer != "https://as.example")
            std::abort();
        for (auto const* url : {&metadata.value().token_endpoint, &metadata.value().backchannel_endpoint,
                                &metadata.value().device_endpoint, &metadata.value().jwks_uri}) {
            if (!url->empty() && (url->size() < 9 || (*url)[4] == ':' || url->find('@') < url->find('/', 8)))
                std::abort();
        }
    }
    return 0;
}
