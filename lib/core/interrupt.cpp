#include <assent/interrupt.hpp>

#include "core/interrupt_code.hpp"
#include "core/interrupt_data.hpp"
#include "core/sole_owner.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

namespace {

using std::chrono::seconds;
using time_point = std::chrono::system_clock::time_point;

}  // namespace

std::string_view to_string(Flow flow) noexcept {
    switch (flow) {
    case Flow::unknown:
        break;
    case Flow::ciba:
        return "ciba";
    case Flow::device:
        return "device";
    case Flow::token_vault:
        return "token_vault";
    case Flow::fga:
        return "fga";
    }
    return "unknown";
}

std::string_view to_string(InterruptKind kind) noexcept {
    switch (kind) {
    case InterruptKind::unknown:
        break;
    case InterruptKind::pending:
        return "pending";
    case InterruptKind::slow_down:
        return "slow_down";
    case InterruptKind::denied:
        return "denied";
    case InterruptKind::expired:
        return "expired";
    case InterruptKind::invalid_grant:
        return "invalid_grant";
    case InterruptKind::no_push:
        return "no_push";
    case InterruptKind::consent_needed:
        return "consent_needed";
    case InterruptKind::action_changed:
        return "action_changed";
    case InterruptKind::already_used:
        return "already_used";
    case InterruptKind::insufficient_scope:
        return "insufficient_scope";
    }
    return "unknown";
}

Interrupt::Interrupt(Flow flow, InterruptKind kind, std::string message) : data_(std::make_shared<Data>()) {
    data_->flow = flow;
    data_->kind = kind;
    data_->message = std::move(message);
}

Interrupt::Data& Interrupt::own() {
    if (data_ == nullptr)
        data_ = std::make_shared<Data>();
    else if (!sole_owner(data_))
        data_ = std::make_shared<Data>(*data_);
    return *data_;
}

Flow Interrupt::flow() const noexcept {
    return data_ ? data_->flow : Flow::unknown;
}

InterruptKind Interrupt::kind() const noexcept {
    return data_ ? data_->kind : InterruptKind::unknown;
}

std::string_view Interrupt::code() const noexcept {
    if (data_ && !data_->code.empty())
        return data_->code;
    return code_of(flow(), kind());
}

std::string const& Interrupt::message() const noexcept {
    return (data_ ? *data_ : Data::none()).message;
}

bool Interrupt::resumable() const noexcept {
    return is_authorization_pending(*this) || is_consent_needed(*this);
}

std::string const& Interrupt::handle() const noexcept {
    return (data_ ? *data_ : Data::none()).handle;
}

AuthorizationRequest const* Interrupt::request() const noexcept {
    return data_ && data_->request ? &*data_->request : nullptr;
}

DeviceAuthorizationResponse const* Interrupt::device() const noexcept {
    return data_ && data_->device ? &*data_->device : nullptr;
}

ConsentRequest const* Interrupt::consent() const noexcept {
    return data_ && data_->consent ? &*data_->consent : nullptr;
}

std::string const& Interrupt::binding_message() const noexcept {
    return (data_ ? *data_ : Data::none()).binding_message;
}

std::optional<seconds> Interrupt::retry_after() const noexcept {
    return (data_ ? *data_ : Data::none()).retry_after;
}

std::optional<time_point> Interrupt::expires_at() const noexcept {
    if (!data_)
        return std::nullopt;
    auto const by = [](auto const& part) -> std::optional<time_point> {
        if (!part || part->expires_in <= seconds(0) || part->requested_at == time_point())
            return std::nullopt;
        return part->requested_at + part->expires_in;
    };
    if (data_->expires_at)
        return data_->expires_at;
    if (auto const expires_at = by(data_->request))
        return expires_at;
    return by(data_->device);
}

std::optional<time_point> Interrupt::next_poll_at() const noexcept {
    return (data_ ? *data_ : Data::none()).next_poll_at;
}

ServerReply const* Interrupt::server() const noexcept {
    return data_ && data_->server ? &*data_->server : nullptr;
}

std::vector<Decision> const& Interrupt::decisions() const noexcept {
    return (data_ ? *data_ : Data::none()).decisions;
}

std::vector<Interrupt> const& Interrupt::others() const noexcept {
    return (data_ ? *data_ : Data::none()).others;
}

Interrupt& Interrupt::others(std::vector<Interrupt> value) {
    if (value.size() > max_others)
        value.resize(max_others);
    for (Interrupt& other : value) {
        if (!other.others().empty())
            other.own().others.clear();
    }
    own().others = std::move(value);
    return *this;
}

Interrupt& Interrupt::decisions(std::vector<Decision> value) {
    if (value.size() > max_decisions)
        value.resize(max_decisions);
    own().decisions = std::move(value);
    return *this;
}

Interrupt& Interrupt::handle(std::string value) {
    own().handle = std::move(value);
    return *this;
}

Interrupt& Interrupt::request(AuthorizationRequest value) {
    own().request = std::move(value);
    return *this;
}

Interrupt& Interrupt::device(DeviceAuthorizationResponse value) {
    own().device = std::move(value);
    return *this;
}

Interrupt& Interrupt::consent(ConsentRequest value) {
    own().consent = std::move(value);
    return *this;
}

Interrupt& Interrupt::binding_message(std::string value) {
    own().binding_message = std::move(value);
    return *this;
}

Interrupt& Interrupt::retry_after(seconds value) {
    own().retry_after = value;
    return *this;
}

Interrupt& Interrupt::expires_at(time_point value) {
    own().expires_at = value;
    return *this;
}

Interrupt& Interrupt::next_poll_at(time_point value) {
    own().next_poll_at = value;
    return *this;
}

Interrupt& Interrupt::server(ServerReply value) {
    own().server = std::move(value);
    return *this;
}

bool is_authorization_pending(Interrupt const& interrupt) noexcept {
    return interrupt.kind() == InterruptKind::pending || interrupt.kind() == InterruptKind::slow_down;
}

bool is_consent_needed(Interrupt const& interrupt) noexcept {
    return interrupt.kind() == InterruptKind::consent_needed;
}

}  // namespace assent
