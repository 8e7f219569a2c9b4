#pragma once

#include <assent/awaitable.hpp>
#include <assent/document.hpp>
#include <assent/fga_client.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>
#include <assent/principal.hpp>
#include <assent/retriever.hpp>
#include <assent/tool.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace assent {

/// What becomes of a request when the server could not tell about some of it.
enum class FgaErrorPolicy {
    drop_and_report = 1,  ///< What could not be checked is left out, and the report says so. When nothing could be checked, the request fails.
    fail_request,         ///< One thing that could not be checked fails the request.
};

/// What became of the things that were looked at.
class FgaReport {
public:
    FgaReport() = default;
    std::size_t allowed = 0;
    std::size_t denied = 0;
    std::size_t errored = 0;       ///< The server gave no answer, or there was no valid question; left out.
    std::size_t unchecked = 0;     ///< Not asked about: enough others were allowed, or max_checks() was reached; left out.
    std::size_t checks = 0;        ///< Different questions that were asked.
    std::size_t searches = 0;      ///< How often the retriever was asked.
    bool exhausted = true;         ///< The retriever has nothing more: fewer than k means that there are no more.
    std::vector<Failure> errors;   ///< Of those that errored, the first 16.
};

/// The documents that the principal may see, in the order and with the scores they came with.
class FilteredDocuments {
public:
    FilteredDocuments() = default;
    Documents documents;
    FgaReport report;

    std::size_t size() const noexcept { return documents.size(); }
    bool empty() const noexcept { return documents.empty(); }
    auto begin() const noexcept { return documents.begin(); }
    auto end() const noexcept { return documents.end(); }
};

/// The tools that the principal may use, in the order they came.
class FilteredTools {
public:
    FilteredTools() = default;
    std::vector<Tool> tools;
    FgaReport report;
};

/// Which check decides about a thing: a function of it and of the principal, or of it alone, plain or a coroutine, that gives a Check or
/// result<Check>. A cheap handle.
template <class Item>
class FgaQuery {
public:
    using Plain = std::function<result<Check>(Item const&, Principal const&)>;
    using Coroutine = std::function<awaitable<result<Check>>(Item, Principal)>;

    FgaQuery() = default;
    template <class F>
        requires detail::PlainCallable<F>
    FgaQuery(F function)
    {
        using Returned = detail::ResultOf<F>;
        auto shared = std::make_shared<F>(std::move(function));
        if constexpr (detail::is_awaitable<Returned>)
            function_ = std::make_shared<Coroutine const>(
                [shared](Item item, Principal principal) { return await<F>(shared, std::move(item), std::move(principal)); });
        else
            function_ = std::make_shared<Plain const>([shared](Item const& item, Principal const& principal) -> result<Check> {
                try {
                    return call(*shared, item, principal);
                }
                catch (...) {
                    return detail::threw(std::current_exception());
                }
            });
    }

    bool given() const noexcept { return !std::holds_alternative<std::monostate>(function_); }
    /// Null when it is a coroutine or not given.
    Plain const* plain() const noexcept { return get<Plain>(); }
    Coroutine const* coroutine() const noexcept { return get<Coroutine>(); }

private:
    template <class F>
    static auto call(F& function, Item const& item, Principal const& principal)
    {
        constexpr std::size_t count = std::tuple_size_v<detail::ArgumentsOf<F>>;
        static_assert(count == 1 || count == 2, "build_query takes the thing to check, or it and the Principal");
        if constexpr (count == 1)
            return function(item);
        else
            return function(item, principal);
    }
    template <class F>
    static awaitable<result<Check>> await(std::shared_ptr<F> function, Item item, Principal principal)
    {
        try {
            auto returned = call(*function, item, principal);
            co_return co_await detail::settled<Check>(std::move(returned));
        }
        catch (...) {
            co_return detail::threw(std::current_exception());
        }
    }
    template <class T>
    T const* get() const noexcept
    {
        auto const* const held = std::get_if<std::shared_ptr<T const>>(&function_);
        return held ? held->get() : nullptr;
    }

