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
    char const* remedy = "";
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: remedy = "; another program holds the file's lock"; break;
    case SQLITE_READONLY: remedy = "; the file and its folder must be writable"; break;
    case SQLITE_CORRUPT: remedy = "; the file is damaged, restore it from a copy"; break;
    default: break;
    }
    return Failure(errc_of(code), fmt::format("SQLite, {}: {}{}", doing, ::sqlite3_errstr(code), remedy));
}

Statement::Statement(sqlite3* database, std::string_view sql)
{
    unprepared_ = ::sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    error_ = unprepared_;
}

Statement::~Statement() { ::sqlite3_finalize(statement_); }

void Statement::note(int code) noexcept
{
    if (error_ == SQLITE_OK)
        error_ = code;
}

void Statement::bind(int index, std::string_view text)
{
    note(::sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int index, std::int64_t value) { note(::sqlite3_bind_int64(statement_, index, value)); }

void Statement::bind_blob(int index, std::string_view bytes)
{
    // A null pointer would be NULL.
    note(::sqlite3_bind_blob64(statement_, index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC));
}

void Statement::bind_null(int index) { note(::sqlite3_bind_null(statement_, index)); }

result<bool> Statement::step()
{
    int const code = error_ != SQLITE_OK ? error_ : ::sqlite3_step(statement_);
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE)
        return false;
    return failure_of(code, "running a statement");
}

result<void> Statement::run()
{
    auto const done = step();
    reset();
    if (!done)
        return done.failure();
    return boost::outcome_v2::success();
}

void Statement::reset()
{
    if (statement_ != nullptr)
        ::sqlite3_reset(statement_);
    error_ = unprepared_;
}

std::string_view Statement::text(int column) const
{
    auto const* const text = reinterpret_cast<char const*>(::sqlite3_column_text(statement_, column));
    return text == nullptr ? std::string_view()
                           : std::string_view(text, static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column)));
}

std::string_view Statement::blob(int column) const
{
    auto const* const bytes = static_cast<char const*>(::sqlite3_column_blob(statement_, column));
    return bytes == nullptr ? std::string_view()
                            : std::string_view(bytes, static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column)));
}

bool Statement::is_null(int column) const { return ::sqlite3_column_type(statement_, column) == SQLITE_NULL; }
bool Statement::is_blob(int column) const { return ::sqlite3_column_type(statement_, column) == SQLITE_BLOB; }
double Statement::real(int column) const { return ::sqlite3_column_double(statement_, column); }
std::int64_t Statement::integer(int column) const { return ::sqlite3_column_int64(statement_, column); }

Database::Database(std::string const& path, std::string_view what) : what_(what)
{
    int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int const code = ::sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) {
        ::sqlite3_close(handle_);
        throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the {} \"{}\" cannot be opened: {}", what, path,
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
        return failure_of(code, "preparing the " + what_);
    return boost::outcome_v2::success();
}

bool Database::was_busy() const noexcept
{
    int const code = ::sqlite3_errcode(handle_) & 0xff;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED;
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

Transaction::~Transaction()
{
    if (!began_ || committed_)
        return;
    database_.watch(nullptr, {});
    static_cast<void>(database_.execute("ROLLBACK"));
}

result<void> Transaction::commit()
{
    auto done = database_.execute("COMMIT");
    committed_ = done.has_value();
    return done;
}

}  // namespace assent::sqlite
