#include "protocol/action.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace {

json::array request(char const* message = "Buy")
{
    json::array out;
    out.emplace_back("ciba");
    out.emplace_back(message);
    return out;
}

ToolCall call(char const* input = R"({"qty":1,"ticker":"ZEKO"})")
{
    ToolCall out(Principal("https://idp.example/", "alice"), "buy_stock", json::parse(input));
    out.thread_id("thread").call_id("call");
    return out;
}

std::string digest(ToolCall const& of, json::array const& asked = request())
{
    return action_digest(of, "https://as.example/", "client", asked).value();
}

std::string id(ToolCall const& of, CredentialsContext context, json::array const& asked = request())
{
    return authorization_id(of, context, digest(of, asked), asked);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_action)

BOOST_AUTO_TEST_CASE(the_digest_is_the_same_in_every_process_and_version)
{
    // Stored approvals are compared with it. It must not change.
    BOOST_TEST(digest(call()) == "sn9dOEPI09JGj5VbgBGy0TnJYFUXqbTsXlr7PSEQSP8");
    BOOST_TEST(id(call(), CredentialsContext::tool_call) == "iXcLsPRLeeGX1bF_vzoldw");
    BOOST_TEST(id(call(), CredentialsContext::tool) == "SzsxYeIezAXFsJajY4bWoL");
    BOOST_TEST(id(call(), CredentialsContext::thread) == "t0ZJcv-zfQzZGxYFt-G1ik");
    BOOST_TEST(id(call(), CredentialsContext::agent) == "ZKyhBsDALjM29qqwIUWCY2");
    for (auto const context : {CredentialsContext::tool_call, CredentialsContext::tool, CredentialsContext::thread, CredentialsContext::agent})
        BOOST_TEST(authorization_id(call(), context, digest(call()), CanonicalRequest(request())) == id(call(), context));
    BOOST_TEST(authorizer_id("ciba", "https://as.example/", "client", "name") == "BZftfhLgdg5KGPnetkrGs4");
    auto const client = OauthClient::standard("https://as.example/", "client");
    BOOST_TEST(authorizer_id("ciba", client, "name") == "BZftfhLgdg5KGPnetkrGs4");
}

BOOST_AUTO_TEST_CASE(the_digest_depends_on_what_the_input_says_not_on_how_it_is_written)
{
    BOOST_TEST(digest(call()) == digest(call(R"({ "ticker" : "ZEKO", "qty" : 1.0 })")));
}

BOOST_AUTO_TEST_CASE(everything_that_matters_changes_the_digest)
{
    std::vector<std::function<void(ToolCall&)>> const changes{
        [](ToolCall& of) { of.input(json::parse(R"({"qty":1000,"ticker":"ZEKO"})")); },
        [](ToolCall& of) { of.input(json::parse(R"({"qty":"1","ticker":"ZEKO"})")); },
        [](ToolCall& of) { of.input(json::parse(R"({"qty":1,"ticker":"ZEKO","x":null})")); },
        [](ToolCall& of) { of.tool_name("sell_stock"); },
        [](ToolCall& of) { of.principal(Principal("https://idp.example/", "bob")); },
        [](ToolCall& of) { of.principal(Principal("https://other.example/", "alice")); },
        [](ToolCall& of) { of.principal(Principal("https://idp.example/", "alice").tenant("t")); },
        [](ToolCall& of) { of.principal(Principal("https://idp.example/", "alice").agent("a")); },
    };
    std::set<std::string> seen{digest(call())};
    for (auto const& change : changes) {
        auto changed = call();
        change(changed);
        BOOST_TEST(seen.insert(digest(changed)).second);
    }
    BOOST_TEST(seen.insert(digest(call(), request("Sell"))).second);
    BOOST_TEST(seen.insert(action_digest(call(), "https://b.example/", "client", request()).value()).second);
    BOOST_TEST(seen.insert(action_digest(call(), "https://as.example/", "other", request()).value()).second);
}

