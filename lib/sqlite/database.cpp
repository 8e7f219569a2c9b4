#include "sqlite/database.hpp"

#include <fmt/format.h>

#include <sqlite3.h>

namespace assent::sqlite {
namespace {

// A statement looks at the clock and at the cancellation after so many of SQLite's instructions: some 20 microseconds.
constexpr int instructions_between_looks = 2000;

Errc errc_of(int code) noexcept
{
    switch (code & 0xff) {
    case SQLITE_FULL: return Errc::store_full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::record_corrupt;
    case SQLITE_INTERRUPT: return Errc::cancelled;
    default: return Errc::store_unavailable;
    }
}

}  // namespace

Failure failure_of(int code, std::string_view doing)
{
    return Failure(errc_of(code), fmt::format("SQLite, {}: {}", doing, ::sqlite3_errstr(code)));
}

Statement::Statement(sqlite3* database, std::string_view sql)
{
    error_ = ::sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
}

Statement::~Statement() { ::sqlite3_finalize(statement_); }

void Statement::bind(int index, std::string_view text)
{
    if (error_ == SQLITE_OK)
        error_ = ::sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int index, std::int64_t value)
{
    if (error_ == SQLITE_OK)
        error_ = ::sqlite3_bind_int64(statement_, index, value);
}

result<bool> Statement::step()
{
    int const code = error_ != SQLITE_OK ? error_ : ::sqlite3_step(statement_);
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    return failure_of(code, "running a statement");
}

void Statement::reset()
{
    if (statement_ != nullptr)
        ::sqlite3_reset(statement_);
}

std::string_view Statement::text(int column) const
{
    auto const* const text = reinterpret_cast<char const*>(::sqlite3_column_text(statement_, column));
    return text == nullptr ? std::string_view()
                           : std::string_view(text, static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column)));
}

double Statement::real(int column) const { return ::sqlite3_column_double(statement_, column); }
std::int64_t Statement::integer(int column) const { return ::sqlite3_column_int64(statement_, column); }

Database::Database(std::string const& path)
{
    int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int const code = ::sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) {
        ::sqlite3_close(handle_);
        throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the index \"{}\" cannot be opened: {}", path,
                                                                             ::sqlite3_errstr(code))));
    }
    ::sqlite3_extended_result_codes(handle_, 1);
    ::sqlite3_busy_timeout(handle_, 5000);
    ::sqlite3_progress_handler(handle_, instructions_between_looks, &Database::progress, this);
}

Database::~Database() { ::sqlite3_close(handle_); }

result<void> Database::execute(char const* sql)
{
    int const code = ::sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return failure_of(code, "preparing the index");
    return boost::outcome_v2::success();
}

void Database::watch(detail::OffloadedWork const* work, std::chrono::steady_clock::time_point deadline)
{
    work_ = work;
    deadline_ = deadline;
}

Failure Database::stopped() const
{
    if (work_ != nullptr && work_->is_cancelled())
        return Errc::cancelled;
    return Failure(Errc::timed_out, "the query took longer than Fts5IndexConfig::query_timeout()");
}

int Database::progress(void* self)
{
    auto const& database = *static_cast<Database*>(self);
    if (database.work_ == nullptr)
        return 0;
    return database.work_->is_cancelled() || std::chrono::steady_clock::now() > database.deadline_ ? 1 : 0;
}

}  // namespace assent::sqlite
