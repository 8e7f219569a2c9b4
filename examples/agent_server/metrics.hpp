#pragma once

#include <assent/observer.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace demo {

/// assent's counters and durations in Prometheus' text format. Of its labels none comes from a person or a model.
/// @par Concurrency safe from any thread: all workers count into one.
class Metrics final : public assent::Observer {
public:
    void count(std::string_view name, std::uint64_t n, assent::ObserverLabels labels) override;
    void gauge(std::string_view name, std::int64_t change, assent::ObserverLabels labels) override;
    void duration(std::string_view name, std::chrono::nanoseconds value, assent::ObserverLabels labels) override;
    void audit(assent::AuditRecord const& record) override;

    /// Something of the program's own that is now so many: "demo_open_streams".
    void gauge(std::string_view name, std::int64_t change) { gauge(name, change, {}); }
    std::string text() const;
    /// Of a counter, over all its labels.
    std::uint64_t total(std::string_view name) const;

private:
    struct Summary {
        std::uint64_t count = 0;
        double seconds = 0;
    };

    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::string, std::uint64_t>, std::less<>> counters_;
    std::map<std::string, std::map<std::string, Summary>> durations_;
    std::map<std::string, std::map<std::string, std::int64_t>> gauges_;
};

}  // namespace demo
