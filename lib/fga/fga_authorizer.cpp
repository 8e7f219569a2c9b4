#include <assent/fga_authorizer.hpp>

#include "asio/cancellation.hpp"
#include "protocol/action.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace assent {
namespace {

namespace json = boost::json;

constexpr std::size_t max_checks = 100;
constexpr char const* refusal = "The user is not allowed to perform the action.";

}  // namespace

class FgaAuthorizer::Impl {
public:
    Impl(FgaClient client, Fga options) : client_(std::move(client)), options_(std::move(options))
    {
        auto const refuse = [](Errc code, char const* detail) { throw ConfigurationError(Failure(code, detail)); };
        if (!options_.query_.given())
            refuse(Errc::missing_configuration, "Fga::build_query() is not set: say what must be allowed");
        if (options_.name_.empty() || options_.name_.size() > 64)
            refuse(Errc::invalid_argument, "Fga::name() must have 1 to 64 bytes");
        request_.consistency(options_.consistency_);
        if (!options_.model_id_.empty())
            request_.authorization_model_id(options_.model_id_);
    }

    template <class T>
    static awaitable<outcome<T>> run(std::shared_ptr<Impl> self, ToolCall call)
    {
        bool const throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        auto decided = co_await self->decide(std::move(call));
        co_await asio::this_coro::throw_if_cancelled(throws);
        if (decided.has_interrupt())
            co_return decided.interrupt();
        if (decided.has_failure())
            co_return decided.failure();
        co_return T(std::move(decided).value());
    }

    RefusalHandler const* on_unauthorized() const { return options_.on_unauthorized_ ? &options_.on_unauthorized_ : nullptr; }

private:
    awaitable<outcome<Credentials>> decide(ToolCall call) const
    {
        BOOST_OUTCOME_CO_TRY(check(call));
        BOOST_OUTCOME_CO_TRY(auto checks, co_await options_.query_.resolve(call));
        auto decided = co_await ask(checks);
        tell(call, checks, decided);
        co_return decided;
    }

    awaitable<outcome<Credentials>> ask(Checks checks) const
    {
        auto const& list = checks.list();
        if (list.empty())
            co_return Failure(Errc::invalid_argument, "build_query() gave no check: nothing would be asked");
        if (list.size() > max_checks)
            co_return Failure(Errc::invalid_argument, fmt::format("build_query() gave {} checks; give at most {}", list.size(), max_checks));
        std::vector<CheckResult> answers;
        if (list.size() == 1) {
            auto one = list.front();
            auto answer = co_await client_.check(std::move(one), request_);
            answers.push_back(std::move(answer));
        }
        else {
            auto all = list;
            answers = co_await client_.batch_check(std::move(all), request_);
        }
        auto const state = co_await asio::this_coro::cancellation_state;
        if (detail::is_cancelled(state))
            co_return Errc::cancelled;
        co_return decision(checks, answers);
    }

    outcome<Credentials> decision(Checks const& checks, std::vector<CheckResult> const& answers) const
    {
        auto const& list = checks.list();
        if (answers.size() != list.size())
            return Failure(Errc::no_result, "not every check was answered");
        Credentials granted;
        std::vector<Decision> refused;
        std::optional<Failure> failure;
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (answers[i].allowed())
                granted = granted.merged_with(Credentials(describe(list[i], answers[i])));
            else if (answers[i].denied())
                refused.push_back(describe(list[i], answers[i]));
            else if (!failure)
                failure = answers[i].failure();
        }
        bool const any = checks.rule() == Checks::Rule::any;
        if (any ? !granted.empty() : refused.empty() && !failure)
            return granted;
        if (any ? !failure.has_value() : !refused.empty()) {
            Interrupt interrupt(Flow::fga, InterruptKind::denied, refusal);
            interrupt.decisions(std::move(refused));
            return interrupt;
        }
        return *std::move(failure);
    }

    Decision describe(Check const& check, CheckResult const& answer) const
    {
        Decision out;
        out.authorizer = options_.name_;
        out.subject = check.user();
        out.action = check.relation() + ' ' + check.object();
        out.reason = answer.resolution().empty() ? answer.request_id() : answer.resolution();
        return out;
    }

    /// For the audit log.
    void tell(ToolCall const& call, Checks const& checks, outcome<Credentials> const& decided) const
    {
        auto* const observer = client_.runtime().observer();
        if (observer == nullptr)
            return;
        std::string_view event = "failed";
        std::string reason;
        if (decided)
            event = "granted";
        else if (decided.has_interrupt()) {
            event = "denied";
            reason = to_string(decided.interrupt().kind());
        }
        else
            reason = decided.failure().code().message();
        observer->count("assent.authorizations", 1, {{"authz.method", "fga"}, {"authz.outcome", event}});
        json::array request;
        for (auto const& check : checks.list()) {
            json::array one;
            for (auto const* text : {&check.user(), &check.relation(), &check.object()})
                one.emplace_back(*text);
            request.push_back(std::move(one));
        }
        auto const& config = client_.config();
        auto const digest = action_digest(call, config.api_url(), config.store_id(), request);
        auto const& principal = call.principal();
        AuditRecord audit;
        audit.at = client_.runtime().clock().now();
        audit.event = event;
        audit.authorizer = options_.name_;
        audit.issuer = principal.issuer();
        audit.subject = principal.subject();
        audit.tenant = principal.tenant();
        audit.agent = principal.agent();
        audit.tool = call.tool_name();
        audit.thread_id = call.thread_id();
        audit.call_id = call.call_id();
        if (digest)
            audit.action_digest = digest.value();
        audit.reason = reason;
        observer->audit(audit);
    }

    mutable FgaClient client_;
    Fga options_;
    FgaRequestOptions request_;
};

FgaAuthorizer::FgaAuthorizer(FgaClient client, Fga options) : impl_(std::make_shared<Impl>(std::move(client), std::move(options))) {}

awaitable<outcome<Credentials>> FgaAuthorizer::authorize(ToolCall call) { return Impl::run<Credentials>(impl_, std::move(call)); }
awaitable<outcome<Grant>> FgaAuthorizer::prepare(ToolCall call) { return Impl::run<Grant>(impl_, std::move(call)); }
RefusalHandler const* FgaAuthorizer::on_unauthorized() const { return impl_->on_unauthorized(); }

}  // namespace assent
