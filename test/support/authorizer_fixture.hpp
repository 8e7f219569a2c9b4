#pragma once

#include "support/background.hpp"
#include "support/fake_provider.hpp"

#include <assent/assent.hpp>
#include <assent/testing/run_coroutine.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

/// A runtime on manual time with a memory store and a fake provider, and calls to authorize.
/// @tparam P the provider.
template <class P>
class AuthorizerFixture : public testing::IoContextFixture {
public:
    AuthorizerFixture() { runtime.http(provider).store(store).clock(clock); }

    static Principal alice() { return Principal("https://idp.example/", "auth0|alice"); }
    static Principal bob() { return Principal("https://idp.example/", "auth0|bob"); }

    static ToolCall buy(int quantity = 10, Principal principal = alice())
    {
        boost::json::object input;
        input.emplace("ticker", "ZEKO");
        input.emplace("qty", quantity);
        ToolCall call(std::move(principal), "buy_stock", std::move(input));
        call.thread_id("thread-1").call_id("call-1");
        return call;
    }

    static ToolCall resumed(ToolCall call, Interrupt const& interrupt)
    {
        call.resumed(interrupt.handle());
        return call;
    }

    using Answer = outcome<Credentials>;
    static bool is(Answer const& answer, InterruptKind kind)
    {
        return answer.has_interrupt() && answer.interrupt().kind() == kind;
    }
    static bool is(Answer const& answer, Errc code) { return answer.has_failure() && answer.failure() == code; }
    /// For messages.
    static std::string describe(Answer const& answer)
    {
        if (answer.has_interrupt())
            return "interrupt " + std::string(to_string(answer.interrupt().kind())) + ": " + answer.interrupt().message();
        if (answer.has_failure())
            return "failure " + answer.failure().message();
        return "credentials";
    }

    /// A call whose answer does not matter.
    template <Authorizer A>
    void ask(A authorizer, ToolCall call)
    {
        auto const answer = run(authorizer.authorize(std::move(call)));
        static_cast<void>(answer);
    }
    /// A call that runs beside the test.
    template <Authorizer A>
    Background<Answer> call_in_background(A authorizer, ToolCall call)
    {
        return Background<Answer>(io, authorizer.authorize(std::move(call)));
    }
    /// Lets time pass.
    void pass(std::chrono::nanoseconds time) { clock->run_for(io, time); }

    static HttpResponse error(std::string_view code, int status = 400, std::string retry_after = {})
    {
        boost::json::object body;
        body.emplace("error", code);
        HttpResponse response(status, boost::json::serialize(body));
        if (!retry_after.empty())
            response.headers.add("Retry-After", std::move(retry_after));
        return response;
    }
    static bool is_poll(HttpRequest const& request) { return request.url().ends_with("/oauth/token"); }
    static bool is_jwks(HttpRequest const& request) { return request.url().ends_with("/jwks.json"); }

    /// The token endpoint answers so, in this order, then as the person decides.
    void polls_answer(std::vector<result<HttpResponse>> answers)
    {
        auto next = std::make_shared<std::size_t>(0);
        provider->fault = [next, answers = std::move(answers)](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            if (!is_poll(request) || *next == answers.size())
                return std::nullopt;
            return answers[(*next)++];
        };
    }

    std::shared_ptr<P> provider = std::make_shared<P>(clock);
    std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>(clock);
    Runtime runtime{io.get_executor()};
};

}  // namespace assent::test