BOOST_AUTO_TEST_CASE(an_input_without_a_canonical_form_is_refused)
{
    auto odd = call();
    odd.input(json::value(std::numeric_limits<double>::infinity()));
    auto const said = action_digest(odd, "i", "c", request());
    BOOST_REQUIRE(!said);
    BOOST_TEST((said.failure() == Errc::invalid_input));
}

BOOST_AUTO_TEST_CASE(a_context_shares_exactly_what_it_says)
{
    using enum CredentialsContext;
    auto const base = call();
    auto other_call = call();
    other_call.call_id("call-2");
    auto other_tool = call();
    other_tool.tool_name("sell_stock");
    auto other_thread = call();
    other_thread.thread_id("thread-2");

    BOOST_TEST(id(base, tool_call) != id(other_call, tool_call));
    BOOST_TEST(id(base, tool) == id(other_call, tool));
    BOOST_TEST(id(base, tool) != id(other_tool, tool));
    BOOST_TEST(id(base, thread) == id(other_tool, thread));
    BOOST_TEST(id(base, thread) != id(other_thread, thread));
    BOOST_TEST(id(base, agent) == id(other_thread, agent));
    std::set<std::string> const all{id(base, tool_call), id(base, tool), id(base, thread), id(base, agent)};
    BOOST_TEST(all.size() == 4u);
    for (auto const context : {tool, thread, agent})
        BOOST_TEST(id(base, context) != id(base, context, request("Sell")));
}

BOOST_AUTO_TEST_CASE(a_call_is_named_by_its_id_or_by_its_action)
{
    using enum CredentialsContext;
    auto changed = call(R"({"qty":1000})");
    BOOST_TEST(id(call(), tool_call) == id(changed, tool_call));  // the digest tells them apart
    auto unnamed = call();
    unnamed.call_id("");
    auto unnamed_changed = changed;
    unnamed_changed.call_id("");
    BOOST_TEST(id(unnamed, tool_call) == id(unnamed, tool_call));
    BOOST_TEST(id(unnamed, tool_call) != id(unnamed_changed, tool_call));
    auto clash = call();
    clash.call_id(digest(unnamed));
    BOOST_TEST(id(clash, tool_call) != id(unnamed, tool_call));
}

BOOST_AUTO_TEST_CASE(a_handle_parses_back_and_nothing_else_does)
{
    ResumeHandle const handle(id(call(), CredentialsContext::tool), std::string(22, 'n'));
    auto const read = ResumeHandle::parse(handle.text());
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read.value().id == handle.id);
    BOOST_TEST(read.value().nonce == handle.nonce);
    auto const text = handle.text();
    auto spaced = text;
    spaced[3] = ' ';
    auto slashed = text;
    slashed[40] = '/';
    for (std::string const& wrong : {std::string(), text.substr(1), text.substr(0, text.size() - 1), text + "A", spaced, slashed,
                                     std::string(55, '.'), std::string(55, 'A'), std::string(1'000'000, 'A')}) {
        auto const refused = ResumeHandle::parse(wrong);
        BOOST_REQUIRE(!refused.has_value());
        BOOST_TEST((refused.failure() == Errc::invalid_argument));
        BOOST_TEST(refused.failure().message().size() < 200u);
    }
}

BOOST_AUTO_TEST_CASE(a_call_without_a_subject_or_a_tool_or_with_too_long_a_name_is_refused)
{
    BOOST_TEST(check(call()).has_value());
    auto nobody = call();
    nobody.principal(Principal());
    BOOST_TEST((check(nobody).failure() == Errc::no_subject));
    auto toolless = call();
    toolless.tool_name("");
    BOOST_TEST((check(toolless).failure() == Errc::invalid_argument));
    std::string const longest(512, 'x');
    std::string const too_long(513, 'x');
    auto fits = call();
    fits.call_id(longest).thread_id(longest).tool_name(longest);
    BOOST_TEST(check(fits).has_value());
    auto thread = call();
    thread.thread_id(too_long);
    BOOST_TEST(check(thread).failure().detail().find("thread_id") != std::string_view::npos);
    auto subject = call();
    subject.principal(Principal("i", too_long));
    BOOST_TEST(check(subject).failure().detail().find("principal.subject") != std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE_END()
