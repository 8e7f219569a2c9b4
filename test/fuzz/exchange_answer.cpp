// Whatever a token endpoint answers to an exchange or a refresh: read without a crash, and what is told of it is bounded and printable.
#include "protocol/jwt_claims.hpp"
#include "protocol/refresh.hpp"
#include "protocol/token_exchange.hpp"

#include <boost/json/object.hpp>

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

void check(assent::ExchangeAnswer const& answer, assent::ExchangeParameters const& parameters) {
    using Kind = assent::ExchangeAnswer::Kind;
    require((answer.kind == Kind::granted) == (answer.tokens && !answer.interrupt));
    require((answer.kind == Kind::interrupted) == answer.interrupt.has_value());
    if (answer.kind == Kind::granted) {
        require(!answer.tokens->access_token.empty());
        require(assent::missing_scopes(answer.tokens->scopes, parameters.scopes).empty());
        return;
    }
    if (answer.kind != Kind::interrupted || *answer.interrupt != assent::InterruptKind::consent_needed)
        return;
    assent::ConsentRequest consent;
    consent.connection = parameters.connection;
    consent.scopes = parameters.scopes;
    consent.reason = answer.tokens ? assent::consent_reason::missing_scopes : assent::consent_reason::consent_required;
    auto const told = assent::consent_interrupt(std::move(consent), answer.tokens ? answer.tokens->scopes : std::vector<std::string>(),
                                                answer.failure.server());
    for (char const c : told.message())
        require(c >= 0x20 && c < 0x7f);
    require(told.consent()->required_scopes.size() <= 64 + parameters.scopes.size());
    static_cast<void>(told.to_public_json());
}

}  // namespace

/// The first byte chooses status and grant; the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace std::chrono_literals;
    constexpr int statuses[] = {200, 201, 400, 401, 403, 429, 500, 503};
    if (size == 0)
        return 0;
    std::string_view const text(reinterpret_cast<char const*>(data + 1), size - 1);
    assent::HttpResponse const response(statuses[data[0] % std::size(statuses)], std::string(text));
    std::chrono::system_clock::time_point const now(1'700'000'000s);
    assent::ExchangeParameters parameters;
    parameters.federated = (data[0] & 0x80) != 0;
    parameters.connection = "google-oauth2";
    parameters.scopes = {"a", "b"};
    if ((data[0] & 0x40) != 0)
        parameters.actor = "agent";
    check(assent::read_exchange(response, parameters, now), parameters);

    auto const refreshed = assent::read_refresh(response, now);
    require((refreshed.kind == assent::RefreshAnswer::Kind::renewed) == refreshed.tokens.has_value());
    static_cast<void>(assent::unverified_claims(text));
    return 0;
}
