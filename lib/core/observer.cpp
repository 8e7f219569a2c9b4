#include <assent/observer.hpp>

namespace assent {

void Observer::count(std::string_view, std::uint64_t, ObserverLabels) {}

void Observer::gauge(std::string_view, std::int64_t, ObserverLabels) {}

void Observer::duration(std::string_view, std::chrono::nanoseconds, ObserverLabels) {}

void Observer::audit(AuditRecord const&) {}

std::unique_ptr<ObserverSpan> Observer::span(std::string_view, std::string_view) {
    return nullptr;
}

}  // namespace assent
