#pragma once

#include "store_load.hpp"

namespace bench {

/// A SqliteStore, and beside it the same operations by bare statements of SQLite, as many to a transaction as are in flight.
void store_sqlite(Options const& options, Report& report);

}  // namespace bench
