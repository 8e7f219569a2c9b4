#pragma once

// The load that the store benchmark puts on every kind of store, and what came of it.

#include "harness.hpp"

#include <assent/store.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace bench {

struct StoreLoad {
    double ops_per_cpu_second = 0;
    double cpu_us = 0;  ///< Per operation.
    double p99_us = 0;  ///< Wall time of an operation.
};

constexpr std::size_t load_records = 10'000;
constexpr std::size_t load_value_size = 220;
assent::StoreKey load_key(std::size_t number);

/// `in_flight` coroutines that each read a record of 220 bytes and change it by compare-exchange, one of 10,000 after the other, `operations`
/// together; after a tenth that warms up.
StoreLoad measure_store(boost::asio::io_context& io, assent::Store& store, std::size_t operations, std::size_t in_flight);

/// One kind of store: prints its members into the report.
using StoreKind = void (*)(Options const& options, Report& report);
/// The kinds that this build has, by the name for --kind.
std::map<std::string, StoreKind> const& store_kinds();

void add_load(Report& report, StoreLoad const& load);

}  // namespace bench
