// What a server says about nonces: never a crash, never more than a nonce in the next proof, and only at the same origin.
#include <assent/credentials.hpp>
#include <assent/dpop.hpp>

#include "core/digest.hpp"
#include "protocol/dpop_nonce.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

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

std::string_view line(std::string_view& text) {
    auto const found = text.substr(0, text.find('\n'));
    text.remove_prefix(found.size() < text.size() ? found.size() + 1 : found.size());
    return found;
}

boost::json::object proof_for(assent::Dpop const& dpop, std::string url) {
    assent::HttpRequest request(assent::HttpMethod::post, std::move(url));
    dpop.attach(request, std::chrono::system_clock::time_point());
    auto const jws = request.headers().find("dpop").value();
    auto const start = jws.find('.') + 1;
    return boost::json::parse(assent::base64url_decode(jws.substr(start, jws.rfind('.') - start)).value()).as_object();
}

}  // namespace

/// The lines are a URL, a nonce, a challenge; the rest is a body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const key = assent::PrivateKey::generate(assent::SignatureAlgorithm::eddsa);
    assent::Dpop const dpop(key);
    std::string_view text(reinterpret_cast<char const*>(data), size);
    std::string const url(line(text));
    std::string const nonce(line(text));
    assent::HttpResponse response(401, "");
    response.headers.add("DPoP-Nonce", nonce);
    response.headers.add("WWW-Authenticate", std::string(line(text)));
    response.body = text;
    bool const again = dpop.learn(url, response);
    require(!again || assent::wants_nonce(response));

    auto const elsewhere = proof_for(dpop, "https://other.example.invalid/");
    bool const same = assent::origin_of(url) == "https://other.example.invalid";
    require(same || !elsewhere.contains("nonce"));
    // A proof is JSON text, which not every URL can be in; those that are sent are.
    bool ascii = true;
    for (char const c : url)
        ascii = ascii && c > 0x20 && c < 0x7f;
    if (!ascii)
        return 0;
    auto const here = proof_for(dpop, url);
    if (auto const* sent = here.if_contains("nonce"))
        require(std::string_view(sent->as_string()) == nonce && nonce.size() <= 1024);
    require(std::string_view(here.at("htu").as_string()) == assent::without_query(url));
    return 0;
}
