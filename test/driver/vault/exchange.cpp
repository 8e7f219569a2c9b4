#include "support/vault_fixture.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;
using assent::test::VaultFixture;

namespace vault_test {

struct Post {
    std::string account;
};
BOOST_DESCRIBE_STRUCT(Post, (), (account))

}  // namespace vault_test

namespace {

using vault_test::Post;

bool refused(TokenVault options, std::string_view word)
{
    VaultFixture f;
    try {
        static_cast<void>(f.vault(std::move(options)));
    }
    catch (ConfigurationError const& error) {
        return std::string_view(error.what()).find(word) != std::string_view::npos;
    }
    return false;
}

TokenVault bare() { return TokenVault().connection("google-oauth2").scopes({"a"}); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(vault_exchange, VaultFixture)

BOOST_AUTO_TEST_CASE(one_exchange_serves_memory_and_store)
{
    auto google_vault = vault();
    auto const first = authorize(google_vault);
    BOOST_REQUIRE_MESSAGE(first.has_value(), describe(first));
    BOOST_TEST(token_of(first) == "third-party-secret-1");
    BOOST_TEST(first.value().find("google-oauth2")->has_scope(calendar));
    BOOST_TEST((first.value().tokens().expires_at == clock->now() + 3600s));
    BOOST_TEST(google_vault.try_cached(look()).has_value());
    BOOST_TEST(token_of(authorize(google_vault)) == "third-party-secret-1");
    // Another process, as it were.
    auto other = vault();
    BOOST_TEST(!other.try_cached(look()).has_value());
    BOOST_TEST(token_of(authorize(other)) == "third-party-secret-1");
    BOOST_TEST(exchanges() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_sent_is_auth0s_grant_and_no_scope)
{
    BOOST_TEST(authorize(vault()).has_value());
    Form const expected{{"grant_type", vault_grant},
                        {"client_id", "client"},
                        {"client_secret", "client-secret"},
                        {"subject_token", "rt-secret"},
                        {"subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"},
                        {"connection", "google-oauth2"},
                        {"requested_token_type", "http://auth0.com/oauth/token-type/federated-connection-access-token"}};
    BOOST_TEST((provider->seen[0].form == expected));
    BOOST_TEST(provider->seen[0].path == "/oauth/token");
}

BOOST_AUTO_TEST_CASE(values_and_functions_are_alike)
{
    auto const by_value = bare().refresh_token(Secret("rt")).login_hint(std::string("google-oauth2|1"));
    auto const by_function = bare()
                                 .refresh_token([](ToolCall const&) { return Secret("rt"); })
                                 .login_hint([](ToolCall const&) { return std::string("google-oauth2|1"); });
    for (auto const& options : {by_value, by_function}) {
        VaultFixture f;
        f.answers = [](std::size_t, Form const&) { return token_answer("t"); };
        BOOST_TEST(f.authorize(f.vault(options)).has_value());
        BOOST_TEST(f.provider->seen[0].form.at("subject_token") == "rt");
        BOOST_TEST(f.provider->seen[0].form.at("login_hint") == "google-oauth2|1");
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(an_access_token_or_a_jwt_can_be_exchanged)
{
    answers = [](std::size_t, Form const&) { return token_answer("t"); };
    BOOST_TEST(authorize(vault(bare().access_token(Secret("at")).subject_token_type(token_type::access_token))).has_value());
    BOOST_TEST(provider->seen[0].form.at("subject_token") == "at");
    BOOST_TEST(provider->seen[0].form.at("subject_token_type") == "urn:ietf:params:oauth:token-type:access_token");
    auto const worker = bare().name("worker").access_token([] { return std::string("jwt"); }).subject_token_type(token_type::jwt);
    BOOST_TEST(authorize(vault(worker)).has_value());
    BOOST_TEST(provider->seen[1].form.at("subject_token_type") == "urn:ietf:params:oauth:token-type:jwt");
}

BOOST_AUTO_TEST_CASE(a_token_handed_in_is_used_as_it_is)
{
    TokenSet tokens;
    tokens.access_token = Secret("theirs");
    tokens.scopes = {"a", "b"};
    BOOST_TEST(token_of(authorize(vault(bare().access_token(Secret("theirs"))))) == "theirs");
    BOOST_TEST(token_of(authorize(vault(bare().access_token(tokens)))) == "theirs");
    BOOST_TEST(token_of(authorize(vault(bare().access_token([] { return std::string("theirs"); })))) == "theirs");
    auto const from_function = authorize(vault(bare().access_token([tokens](ToolCall const&) { return tokens; })));
    BOOST_TEST(token_of(from_function) == "theirs");
    BOOST_TEST(from_function.value().tokens().has_scope("b"));
    BOOST_TEST(exchanges() == 0u);

    tokens.scopes = {"b"};
    auto const less = authorize(vault(bare().access_token(tokens)));
    BOOST_REQUIRE_MESSAGE(is(less, InterruptKind::consent_needed), describe(less));
    BOOST_TEST(reason_of(less.interrupt()) == "missing_scopes");
    tokens.scopes = {};
    tokens.expires_at = clock->now() - 1s;
    BOOST_TEST(is(authorize(vault(bare().access_token(tokens))), InterruptKind::consent_needed));
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_at_construction_by_name)
{
    BOOST_TEST(refused(TokenVault().scopes({"a"}).refresh_token(Secret("rt")), "connection()"));
    BOOST_TEST(refused(bare().refresh_token(Secret("rt")).access_token(Secret("at")), "takes one of"));
    BOOST_TEST(refused(bare().access_token(TokenSet()).subject_token_type(token_type::access_token), "subject_token_type()"));
    BOOST_TEST(refused(bare().refresh_token(Secret("rt")).scopes({"a b"}), "scope"));
    BOOST_TEST(refused(bare().refresh_token(Secret("rt")).refresh_skew(-1s), "refresh_skew()"));
    BOOST_TEST(refused(bare().refresh_token(Secret("rt")).name(std::string(65, 'n')), "name()"));
}

BOOST_AUTO_TEST_CASE(the_names_of_earlier_sdks_work)
{
    static_assert(std::is_same_v<TokenForConnection, TokenVault>);
    TokenForConnectionAuthorizer authorizer(runtime, client(), google());
    BOOST_TEST(run(authorizer.authorize(look())).has_value());
}

BOOST_AUTO_TEST_CASE(scopes_left_out_are_as_asked_and_commas_separate_them)
{
    answers = [](std::size_t n, Form const&) {
        return n == 0 ? token_answer("t") : token_answer("u", 3600, std::string("b,") + calendar + " c");
    };
    auto const as_asked = authorize(vault());
    BOOST_REQUIRE_MESSAGE(as_asked.has_value(), describe(as_asked));
    BOOST_TEST(as_asked.value().tokens().scopes == std::vector<std::string>{calendar}, boost::test_tools::per_element());
    auto const commas = authorize(vault(google().name("other")));
    BOOST_REQUIRE_MESSAGE(commas.has_value(), describe(commas));
    BOOST_TEST(commas.value().tokens().has_scope("c"));
}

BOOST_AUTO_TEST_CASE(fewer_scopes_ask_for_the_union_and_are_not_kept)
{
    answers = [](std::size_t n, Form const&) { return n == 0 ? token_answer("t", 3600, "openid a") : token_answer("u", 3600, "openid a b c"); };
    auto two = vault(google().scopes({"b", "c"}).authorization_params({{"prompt", "consent"}}));
    auto const less = authorize(two);
    BOOST_REQUIRE_MESSAGE(is(less, InterruptKind::consent_needed), describe(less));
    auto const& consent = *less.interrupt().consent();
    BOOST_TEST(consent.connection == "google-oauth2");
    BOOST_TEST(consent.scopes == (std::vector<std::string>{"b", "c"}), boost::test_tools::per_element());
    BOOST_TEST(consent.required_scopes == (std::vector<std::string>{"openid", "a", "b", "c"}), boost::test_tools::per_element());
    BOOST_TEST(consent.authorization_params[0].second == "consent");
    BOOST_TEST(consent.reason == "missing_scopes");
    BOOST_TEST(less.interrupt().resumable());
    BOOST_TEST(token_of(authorize(two)) == "u");
    BOOST_TEST(exchanges() == 2u);
}

BOOST_AUTO_TEST_CASE(names_of_scopes_that_no_scope_can_have_are_not_told)
{
    answers = [](std::size_t, Form const&) { return token_answer("t", 3600, "openid \"quoted\" a\\b"); };
    auto const less = authorize(vault());
    BOOST_REQUIRE_MESSAGE(is(less, InterruptKind::consent_needed), describe(less));
    BOOST_TEST(less.interrupt().message().find("quoted") == std::string::npos);
    BOOST_TEST(less.interrupt().consent()->required_scopes == (std::vector<std::string>{"openid", calendar}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_a_subject_token_nothing_is_sent)
{
    auto const none = authorize(vault(google().refresh_token([] { return std::string(); })));
    BOOST_REQUIRE_MESSAGE(is(none, InterruptKind::consent_needed), describe(none));
    BOOST_TEST(reason_of(none.interrupt()) == "no_subject_token");
    BOOST_TEST(exchanges() == 0u);
}

BOOST_AUTO_TEST_CASE(the_subject_token_is_asked_for_only_when_there_is_something_to_exchange)
{
    int asked = 0;
    auto options = google().refresh_token([&asked] {
        ++asked;
        return std::string("rt");
    });
    BOOST_TEST(authorize(vault(options)).has_value());
    BOOST_TEST(authorize(vault(options)).has_value());
    BOOST_TEST(asked == 1);
}

BOOST_AUTO_TEST_CASE(two_persons_in_one_thread_have_separate_tokens_in_every_context)
{
    for (auto const context : {CredentialsContext::tool_call, CredentialsContext::tool, CredentialsContext::thread, CredentialsContext::agent}) {
        VaultFixture f;
        auto authorizer = f.vault(google().credentials_context(context));
        BOOST_TEST(token_of(f.authorize(authorizer, look(alice()))) == "third-party-secret-1");
        BOOST_TEST(token_of(f.authorize(authorizer, look(bob()))) == "third-party-secret-2");
        BOOST_TEST(token_of(f.authorize(authorizer, look(alice().tenant("other")))) == "third-party-secret-3");
        BOOST_TEST(token_of(f.authorize(authorizer, look(alice().agent("other")))) == "third-party-secret-4");
        BOOST_TEST(token_of(f.authorize(authorizer, look(Principal("https://other/", "auth0|alice")))) == "third-party-secret-5");
        BOOST_TEST(token_of(f.authorize(authorizer, look(alice()))) == "third-party-secret-1");
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(contexts_share_as_they_say)
{
    auto elsewhere = look(alice(), "thread-2");
    auto other_tool = look().tool_name("other");
    auto other_call = look().call_id("call-2");
    struct Row {
        CredentialsContext context;
        bool threads, tools, calls;
    };
    for (auto const& row : {Row{CredentialsContext::tool_call, false, false, false}, Row{CredentialsContext::tool, false, false, true},
                            Row{CredentialsContext::thread, false, true, true}, Row{CredentialsContext::agent, true, true, true}}) {
        VaultFixture f;
        auto authorizer = f.vault(google().credentials_context(row.context));
        auto const first = token_of(f.authorize(authorizer));
        BOOST_TEST((token_of(f.authorize(authorizer, elsewhere)) == first) == row.threads);
        BOOST_TEST((token_of(f.authorize(authorizer, other_tool)) == first) == row.tools);
        BOOST_TEST((token_of(f.authorize(authorizer, other_call)) == first) == row.calls);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(connections_scopes_accounts_and_clients_do_not_mix)
{
    answers = [](std::size_t n, Form const&) { return token_answer(fmt::format("t{}", n)); };
    BOOST_TEST(token_of(authorize(vault())) == "t0");
    BOOST_TEST(token_of(authorize(vault(google().connection("github")))) == "t1");
    BOOST_TEST(token_of(authorize(vault(google().scopes({calendar, "more"})))) == "t2");
    BOOST_TEST(token_of(authorize(vault(google().login_hint(std::string("google-oauth2|2"))))) == "t3");
    auto const other = OauthClient::auth0("tenant.example", "other", Secret("s"));
    BOOST_TEST(token_of(authorize(TokenVaultAuthorizer(runtime, other, google()))) == "t4");
    BOOST_TEST(token_of(authorize(vault(google().scopes({calendar})))) == "t0");
}

BOOST_AUTO_TEST_CASE(a_call_without_a_subject_gets_nothing)
{
    BOOST_TEST(is(authorize(vault(), look(Principal("https://idp.example/", ""))), Errc::no_subject));
    BOOST_TEST(exchanges() == 0u);
}

BOOST_AUTO_TEST_CASE(a_token_of_thirty_days_lives_thirty_days)
{
    life = 30 * 24 * 3600;
    auto authorizer = vault();
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    pass(24h * 29 + 23h);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-1");
    BOOST_TEST(token_of(authorize(vault())) == "third-party-secret-1");
    pass(1h);
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
}

BOOST_AUTO_TEST_CASE(several_connections_protect_one_tool_and_the_input_chooses_the_account)
{
    auto const run_it = [](Post, ToolContext& context) -> awaitable<std::string> {
        std::string out;
        for (auto const* name : {"google-oauth2", "github"})
            out += std::string(context.credentials().find(name)->access_token.expose()) + ' ';
        co_return out;
    };
    answers = [](std::size_t, Form const& form) {
        auto const account = form.contains("login_hint") ? form.at("login_hint") : std::string("only");
        return token_answer(form.at("connection") + ':' + account);
    };
    auto const chosen = google().login_hint([](Post const& post) { return post.account; });
    auto const post = protect(protect(tool<Post>("post", "Posts", run_it), vault(chosen)), vault(google().connection("github")));
    auto const call = [](char const* account) {
        json::object input;
        input.emplace("account", account);
        ToolCall out(alice(), "post", std::move(input));
        out.thread_id("thread-1");
        return out;
    };
    auto const output = run(post.call(call("work")));
    BOOST_REQUIRE(output.has_value());
    BOOST_TEST(output.value().as_string() == "google-oauth2:work github:only ");
    BOOST_TEST(run(post.call(call("home"))).value().as_string() == "google-oauth2:home github:only ");
    BOOST_TEST(exchanges() == 3u);
}

BOOST_AUTO_TEST_CASE(handlers_hear_of_interrupts_and_refusals)
{
    answers = [](std::size_t n, Form const&) { return n == 0 ? error("federated_connection_refresh_token_not_found", 401) : error("invalid_client", 401); };
    std::string heard;
    auto authorizer = vault(google()
                                .on_authorization_interrupt([&heard](Interrupt const& interrupt, ToolCall const& call) {
                                    heard = interrupt.consent()->connection + " for " + call.tool_name();
                                })
                                .on_unauthorized([](Refusal refusal, ToolCall) {
                                    return json::value(std::get<Failure>(refusal).code().message());
                                }));
    BOOST_TEST(is(authorize(authorizer), InterruptKind::consent_needed));
    BOOST_TEST(heard == "google-oauth2 for free_busy");
    auto const echo = [](json::value input, ToolContext&) -> awaitable<outcome<json::value>> { co_return input; };
    auto const protected_tool = protect(Tool("free_busy", "", nullptr, echo), authorizer);
    auto const output = run(protected_tool.call(look()));
    BOOST_REQUIRE(output.has_value());
    BOOST_TEST(output.value().is_string());
}

BOOST_AUTO_TEST_CASE(forgetting_reaches_memory_and_store)
{
    auto authorizer = vault();
    BOOST_TEST(authorize(authorizer).has_value());
    BOOST_TEST(run(authorizer.cancel(look())).value());
    BOOST_TEST(!authorizer.try_cached(look()).has_value());
    BOOST_TEST(token_of(authorize(authorizer)) == "third-party-secret-2");
    BOOST_TEST(!run(authorizer.cancel(look(bob()))).value());
}

BOOST_AUTO_TEST_CASE(no_secret_is_in_what_is_told)
{
    answers = [](std::size_t n, Form const&) -> std::optional<result<HttpResponse>> {
        if (n == 0)
            return error("federated_connection_refresh_token_not_found", 401);
        return error("invalid_client", 401);
    };
    auto authorizer = vault();
    auto const interrupt = authorize(authorizer);
    auto const text = json::serialize(interrupt.interrupt().to_json()) + json::serialize(interrupt.interrupt().to_public_json()) +
                      authorize(authorizer).failure().message();
    for (auto const* secret : {"rt-secret", "client-secret"})
        BOOST_TEST(text.find(secret) == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
