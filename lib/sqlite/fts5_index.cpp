#include <assent/fts5_index.hpp>

#include "asio/cancellation.hpp"
#include "asio/offload.hpp"
#include "core/exact_json.hpp"
#include "core/finite_json.hpp"
#include "sqlite/database.hpp"
#include "sqlite/fts_query.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace assent {
namespace {

namespace json = boost::json;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::size_t max_results = 100'000;
constexpr std::size_t max_id = 512;
constexpr std::size_t max_text = 16 * 1024 * 1024;
constexpr std::int64_t schema_version = 1;

// The text is kept once, beside the index of its words; triggers keep both in step.
constexpr char const* schema = R"(
    CREATE TABLE documents (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, metadata TEXT NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5 (text, content='documents', content_rowid='number', tokenize='{}');
    CREATE TRIGGER documents_added AFTER INSERT ON documents BEGIN
        INSERT INTO words (rowid, text) VALUES (new.number, new.text);
    END;
    CREATE TRIGGER documents_removed AFTER DELETE ON documents BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.number, old.text);
    END;
    CREATE TRIGGER documents_changed AFTER UPDATE ON documents BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.number, old.text);
        INSERT INTO words (rowid, text) VALUES (new.number, new.text);
    END;
    PRAGMA user_version = 1;
)";

// bm25() is the smaller, the better.
constexpr std::string_view search = R"(
    SELECT d.id, d.text, d.metadata, -bm25(words) FROM words JOIN documents d ON d.number = words.rowid
    WHERE words MATCH ?1 ORDER BY bm25(words), d.number LIMIT ?2)";
constexpr std::string_view search_within = R"(
    SELECT d.id, d.text, d.metadata, -bm25(words) FROM words JOIN documents d ON d.number = words.rowid
    WHERE words MATCH ?1 AND d.id IN (SELECT value FROM json_each(?3)) ORDER BY bm25(words), d.number LIMIT ?2)";

result<void> add(Database& database, Documents const& documents)
{
    Transaction transaction(database);
    BOOST_OUTCOME_TRY(transaction.began());
    Statement insert(database.handle(), "INSERT INTO documents (id, text, metadata) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET "
                                        "text = excluded.text, metadata = excluded.metadata");
    for (auto const& document : documents) {
        if (!is_finite(document.metadata()))
            return Failure(Errc::invalid_argument,
                           fmt::format("the metadata of the document \"{}\" has a number that JSON has no words for", document.id()));
        auto const metadata = json::serialize(document.metadata());
        insert.bind(1, document.id());
        insert.bind(2, document.text());
        insert.bind(3, metadata);
        BOOST_OUTCOME_TRY(insert.step());
        insert.reset();
    }
    return transaction.commit();
}

result<std::size_t> remove(Database& database, std::vector<std::string> const& ids)
{
    Transaction transaction(database);
    BOOST_OUTCOME_TRY(transaction.began());
    Statement statement(database.handle(), "DELETE FROM documents WHERE id = ?1 RETURNING 1");
    std::size_t count = 0;
    for (auto const& id : ids) {
        statement.bind(1, id);
        BOOST_OUTCOME_TRY(auto const found, statement.step());
        count += found ? 1U : 0U;
        statement.reset();
    }
    BOOST_OUTCOME_TRY(transaction.commit());
    return count;
}

result<std::size_t> count(Database& database)
{
    Statement statement(database.handle(), "SELECT count(*) FROM documents");
    BOOST_OUTCOME_TRY(statement.step());
    return static_cast<std::size_t>(statement.integer(0));
}

result<Documents> find(Database& database, std::string const& words, std::size_t k, std::string const* ids)
{
    Statement statement(database.handle(), ids == nullptr ? search : search_within);
    statement.bind(1, words);
    statement.bind(2, static_cast<std::int64_t>(k));
    if (ids != nullptr)
        statement.bind(3, *ids);
    Documents found;
    for (;;) {
        BOOST_OUTCOME_TRY(auto const row, statement.step());
        if (!row)
            return found;
        auto metadata = parse_exactly(statement.text(2));
        if (!metadata || !metadata->is_object())
            return Failure(Errc::record_corrupt, "the index holds metadata that is no JSON object");
        found.emplace_back(std::string(statement.text(0)), std::string(statement.text(1)), std::move(metadata->get_object()));
        found.back().score(statement.real(3));
    }
}

