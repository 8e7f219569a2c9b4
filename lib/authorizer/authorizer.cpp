#include <assent/authorizer.hpp>

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

}  // namespace detail

}  // namespace assent
