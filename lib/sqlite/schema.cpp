#include "sqlite/schema.hpp"

#include <fmt/format.h>

#include <string>

namespace assent::sqlite {
namespace {

/// Its version. @par Errors invalid_argument: it is none of ours.
result<std::size_t> version_of(Database& database, Schema const& schema)
{
    // One statement, for it sees one moment: another process may be making the file.
    Statement statement(database.handle(), "SELECT (SELECT user_version FROM pragma_user_version), "
                                           "(SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)");
    BOOST_OUTCOME_TRY(auto const row, statement.step());
    auto const version = row ? statement.integer(0) : 0;
    auto const application = row ? statement.integer(1) : 0;
    auto const tables = row ? statement.integer(2) : 0;
    bool const is_empty = version == 0 && application == 0 && tables == 0;
    if (!is_empty && (application != schema.application_id || version < 1))
        return Failure(Errc::invalid_argument, fmt::format("the file is no {}; give the path of a new file", schema.name));
    auto const newest = static_cast<std::int64_t>(schema.steps.size());
    if (version > newest)
        return Failure(Errc::invalid_argument,
                       fmt::format("the file was written by a newer version of assent (format {}; this version knows {})", version, newest));
    return static_cast<std::size_t>(version);
}

}  // namespace

result<void> migrate(Database& database, Schema const& schema)
{
    BOOST_OUTCOME_TRY(auto const before, version_of(database, schema));
    if (before == schema.steps.size())
        return boost::outcome_v2::success();
    Transaction transaction(database);
    BOOST_OUTCOME_TRY(transaction.began());
    BOOST_OUTCOME_TRY(auto const version, version_of(database, schema));  // another process may have been first
    for (auto at = version; at < schema.steps.size(); ++at) {
        BOOST_OUTCOME_TRY(database.execute(schema.steps[at]));
    }
    auto const marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", schema.application_id, schema.steps.size());
    BOOST_OUTCOME_TRY(database.execute(marks.c_str()));
    return transaction.commit();
}

}  // namespace assent::sqlite