/// @throws ConfigurationError
void prepare(Database& database, std::string const& path, bool stemming)
{
    auto const check = [&](result<void> const& done) {
        if (!done)
            throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the index \"{}\" cannot be used: {}", path,
                                                                                 done.failure().message())));
    };
    check(database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"));
    auto const version = [&] {
        Statement statement(database.handle(), "PRAGMA user_version");
        auto const row = statement.step();
        check(row ? result<void>(boost::outcome_v2::success()) : result<void>(row.failure()));
        return statement.integer(0);
    };
    if (version() == schema_version)
        return;
    // Two programs may open a new index at once.
    Transaction transaction(database);
    check(transaction.began());
    if (auto const found = version(); found == 0) {
        check(database.execute(fmt::format(fmt::runtime(schema), stemming ? "porter unicode61 remove_diacritics 2"
                                                                          : "unicode61 remove_diacritics 2")
                                   .c_str()));
        check(transaction.commit());
    }
    else if (found != schema_version)
        check(Failure(Errc::invalid_argument, fmt::format("its version is {}, not {}", found, schema_version)));
}

result<void> check(Documents const& documents)
{
    for (std::size_t i = 0; i < documents.size(); ++i) {
        auto const& id = documents[i].id();
        if (id.empty() || id.size() > max_id || !sqlite::is_utf8(id) || id.find('\0') != std::string::npos)
            return Failure(Errc::invalid_argument,
                           fmt::format("document {}: an id must have 1 to {} bytes of UTF-8 without NUL", i, max_id));
        if (documents[i].text().size() > max_text)
            return Failure(Errc::invalid_argument, fmt::format("document {}: a text has at most {} bytes", i, max_text));
    }
    return boost::outcome_v2::success();
}

result<void> check(std::size_t k)
{
    if (k > max_results)
        return Failure(Errc::invalid_argument, fmt::format("k is {}; give at most {}", k, max_results));
    return boost::outcome_v2::success();
}

}  // namespace

class Fts5Index::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(std::string path, asio::any_io_executor pool, Fts5IndexConfig const& config)
        : path_(std::move(path)), pool_(std::move(pool)), timeout_(config.query_timeout_), most_(config.connections_)
    {
        auto const refuse = [](char const* detail) { throw ConfigurationError(Failure(Errc::invalid_argument, detail)); };
        if (!pool_)
            refuse("Fts5Index needs the executor of a thread pool");
        if (path_.empty() || path_.find('\0') != std::string::npos)
            refuse("Fts5Index needs the path of a file, or \":memory:\"");
        if (timeout_ <= std::chrono::milliseconds(0))
            refuse("Fts5IndexConfig::query_timeout() must be more than 0");
        if (most_ < 1 || most_ > 64)
            refuse("Fts5IndexConfig::connections() must be 1 to 64");
        if (path_ == ":memory:")
            most_ = 1;  // every connection would have an index of its own
        auto first = std::make_unique<Database>(path_);
        prepare(*first, path_, config.stemming_);
        free_.push_back(std::move(first));
        made_ = 1;
    }

    /// Does `job` on a thread of the pool, with a connection.
    template <class T>
    static awaitable<result<T>> run(std::shared_ptr<Impl> self, std::function<result<T>(Database&)> job)
    {
        bool const throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        auto const state = co_await asio::this_coro::cancellation_state;
        result<T> answer = Errc::cancelled;
        if (!detail::is_cancelled(state)) {
            auto work = std::make_shared<Work<T>>(self, std::move(job));
            co_await detail::offload(self->pool_, work);
            answer = std::move(work->answer);
        }
        co_await asio::this_coro::throw_if_cancelled(throws);
        co_return answer;
    }

