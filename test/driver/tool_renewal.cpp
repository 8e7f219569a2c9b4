#include "support/background.hpp"

#include <assent/tool.hpp>
#include <assent/testing/run_coroutine.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace tool_renewal_test {

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

}  // namespace tool_renewal_test

namespace {

using tool_renewal_test::Nothing;
using Output = outcome<json::value>;

/// What an authorizer of the tests did and is to do.
class Account {
public:
    explicit Account(std::string its_name) : name(std::move(its_name)) {}

    TokenSet tokens() const
    {
        TokenSet out;
        out.access_token = Secret(name + "-" + std::to_string(generation));
        return out;
    }
    Interrupt consent() const
    {
        Interrupt interrupt(Flow::token_vault, InterruptKind::consent_needed, "Connect " + name + ".");
        ConsentRequest request;
        request.connection = name;
        interrupt.consent(std::move(request));
        return interrupt;
    }

    std::string name;
    int generation = 1;
    std::vector<TokenRefusal> refusals;
    std::optional<Failure> fails;
    bool ignores_repetition = false;
    std::shared_ptr<int> claims = std::make_shared<int>(0);
    RefusalHandler on_unauthorized;
};

class Renewing {
public:
    explicit Renewing(std::shared_ptr<Account> account) : account_(std::move(account)) {}

    awaitable<outcome<Credentials>> authorize(ToolCall)
    {
        Credentials out(account_->name, account_->tokens());
        co_return out;
    }
    awaitable<outcome<Grant>> renew(ToolCall, TokenRefusal refusal)
    {
        auto const executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        account_->refusals.push_back(refusal);
        if (account_->fails)
            co_return *account_->fails;
        if (refusal.needs_person() && !account_->ignores_repetition)
            co_return account_->consent();
        ++account_->generation;
        Credentials credentials(account_->name, account_->tokens());
        Grant grant(std::move(credentials));
        grant.claims.push_back([claims = account_->claims] { return claimed(claims); });
        co_return grant;
    }
    RefusalHandler const* on_unauthorized() const { return account_->on_unauthorized ? &account_->on_unauthorized : nullptr; }

private:
    static awaitable<result<void>> claimed(std::shared_ptr<int> claims)
    {
        ++*claims;
        co_return boost::outcome_v2::success();
    }

    std::shared_ptr<Account> account_;
};

/// Has nothing but authorize().
class Plain {
public:
    awaitable<outcome<Credentials>> authorize(ToolCall)
    {
        TokenSet tokens;
        tokens.access_token = Secret("plain-1");
        Credentials out("plain", tokens);
        co_return out;
    }
};

std::string token_of(ToolContext const& context, char const* name)
{
    return std::string(context.credentials().find(name)->access_token.expose());
}

/// An API that accepts some tokens, and a handler that asks it.
class Api {
public:
    std::vector<std::string> accepted;
    TokenRefusal refusal;
    int runs = 0;
};

class Fixture : public testing::IoContextFixture {
public:
    std::shared_ptr<Account> google = std::make_shared<Account>("google");
    std::shared_ptr<Account> github = std::make_shared<Account>("github");
    std::shared_ptr<Api> api = std::make_shared<Api>();

    static awaitable<std::string> ask(std::shared_ptr<Api> api, std::string name, ToolContext& context)
    {
        ++api->runs;
        auto token = token_of(context, name.c_str());
        for (auto const& good : api->accepted) {
            if (token == good)
                co_return token;
        }
        TokenRefusal refusal = api->refusal;
        refusal.name = name;
        context.token_refused(std::move(refusal));
        co_return "refused";
    }

    static awaitable<void> say_refused(std::string name, ToolContext& context)
    {
        context.token_refused(TokenRefusal(std::move(name)));
        co_return;
    }
    static awaitable<std::string> half(std::shared_ptr<Api> api, ToolContext& context)
    {
        ++api->runs;
        context.point_of_no_return();
        context.token_refused(TokenRefusal("google"));
        co_return "half done";
    }

