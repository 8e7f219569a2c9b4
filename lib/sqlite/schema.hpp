#pragma once

#include <assent/outcome.hpp>

#include "sqlite/database.hpp"

#include <cstdint>
#include <span>

namespace assent::sqlite {

/// The tables of a file, and how to get there from each version before: step i leads from version i to version i + 1. A step that was
/// released is never changed.
class Schema {
public:
    Schema(std::int32_t its_application_id, char const* its_name, std::span<char const* const> its_steps)
        : application_id(its_application_id), name(its_name), steps(its_steps)
    {
    }

    std::int32_t application_id;  ///< Tells our files from those of other programs.
    char const* name;             ///< What such a file is, for messages.
    std::span<char const* const> steps;
};

/// Brings the file to the newest version, all of it or nothing; several processes may do so at once.
/// @par Errors invalid_argument: the file is another program's, or of a newer version. What SQLite says.
result<void> migrate(Database& database, Schema const& schema);

}  // namespace assent::sqlite
