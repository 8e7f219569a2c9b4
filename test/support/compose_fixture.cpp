#include "support/compose_fixture.hpp"

#include <algorithm>

namespace assent::test {

awaitable<outcome<Credentials>> ScriptedAuthorizer::answer_of(std::shared_ptr<State> state, ToolCall call)
{
    state->asked.push_back(call.resumed());
    if (state->before)
        co_await state->before();
    co_return state->answer(call);
}

awaitable<outcome<Grant>> ScriptedAuthorizer::grant_of(std::shared_ptr<State> state, ToolCall call)
{
    BOOST_OUTCOME_CO_TRY(auto credentials, co_await answer_of(state, std::move(call)));
    Grant grant(std::move(credentials));
    if (state->one_use)
        grant.claims.push_back([state] { return claim_of(state); });
    co_return grant;
}

awaitable<result<void>> ScriptedAuthorizer::claim_of(std::shared_ptr<State> state)
{
    ++state->claims;
    if (state->claim_fails)
        co_return *state->claim_fails;
    co_return boost::outcome_v2::success();
}

awaitable<outcome<Grant>> ScriptedAuthorizer::renewal_of(std::shared_ptr<State> state, TokenRefusal refusal)
{
    state->refusals.push_back(refusal);
    if (state->renewal)
        co_return state->renewal(refusal);
    co_return Errc::server_refused;
}

ComposeFixture::ComposeFixture() { device_runtime.http(device_provider).store(store).clock(clock); }

DeviceAuthorizer ComposeFixture::device(std::string name)
{
    return DeviceAuthorizer(device_runtime, client(),
                            DeviceAuthorization()
                                .scopes({"stock:trade"})
                                .credentials_context(CredentialsContext::tool_call)
                                .name(std::move(name)));
}

Credentials ComposeFixture::token(std::string name, std::string value)
{
    TokenSet tokens;
    tokens.access_token = Secret(std::move(value));
    return Credentials(std::move(name), std::move(tokens));
}

ScriptedAuthorizer ComposeFixture::grants(std::string name, std::string value)
{
    auto const granted = token(std::move(name), std::move(value));
    return ScriptedAuthorizer([granted](ToolCall const&) -> outcome<Credentials> { return granted; });
}

ScriptedAuthorizer ComposeFixture::allows(std::string name)
{
    Decision decision;
    decision.authorizer = std::move(name);
    decision.action = "trade";
    Credentials const granted{std::move(decision)};
    return ScriptedAuthorizer([granted](ToolCall const&) -> outcome<Credentials> { return granted; });
}

ScriptedAuthorizer ComposeFixture::interrupts(InterruptKind kind, std::string handle)
{
    Interrupt interrupt(Flow::ciba, kind, "said the test");
    interrupt.handle(std::move(handle));
    return ScriptedAuthorizer([interrupt](ToolCall const&) -> outcome<Credentials> { return interrupt; });
}

ScriptedAuthorizer ComposeFixture::fails(Errc code)
{
    return ScriptedAuthorizer([code](ToolCall const&) -> outcome<Credentials> { return Failure(code, "said the test"); });
}

awaitable<void> ComposeFixture::sleep(std::chrono::seconds time)
{
    auto const until = clock->steady_now() + time;
    auto const slept = co_await runtime.scheduler().sleep_until(until);
    static_cast<void>(slept);
}

Tool ComposeFixture::buying()
{
    return tool<ComposedOrder>("buy_stock", "buys", [this](ComposedOrder, ToolContext& context) { return execute(context); });
}

awaitable<std::string> ComposeFixture::execute(ToolContext& context)
{
    names.clear();
    for (auto const name : context.credentials().names())
        names.emplace_back(name);
    std::sort(names.begin(), names.end());
    ++executions;
    co_return "bought";
}

std::string ComposeFixture::in_short(Answer const& answer)
{
    if (answer.has_interrupt())
        return std::string(to_string(answer.interrupt().kind()));
    if (answer.has_failure())
        return "failed " + std::string(to_string(static_cast<Errc>(answer.failure().code().value())));
    std::string out = "granted";
    std::vector<std::string> sorted;
    for (auto const name : answer.value().names())
        sorted.emplace_back(name);
    std::sort(sorted.begin(), sorted.end());
    for (auto const& name : sorted)
        out += " " + name;
    return out;
}

std::string ComposeFixture::in_short(outcome<boost::json::value> const& answer)
{
    if (answer.has_interrupt())
        return std::string(to_string(answer.interrupt().kind()));
    if (answer.has_failure())
        return "failed " + std::string(to_string(static_cast<Errc>(answer.failure().code().value())));
    return boost::json::serialize(answer.value());
}

}  // namespace assent::test