    std::variant<std::monostate, std::shared_ptr<Plain const>, std::shared_ptr<Coroutine const>> function_;
};

namespace detail {

/// What all that filters has in common.
template <class Item>
class FgaFilterSettings {
public:
    explicit FgaFilterSettings(FgaClient its_client) : client(std::move(its_client))
    {
        request.consistency(Consistency::higher_consistency);
    }

    FgaClient client;
    FgaQuery<Item> query;
    FgaRequestOptions request;
    FgaErrorPolicy on_error = FgaErrorPolicy::drop_and_report;
};

template <class Derived, class Item>
class FgaFiltering {
public:
    /// Which check decides; see FgaQuery. A coroutine is awaited for one after the other. Required.
    Derived& build_query(FgaQuery<Item> value) { settings_.query = std::move(value); return self(); }
    /// How fresh the answers must be. Default: higher_consistency.
    Derived& consistency(Consistency value) { settings_.request.consistency(value); return self(); }
    /// Asks by this model instead of the client's.
    Derived& authorization_model_id(std::string value) { settings_.request.authorization_model_id(std::move(value)); return self(); }
    /// Default: drop_and_report.
    Derived& on_error(FgaErrorPolicy value) { settings_.on_error = value; return self(); }

protected:
    explicit FgaFiltering(FgaClient client) : settings_(std::move(client)) {}
    FgaFilterSettings<Item> settings_;

private:
    Derived& self() noexcept { return static_cast<Derived&>(*this); }
};

}  // namespace detail

/// Keeps those of given documents that the principal may see, by one batch check.
///
/// Equal checks are asked once; documents of one object under different conditions are different checks. What the server does not allow is
/// left out, whatever the reason.
/// @par Concurrency Belongs to the executor of the client's runtime. Distinct objects: safe to copy. Setters are for the time before use.
class FgaFilter : public detail::FgaFiltering<FgaFilter, Document> {
public:
    explicit FgaFilter(FgaClient client) : FgaFiltering(std::move(client)) {}

    /// @param principal for whom; from the host's session.
    /// @par Errors       no_subject; missing_configuration without build_query(); by policy, those of the checks; cancelled.
    /// @par Cancellation terminal. @par Lifetime Needs nothing but its parameters and the client.
    awaitable<result<FilteredDocuments>> filter(Principal principal, Documents documents) const;
};

/// Orders documents by how well they answer a query; only those that the principal may see, and at most k.
///
/// Without a function of the host's the order and the scores stay as they are. With one, it is given allowed documents only, so that nothing
/// else reaches a ranking service, and what it adds is not believed: only documents that it was given come back.
class FgaReranker : public detail::FgaFiltering<FgaReranker, Document> {
public:
    /// Gives the documents in another order, perhaps fewer, perhaps with other scores.
    using Rerank = std::function<awaitable<result<Documents>>(std::string, Documents)>;

    explicit FgaReranker(FgaClient client) : FgaFiltering(std::move(client)) {}
    FgaReranker(FgaClient client, Rerank rerank) : FgaFiltering(std::move(client)), rerank_(std::move(rerank)) {}

    /// @param k at most so many; 0: none.
    /// @par Errors as FgaFilter::filter(), and the function's.
    awaitable<result<FilteredDocuments>> rerank(Principal principal, std::string query, Documents documents, std::size_t k) const;

private:
    Rerank rerank_;
};

/// Keeps those of given tools that the principal may use, by one batch check: a model is not shown the others. It does not protect a tool
/// that is called all the same; an authorizer does.
class FgaToolFilter : public detail::FgaFiltering<FgaToolFilter, Tool> {
public:
    explicit FgaToolFilter(FgaClient client) : FgaFiltering(std::move(client)) {}

    /// @par Errors as FgaFilter::filter().
    awaitable<result<FilteredTools>> filter(Principal principal, std::vector<Tool> tools) const;
};

}  // namespace assent
