#include <assent/fga_filter.hpp>

#include "asio/cancellation.hpp"
#include "fga/screening.hpp"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace assent {
namespace {

using fga::Screening;

/// Checks all items; leaves those that are allowed.
template <class Item>
awaitable<result<FgaReport>> screen(detail::FgaFilterSettings<Item> settings, Principal principal, std::vector<Item>& items)
{
    BOOST_OUTCOME_CO_TRY(fga::check(settings, principal));
    auto questions = co_await fga::questions_for<Item>(settings.query, items, std::move(principal));
    Screening screening(settings.client, settings.request, Screening::all);
    screening.round(std::move(questions));
    BOOST_OUTCOME_CO_TRY(co_await screening.ask(Screening::all));
    BOOST_OUTCOME_CO_TRY(auto report, screening.report(settings.on_error));
    items = fga::take_allowed(std::move(items), screening);
    co_return report;
}

/// With cancellation as a value.
template <class Item>
awaitable<result<FgaReport>> run(detail::FgaFilterSettings<Item> settings, Principal principal, std::vector<Item>& items)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto report = co_await screen<Item>(std::move(settings), std::move(principal), items);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return report;
}

awaitable<result<FilteredDocuments>> filter_documents(detail::FgaFilterSettings<Document> settings, Principal principal, Documents documents)
{
    FilteredDocuments out;
    out.documents = std::move(documents);
    BOOST_OUTCOME_CO_TRY(out.report, co_await run<Document>(std::move(settings), std::move(principal), out.documents));
    co_return out;
}

awaitable<result<FilteredTools>> filter_tools(detail::FgaFilterSettings<Tool> settings, Principal principal, std::vector<Tool> tools)
{
    FilteredTools out;
    out.tools = std::move(tools);
    BOOST_OUTCOME_CO_TRY(out.report, co_await run<Tool>(std::move(settings), std::move(principal), out.tools));
    co_return out;
}

/// What a ranking may do to a document is move it and score it anew.
result<Documents> believed(Documents const& given, Documents ranked)
{
    std::unordered_multimap<std::string, std::size_t> known;
    for (std::size_t i = 0; i < given.size(); ++i)
        known.emplace(given[i].id() + '\0' + given[i].text(), i);
    Documents out;
    for (auto& document : ranked) {
        auto const found = known.find(document.id() + '\0' + document.text());
        if (found == known.end())
            return Failure(Errc::invalid_argument,
                           "the reranker returned a document that it was not given, or one more often than it was given");
        out.push_back(given[found->second]);
        out.back().score(document.score());
        known.erase(found);
    }
    return out;
}

awaitable<result<FilteredDocuments>> rerank_documents(detail::FgaFilterSettings<Document> settings, FgaReranker::Rerank rerank,
                                                      Principal principal, std::string query, Documents documents, std::size_t k)
{
    BOOST_OUTCOME_CO_TRY(auto out, co_await filter_documents(std::move(settings), std::move(principal), std::move(documents)));
    if (rerank && !out.documents.empty() && k != 0) {
        auto allowed = out.documents;
        result<Documents> ranked;
        try {
            ranked = co_await rerank(std::move(query), std::move(allowed));
        }
        catch (...) {
            co_return detail::retriever_threw(std::current_exception());
        }
        BOOST_OUTCOME_CO_TRY(auto theirs, std::move(ranked));
        BOOST_OUTCOME_CO_TRY(out.documents, believed(out.documents, std::move(theirs)));
    }
    if (out.documents.size() > k)
        out.documents.erase(out.documents.begin() + static_cast<std::ptrdiff_t>(k), out.documents.end());
    co_return out;
}

}  // namespace

awaitable<result<FilteredDocuments>> FgaFilter::filter(Principal principal, Documents documents) const
{
    return filter_documents(settings_, std::move(principal), std::move(documents));
}

awaitable<result<FilteredDocuments>> FgaReranker::rerank(Principal principal, std::string query, Documents documents, std::size_t k) const
{
    return rerank_documents(settings_, rerank_, std::move(principal), std::move(query), std::move(documents), k);
}

awaitable<result<FilteredTools>> FgaToolFilter::filter(Principal principal, std::vector<Tool> tools) const
{
    return filter_tools(settings_, std::move(principal), std::move(tools));
}

}  // namespace assent
