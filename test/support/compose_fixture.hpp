#pragma once

#include "support/ciba_fixture.hpp"
#include "support/fake_device_provider.hpp"

#include <assent/compose.hpp>

#include <boost/describe/class.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::test {

struct ComposedOrder {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(ComposedOrder, (), (ticker, qty))

/// An authorizer that answers as the test says, and remembers what it was asked.
class ScriptedAuthorizer {
public:
    struct State {
        std::function<outcome<Credentials>(ToolCall const&)> answer;
        std::function<outcome<Grant>(TokenRefusal const&)> renewal;
        std::function<awaitable<void>()> before;  ///< Awaited before it answers, when given.
        std::vector<std::string> asked;  ///< The handles of the calls.
        std::vector<TokenRefusal> refusals;
        std::size_t claims = 0;
        std::optional<Errc> claim_fails;
        bool one_use = false;
        bool asks_person = false;
        bool cached = false;
        RefusalHandler on_unauthorized;
    };

    explicit ScriptedAuthorizer(std::function<outcome<Credentials>(ToolCall const&)> answer) { state->answer = std::move(answer); }

    awaitable<outcome<Credentials>> authorize(ToolCall call) { return answer_of(state, std::move(call)); }
    awaitable<outcome<Grant>> prepare(ToolCall call) { return grant_of(state, std::move(call)); }
    awaitable<outcome<Grant>> renew(ToolCall, TokenRefusal refusal) { return renewal_of(state, std::move(refusal)); }
    std::optional<Credentials> try_cached(ToolCall const& call) const
    {
        if (!state->cached)
            return std::nullopt;
        return state->answer(call).value();
    }
    bool asks_person() const noexcept { return state->asks_person; }
    RefusalHandler const* on_unauthorized() const { return state->on_unauthorized ? &state->on_unauthorized : nullptr; }

    std::shared_ptr<State> state = std::make_shared<State>();

private:
    static awaitable<outcome<Credentials>> answer_of(std::shared_ptr<State> state, ToolCall call);
    static awaitable<outcome<Grant>> grant_of(std::shared_ptr<State> state, ToolCall call);
    static awaitable<outcome<Grant>> renewal_of(std::shared_ptr<State> state, TokenRefusal refusal);
    static awaitable<result<void>> claim_of(std::shared_ptr<State> state);
};

/// CIBA and device authorizers on one clock and store, scripted ones, and a tool to protect.
class ComposeFixture : public CibaFixture {
public:
    ComposeFixture();

    CibaAuthorizer ciba(std::string name = "ciba") { return authorizer(options().name(std::move(name))); }
    CibaAuthorizer waiting_ciba(std::string name = "ciba")
    {
        return authorizer(options().name(std::move(name)).on_authorization_request(AuthorizationMode::block));
    }
    DeviceAuthorizer device(std::string name = "device");

    static Credentials token(std::string name, std::string value = "token-secret");
    static ScriptedAuthorizer grants(std::string name, std::string value = "token-secret");
    static ScriptedAuthorizer allows(std::string name);
    static ScriptedAuthorizer interrupts(InterruptKind kind, std::string handle = {});
    static ScriptedAuthorizer fails(Errc code);

    /// For ScriptedAuthorizer::State::before.
    awaitable<void> sleep(std::chrono::seconds time);
    Tool buying();
    /// "granted a b", "pending", "failed timed_out": what an answer is, in a word.
    static std::string in_short(Answer const& answer);
    static std::string in_short(outcome<boost::json::value> const& answer);
    std::string asked(AnyAuthorizer authorizer, ToolCall call = buy()) { return in_short(run(authorizer.authorize(std::move(call)))); }
    FakeCibaProvider::Pending& request(std::size_t n) { return provider->pending.at(n).second; }

    std::shared_ptr<FakeDeviceProvider> device_provider = std::make_shared<FakeDeviceProvider>(clock);
    Runtime device_runtime{io.get_executor()};
    int executions = 0;
    std::vector<std::string> names;  ///< Of the token sets that the latest execution had.

private:
    awaitable<std::string> execute(ToolContext& context);
};

}  // namespace assent::test