    Tool tool_of(std::shared_ptr<Account> account)
    {
        auto its_api = api;
        auto name = account->name;
        auto made = tool<Nothing>("ask", "asks", [its_api, name](Nothing, ToolContext& context) { return ask(its_api, name, context); });
        return made.protected_by(Renewing(std::move(account)));
    }
    template <class Handler>
    Tool with(Handler handler)
    {
        return tool<Nothing>("ask", "asks", handler).protected_by(Renewing(google)).protected_by(Renewing(github));
    }
    Output call(Tool const& its_tool)
    {
        json::object input;
        ToolCall its_call(Principal("https://idp.example/", "auth0|alice"), "ask", std::move(input));
        return run(its_tool.call(std::move(its_call)));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tool_renewal, Fixture)

BOOST_AUTO_TEST_CASE(a_refused_token_is_renewed_and_the_handler_runs_once_more)
{
    api->accepted = {"google-2"};
    auto const answer = call(tool_of(google));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST((answer.value() == json::value("google-2")));
    BOOST_TEST(api->runs == 2);
    BOOST_REQUIRE_EQUAL(google->refusals.size(), 1U);
    BOOST_TEST(google->refusals[0].name == "google");
    BOOST_TEST((google->refusals[0].access_token == Secret("google-1")));
    BOOST_TEST(!google->refusals[0].repeated);
    BOOST_TEST(*google->claims == 1);
}

BOOST_AUTO_TEST_CASE(an_accepted_token_costs_one_run_and_no_renewal)
{
    api->accepted = {"google-1"};
    BOOST_TEST((call(tool_of(google)).value() == json::value("google-1")));
    BOOST_TEST(api->runs == 1);
    BOOST_TEST(google->refusals.empty());
}

BOOST_AUTO_TEST_CASE(a_renewed_token_that_is_refused_too_interrupts)
{
    auto const answer = call(tool_of(google));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().kind() == InterruptKind::consent_needed));
    BOOST_TEST(api->runs == 2);
    BOOST_REQUIRE_EQUAL(google->refusals.size(), 2U);
    BOOST_TEST(google->refusals[1].repeated);
    BOOST_TEST((google->refusals[1].access_token == Secret("google-2")));
}

BOOST_AUTO_TEST_CASE(an_authorizer_that_always_grants_does_not_make_a_loop)
{
    google->ignores_repetition = true;
    auto const answer = call(tool_of(google));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::server_refused));
    BOOST_TEST(api->runs == 2);
}

BOOST_AUTO_TEST_CASE(missing_scopes_interrupt_without_a_second_run)
{
    api->refusal.server.status = 403;
    api->refusal.server.error = "insufficient_scope";
    api->refusal.scopes = {"calendar"};
    auto const answer = call(tool_of(google));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST(answer.interrupt().resumable());
    BOOST_TEST(api->runs == 1);
    BOOST_TEST((google->refusals.at(0).scopes == std::vector<std::string>{"calendar"}));
}

BOOST_AUTO_TEST_CASE(a_renewal_that_fails_is_the_tools_answer)
{
    google->fails = Failure(Errc::temporarily_unavailable, "the vault is closed");
    auto const answer = call(tool_of(google));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::temporarily_unavailable));
    BOOST_TEST(api->runs == 1);
}

BOOST_AUTO_TEST_CASE(the_host_may_answer_to_a_final_refusal)
{
    google->fails = Failure(Errc::invalid_client);
    google->on_unauthorized = [](Refusal, ToolCall) -> awaitable<result<json::value>> { co_return json::value("please ask the operator"); };
    BOOST_TEST((call(tool_of(google)).value() == json::value("please ask the operator")));
}

BOOST_AUTO_TEST_CASE(an_authorizer_that_cannot_renew_refuses)
{
    auto const refused = tool<Nothing>("ask", "asks", [](Nothing, ToolContext& context) -> awaitable<void> {
        context.token_refused(TokenRefusal());
        co_return;
    });
    auto const answer = call(refused.protected_by(Plain()));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::server_refused));

    auto const narrow = tool<Nothing>("ask", "asks", [](Nothing, ToolContext& context) -> awaitable<void> {
        TokenRefusal refusal("plain");
        refusal.server.error = "insufficient_scope";
        refusal.scopes = {"write"};
        context.token_refused(refusal);
        co_return;
    });
    auto const stepped = call(narrow.protected_by(Plain()));
    BOOST_REQUIRE(stepped.has_interrupt());
    BOOST_TEST((stepped.interrupt().kind() == InterruptKind::insufficient_scope));
    BOOST_TEST((stepped.interrupt().consent()->required_scopes == std::vector<std::string>{"write"}));
}

