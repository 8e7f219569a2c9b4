#pragma once

#include <assent/error.hpp>
#include <assent/outcome.hpp>

#include "asio/offload.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace assent::sqlite {

/// What SQLite said, as a failure of ours. @param code an (extended) result code. Holds nothing that was in the database.
Failure failure_of(int code, std::string_view doing);

/// One prepared statement. Texts that are bound must live until it was stepped.
class Statement {
public:
    Statement(sqlite3* database, std::string_view sql);
    Statement(Statement const&) = delete;
    Statement& operator=(Statement const&) = delete;
    ~Statement();

    void bind(int index, std::string_view text);
    void bind(int index, std::int64_t value);
    void bind_blob(int index, std::string_view bytes);
    void bind_null(int index);
    /// True when there is a row.
    result<bool> step();
    /// step() for a statement that gives no row that matters, and reset().
    result<void> run();
    void reset();

    std::string_view text(int column) const;
    std::string_view blob(int column) const;
    double real(int column) const;
    std::int64_t integer(int column) const;
    bool is_null(int column) const;
    bool is_blob(int column) const;

private:
    void note(int code) noexcept;

    sqlite3_stmt* statement_ = nullptr;
    int unprepared_ = 0;
    int error_ = 0;
};

/// Resets a statement at the end of a scope: a row that was read keeps its transaction open.
class ResetAtEnd {
public:
    explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
    ResetAtEnd(ResetAtEnd const&) = delete;
    ResetAtEnd& operator=(ResetAtEnd const&) = delete;
    ~ResetAtEnd() { statement_.reset(); }

private:
    Statement& statement_;
};

/// One connection. @par Concurrency one thread at a time.
class Database {
public:
    /// @param what it is, for messages. @throws ConfigurationError when it cannot be opened.
    explicit Database(std::string const& path, std::string_view what = "index");
    Database(Database const&) = delete;
    Database& operator=(Database const&) = delete;
    ~Database();

    sqlite3* handle() const noexcept { return handle_; }
    /// Runs statements that give no rows.
    result<void> execute(char const* sql);
    /// The last failure was that another connection holds a lock.
    bool was_busy() const noexcept;

    /// From now on statements fail when the work is cancelled or its time is over; null: no limit.
    void watch(detail::OffloadedWork const* work, std::chrono::steady_clock::time_point deadline);
    /// Why the last statement was stopped.
    Failure stopped() const;

private:
    static int progress(void* self);

    sqlite3* handle_ = nullptr;
    std::string what_;
    detail::OffloadedWork const* work_ = nullptr;
    std::chrono::steady_clock::time_point deadline_;
};

/// BEGIN now, COMMIT when told, else ROLLBACK.
class Transaction {
public:
    explicit Transaction(Database& database) : database_(database), began_(database.execute("BEGIN IMMEDIATE")) {}
    Transaction(Transaction const&) = delete;
    Transaction& operator=(Transaction const&) = delete;
    ~Transaction();
    result<void> const& began() const noexcept { return began_; }
    result<void> commit();

private:
    Database& database_;
    result<void> began_;
    bool committed_ = false;
};

}  // namespace assent::sqlite
