#include "authorizer/grant_cache.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using namespace assent;
using enum CredentialsContext;

namespace {

GrantCache::time_point const now(1'800'000'000s);

ToolCall call(std::string subject = "alice")
{
    ToolCall out(Principal("https://idp.example/", std::move(subject)), "buy_stock");
    out.thread_id("thread").call_id("call");
    return out;
}

Credentials credentials(std::optional<std::chrono::seconds> life = 1h)
{
    TokenSet tokens;
    tokens.access_token = Secret("token");
    if (life)
        tokens.expires_at = now + *life;
    return Credentials("name", std::move(tokens));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grant_cache)

BOOST_AUTO_TEST_CASE(what_was_put_is_found_for_a_minute)
{
    GrantCache cache;
    BOOST_TEST(cache.find(call(), thread, now) == nullptr);
    cache.put(call(), thread, credentials(), now);
    BOOST_REQUIRE(cache.find(call(), thread, now) != nullptr);
    BOOST_TEST(cache.find(call(), thread, now)->find("name") != nullptr);
    BOOST_TEST(cache.find(call(), thread, now + 59s) != nullptr);
    BOOST_TEST(cache.find(call(), thread, now + 60s) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_token_is_not_handed_out_in_its_last_minute)
{
    GrantCache cache;
    cache.put(call(), thread, credentials(90s), now);
    BOOST_TEST(cache.find(call(), thread, now + 29s) != nullptr);
    BOOST_TEST(cache.find(call(), thread, now + 30s) == nullptr);
    GrantCache dying;
    dying.put(call(), thread, credentials(60s), now);
    BOOST_TEST(dying.find(call(), thread, now) == nullptr);
    GrantCache endless;
    endless.put(call(), thread, credentials(std::nullopt), now);
    BOOST_TEST(endless.find(call(), thread, now + 59s) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_context_shares_what_it_says)
{
    auto other_tool = call();
    other_tool.tool_name("sell_stock").call_id("call-2");
    auto other_thread = call();
    other_thread.thread_id("thread-2");
    struct Case {
        CredentialsContext context;
        bool tool, thread;
    };
    for (auto const& one : {Case{CredentialsContext::tool, false, false}, Case{CredentialsContext::thread, true, false},
                            Case{CredentialsContext::agent, true, true}}) {
        GrantCache cache;
        cache.put(call(), one.context, credentials(), now);
        BOOST_TEST((cache.find(other_tool, one.context, now) != nullptr) == one.tool);
        BOOST_TEST((cache.find(other_thread, one.context, now) != nullptr) == one.thread);
    }
}

BOOST_AUTO_TEST_CASE(principals_never_share)
{
    Principal const others[] = {
        Principal("https://idp.example/", "bob"),
        Principal("https://other.example/", "alice"),
        Principal("https://idp.example/", "alice").tenant("t"),
        Principal("https://idp.example/", "alice").agent("a"),
        Principal("https://idp.example/alice", ""),
    };
    for (auto const context : {tool, thread, agent}) {
        GrantCache cache;
        cache.put(call(), context, credentials(), now);
        for (auto const& principal : others) {
            auto other = call();
            other.principal(principal);
            BOOST_TEST(cache.find(other, context, now) == nullptr);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_erased_one_is_gone_and_the_others_stay)
{
    GrantCache cache;
    cache.put(call("alice"), thread, credentials(), now);
    cache.put(call("bob"), thread, credentials(), now);
    cache.erase(call("alice"), thread);
    cache.erase(call("carol"), thread);
    BOOST_TEST(cache.find(call("alice"), thread, now) == nullptr);
    BOOST_TEST(cache.find(call("bob"), thread, now) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_later_grant_replaces_an_earlier_one)
{
    GrantCache cache;
    cache.put(call(), thread, credentials(), now);
    cache.put(call(), thread, credentials(), now + 50s);
    BOOST_TEST(cache.find(call(), thread, now + 100s) != nullptr);
}

BOOST_AUTO_TEST_CASE(it_stays_bounded)
{
    GrantCache cache;
    for (int i = 0; i < 100'001; ++i)
        cache.put(call(std::to_string(i)), thread, credentials(), now);
    int found = 0;
    for (int i = 0; i < 100'001; ++i)
        found += cache.find(call(std::to_string(i)), thread, now) != nullptr;
    BOOST_TEST(found <= 100'000);
    BOOST_TEST(cache.find(call("100000"), thread, now) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