private:
    template <class T>
    class Work final : public detail::OffloadedWork {
    public:
        Work(std::shared_ptr<Impl> index, std::function<result<T>(Database&)> job) : index_(std::move(index)), job_(std::move(job)) {}

        void run() noexcept override
        {
            try {
                answer = index_->with_connection<T>(*this, job_);
            }
            catch (ConfigurationError const& error) {
                answer = Failure(Errc::store_unavailable, std::string(error.failure().detail()));
            }
            catch (std::exception const&) {
                answer = Failure(Errc::store_unavailable, "the index is out of memory");
            }
        }

        result<T> answer;

    private:
        std::shared_ptr<Impl> index_;
        std::function<result<T>(Database&)> job_;
    };

    template <class T>
    result<T> with_connection(detail::OffloadedWork const& work, std::function<result<T>(Database&)> const& job)
    {
        auto const deadline = std::chrono::steady_clock::now() + timeout_;
        auto database = take(deadline);
        if (!database)
            return Failure(Errc::timed_out, "all connections of the index were busy; see Fts5IndexConfig::connections()");
        result<T> answer = Errc::cancelled;
        try {
            database->watch(&work, deadline);
            if (!work.is_cancelled())
                answer = job(*database);
            if (!answer && answer.failure() == Errc::cancelled)
                answer = database->stopped();
        }
        catch (...) {
            give_back(std::move(database));
            throw;
        }
        give_back(std::move(database));
        return answer;
    }

    std::unique_ptr<Database> take(std::chrono::steady_clock::time_point deadline)
    {
        std::unique_lock lock(mutex_);
        if (free_.empty() && made_ < most_) {
            ++made_;
            lock.unlock();
            try {
                return std::make_unique<Database>(path_);
            }
            catch (...) {
                lock.lock();
                --made_;
                throw;
            }
        }
        if (!is_free_.wait_until(lock, deadline, [this] { return !free_.empty(); }))
            return nullptr;
        auto database = std::move(free_.back());
        free_.pop_back();
        return database;
    }

    void give_back(std::unique_ptr<Database> database)
    {
        database->watch(nullptr, {});
        {
            std::lock_guard const lock(mutex_);
            free_.push_back(std::move(database));
        }
        is_free_.notify_one();
    }

    std::string path_;
    asio::any_io_executor pool_;
    std::chrono::milliseconds timeout_;
    std::size_t most_;
    std::mutex mutex_;
    std::condition_variable is_free_;
    std::vector<std::unique_ptr<Database>> free_;
    std::size_t made_ = 0;
};

namespace {

template <class T>
awaitable<result<T>> ready(result<T> answer)
{
    co_return answer;
}

}  // namespace

Fts5Index::Fts5Index(std::string path, asio::any_io_executor pool, Fts5IndexConfig config)
    : impl_(std::make_shared<Impl>(std::move(path), std::move(pool), config))
{
}

awaitable<result<void>> Fts5Index::put(Documents documents)
{
    if (auto const fine = check(documents); !fine)
        return ready<void>(fine.failure());
    auto shared = std::make_shared<Documents const>(std::move(documents));
    return Impl::run<void>(impl_, [shared](Database& database) { return add(database, *shared); });
}

awaitable<result<std::size_t>> Fts5Index::erase(std::vector<std::string> ids)
{
    auto shared = std::make_shared<std::vector<std::string> const>(std::move(ids));
    return Impl::run<std::size_t>(impl_, [shared](Database& database) { return remove(database, *shared); });
}

awaitable<result<std::size_t>> Fts5Index::size()
{
    return Impl::run<std::size_t>(impl_, [](Database& database) { return count(database); });
}

awaitable<result<Documents>> Fts5Index::retrieve(std::string query, std::size_t k)
{
    if (auto const fine = check(k); !fine)
        return ready<Documents>(fine.failure());
    auto words = sqlite::fts_query(query);
    if (words.empty() || k == 0)
        return ready<Documents>(Documents());
    return Impl::run<Documents>(impl_, [words = std::move(words), k](Database& database) { return find(database, words, k, nullptr); });
}

awaitable<result<Documents>> Fts5Index::retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids)
{
    if (auto const fine = check(k); !fine)
        return ready<Documents>(fine.failure());
    if (ids.size() > max_results)
        return ready<Documents>(Failure(Errc::invalid_argument, fmt::format("at most {} ids can be searched", max_results)));
    auto words = sqlite::fts_query(query);
    if (words.empty() || k == 0 || ids.empty())
        return ready<Documents>(Documents());
    json::array list;
    list.reserve(ids.size());
    for (auto const& id : ids) {
        if (sqlite::is_utf8(id))  // no other is in the index
            list.emplace_back(id);
    }
    return Impl::run<Documents>(impl_, [words = std::move(words), k, list = json::serialize(list)](Database& database) {
        return find(database, words, k, &list);
    });
}

}  // namespace assent
