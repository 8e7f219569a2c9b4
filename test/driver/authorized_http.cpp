#include <assent/authorized_http.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>
#include <assent/tool.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace authorized_http_test {

struct Question {
    std::string url;
};
BOOST_DESCRIBE_STRUCT(Question, (), (url))

}  // namespace authorized_http_test

namespace {

using authorized_http_test::Question;
constexpr char api[] = "https://api.example";

TokenSet token(char const* value, std::vector<std::string> audience = {api})
{
    TokenSet out;
    out.access_token = Secret(value);
    out.audience = std::move(audience);
    return out;
}

std::string authorization_of(HttpRequest const& request)
{
    auto const header = request.headers().find("Authorization");
    return header ? std::string(*header) : std::string();
}

class Fixture : public testing::IoContextFixture {
public:
    Fixture() { runtime.http(http).clock(clock); }

    AuthorizedHttp client() { return AuthorizedHttp(runtime, Credentials("google", token("secret-1"))); }
    static Credentials several(std::vector<std::string> github_audience)
    {
        return Credentials("google", token("secret-1")).merged_with(Credentials("github", token("secret-9", std::move(github_audience))));
    }
    void teardown()
    {
        IoContextFixture::teardown();
        http->verify();
    }

    std::shared_ptr<testing::ScriptedHttpClient> http = std::make_shared<testing::ScriptedHttpClient>(clock);
    Runtime runtime{io.get_executor()};
};

HttpHeaders challenge(std::string value)
{
    HttpHeaders headers;
    headers.add("WWW-Authenticate", std::move(value));
    return headers;
}

/// An authorizer whose n-th token is "secret-n".
class Vault {
public:
    class State {
    public:
        int generation = 1;
        std::vector<TokenRefusal> refusals;
        bool stubborn = false;  ///< Grants whatever was said.
        std::optional<Dpop> dpop;
    };
    Vault(std::shared_ptr<State> state, Runtime runtime) : state_(std::move(state)), runtime_(std::move(runtime)) {}

    awaitable<outcome<Credentials>> authorize(ToolCall)
    {
        Credentials out("google", current());
        co_return out;
    }
    awaitable<outcome<Grant>> renew(ToolCall, TokenRefusal refusal)
    {
        state_->refusals.push_back(refusal);
        if (refusal.needs_person() && !state_->stubborn) {
            Interrupt interrupt(Flow::token_vault, InterruptKind::consent_needed, "Connect google.");
            ConsentRequest consent;
            consent.connection = refusal.name;
            consent.required_scopes = refusal.scopes;
            interrupt.consent(std::move(consent));
            co_return interrupt;
        }
        ++state_->generation;
        Credentials credentials("google", current());
        co_return Grant(std::move(credentials));
    }
    Runtime const* runtime() const { return &runtime_; }
    Dpop const* dpop() const { return state_->dpop ? &*state_->dpop : nullptr; }

private:
    TokenSet current() const
    {
        auto out = token(("secret-" + std::to_string(state_->generation)).c_str());
        if (state_->dpop)
            out.token_type = "DPoP";
        return out;
    }

    std::shared_ptr<State> state_;
    Runtime runtime_;
};

class ToolFixture : public Fixture {
public:
    using Output = outcome<json::value>;

    static awaitable<std::string> ask(Question question, ToolContext& context)
    {
        auto response = co_await context.http().get(question.url);
        if (!response.ok())
            co_return response.explain();
        co_return response.body();
    }
    static awaitable<std::string> post(Question question, ToolContext& context)
    {
        json::object body;
        body["a"] = 1;
        auto response = co_await context.http().post_json(question.url, std::move(body));
        co_return response.ok() ? response.body() : response.explain();
    }
    static awaitable<std::string> post_then_get(Question question, ToolContext& context)
    {
        auto posted = co_await context.http().post_json(question.url, nullptr);
        auto got = co_await context.http().get(question.url);
        co_return got.ok() ? "both" : "half done";
    }
    static awaitable<std::string> optional_source(Question question, ToolContext& context)
    {
        auto response = co_await context.http("google").get(question.url);
        if (response.has_interrupt())
            context.go_on_without();
        co_return "went on";
    }

