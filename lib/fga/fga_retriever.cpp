#include <assent/fga_retriever.hpp>

#include "asio/cancellation.hpp"
#include "fga/screening.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

namespace assent {
namespace {

using fga::Screening;

constexpr std::size_t most_checks = 100'000;
constexpr std::size_t most_overfetch = 100;
// Each search asks for at least twice and at most so many times what the one before asked for.
constexpr std::size_t most_growth = 8;
// A server stops listing after 3 s without saying so.
constexpr std::chrono::milliseconds list_time{2500};

result<void> in_range(char const* name, std::size_t value, std::size_t most)
{
    if (value < 1 || value > most)
        return Failure(Errc::invalid_argument, fmt::format("FgaRetriever::{}() is {}; give 1 to {}", name, value, most));
    return boost::outcome_v2::success();
}

/// How many to ask for next, when `allowed` of `seen` were.
std::size_t grow(std::size_t seen, std::size_t allowed, std::size_t k, std::size_t most)
{
    auto const step = seen > most / most_growth ? most : seen * most_growth;
    // As many as will do if the others are like these, and a quarter more.
    auto const guess = allowed == 0 ? step : (k * seen / allowed) + (k * seen / allowed / 4) + 1;
    return std::min(most, std::clamp(guess, std::min(seen * 2, step), step));
}

awaitable<result<Documents>> without_report(FgaRetriever retriever, Principal principal, std::string query, std::size_t k)
{
    BOOST_OUTCOME_CO_TRY(auto found, co_await retriever.retrieve(std::move(principal), std::move(query), k));
    co_return std::move(found.documents);
}

class ForPrincipal {
public:
    ForPrincipal(FgaRetriever retriever, Principal principal) : retriever_(std::move(retriever)), principal_(std::move(principal)) {}
    awaitable<result<Documents>> retrieve(std::string query, std::size_t k)
    {
        return without_report(retriever_, principal_, std::move(query), k);
    }

private:
    FgaRetriever retriever_;
    Principal principal_;
};

/// One retrieval on its way.
class Retrieval {
public:
    Retrieval(detail::FgaFilterSettings<Document> const& settings, AnyRetriever retriever, Principal principal, std::string query,
              std::size_t k, std::size_t max_checks)
        : settings_(settings), retriever_(std::move(retriever)), principal_(std::move(principal)), query_(std::move(query)), k_(k),
          most_(max_checks), screening_(settings.client, settings.request, max_checks)
    {
    }

    /// Searches everywhere, ever deeper. @pre k > 0
    awaitable<result<FilteredDocuments>> search(std::size_t first)
    {
        for (std::size_t depth = first;;) {
            auto query = query_;
            auto found = co_await retriever_.retrieve(std::move(query), depth);
            BOOST_OUTCOME_CO_TRY(auto documents, std::move(found));
            if (documents.size() > depth)
                documents.erase(documents.begin() + static_cast<std::ptrdiff_t>(depth), documents.end());
            auto const seen = documents.size();
            BOOST_OUTCOME_CO_TRY(co_await screen(documents));
            bool const exhausted = seen < depth;
            bool const enough = screening_.allowed() >= k_;
            if (enough || exhausted || depth >= most_ || screening_.spent())
                co_return finish(std::move(documents), exhausted && !enough);
            depth = grow(seen, screening_.allowed(), k_, most_);
        }
    }

    /// Searches among those objects. Nothing when that found documents that are not allowed: then the retriever does not do as it is told,
    /// or the list was out of date.
    awaitable<result<std::optional<FilteredDocuments>>> search_within(std::vector<std::string> ids)
    {
        auto query = query_;
        auto found = co_await retriever_.retrieve_within(std::move(query), k_, std::move(ids));
        BOOST_OUTCOME_CO_TRY(auto documents, std::move(found));
        if (documents.size() > most_)
            documents.erase(documents.begin() + static_cast<std::ptrdiff_t>(most_), documents.end());
        BOOST_OUTCOME_CO_TRY(co_await screen(documents));
        bool const all_allowed = screening_.allowed() >= std::min(k_, documents.size());
        if (!all_allowed)
            co_return std::optional<FilteredDocuments>();
        bool const exhausted = documents.size() < k_;
        auto finished = finish(std::move(documents), exhausted);
        if (!finished)
            co_return finished.failure();
        co_return std::optional<FilteredDocuments>(std::move(finished).value());
    }

private:
    awaitable<result<void>> screen(Documents const& documents)
    {
        ++searches_;
        auto questions = co_await fga::questions_for<Document>(settings_.query, documents, principal_);
        screening_.round(std::move(questions));
        co_return co_await screening_.ask(k_);
    }

