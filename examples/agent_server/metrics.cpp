#include "metrics.hpp"

#include <fmt/format.h>

namespace demo {
namespace {

/// "assent.ciba.polls" is "assent_ciba_polls".
std::string metric_name(std::string_view name) {
    std::string out(name);
    for (char& c : out) {
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            c = '_';
    }
    return out;
}

std::string escaped(std::string_view value) {
    std::string out;
    for (char const c : value.substr(0, 100)) {
        if (c == '\\' || c == '"')
            out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string label_text(assent::ObserverLabels labels) {
    std::string out;
    for (auto const& [name, value] : labels)
        out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", metric_name(name), escaped(value));
    return out;
}

std::string braces(std::string const& labels) {
    return labels.empty() ? std::string() : "{" + labels + "}";
}

}  // namespace

void Metrics::count(std::string_view name, std::uint64_t n, assent::ObserverLabels labels) {
    std::scoped_lock const lock(mutex_);
    counters_[metric_name(name) + "_total"][label_text(labels)] += n;
}

void Metrics::duration(std::string_view name, std::chrono::nanoseconds value, assent::ObserverLabels labels) {
    std::scoped_lock const lock(mutex_);
    auto& summary = durations_[metric_name(name) + "_seconds"][label_text(labels)];
    ++summary.count;
    summary.seconds += std::chrono::duration<double>(value).count();
}

void Metrics::audit(assent::AuditRecord const& record) {
    count("assent.audit", 1, {{"event", record.event}, {"tool", record.tool}});
}

void Metrics::gauge(std::string_view name, std::int64_t change, assent::ObserverLabels labels) {
    std::scoped_lock const lock(mutex_);
    gauges_[metric_name(name)][label_text(labels)] += change;
}

std::string Metrics::text() const {
    std::scoped_lock const lock(mutex_);
    std::string out;
    for (auto const& [name, values] : counters_) {
        out += fmt::format("# TYPE {} counter\n", name);
        for (auto const& [labels, value] : values)
            out += fmt::format("{}{} {}\n", name, braces(labels), value);
    }
    for (auto const& [name, values] : durations_) {
        out += fmt::format("# TYPE {} summary\n", name);
        for (auto const& [labels, value] : values)
            out += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, braces(labels), value.seconds, value.count);
    }
    for (auto const& [name, values] : gauges_) {
        out += fmt::format("# TYPE {} gauge\n", name);
        for (auto const& [labels, value] : values)
            out += fmt::format("{}{} {}\n", name, braces(labels), value);
    }
    return out;
}

std::uint64_t Metrics::total(std::string_view name) const {
    std::scoped_lock const lock(mutex_);
    auto const at = counters_.find(name);
    std::uint64_t sum = 0;
    if (at != counters_.end()) {
        for (auto const& [labels, value] : at->second)
            sum += value;
    }
    return sum;
}

}  // namespace demo
