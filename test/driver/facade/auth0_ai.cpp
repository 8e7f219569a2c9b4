#include "support/fake_openfga.hpp"
#include "support/vault_fixture.hpp"

#include <assent/auth0_ai.hpp>
#include <assent/encrypted_store.hpp>

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace facade_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

}  // namespace facade_test

namespace {

using facade_test::Nothing;
using facade_test::Order;

/// Environment variables for the time of a test.
class Environment {
public:
    explicit Environment(std::map<std::string, std::optional<std::string>> wanted)
    {
        for (auto const& [name, value] : wanted) {
            char const* const before = std::getenv(name.c_str());
            before_[name] = before != nullptr ? std::optional<std::string>(before) : std::nullopt;
            set(name, value);
        }
    }
    Environment(Environment const&) = delete;
    Environment& operator=(Environment const&) = delete;
    ~Environment()
    {
        for (auto const& [name, value] : before_)
            set(name, value);
    }

private:
    static void set(std::string const& name, std::optional<std::string> const& value)
    {
        if (value)
            ::setenv(name.c_str(), value->c_str(), 1);
        else
            ::unsetenv(name.c_str());
    }

    std::map<std::string, std::optional<std::string>> before_;
};

std::map<std::string, std::optional<std::string>> no_variables()
{
    return {{"AUTH0_DOMAIN", std::nullopt}, {"AUTH0_CLIENT_ID", std::nullopt}, {"AUTH0_CLIENT_SECRET", std::nullopt},
            {"ASSENT_ENCRYPTION_KEY", std::nullopt}};
}

std::map<std::string, std::optional<std::string>> all_variables(std::optional<std::string> key = std::nullopt)
{
    return {{"AUTH0_DOMAIN", "tenant.example"}, {"AUTH0_CLIENT_ID", "client"}, {"AUTH0_CLIENT_SECRET", "client-secret"},
            {"ASSENT_ENCRYPTION_KEY", std::move(key)}};
}

constexpr char const* encryption_key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

awaitable<std::string> buy_it(Order order, ToolContext& context)
{
    co_return order.ticker + " with " + std::string(get_async_authorization_credentials(context).access_token.expose()).substr(0, 6);
}
awaitable<std::string> look_it_up(Nothing, ToolContext& context)
{
    co_return std::string(get_access_token_from_token_vault(context).expose());
}
awaitable<std::string> ask_the_vault_for_another(Nothing, ToolContext& context)
{
    co_return std::string(get_access_token_from_token_vault(context, "github").expose());
}

class Facade : public assent::test::VaultFixture {
public:
    static Auth0AIOptions settings()
    {
        return Auth0AIOptions().domain("tenant.example").client_id("client").client_secret("client-secret");
    }
    Auth0AI auth0() { return Auth0AI(runtime, settings()); }
    static Tool buying() { return tool<Order>("buy_stock", "buys", buy_it); }
    static Tool looking() { return tool<Nothing>("free_busy", "looks", look_it_up); }
    /// CIBA in place of the vault.
    void answer_as_ciba() { provider->fault = nullptr; }