    result<FilteredDocuments> finish(Documents documents, bool exhausted)
    {
        FilteredDocuments out;
        BOOST_OUTCOME_TRY(out.report, screening_.report(settings_.on_error));
        out.report.searches = searches_;
        out.report.exhausted = exhausted && out.report.unchecked == 0;
        out.documents = fga::take_allowed(std::move(documents), screening_, k_);
        return out;
    }

    detail::FgaFilterSettings<Document> const& settings_;
    AnyRetriever retriever_;
    Principal principal_;
    std::string query_;
    std::size_t k_;
    std::size_t most_;
    std::size_t searches_ = 0;
    Screening screening_;
};

}  // namespace

awaitable<result<FilteredDocuments>> FgaRetriever::run(FgaRetriever self, Principal principal, std::string query, std::size_t k)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto answer = co_await self.find(std::move(principal), std::move(query), k);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return answer;
}

awaitable<result<FilteredDocuments>> FgaRetriever::find(Principal principal, std::string query, std::size_t k) const
{
    BOOST_OUTCOME_CO_TRY(fga::check(settings_, principal));
    BOOST_OUTCOME_CO_TRY(in_range("overfetch", overfetch_, most_overfetch));
    BOOST_OUTCOME_CO_TRY(in_range("max_checks", max_checks_, most_checks));
    BOOST_OUTCOME_CO_TRY(in_range("prefilter_limit", prefilter_limit_, most_checks));
    if (prefilter_ && !retriever_.filters_by_id())
        co_return Failure(Errc::invalid_argument, "prefilter() needs a retriever with retrieve_within()");
    if (k == 0)
        co_return FilteredDocuments();
    k = std::min(k, max_checks_);  // more could not be checked
    Retrieval retrieval(settings_, retriever_, principal, std::move(query), k, max_checks_);
    if (prefilter_) {
        BOOST_OUTCOME_CO_TRY(auto ids, co_await visible(principal));
        if (ids) {
            auto within = co_await retrieval.search_within(*std::move(ids));
            BOOST_OUTCOME_CO_TRY(auto found, std::move(within));
            if (found)
                co_return *std::move(found);
        }
    }
    auto const first = std::min(max_checks_, k * overfetch_);
    co_return co_await retrieval.search(first);
}

/// The ids of what the principal may see, or nothing when they cannot be listed completely.
awaitable<result<std::optional<std::vector<std::string>>>> FgaRetriever::visible(Principal principal) const
{
    std::optional<ListObjects> request;
    try {
        request = prefilter_(principal);
    }
    catch (...) {
        co_return detail::threw(std::current_exception());
    }
    auto& clock = settings_.client.runtime().clock();
    auto const began = clock.steady_now();
    auto const prefix = request->type() + ':';
    std::vector<std::string> ids;
    bool too_many = false;
    std::function<bool(std::string_view)> take = [&](std::string_view object) {
        if (!object.starts_with(prefix))
            return true;
        too_many = ids.size() == prefilter_limit_;
        if (!too_many)
            ids.emplace_back(object.substr(prefix.size()));
        return !too_many;
    };
    auto client = settings_.client;
    auto const listed = co_await client.streamed_list_objects(*std::move(request), std::move(take), settings_.request);
    if (!listed && !(listed.failure() == Condition::retryable))
        co_return listed.failure();
    if (!listed || too_many || clock.steady_now() - began >= list_time)
        co_return std::optional<std::vector<std::string>>();
    co_return std::optional<std::vector<std::string>>(std::move(ids));
}

awaitable<result<FilteredDocuments>> FgaRetriever::retrieve(Principal principal, std::string query, std::size_t k) const
{
    return run(*this, std::move(principal), std::move(query), k);
}

AnyRetriever FgaRetriever::for_principal(Principal principal) const { return ForPrincipal(*this, std::move(principal)); }

}  // namespace assent
