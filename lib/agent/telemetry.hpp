#pragma once

#include <assent/observer.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace assent::detail {

/// A span and the duration that goes with it, by the names of OpenTelemetry's conventions for generative AI. Costs a branch without an
/// observer.
class Telemetry {
public:
    /// @param metric the name of its duration; views must outlive it.
    Telemetry(Runtime const& runtime, std::string_view operation, std::string_view subject, std::string_view metric,
              std::string const& parent);
    Telemetry(Telemetry const&) = delete;
    Telemetry& operator=(Telemetry const&) = delete;
    ~Telemetry();

    bool active() const noexcept { return observer_ != nullptr; }
    void attribute(std::string_view name, std::string_view value);
    /// An attribute that is a label of the duration, too: few values. At most two; views must outlive it.
    void label(std::string_view name, std::string_view value);
    void failed(Failure const& failure);
    void count(std::string_view name, std::uint64_t n, ObserverLabels labels);
    /// For what it sends and calls: its own, or else the parent's.
    std::string traceparent() const;

private:
    Observer* observer_;
    Clock* clock_ = nullptr;
    std::string_view operation_;
    std::string_view metric_;
    std::string parent_;
    std::pair<std::string_view, std::string_view> labels_[2];
    std::size_t labelled_ = 0;
    std::string error_;
    std::chrono::steady_clock::time_point begin_;
    std::unique_ptr<ObserverSpan> span_;
};

}  // namespace assent::detail
