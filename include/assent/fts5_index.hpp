#pragma once

#include <assent/awaitable.hpp>
#include <assent/document.hpp>
#include <assent/outcome.hpp>
#include <assent/retriever.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace assent {

/// How an Fts5Index works.
class Fts5IndexConfig {
public:
    Fts5IndexConfig() = default;

    /// A query that takes longer fails with timed_out. Default 5 s; more than 0.
    Fts5IndexConfig& query_timeout(std::chrono::milliseconds value) { query_timeout_ = value; return *this; }
    /// How many queries run at once, each on a thread of the pool; an index in memory has one. 1 to 64, default 4.
    Fts5IndexConfig& connections(std::size_t value) { connections_ = value; return *this; }
    /// English word stems: "forecasts" finds "forecast". Decided when the index is created. Default false.
    Fts5IndexConfig& stemming(bool value) { stemming_ = value; return *this; }

private:
    friend class Fts5Index;
    std::chrono::milliseconds query_timeout_{5000};
    std::size_t connections_ = 4;
    bool stemming_ = false;
};

/// A full-text index of documents in one SQLite file: FTS5, ranked by BM25. Target assent::sqlite.
///
/// A document's id is unique. Query text is taken as words and nothing else: no operator, quote or control character of it reaches
/// SQLite's query language. Everything runs on the pool's threads, never on the caller's.
/// A cheap handle; copies share the index.
/// @par Concurrency Any number of operations may be outstanding, from coroutines on any executor.
/// @par Lifetime    Operations keep what they need alive. The pool must be joined before the io_context of a waiting coroutine goes.
class Fts5Index {
public:
    /// Opens the index, and creates what is missing. Blocks; meant for the program's start.
    /// @param path a file, or ":memory:". @param pool where the work is done, e.g. an asio::thread_pool's executor.
    /// @par Exceptions ConfigurationError when the file cannot be opened, is no such index, or this SQLite has no FTS5.
    Fts5Index(std::string path, asio::any_io_executor pool, Fts5IndexConfig config = {});

    /// Adds documents; one whose id is there already replaces it. All or none.
    ///
    /// @par Errors       invalid_argument (an id that is empty, above 512 bytes or not UTF-8; a text above 16 MiB), store_full,
    ///                   store_unavailable, record_corrupt, timed_out, cancelled.
    /// @par Cancellation terminal; when it completes with cancelled, nothing was added.
    awaitable<result<void>> put(Documents documents);
    /// Removes those documents. @par Completion with how many there were.
    awaitable<result<std::size_t>> erase(std::vector<std::string> ids);
    awaitable<result<std::size_t>> size();

    /// The k documents that fit best, with their scores, best first; those with more of the query's rarer words fit better.
    ///
    /// Of the query's first 16 KiB, up to 64 different words are looked for. A query without words finds nothing.
    /// @param k at most 100'000.
    /// @par Errors       invalid_argument, store_unavailable, record_corrupt, timed_out, cancelled.
    /// @par Cancellation terminal; the query is stopped.
    awaitable<result<Documents>> retrieve(std::string query, std::size_t k);
    /// The same among the documents with those ids only. @param ids at most 100'000.
    awaitable<result<Documents>> retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace assent
