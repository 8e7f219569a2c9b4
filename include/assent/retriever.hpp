#pragma once

#include <assent/awaitable.hpp>
#include <assent/document.hpp>
#include <assent/outcome.hpp>
#include <assent/parameter.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
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

class RetrieverBase {
public:
    virtual ~RetrieverBase() = default;
    virtual awaitable<result<Documents>> retrieve(std::string query, std::size_t k) = 0;
    virtual awaitable<result<Documents>> retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids) = 0;
    virtual bool filters_by_id() const noexcept = 0;
};

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

/// What a retriever that cannot filter by id answers when it is asked to.
awaitable<result<Documents>> cannot_filter_by_id();

template <class R>
class RetrieverHolder final : public RetrieverBase {
public:
    explicit RetrieverHolder(R retriever) : retriever_(std::make_shared<R>(std::move(retriever))) {}

    awaitable<result<Documents>> retrieve(std::string query, std::size_t k) override
    {
        return run_retriever<R>(retriever_, std::move(query), k);
    }
    awaitable<result<Documents>> retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids) override
    {
        if constexpr (RetrieverWithin<R>)
            return run_retriever_within<R>(retriever_, std::move(query), k, std::move(ids));
        else
            return cannot_filter_by_id();
    }
    bool filters_by_id() const noexcept override { return RetrieverWithin<R>; }

private:
    std::shared_ptr<R> retriever_;
};

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
    AnyRetriever(R retriever) : retriever_(std::make_shared<detail::RetrieverHolder<R>>(std::move(retriever)))
    {
    }

    awaitable<result<Documents>> retrieve(std::string query, std::size_t k) { return retriever_->retrieve(std::move(query), k); }
    /// invalid_argument unless filters_by_id().
    awaitable<result<Documents>> retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids)
    {
        return retriever_->retrieve_within(std::move(query), k, std::move(ids));
    }
    bool filters_by_id() const noexcept { return retriever_->filters_by_id(); }

private:
    std::shared_ptr<detail::RetrieverBase> retriever_;
};

}  // namespace assent
