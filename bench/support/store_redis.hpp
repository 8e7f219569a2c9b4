#pragma once

#include "store_load.hpp"

namespace bench {

void store_redis(Options const& options, Report& report);
void store_encrypted_redis(Options const& options, Report& report);

}  // namespace bench
