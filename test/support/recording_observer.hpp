#pragma once

#include <assent/observer.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assent::test {

/// Keeps everything it is told, as text.
class RecordingObserver final : public Observer {
public:
    void count(std::string_view name, std::uint64_t n, ObserverLabels labels) override
    {
        std::string text(name);
        for (auto const& [label, value] : labels)
            text += fmt::format(" {}={}", label, value);
        counters[text] += n;
    }
    void audit(AuditRecord const& record) override
    {
        events.emplace_back(record.event);
        audits.push_back(fmt::format("{} {} {} {} {} {} {} {} {} {} {}", record.event, record.authorizer, record.issuer,
                                     record.subject, record.tenant, record.agent, record.tool, record.thread_id,
                                     record.call_id, record.action_digest, record.reason));
    }

    void gauge(std::string_view name, std::int64_t change, ObserverLabels labels) override
    {
        std::string text(name);
        for (auto const& [label, value] : labels)
            text += fmt::format(" {}={}", label, value);
        gauges[text] += change;
    }
    void duration(std::string_view name, std::chrono::nanoseconds, ObserverLabels labels) override
    {
        std::string text(name);
        for (auto const& [label, value] : labels)
            text += fmt::format(" {}={}", label, value);
        ++durations[text];
    }
    std::unique_ptr<ObserverSpan> span(std::string_view name, std::string_view parent) override
    {
        auto const number = spans.size();
        spans.push_back(fmt::format("{} < {}", name, parent));
        return std::make_unique<Span>(*this, number);
    }

    /// Everything, one after the other.
    std::string all() const
    {
        std::string out;
        for (auto const& [name, n] : counters)
            out += fmt::format("{} {}\n", name, n);
        for (auto const& [name, n] : gauges)
            out += fmt::format("{} {}\n", name, n);
        for (auto const& audit : audits)
            out += audit + '\n';
        for (auto const& [name, n] : durations)
            out += fmt::format("{} {}\n", name, n);
        for (auto const& one : spans)
            out += one + '\n';
        return out;
    }

    std::map<std::string, std::uint64_t> counters;
    std::map<std::string, std::int64_t> gauges;
    std::map<std::string, std::uint64_t> durations;
    std::vector<std::string> spans;  ///< "name < parent attribute=value ... failed=message ended", in the order in which they began.
    std::vector<std::string> events;
    std::vector<std::string> audits;

private:
    class Span final : public ObserverSpan {
    public:
        Span(RecordingObserver& observer, std::size_t number) : observer_(observer), number_(number) {}
        ~Span() override { text() += " ended"; }
        void attribute(std::string_view name, std::string_view value) override { text() += fmt::format(" {}={}", name, value); }
        void failed(Failure const& failure) override { text() += fmt::format(" failed={}", failure.message()); }
        std::string traceparent() const override { return fmt::format("span-{}", number_); }

    private:
        std::string& text() { return observer_.spans[number_]; }

        RecordingObserver& observer_;
        std::size_t number_;
    };
};

}  // namespace assent::test
