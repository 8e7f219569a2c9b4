#include "agent/telemetry.hpp"

#include <iterator>
#include <utility>

namespace assent::detail {

Telemetry::Telemetry(Runtime const& runtime, std::string_view operation, std::string_view subject, std::string_view metric,
                     std::string const& parent)
    : observer_(runtime.observer()), operation_(operation), metric_(metric), parent_(parent) {
    if (observer_ == nullptr)
        return;
    clock_ = &runtime.clock();
    begin_ = clock_->steady_now();
    std::string name(operation);
    name += ' ';
    name += subject;
    span_ = observer_->span(name, parent_);
    attribute("gen_ai.operation.name", operation);
}

Telemetry::~Telemetry() {
    if (observer_ == nullptr)
        return;
    auto const passed = clock_->steady_now() - begin_;
    std::pair<std::string_view, std::string_view> const operation("gen_ai.operation.name", operation_);
    std::pair<std::string_view, std::string_view> const error("error.type", error_);
    auto const& [one, two] = labels_;
    bool const failed = !error_.empty();
    if (labelled_ == 2 && failed)
        observer_->duration(metric_, passed, {operation, one, two, error});
    else if (labelled_ == 2)
        observer_->duration(metric_, passed, {operation, one, two});
    else if (labelled_ == 1 && failed)
        observer_->duration(metric_, passed, {operation, one, error});
    else if (labelled_ == 1)
        observer_->duration(metric_, passed, {operation, one});
    else if (failed)
        observer_->duration(metric_, passed, {operation, error});
    else
        observer_->duration(metric_, passed, {operation});
}

void Telemetry::label(std::string_view name, std::string_view value) {
    attribute(name, value);
    if (labelled_ < std::size(labels_))
        labels_[labelled_++] = {name, value};
}

void Telemetry::attribute(std::string_view name, std::string_view value) {
    if (span_)
        span_->attribute(name, value);
}

void Telemetry::failed(Failure const& failure) {
    if (observer_ == nullptr)
        return;
    error_ = failure.code().category() == error_category() ? std::string(to_string(static_cast<Errc>(failure.code().value())))
                                                           : std::string(failure.code().category().name());
    attribute("error.type", error_);
    if (span_)
        span_->failed(failure);
}

void Telemetry::count(std::string_view name, std::uint64_t n, ObserverLabels labels) {
    if (observer_ != nullptr)
        observer_->count(name, n, labels);
}

std::string Telemetry::traceparent() const {
    if (span_) {
        auto own = span_->traceparent();
        if (!own.empty())
            return own;
    }
    return parent_;
}

}  // namespace assent::detail
