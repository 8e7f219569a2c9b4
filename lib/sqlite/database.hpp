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
    /// True when there is a row.
    result<bool> step();
    void reset();

    std::string_view text(int column) const;
    double real(int column) const;
    std::int64_t integer(int column) const;

private:
    sqlite3_stmt* statement_ = nullptr;
    int error_ = 0;
};

/// One connection. @par Concurrency one thread at a time.
class Database {
public:
    /// @throws ConfigurationError when it cannot be opened.
    explicit Database(std::string const& path);
    Database(Database const&) = delete;
    Database& operator=(Database const&) = delete;
    ~Database();

    sqlite3* handle() const noexcept { return handle_; }
    /// Runs statements that give no rows.
    result<void> execute(char const* sql);

    /// From now on statements fail when the work is cancelled or its time is over; null: no limit.
    void watch(detail::OffloadedWork const* work, std::chrono::steady_clock::time_point deadline);
    /// Why the last statement was stopped.
    Failure stopped() const;

private:
    static int progress(void* self);

    sqlite3* handle_ = nullptr;
    detail::OffloadedWork const* work_ = nullptr;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace assent::sqlite