    template <class Handler>
    Tool with(Handler handler)
    {
        return tool<Question>("ask", "asks", handler).protected_by(Vault(state, runtime));
    }
    Output call(Tool const& its_tool, std::string_view url = "https://api.example/x")
    {
        json::object input;
        input["url"] = url;
        ToolCall its_call(Principal("https://idp.example/", "auth0|alice"), "ask", std::move(input));
        return run(its_tool.call(std::move(its_call)));
    }

    std::shared_ptr<Vault::State> state = std::make_shared<Vault::State>();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(authorized_http, Fixture)

BOOST_AUTO_TEST_CASE(the_token_goes_to_its_audience_in_a_header)
{
    http->expect(HttpMethod::get, "https://api.example/v1/things?limit=3").respond(200, "[]");
    auto const response = run(client().get("https://api.example/v1/things?limit=3"));
    BOOST_TEST(response.ok());
    auto const& request = http->requests().at(0);
    BOOST_TEST(authorization_of(request) == "Bearer secret-1");
    BOOST_TEST(*request.headers().find("Accept") == "application/json");
}

BOOST_AUTO_TEST_CASE(json_is_posted_with_its_type)
{
    http->expect(HttpMethod::post, "/buy").respond(201, "{}");
    json::object order;
    order["qty"] = 10;
    BOOST_TEST(run(client().post_json("https://api.example/buy", order)).ok());
    BOOST_TEST(http->requests().at(0).body() == R"({"qty":10})");
    BOOST_TEST(*http->requests().at(0).headers().find("Content-Type") == "application/json");
}

BOOST_AUTO_TEST_CASE(put_patch_and_delete_are_sent_as_such)
{
    http->expect(HttpMethod::put, "/1").respond(200, "{}");
    http->expect(HttpMethod::patch, "/1").respond(200, "{}");
    http->expect(HttpMethod::delete_, "/1").respond(204, "");
    BOOST_TEST(run(client().put_json("https://api.example/1", nullptr)).ok());
    BOOST_TEST(run(client().patch_json("https://api.example/1", nullptr)).ok());
    BOOST_TEST(run(client().delete_("https://api.example/1")).ok());
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_to_another_origin)
{
    for (auto const* url : {"https://evil.example/x", "https://api.example.evil.example/", "http://api.example/", "https://api.example:8443/",
                            "https://api.example@evil.example/", "https://evil.example#https://api.example/", "https://evil.example\\@api.example/",
                            "//api.example/", "api.example", "", "ftp://api.example/", "https://api.example./", "https://api.example%2eevil/"}) {
        auto const response = run(client().get(url));
        BOOST_TEST(!response.ok());
        BOOST_TEST((response.failure() == Errc::invalid_argument), url);
        BOOST_TEST(response.explain().find("secret-1") == std::string::npos);
    }
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(the_same_origin_may_be_written_in_several_ways)
{
    for (auto const* url : {"https://API.example/x", "HTTPS://api.example:443/x", "https://api.example"}) {
        http->expect(HttpMethod::get, "").respond(200, "{}");
        BOOST_TEST(run(client().get(url)).ok(), url);
    }
}

BOOST_AUTO_TEST_CASE(what_is_declared_replaces_the_audience)
{
    auto declared = client();
    declared.allow("google", "https://www.googleapis.com/calendar");
    http->expect(HttpMethod::get, "https://www.googleapis.com/drive").respond(200, "{}");
    BOOST_TEST(run(declared.get("https://www.googleapis.com/drive")).ok());
    BOOST_TEST((run(declared.get("https://api.example/")).failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(plain_http_is_for_declared_loopback_hosts_only)
{
    auto const audience = AuthorizedHttp(runtime, Credentials("google", token("secret-1", {"http://127.0.0.1:8080/"})));
    BOOST_TEST((run(audience.get("http://127.0.0.1:8080/")).failure() == Errc::invalid_argument));
    auto declared = client();
    declared.allow("google", "http://127.0.0.1:8080");
    http->expect(HttpMethod::get, "http://127.0.0.1:8080/x").respond(200, "{}");
    BOOST_TEST(run(declared.get("http://127.0.0.1:8080/x")).ok());
    for (auto const* url : {"http://api.example", "ftp://api.example", "https://", "https://user@api.example", "nonsense", ""})
        BOOST_CHECK_THROW(declared.allow("google", url), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(an_audience_that_is_no_url_goes_nowhere)
{
    auto const named = AuthorizedHttp(runtime, Credentials("google", token("secret-1", {"urn:calendar", "calendar", ""})));
    BOOST_TEST((run(named.get("https://api.example/")).failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(each_of_several_tokens_goes_to_its_own_api)
{
    AuthorizedHttp const both(runtime, several({"https://api.github.example"}));
    http->expect(HttpMethod::get, "https://api.github.example/repos").respond(200, "{}");
    http->expect(HttpMethod::get, "https://api.example/").respond(200, "{}");
    BOOST_TEST(run(both.get("https://api.github.example/repos")).ok());
    BOOST_TEST(run(both.get("https://api.example/")).ok());
    BOOST_TEST(authorization_of(http->requests().at(0)) == "Bearer secret-9");
    BOOST_TEST(authorization_of(http->requests().at(1)) == "Bearer secret-1");
}

BOOST_AUTO_TEST_CASE(two_tokens_for_one_origin_are_told_apart_by_name)
{
    AuthorizedHttp const both(runtime, several({api}));
    BOOST_TEST((run(both.get("https://api.example/")).failure() == Errc::invalid_argument));
    BOOST_TEST(http->requests().empty());
    http->expect(HttpMethod::get, "https://api.example/").respond(200, "{}");
    BOOST_TEST(run(both.with("github").get("https://api.example/")).ok());
    BOOST_TEST(authorization_of(http->requests().at(0)) == "Bearer secret-9");
    BOOST_TEST((run(both.with("slack").get("https://api.example/")).failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_redirect_is_an_answer)
{
    HttpHeaders headers;
    headers.add("Location", "https://evil.example/");
    http->expect(HttpMethod::get, "https://api.example/").respond(302, headers, "");
    auto const response = run(client().get("https://api.example/"));
    BOOST_TEST(!response.ok());
    BOOST_TEST(response.status() == 302);
    BOOST_TEST(http->requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_request_with_a_token_of_its_own_is_refused)
{
    for (auto const* name : {"authorization", "DPoP"}) {
        HttpRequest request(HttpMethod::get, "https://api.example/");
        request.header(name, "x");
        BOOST_TEST((run(client().send(std::move(request))).failure() == Errc::invalid_argument));
    }
    BOOST_TEST(http->requests().empty());
}

BOOST_AUTO_TEST_CASE(without_a_renewer_a_refusal_is_an_answer)
{
    http->expect(HttpMethod::get, "https://api.example/").respond(401, challenge("Bearer error=invalid_token"), "{}");
    auto const response = run(client().get("https://api.example/"));
    BOOST_TEST(response.status() == 401);
    BOOST_TEST(!response.has_interrupt());
    BOOST_TEST((response.failure() == Errc::server_refused));
}

BOOST_AUTO_TEST_CASE(an_api_that_repeats_the_token_is_not_quoted)
{
    http->expect(HttpMethod::get, "https://api.example/").respond(400, R"({"message":"bad header Bearer secret-1"})");
    auto const response = run(client().get("https://api.example/"));
    BOOST_TEST(response.explain().find("secret-1") == std::string::npos);
    BOOST_TEST(response.failure().server()->description.empty());
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_a_failure)
{
    http->expect(HttpMethod::get, "https://api.example/").fail(Errc::connection_reset);
    auto const response = run(client().get("https://api.example/"));
    BOOST_TEST(response.status() == 0);
    BOOST_TEST((response.failure() == Errc::connection_reset));
}

BOOST_AUTO_TEST_CASE(a_token_bound_to_a_key_goes_with_a_proof)
{
    auto bound = token("secret-1");
    bound.token_type = "DPoP";
    AuthorizedHttp without(runtime, Credentials("google", bound));
    BOOST_TEST((run(without.get("https://api.example/")).failure() == Errc::missing_configuration));
    AuthorizedHttp with(runtime, Credentials("google", bound));
    with.dpop("google", Dpop::with_a_new_key());
    http->expect(HttpMethod::get, "https://api.example/").respond(200, "{}");
    BOOST_TEST(run(with.get("https://api.example/")).ok());
    BOOST_TEST(authorization_of(http->requests().at(0)) == "DPoP secret-1");
    BOOST_TEST(http->requests().at(0).headers().find("DPoP").has_value());
}

BOOST_AUTO_TEST_CASE(a_nonce_that_is_asked_for_is_brought_once)
{
    auto bound = token("secret-1");
    bound.token_type = "DPoP";
    AuthorizedHttp with(runtime, Credentials("google", bound));
    with.dpop("google", Dpop::with_a_new_key());
    auto wants = challenge("DPoP error=\"use_dpop_nonce\"");
    wants.add("DPoP-Nonce", "n1");
    http->expect(HttpMethod::post, "https://api.example/").respond(401, wants, "");
    http->expect(HttpMethod::post, "https://api.example/").respond(200, "{}");
    BOOST_TEST(run(with.post_json("https://api.example/", nullptr)).ok());

    wants.set("DPoP-Nonce", "n2");
    http->expect(HttpMethod::get, "https://api.example/").respond(401, wants, "");
    wants.set("DPoP-Nonce", "n3");
    http->expect(HttpMethod::get, "https://api.example/").respond(401, wants, "");
    BOOST_TEST(run(with.get("https://api.example/")).status() == 401);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(authorized_http_of_a_tool, ToolFixture)

BOOST_AUTO_TEST_CASE(a_refused_token_is_renewed_and_the_request_repeated_without_running_the_handler_again)
{
    http->expect(HttpMethod::get, "https://api.example/x").respond(401, challenge("Bearer error=\"invalid_token\""), "");
    http->expect(HttpMethod::get, "https://api.example/x").respond(200, "free all day");
    BOOST_TEST((call(with(ask)).value() == json::value("free all day")));
    BOOST_TEST(authorization_of(http->requests().at(1)) == "Bearer secret-2");
    BOOST_REQUIRE_EQUAL(state->refusals.size(), 1U);
    BOOST_TEST(state->refusals[0].name == "google");
    BOOST_TEST((state->refusals[0].access_token == Secret("secret-1")));
}

BOOST_AUTO_TEST_CASE(a_post_that_was_refused_with_401_was_not_carried_out_and_is_repeated)
{
    http->expect(HttpMethod::post, "https://api.example/x").respond(401, "");
    http->expect(HttpMethod::post, "https://api.example/x").respond(201, "done");
    BOOST_TEST((call(with(post)).value() == json::value("done")));
    BOOST_TEST(http->requests().at(1).body() == R"({"a":1})");
}

BOOST_AUTO_TEST_CASE(a_post_whose_answer_is_lost_is_not_repeated)
{
    http->expect(HttpMethod::post, "https://api.example/x").fail(Errc::connection_reset);
    auto const answer = call(with(post));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(http->requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_renewed_token_that_is_refused_interrupts)
{
    http->expect(HttpMethod::get, "https://api.example/x").respond(401, "");
    http->expect(HttpMethod::get, "https://api.example/x").respond(401, "");
    auto const answer = call(with(ask));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().kind() == InterruptKind::consent_needed));
    BOOST_REQUIRE_EQUAL(state->refusals.size(), 2U);
    BOOST_TEST(state->refusals[1].repeated);
}

BOOST_AUTO_TEST_CASE(an_authorizer_that_always_grants_makes_no_third_request)
{
    state->stubborn = true;
    http->expect(HttpMethod::get, "https://api.example/x").respond(401, "");
    http->expect(HttpMethod::get, "https://api.example/x").respond(401, "");
    auto const answer = call(with(ask));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(http->requests().size() == 2U);
}

BOOST_AUTO_TEST_CASE(missing_scopes_interrupt_with_what_is_demanded)
{
    http->expect(HttpMethod::get, "https://api.example/x")
        .respond(403, challenge("Bearer error=\"insufficient_scope\", scope=\"calendar.freebusy\""), "{}");
    auto const answer = call(with(ask));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().consent()->required_scopes == std::vector<std::string>{"calendar.freebusy"}));
    BOOST_TEST(http->requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_403_is_the_handlers_business)
{
    http->expect(HttpMethod::get, "https://api.example/x").respond(403, R"({"message":"not your calendar"})");
    auto const answer = call(with(ask));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(state->refusals.empty());
}

BOOST_AUTO_TEST_CASE(after_a_request_that_changed_something_an_interrupt_is_final)
{
    http->expect(HttpMethod::post, "https://api.example/x").respond(201, "{}");
    http->expect(HttpMethod::get, "https://api.example/x").respond(403, challenge("Bearer error=\"insufficient_scope\""), "{}");
    auto const answer = call(with(post_then_get));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST(!answer.interrupt().resumable());
    BOOST_TEST(answer.interrupt().consent()->connection == "google");
}

BOOST_AUTO_TEST_CASE(a_request_that_was_turned_down_changed_nothing)
{
    http->expect(HttpMethod::post, "https://api.example/x").respond(422, "{}");
    http->expect(HttpMethod::get, "https://api.example/x").respond(403, challenge("Bearer error=\"insufficient_scope\""), "{}");
    auto const answer = call(with(post_then_get));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST(answer.interrupt().resumable());
}

BOOST_AUTO_TEST_CASE(a_handler_may_do_without_an_api)
{
    http->expect(HttpMethod::get, "https://api.example/x").respond(403, challenge("Bearer error=\"insufficient_scope\""), "{}");
    BOOST_TEST((call(with(optional_source)).value() == json::value("went on")));
}

BOOST_AUTO_TEST_CASE(a_tool_declares_where_its_tokens_go)
{
    http->expect(HttpMethod::get, "https://www.googleapis.example/x").respond(200, "there");
    auto const declared = with(ask).calls("google", "https://www.googleapis.example");
    BOOST_TEST((call(declared, "https://www.googleapis.example/x").value() == json::value("there")));
    auto const refused = call(declared, "https://api.example/x");
    BOOST_TEST(refused.value().as_string().find("nothing was sent") != std::string::npos);
    BOOST_CHECK_THROW(static_cast<void>(with(ask).calls("google", "http://api.example")), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(the_authorizers_key_is_used)
{
    state->dpop = Dpop::with_a_new_key();
    http->expect(HttpMethod::get, "https://api.example/x").respond(200, "bound");
    BOOST_TEST((call(with(ask)).value() == json::value("bound")));
    BOOST_TEST(authorization_of(http->requests().at(0)) == "DPoP secret-1");
}

BOOST_AUTO_TEST_CASE(every_step_may_fail_and_no_secret_is_told)
{
    for (std::size_t step = 0; step < 2; ++step) {
        for (auto const code : {Errc::connection_reset, Errc::timed_out, Errc::tls_failed, Errc::malformed_response}) {
            state->generation = 1;
            auto script = std::make_shared<testing::ScriptedHttpClient>(clock);
            runtime.http(script);
            script->expect(HttpMethod::get, "/x").respond(401, "");
            script->expect(HttpMethod::get, "/x").respond(200, "fine");
            script->fail_at(step, code);
            auto const answer = call(with(ask));
            BOOST_REQUIRE(answer.has_value());
            BOOST_TEST(answer.value().as_string().find("secret") == std::string::npos);
            BOOST_TEST(answer.value().as_string().find("failed") != std::string::npos);
        }
    }
    runtime.http(http);
}

BOOST_AUTO_TEST_SUITE_END()
