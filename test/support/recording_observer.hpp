#pragma once

#include <assent/observer.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <map>
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

    /// Everything, one after the other.
    std::string all() const
    {
        std::string out;
        for (auto const& [name, n] : counters)
            out += fmt::format("{} {}\n", name, n);
        for (auto const& audit : audits)
            out += audit + '\n';
        return out;
    }

    std::map<std::string, std::uint64_t> counters;
    std::vector<std::string> events;
    std::vector<std::string> audits;
};

}  // namespace assent::test
