#include <assent/authorizer.hpp>

#include <fmt/format.h>

namespace assent {

awaitable<outcome<Credentials>> claim(Grant grant)
{
    for (auto const& claim_one : grant.claims) {
        auto claimed = co_await claim_one();
        if (claimed)
            continue;
        if (claimed.failure() == Errc::already_used)
            co_return Interrupt(Flow::unknown, InterruptKind::already_used, std::string(claimed.failure().detail()));
        co_return claimed.failure();
    }
    co_return std::move(grant.credentials);
}

namespace detail {

awaitable<outcome<Grant>> prepared(awaitable<outcome<Credentials>> credentials)
{
    BOOST_OUTCOME_CO_TRY(auto granted, co_await std::move(credentials));
    co_return Grant(std::move(granted));
}

awaitable<result<bool>> nothing_to_withdraw() { co_return false; }

awaitable<outcome<Grant>> not_renewed(TokenRefusal refusal)
{
    if (refusal.needs_person() && !refusal.repeated) {
        Interrupt interrupt(Flow::unknown, InterruptKind::insufficient_scope,
                            fmt::format("The API demands more than the token \"{}\" grants.", refusal.name));
        ConsentRequest consent;
        consent.connection = refusal.name;
        consent.required_scopes = std::move(refusal.scopes);
        interrupt.consent(std::move(consent)).server(std::move(refusal.server));
        co_return interrupt;
    }
    co_return Failure(Errc::server_refused, fmt::format("the API refused the token \"{}\", and there is no other", refusal.name))
        .with_server(std::move(refusal.server));
}

}  // namespace detail

}  // namespace assent
