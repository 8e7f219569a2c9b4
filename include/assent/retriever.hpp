#pragma once

#include <assent/awaitable.hpp>
#include <assent/document.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace assent {

using Documents = std::vector<Document>;

namespace detail {

template <class A>
concept DocumentsAwaitable = std::same_as<A, awaitable<Documents>> || std::same_as<A, awaitable<result<Documents>>>;

template <class R>
concept RetrieverObject = requires(R& retriever, std::string query, std::size_t k) {
    { retriever.retrieve(std::move(query), k) } -> DocumentsAwaitable;
};
template <class R>
concept RetrieverFunction = requires(R& retriever, std::string query, std::size_t k) {
    { retriever(std::move(query), k) } -> DocumentsAwaitable;
};
template <class R>
concept RetrieverWithin = requires(R& retriever, std::string query, std::size_t k, std::vector<std::string> ids) {
    { retriever.retrieve_within(std::move(query), k, std::move(ids)) } -> DocumentsAwaitable;
};

/// A failure for what a retriever threw: cancelled, or invalid_argument in its own words.
Failure retriever_threw(std::exception_ptr error);

template <class R>
awaitable<result<Documents>> run_retriever(std::shared_ptr<R> retriever, std::string query, std::size_t k)
{
    try {
        if constexpr (RetrieverObject<R>) {
            auto returned = retriever->retrieve(std::move(query), k);
            co_return co_await settled<Documents>(std::move(returned));
        }
        else {
            auto returned = (*retriever)(std::move(query), k);
            co_return co_await settled<Documents>(std::move(returned));
        }
    }
    catch (...) {
        co_return retriever_threw(std::current_exception());
    }
}

template <class R>
awaitable<result<Documents>> run_retriever_within(std::shared_ptr<R> retriever, std::string query, std::size_t k,
                                                  std::vector<std::string> ids)
{
    try {
        auto returned = retriever->retrieve_within(std::move(query), k, std::move(ids));
        co_return co_await settled<Documents>(std::move(returned));
    }
    catch (...) {
        co_return retriever_threw(std::current_exception());
    }
}

}  // namespace detail

/// Anything that finds documents: an object with `retrieve(std::string query, std::size_t k)`, or a function of the same, a coroutine that
/// gives Documents or result<Documents>: at most k, the best first. An index that can search among given ids also has
/// `retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids)`.
template <class R>
concept Retriever = detail::RetrieverObject<R> || detail::RetrieverFunction<R>;

/// Any retriever, type-erased. A cheap handle; copies share the retriever. What it throws becomes a Failure.
class AnyRetriever {
public:
    template <Retriever R>
        requires(!std::same_as<std::remove_cvref_t<R>, AnyRetriever>)
    AnyRetriever(R retriever)
    {
        auto shared = std::make_shared<R>(std::move(retriever));
        Functions functions;
        functions.retrieve = [shared](std::string query, std::size_t k) {
            return detail::run_retriever<R>(shared, std::move(query), k);
        };
        if constexpr (detail::RetrieverWithin<R>) {
            functions.retrieve_within = [shared](std::string query, std::size_t k, std::vector<std::string> ids) {
                return detail::run_retriever_within<R>(shared, std::move(query), k, std::move(ids));
            };
        }
        functions_ = std::make_shared<Functions const>(std::move(functions));
    }

    awaitable<result<Documents>> retrieve(std::string query, std::size_t k) { return functions_->retrieve(std::move(query), k); }
    /// invalid_argument unless filters_by_id().
    awaitable<result<Documents>> retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids);
    bool filters_by_id() const noexcept { return static_cast<bool>(functions_->retrieve_within); }

private:
    struct Functions {
        std::function<awaitable<result<Documents>>(std::string, std::size_t)> retrieve;
        std::function<awaitable<result<Documents>>(std::string, std::size_t, std::vector<std::string>)> retrieve_within;
    };
    std::shared_ptr<Functions const> functions_;
};

}  // namespace assent