BOOST_AUTO_TEST_CASE(with_several_token_sets_the_refused_one_alone_is_renewed)
{
    auto const answer = call(with([](Nothing, ToolContext& context) -> awaitable<std::string> {
        if (token_of(context, "github") == "github-1")
            context.token_refused(TokenRefusal("github"));
        else if (token_of(context, "google") == "google-1")
            context.token_refused(TokenRefusal("google"));
        co_return token_of(context, "google") + " " + token_of(context, "github");
    }));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST((answer.value() == json::value("google-2 github-2")));
    BOOST_TEST(google->refusals.size() == 1U);
    BOOST_TEST(github->refusals.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_refusal_must_say_which_of_several_tokens_it_is_about)
{
    for (auto const* name : {"", "slack"}) {
        auto const answer = call(with([name](Nothing, ToolContext& context) { return say_refused(name, context); }));
        BOOST_REQUIRE(answer.has_failure());
        BOOST_TEST((answer.failure() == Errc::invalid_argument));
    }
}

BOOST_AUTO_TEST_CASE(a_token_can_be_renewed_without_running_again)
{
    auto const answer = call(with([](Nothing, ToolContext& context) -> awaitable<std::string> {
        auto const& before = context.credentials().find("google")->access_token;
        TokenRefusal refusal("google");
        auto renewed = co_await context.renew_token(std::move(refusal));
        co_return std::string(before.expose()) + " " + token_of(context, "google") + (renewed ? " renewed" : " not");
    }));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST((answer.value() == json::value("google-1 google-2 renewed")));
}

BOOST_AUTO_TEST_CASE(a_token_that_was_replaced_meanwhile_is_not_renewed_again)
{
    auto const answer = call(with([](Nothing, ToolContext& context) -> awaitable<std::string> {
        for (int i = 0; i < 3; ++i) {
            TokenRefusal refusal("google");
            refusal.access_token = Secret("google-1");
            auto renewed = co_await context.renew_token(std::move(refusal));
            if (!renewed)
                co_return "not renewed";
        }
        co_return token_of(context, "google");
    }));
    BOOST_TEST((answer.value() == json::value("google-2")));
    BOOST_TEST(google->refusals.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_interrupt_of_a_renewal_is_the_tools_answer_whatever_the_handler_returns)
{
    auto const insist = [](Nothing, ToolContext& context) -> awaitable<std::string> {
        TokenRefusal refusal("google");
        refusal.repeated = true;
        auto renewed = co_await context.renew_token(std::move(refusal));
        co_return renewed.has_interrupt() ? "interrupted" : "?";
    };
    auto const answer = call(with(insist));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST(answer.interrupt().consent()->connection == "google");
}

BOOST_AUTO_TEST_CASE(a_handler_may_go_on_without_the_token)
{
    auto const answer = call(with([](Nothing, ToolContext& context) -> awaitable<std::string> {
        TokenRefusal refusal("google");
        refusal.repeated = true;
        auto renewed = co_await context.renew_token(refusal);
        static_cast<void>(renewed);
        context.token_refused(refusal);
        context.go_on_without();
        co_return "done without google";
    }));
    BOOST_TEST((answer.value() == json::value("done without google")));
}

BOOST_AUTO_TEST_CASE(past_the_point_of_no_return_the_handler_is_not_run_again)
{
    auto its_api = api;
    auto const answer = call(with([its_api](Nothing, ToolContext& context) { return half(its_api, context); }));
    BOOST_TEST((answer.value() == json::value("half done")));
    BOOST_TEST(its_api->runs == 1);
    BOOST_TEST(google->refusals.size() == 1U);  // the next call finds a token that works
}

BOOST_AUTO_TEST_CASE(past_the_point_of_no_return_an_interrupt_is_final)
{
    auto const answer = call(with([](Nothing, ToolContext& context) -> awaitable<std::string> {
        context.point_of_no_return();
        TokenRefusal refusal("google");
        refusal.server.error = "insufficient_scope";
        context.token_refused(refusal);
        co_return "half done";
    }));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().kind() == InterruptKind::insufficient_scope));
    BOOST_TEST(!answer.interrupt().resumable());
    BOOST_TEST(answer.interrupt().consent()->connection == "google");
}

BOOST_AUTO_TEST_CASE(a_handlers_exception_is_the_callers_also_after_a_refusal)
{
    auto const throwing = with([](Nothing, ToolContext& context) -> awaitable<int> {
        context.token_refused(TokenRefusal("google"));
        throw std::runtime_error("exchange on fire");
        co_return 0;
    });
    BOOST_CHECK_THROW(static_cast<void>(call(throwing)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_context_made_by_hand_renews_nothing)
{
    TokenSet tokens;
    tokens.access_token = Secret("a");
    ToolContext context(ToolCall(), Credentials("mine", tokens));
    auto const renewed = run(context.renew_token(TokenRefusal()));
    BOOST_REQUIRE(renewed.has_failure());
    BOOST_TEST((renewed.failure() == Errc::server_refused));
}

BOOST_AUTO_TEST_SUITE_END()
