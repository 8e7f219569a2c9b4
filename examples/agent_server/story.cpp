#include "story.hpp"

#include "browser.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <stdexcept>

namespace asio = boost::asio;
namespace json = boost::json;

namespace demo {
namespace {

class Story {
public:
    explicit Story(Stage& stage) : stage_(stage), alice_(stage.http, stage.port, "alice"), bob_(stage.http, stage.port, "bob") {}

    assent::awaitable<bool> run() {
        co_await alice_.sign_in();
        co_await bob_.sign_in();
        co_await small_purchase();
        co_await purchase(true);
        co_await purchase(false);
        co_await calendar();
        co_await data();
        co_await documents();
        fmt::print("\n{} of {} as they should be.\n", passed_, passed_ + failed_);
        co_return failed_ == 0;
    }

private:
    void expect(bool right, std::string const& what) {
        ++(right ? passed_ : failed_);
        fmt::print("  {} {}\n", right ? "ok  " : "FAIL", what);
        std::fflush(stdout);
    }

    void chapter(char const* title) { fmt::print("\n{}\n", title); }

    assent::awaitable<json::object> say(Browser& who, std::string text) {
        fmt::print("  {}: {}\n", who.name(), text);
        auto state = co_await who.say(std::move(text));
        for (auto const& card : state.at("cards").as_array())
            fmt::print("  [waits] {}: {}\n", std::string(card.at("tool").as_string()), std::string(card.at("interrupt").at("message").as_string()));
        if (cards_of(state) == 0)
            fmt::print("  agent: {}\n", last_words(state));
        co_return state;
    }

    /// Until nothing waits any more and the agent has answered: the server goes on by itself. While it does, nothing waits either.
    assent::awaitable<json::object> settled(Browser& who, json::object const& before) {
        auto const said = before.at("messages").as_array().size();
        auto const executor = co_await asio::this_coro::executor;
        asio::steady_timer pause(executor);
        json::object state;
        for (int i = 0; i < 150; ++i) {
            state = co_await who.conversation();
            auto const& messages = state.at("messages").as_array();
            if (cards_of(state) == 0 && messages.size() > said && messages.back().at("who") == "agent")
                break;
            pause.expires_after(std::chrono::milliseconds(200));
            co_await pause.async_wait(asio::use_awaitable);
        }
        fmt::print("  agent: {}\n", last_words(state));
        co_return state;
    }

    /// Does something where the tenant lives.
    assent::awaitable<void> at_tenant(std::function<void(assent::testing::LocalTenant&)> what) {
        auto doing = run_there(stage_.home.tenant(), std::move(what));
        auto const executor = stage_.home.executor();
        co_await asio::co_spawn(executor, std::move(doing), asio::use_awaitable);
    }
    static assent::awaitable<void> run_there(assent::testing::LocalTenant* tenant, std::function<void(assent::testing::LocalTenant&)> what) {
        what(*tenant);
        co_return;
    }

    assent::awaitable<void> small_purchase() {
        chapter("A small purchase needs nobody's confirmation.");
        auto const state = co_await say(alice_, "Buy 2 ZEKO");
        expect(cards_of(state) == 0 && last_words(state).find("Purchased 2 shares of ZEKO") != std::string::npos, "bought at once");
    }

    assent::awaitable<void> purchase(bool approved) {
        chapter(approved ? "A large one does: it is approved on the phone." : "Another one is refused.");
        std::string order = approved ? "Buy 100 ZEKO" : "Buy 9000 ZEKO";
        auto const state = co_await say(alice_, std::move(order));
        expect(cards_of(state) == 1, "the agent waits for the person");
        std::string shown;
        auto decide = [approved, &shown](assent::testing::LocalTenant& tenant) {
            for (auto const& one : tenant.pending("alice")) {
                shown = one.binding_message;
                if (approved)
                    tenant.approve(one.id);
                else
                    tenant.deny(one.id);
            }
        };
        std::function<void(assent::testing::LocalTenant&)> deciding = decide;
        co_await at_tenant(std::move(deciding));
        fmt::print("  phone: “{}”: {}\n", shown, approved ? "approve" : "deny");
        auto const after = co_await settled(alice_, state);
        if (approved)
            expect(last_words(after).find("Purchased 100 shares of ZEKO") != std::string::npos, "bought after the approval, by itself");
        else
            expect(last_words(after).find("refused") != std::string::npos, "not bought, and the agent says why");
    }

    assent::awaitable<void> calendar() {
        chapter("The calendar needs an account that the person connects first.");
        auto const state = co_await say(alice_, "Am I free on 2026-12-01?");
        bool const asks = cards_of(state) == 1 && state.at("cards").at(0).at("interrupt").at("connection") == "google-oauth2";
        expect(asks, "the agent asks for the account google-oauth2");
        std::function<void(assent::testing::LocalTenant&)> connecting = [](assent::testing::LocalTenant& tenant) {
            tenant.connect("alice", "google-oauth2");
        };
        co_await at_tenant(std::move(connecting));
        auto const after = co_await alice_.try_again();
        fmt::print("  agent: {}\n", last_words(after));
        expect(last_words(after).find("2026-12-01 is free") != std::string::npos, "the calendar was read with the person's own token");
    }

    assent::awaitable<void> data() {
        chapter("The data service wants a sign-in on another device.");
        auto const state = co_await say(alice_, "Fetch my records about orders");
        std::string code;
        if (cards_of(state) == 1)
            code = state.at("cards").at(0).at("interrupt").at("userCode").as_string();
        expect(!code.empty(), "the agent shows the code " + code);
        std::function<void(assent::testing::LocalTenant&)> entering = [code](assent::testing::LocalTenant& tenant) { tenant.activate(code, "alice"); };
        co_await at_tenant(std::move(entering));
        auto const after = co_await settled(alice_, state);
        expect(last_words(after).find("3 records about orders") != std::string::npos, "the records came after the sign-in");
    }

    assent::awaitable<void> documents() {
        chapter("Documents: each person finds and reads what is theirs.");
        auto const hers = co_await say(alice_, "What is the forecast for ZEKO?");
        expect(last_words(hers).find("24 percent") != std::string::npos, "alice, in finance, sees the forecast");
        auto const his = co_await say(bob_, "What is the forecast for ZEKO?");
        expect(last_words(his).find("24 percent") == std::string::npos, "bob does not");
        auto const read = co_await say(bob_, "Read the document forecast");
        expect(last_words(read).find("24 percent") == std::string::npos && last_words(read).find("not allowed") != std::string::npos,
               "nor may he read it");
        auto const his_chat = co_await bob_.conversation();
        expect(json::serialize(his_chat).find("Buy 100 ZEKO") == std::string::npos, "and he never sees what she said");
    }

    Stage& stage_;
    Browser alice_;
    Browser bob_;
    int passed_ = 0;
    int failed_ = 0;
};

}  // namespace

assent::awaitable<bool> tell_story(Stage& stage) {
    Story story(stage);
    co_return co_await story.run();
}

}  // namespace demo