    static std::string what(auto make)
    {
        try {
            make();
            return "no exception";
        }
        catch (ConfigurationError const& error) {
            return error.what();
        }
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(facade, Facade)

BOOST_AUTO_TEST_CASE(a_missing_variable_is_named_at_construction)
{
    Environment const none(no_variables());
    BOOST_TEST(what([&] { Auth0AI::from_env(runtime); }).find("AUTH0_DOMAIN") != std::string::npos);
    BOOST_TEST(what([&] { Auth0AI(runtime, Auth0AIOptions().domain("a.example")); }).find("AUTH0_CLIENT_ID") != std::string::npos);
    BOOST_TEST(what([&] { Auth0AI(runtime, Auth0AIOptions().domain("a.example").client_id("c")); }).find("AUTH0_CLIENT_SECRET") !=
               std::string::npos);
    BOOST_TEST(what([&] { Auth0AI(Runtime(io.get_executor()), settings()); }).find("Runtime::http") != std::string::npos);
    BOOST_TEST(what([&] { auth0(); }) == "no exception");
}

BOOST_AUTO_TEST_CASE(what_is_left_out_comes_from_the_environment)
{
    Environment const all(all_variables());
    auto const auth0 = Auth0AI::from_env(runtime);
    BOOST_TEST(auth0.client().issuer() == "https://tenant.example/");
    BOOST_TEST(auth0.client().client_id() == "client");
    BOOST_TEST((auth0.client().client_secret() == Secret("client-secret")));
    auto const other = Auth0AI(runtime, Auth0AIOptions().client_id("other"));
    BOOST_TEST(other.client().client_id() == "other");
    BOOST_TEST(other.client().issuer() == "https://tenant.example/");
}

BOOST_AUTO_TEST_CASE(any_client_can_be_given)
{
    Environment const none(no_variables());
    auto const auth0 = Auth0AI(runtime, Auth0AIOptions().client(OauthClient::standard("https://login.example.com", "public")));
    BOOST_TEST(auth0.client().issuer() == "https://login.example.com");
    BOOST_TEST((auth0.client().authentication() == ClientAuthentication::none));
}

BOOST_AUTO_TEST_CASE(a_wrapper_protects_tools_later_and_one_call_protects_a_tool_at_once)
{
    answer_as_ciba();
    auto const options = AsyncAuthorization().scopes({"stock:trade"}).binding_message("Buy ZEKO");
    auto const confirm = auth0().with_async_authorization(options);
    auto const later = confirm(buying());
    auto const at_once = auth0().with_async_authorization(options, buying());
    auto const earlier_name = auth0().with_async_user_confirmation(options, buying());
    BOOST_TEST(later.is_protected());
    BOOST_TEST(run(later.call(buy())).has_interrupt());
    provider->approve();
    pass(5s);
    // They are one authorizer: what was approved for one is found by the other.
    auto const bought = run(at_once.call(buy()));
    BOOST_REQUIRE(bought.has_value());
    BOOST_TEST(bought.value().as_string().starts_with("ZEKO with "));
    BOOST_TEST(run(earlier_name.call(buy())).has_interrupt());
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_wrapper_is_an_authorizer_and_composes)
{
    answer_as_ciba();
    auto const confirm = auth0().with_async_authorization(AsyncAuthorization().scopes({"a"}).binding_message("a").name("a"));
    auto const again = auth0().with_async_authorization(AsyncAuthorization().scopes({"b"}).binding_message("b").name("b"));
    auto const both = protect(buying(), confirm && again);
    auto const told = run(both.call(buy()));
    BOOST_REQUIRE(told.has_interrupt());
    BOOST_TEST(told.interrupt().others().size() == 1u);
    BOOST_TEST(confirm.asks_person());
    BOOST_TEST(provider->pushes() == 2u);
}

// --- what the seed's page promises ---

BOOST_AUTO_TEST_CASE(the_refresh_token_is_the_calls_when_the_options_name_none)
{
    auto const google = auth0().with_token_vault(TokenVault().connection("google-oauth2").scopes({calendar}));
    auto const guarded = google(looking());
    auto call = look();
    auto const without = run(guarded.call(call));
    BOOST_REQUIRE(without.has_interrupt());
    BOOST_TEST(reason_of(without.interrupt()) == "no_subject_token");
    BOOST_TEST(exchanges() == 0u);
    call.refresh_token(Secret("the-session's-refresh-token"));
    auto const answer = run(guarded.call(call));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value() == "third-party-secret-1");
    BOOST_TEST(provider->seen.back().form.at("subject_token") == "the-session's-refresh-token");
    BOOST_TEST(provider->seen.back().form.at("connection") == "google-oauth2");

    auto const earlier_name = auth0().with_token_for_connection(TokenVault().connection("google-oauth2").scopes({calendar}), looking());
    BOOST_TEST(run(earlier_name.call(call)).value() == "third-party-secret-1");
    BOOST_TEST(exchanges() == 1u);
}

BOOST_AUTO_TEST_CASE(the_refresh_token_is_no_part_of_what_is_approved_and_is_not_stored)
{
    answer_as_ciba();
    auto const guarded = auth0().with_async_authorization(AsyncAuthorization().scopes({"a"}).binding_message("a"), buying());
    auto call = buy();
    call.refresh_token(Secret("first-refresh-token"));
    BOOST_TEST(run(guarded.call(call)).has_interrupt());
    auto const page = run(store->scan(StoreKey{"authorization"}, "", 100));
    BOOST_REQUIRE(page.value().entries.size() == 1u);
    BOOST_TEST(page.value().entries.front().second.value.find("first-refresh-token") == std::string::npos);
    provider->approve();
    pass(5s);
    call.refresh_token(Secret("rotated-refresh-token"));
    BOOST_TEST(run(guarded.call(call)).has_value());
}

BOOST_AUTO_TEST_CASE(who_is_asked_may_come_from_the_call)
{
    answer_as_ciba();
    auto const whom = [](Order const&, ToolCall const& call) { return call.principal().subject(); };
    auto const options = AsyncAuthorization().scopes({"a"}).binding_message("a").user_id(whom);
    BOOST_TEST(run(auth0().with_async_authorization(options, buying()).call(buy())).has_interrupt());
    BOOST_TEST(provider->seen.back().form.at("login_hint").find("auth0|alice") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_handlers_ask_for_is_there_or_said_not_to_be)
{
    auto const guarded = auth0().with_token_vault(google(), tool<Nothing>("free_busy", "looks", ask_the_vault_for_another));
    BOOST_CHECK_THROW(static_cast<void>(run(guarded.call(look()))), std::logic_error);
    ToolContext const empty{ToolCall(), Credentials()};
    BOOST_CHECK_THROW(get_async_authorization_credentials(empty), std::logic_error);
    BOOST_CHECK_THROW(get_device_authorizer_credentials(empty), std::logic_error);
    BOOST_CHECK_THROW(get_access_token_from_token_vault(empty), std::logic_error);
    TokenSet tokens;
    tokens.access_token = Secret("t");
    ToolContext const one{ToolCall(), Credentials("any name", tokens)};
    BOOST_TEST((get_device_authorizer_credentials(one).access_token == Secret("t")));
}

BOOST_AUTO_TEST_CASE(the_device_flow_is_the_same)
{
    provider->fault = [](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (!request.url().ends_with("/oauth/device/code"))
            return std::nullopt;
        HttpResponse answer(200, R"({"device_code":"device-code-secret","user_code":"ABCD-EFGH",
                                     "verification_uri":"https://tenant.example/activate","expires_in":300,"interval":5})");
        answer.headers.add("Content-Type", "application/json");
        return answer;
    };
    auto const wrapper = auth0().with_device_authorization_flow(DeviceAuthorization().scopes({"read:data"}));
    auto const told = run(wrapper(buying()).call(buy()));
    BOOST_REQUIRE(told.has_interrupt());
    BOOST_REQUIRE(told.interrupt().device() != nullptr);
    BOOST_TEST(told.interrupt().device()->user_code == "ABCD-EFGH");
    auto const at_once = auth0().with_device_authorization_flow(DeviceAuthorization().scopes({"read:data"}), buying());
    BOOST_TEST(run(at_once.call(buy())).interrupt().device()->user_code == "ABCD-EFGH");
}

// --- the store ---

BOOST_AUTO_TEST_CASE(the_default_store_is_in_memory)
{
    Environment const none(no_variables());
    Runtime plain(io.get_executor());
    plain.http(provider).clock(clock);
    Auth0AI const auth0(plain, settings());
    BOOST_TEST(dynamic_cast<MemoryStore*>(&plain.store()) != nullptr);
    auto const mine = std::make_shared<MemoryStore>(clock);
    Auth0AI const with_mine(plain, settings().store(mine));
    BOOST_TEST(&plain.store() == mine.get());
}

BOOST_AUTO_TEST_CASE(with_a_key_what_is_stored_is_encrypted_and_once)
{
    Environment const all(all_variables(encryption_key));
    answer_as_ciba();
    auto const auth0 = Auth0AI::from_env(runtime);
    BOOST_TEST(dynamic_cast<EncryptedStore*>(&runtime.store()) != nullptr);
    auto* const encrypted = &runtime.store();
    Auth0AI const second(runtime);
    BOOST_TEST(&runtime.store() == encrypted);

    auto const guarded = auth0.with_async_authorization(AsyncAuthorization().scopes({"a"}).binding_message("a"), buying());
    BOOST_TEST(run(guarded.call(buy())).has_interrupt());
    auto const page = run(store->scan(StoreKey{"authorization"}, "", 100));
    BOOST_REQUIRE(page.value().entries.size() == 1u);
    auto const& [key, entry] = page.value().entries.front();
    BOOST_TEST(key.text().find("alice") == std::string::npos);
    BOOST_TEST(entry.value.find("buy_stock") == std::string::npos);
    provider->approve();
    pass(5s);
    BOOST_TEST(run(guarded.call(buy())).has_value());
}

BOOST_AUTO_TEST_CASE(a_key_that_is_no_key_is_refused_before_anything_is_stored)
{
    for (auto const* key : {"", "short", "MDEyMw=="}) {
        Environment const all(all_variables(key));
        BOOST_TEST(what([&] { Auth0AI::from_env(runtime); }).find("ASSENT_ENCRYPTION_KEY") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

// --- FGA ---

namespace {

Check may_buy(Order const& order, ToolCall const& call) { return Check(call.principal().subject_as("user"), "can_buy", "asset:" + order.ticker); }
awaitable<std::string> bought(Order, ToolContext&) { co_return "bought"; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(facade_fga, assent::test::FakeOpenFgaFixture)

BOOST_AUTO_TEST_CASE(a_policy_protects_a_tool_later_and_at_once)
{
    Auth0AI::FGA const fga(runtime, config());
    server->allow("user:alice", "can_buy", "asset:ZEKO");
    boost::json::object const input{{"ticker", "ZEKO"}, {"qty", 1}};
    auto const plain = tool<Order>("buy_stock", "buys", bought);
    auto const later = fga.with_fga(Fga().build_query(may_buy));
    BOOST_TEST(run(later(plain).call(ToolCall(alice(), "buy_stock", input))).value() == "bought");
    auto const refused = run(fga.with_fga(Fga().build_query(may_buy), plain).call(ToolCall(bob(), "buy_stock", input)));
    BOOST_REQUIRE(refused.has_interrupt());
    BOOST_TEST((refused.interrupt().kind() == InterruptKind::denied));
    BOOST_TEST(run(Auth0AI::FGA(client()).with_fga(Fga().build_query(may_buy), plain).call(ToolCall(alice(), "buy_stock", input))).has_value());
}

BOOST_AUTO_TEST_CASE(the_seeds_variables_are_read)
{
    Environment const variables({{"FGA_API_URL", std::nullopt},
                                 {"FGA_API_SCHEME", "http"},
                                 {"FGA_API_HOST", "localhost:8080"},
                                 {"FGA_STORE_ID", "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
                                 {"FGA_API_TOKEN", std::nullopt},
                                 {"FGA_CLIENT_ID", std::nullopt},
                                 {"FGA_CLIENT_SECRET", std::nullopt}});
    auto const fga = Auth0AI::FGA::from_env(runtime);
    BOOST_TEST(fga.client().config().api_url() == "http://localhost:8080");
    Environment const without_store({{"FGA_STORE_ID", std::nullopt}});
    BOOST_CHECK_THROW(Auth0AI::FGA::from_env(runtime), ConfigurationError);
}

BOOST_AUTO_TEST_SUITE_END()
