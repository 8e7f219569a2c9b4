#include <assent/fga_types.hpp>

#include <assent/outcome.hpp>

#include "core/sole_owner.hpp"

namespace assent {
namespace {

std::string const no_text;
boost::json::object const no_object;
std::vector<TupleKey> const no_tuples;

}  // namespace

TupleKey& TupleKey::condition(std::string name, boost::json::object context) & {
    Condition condition;
    condition.name = std::move(name);
    condition.context = std::move(context);
    condition_ = std::make_shared<Condition const>(std::move(condition));
    return *this;
}

TupleKey TupleKey::condition(std::string name, boost::json::object context) && {
    return std::move(condition(std::move(name), std::move(context)));
}

std::string const& TupleKey::condition_name() const noexcept {
    return condition_ ? condition_->name : no_text;
}

boost::json::object const& TupleKey::condition_context() const noexcept {
    return condition_ ? condition_->context : no_object;
}

bool operator==(TupleKey const& a, TupleKey const& b) noexcept {
    return a.user_ == b.user_ && a.relation_ == b.relation_ && a.object_ == b.object_ &&
           a.condition_name() == b.condition_name() && a.condition_context() == b.condition_context();
}

Check::Extra& Check::own() {
    if (!extra_)
        extra_ = std::make_shared<Extra>();
    else if (!sole_owner(extra_))
        extra_ = std::make_shared<Extra>(*extra_);
    return *extra_;
}

Check& Check::contextual_tuple(TupleKey tuple) & {
    own().contextual_tuples.push_back(std::move(tuple));
    return *this;
}

Check& Check::contextual_tuples(std::vector<TupleKey> tuples) & {
    own().contextual_tuples = std::move(tuples);
    return *this;
}

Check& Check::context(boost::json::object value) & {
    own().context = std::move(value);
    return *this;
}

std::vector<TupleKey> const& Check::contextual_tuples() const noexcept {
    return extra_ ? extra_->contextual_tuples : no_tuples;
}

boost::json::object const& Check::context() const noexcept {
    return extra_ ? extra_->context : no_object;
}

CheckResult::CheckResult(Failure failure) {
    Details details;
    details.failure = std::move(failure);
    details_ = std::make_shared<Details const>(std::move(details));
}

CheckResult CheckResult::make_allowed(std::string request_id, std::string resolution) {
    Details details;
    details.request_id = std::move(request_id);
    details.resolution = std::move(resolution);
    return CheckResult(State::allowed, std::make_shared<Details const>(std::move(details)));
}

CheckResult CheckResult::make_denied(std::string request_id, std::string resolution) {
    auto result = make_allowed(std::move(request_id), std::move(resolution));
    result.state_ = State::denied;
    return result;
}

Failure const& CheckResult::failure() const {
    static Failure const no_result;
    if (state_ != State::failed)
        throw BadAccess("the check has an answer");
    return details_ ? *details_->failure : no_result;
}

std::string_view CheckResult::request_id() const noexcept {
    return details_ ? std::string_view(details_->request_id) : std::string_view();
}

std::string_view CheckResult::resolution() const noexcept {
    return details_ ? std::string_view(details_->resolution) : std::string_view();
}

}  // namespace assent
