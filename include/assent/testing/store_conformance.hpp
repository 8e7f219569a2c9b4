#pragma once

#include <assent/awaitable.hpp>
#include <assent/store.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace assent::testing {

/// What run_store_conformance() needs to know about a store.
class StoreConformanceConfig {
public:
    using time_point = Store::time_point;

    /// @param store the store to examine. Only keys below StoreKey{"conformance", random()} are touched.
    explicit StoreConformanceConfig(std::shared_ptr<Store> store);

    /// A second connection to the same data, as another process would have it; races run between both. Default: none.
    StoreConformanceConfig& other_store(std::shared_ptr<Store> value);
    /// What time the store thinks it is. Default: the system's clock.
    StoreConformanceConfig& now(std::function<time_point()> value);
    /// Completes at that time, by advancing a manual clock or by waiting for a real one. Default: waits for the system's clock.
    StoreConformanceConfig& sleep_until(std::function<awaitable<void>(time_point)> value);
    /// How much later than the instant the store may let an entry expire, and how coarse it keeps `expires_at`. Default 0.
    StoreConformanceConfig& resolution(std::chrono::milliseconds value);
    /// How long the entries live that must expire while the suite waits. Default 10 s, which suits a manual clock.
    StoreConformanceConfig& short_life(std::chrono::milliseconds value);
    /// Makes the backend unreachable (true) and reachable again (false). Default: none; those statements are not examined.
    StoreConformanceConfig& make_unavailable(std::function<void(bool)> value);
    /// How many coroutines race for one key. Default 32.
    StoreConformanceConfig& racers(std::size_t value);
    /// How many entries the paging statements use. Default 300.
    StoreConformanceConfig& entries(std::size_t value);

private:
    friend class StoreConformance;
    std::shared_ptr<Store> store_;
    std::shared_ptr<Store> other_;
    std::function<time_point()> now_;
    std::function<awaitable<void>(time_point)> sleep_until_;
    std::function<void(bool)> make_unavailable_;
    std::chrono::milliseconds resolution_{0};
    std::chrono::milliseconds short_life_{10'000};
    std::size_t racers_ = 32;
    std::size_t entries_ = 300;
};

/// What the suite found.
class StoreConformanceReport {
public:
    StoreConformanceReport() = default;
    std::vector<std::string> examined;  ///< The statements, in order.
    std::vector<std::string>
        failed;  ///< "statement: what was seen instead". Empty for a store that conforms.
};

/// Examines everything that assent relies on in a Store, for any test framework: report.failed must be empty.
///
/// @par Completion when all statements were examined; takes as long as the sleeps of `sleep_until`.
/// @par Lifetime the config keeps the stores alive.
awaitable<StoreConformanceReport> run_store_conformance(StoreConformanceConfig config);

}  // namespace assent::testing
