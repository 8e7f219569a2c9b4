#pragma once

#include <assent/awaitable.hpp>
#include <assent/fga_client.hpp>
#include <assent/fga_filter.hpp>
#include <assent/fga_requests.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/retriever.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent {

/// Finds documents that the principal may see: a retriever and a filter that work together.
///
/// More is fetched than asked for, and again more, until k documents are allowed, the retriever has no more, or max_checks() were asked.
/// Nothing is returned that was not checked, also with a pre-filter.
/// @par Concurrency Belongs to the executor of the client's runtime. Distinct objects: safe to copy. Setters are for the time before use.
class FgaRetriever : public detail::FgaFiltering<FgaRetriever, Document> {
public:
    /// @param retriever finds documents, allowed or not; see Retriever.
    FgaRetriever(FgaClient client, AnyRetriever retriever) : FgaFiltering(std::move(client)), retriever_(std::move(retriever)) {}

    /// The first search asks the retriever for so many times k. 1 to 100, default 4.
    FgaRetriever& overfetch(std::size_t value) { overfetch_ = value; return *this; }
    /// Most different checks for one request, and most documents to look at. 1 to 100'000, default 1000.
    FgaRetriever& max_checks(std::size_t value) { max_checks_ = value; return *this; }
    /// For a retriever that can search among ids: first asks which objects the principal may see, then searches among those only. Finds
    /// what few people may see without looking at everything that many may not.
    ///
    /// When there are more than prefilter_limit() of them, or the server ran out of time, the list is incomplete and is not used: then the
    /// search is as without a pre-filter.
    /// @param query which objects; a document's id is the object without "type:".
    FgaRetriever& prefilter(std::function<ListObjects(Principal const&)> query)
    {
        prefilter_ = std::move(query);
        return *this;
    }
    /// Most objects that a pre-filter takes. 1 to 100'000, default 1000: what a server lists at most by default.
    FgaRetriever& prefilter_limit(std::size_t value) { prefilter_limit_ = value; return *this; }

    /// The k best documents that the principal may see, fewer when there are no more; the report says whether.
    ///
    /// @param principal for whom; from the host's session.
    /// @par Errors       no_subject; missing_configuration without build_query(); invalid_argument; the retriever's; by policy, those of
    ///                   the checks; cancelled.
    /// @par Cancellation terminal. @par Lifetime Needs nothing but its parameters, the client and the retriever.
    awaitable<result<FilteredDocuments>> retrieve(Principal principal, std::string query, std::size_t k) const;

    /// A retriever for one person, for what knows nothing of principals. Its documents come without a report.
    AnyRetriever for_principal(Principal principal) const;

private:
    static awaitable<result<FilteredDocuments>> run(FgaRetriever self, Principal principal, std::string query, std::size_t k);
    awaitable<result<FilteredDocuments>> find(Principal principal, std::string query, std::size_t k) const;
    awaitable<result<std::optional<std::vector<std::string>>>> visible(Principal principal) const;

    AnyRetriever retriever_;
    std::function<ListObjects(Principal const&)> prefilter_;
    std::size_t overfetch_ = 4;
    std::size_t max_checks_ = 1000;
    std::size_t prefilter_limit_ = 1000;
};

}  // namespace assent
