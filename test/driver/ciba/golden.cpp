// What the official SDK was recorded to do, done by us against the same answers: the same requests, the same interrupts.
#include "support/ciba_fixture.hpp"
#include "support/paths.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;

namespace {

/// Where we differ from the SDK on purpose: at which step, what we say instead (an interrupt's code, the name of an Errc, or "granted"),
/// how many pushes there are in all, and why.
struct Difference {
    std::size_t step;
    std::string_view says;
    std::size_t pushes;
    std::string_view why;
};

constexpr std::string_view pending_code = "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING";
constexpr std::string_view a_hiccup = "a hiccup never costs an approval: the request is kept, nobody gets a second push";
constexpr std::string_view typed = "a typed failure in place of an error that is handed to the model as the tool's result";

std::map<std::string_view, Difference> const differences{
    {"pending, pending, approved, cached",
     {3, "ASYNC_AUTHORIZATION_ALREADY_USED", 1, "an approval of a call is for one execution (the SDK runs it again for a day)"}},
    {"poll meets expired_token (the CIBA standard error, not known to the SDK)",
     {1, "ASYNC_AUTHORIZATION_AUTHORIZATION_REQUEST_EXPIRED", 2, "CIBA 11 says what it means"}},
    {"poll meets transaction_failed", {1, "transaction_failed", 2, typed}},
    {"poll meets invalid_request while polling",
     {1, "invalid_request", 1, "the client's mistake, not a missing device; the approval is kept for when it is mended"}},
    {"poll meets invalid_client", {1, "invalid_client", 1, "the client is misconfigured; the approval is kept for when it is mended"}},
    {"poll meets mfa_required", {1, "server_refused", 2, typed}},
    {"poll meets 429 too_many_requests", {1, pending_code, 1, a_hiccup}},
    {"poll meets 500 HTML", {1, pending_code, 1, a_hiccup}},
    {"poll meets 200 but not JSON", {1, pending_code, 1, a_hiccup}},
    {"poll meets connection reset", {1, pending_code, 1, a_hiccup}},
    {"start meets unknown_user_id", {0, "unknown_user_id", 1, typed}},
    {"start meets unauthorized_client", {0, "unauthorized_client", 1, typed}},
    {"start meets 429", {0, "temporarily_unavailable", 1, typed}},
    {"start meets connection reset", {0, "connection_reset", 1, typed}},
    {"wrong client secret", {0, "invalid_client", 1, typed}},
    {"no client secret at all", {0, "missing_configuration", 0, "said when the client is made, not when a person is to be asked"}},
};
// In all scenarios: no empty `audience` is sent; the first poll comes when the interval has passed, not with the push; `retryAfter` is the
// interval from now on, of which the server's words (body, Retry-After in seconds or as a date) are a part; messages are ours.

json::array cases()
{
    std::ifstream file(std::string(assent::test::source_dir()) + "/test/data/golden/async.json");
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot open async.json");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text).at("cases").as_array();
}

result<HttpResponse> recorded(json::value const& answer)
{
    if (answer.at("status").is_string())
        return Errc::connection_reset;
    auto const& body = answer.at("body");
    HttpResponse response(static_cast<int>(answer.at("status").as_int64()),
                          body.is_string() ? std::string(body.as_string()) : json::serialize(body));
    for (auto const& header : answer.at("headers").as_object())
        response.headers.add(std::string(header.key()), std::string(header.value().as_string()));
    return response;
}

class Replay : public assent::test::CibaFixture {
public:
    explicit Replay(json::value const& vector) : vector_(vector)
    {
        provider->interval = 1;
        for (auto const& step : steps()) {
            auto const* requests = step.as_object().if_contains("requests");
            if (requests == nullptr)
                continue;
            bool started = false;
            for (auto const& request : requests->as_array()) {
                bool const push = request.at("path").as_string() == "/bc-authorize";
                // The SDK polls with the push, and hears that the person has not decided; we do not ask.
                bool const too_early = !push && started && waits();
                if (push && request.at("answer").at("status").is_int64() && request.at("answer").at("status").as_int64() == 200)
                    provider->expires_in = std::chrono::seconds(request.at("answer").at("body").at("expires_in").as_int64());
                started = push;
                if (push)
                    pushes_.push_back(request);
                else if (!too_early)
                    polls_.push_back(request);
            }
        }
        provider->fault = [this](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            if (is_push(request)) {
                auto const& answer = pushes_.at(std::min(next_push_++, pushes_.size() - 1)).at("answer");
                if (answer.at("status").is_int64() && answer.at("status").as_int64() == 200)
                    return std::nullopt;
                return recorded(answer);
            }
            if (!is_poll(request))
                return std::nullopt;
            if (next_poll_ >= polls_.size())
                return error("authorization_pending");
            auto const& answer = polls_[next_poll_++].at("answer");
            auto const* body = answer.as_object().if_contains("body");
            if (body != nullptr && body->is_object() && body->as_object().contains("access_token")) {
                provider->approve();
                return std::nullopt;
            }
            return recorded(answer);
        };
    }

    std::string_view name() const { return vector_.at("name").as_string(); }
    json::array const& steps() const { return vector_.at("steps").as_array(); }
    json::object const& given() const { return vector_.at("authorizer_params").as_object(); }
    /// Calls return at once; otherwise they wait for the person.
    bool waits() const { return !given().contains("onAuthorizationRequest"); }

    CibaAuthorizer authorizer()
    {
        AsyncAuthorization options;
        options.scopes({"stock:trade"});
        if (given().at("userID").as_string() == "(fn)")
            options.user_id([](ToolCall const& call) { return call.principal().subject(); })
                .binding_message([](ToolCall const& call) {
                    return "Buy " + std::to_string(call.input().at("qty").as_int64()) + " ZEKO";
                });
        else
            options.user_id(std::string(given().at("userID").as_string()))
                .binding_message(std::string(given().at("bindingMessage").as_string()));
        if (auto const* audience = given().if_contains("audience"))
            options.audience(std::string(audience->as_string()));
        if (auto const* expiry = given().if_contains("requestedExpiry"))
            options.requested_expiry(std::chrono::seconds(expiry->as_int64()));
        if (auto const* details = given().if_contains("authorizationDetails"))
            options.authorization_details(details->as_array());
        if (auto const* context = given().if_contains("credentialsContext"))
            options.credentials_context(context->as_string() == "tool"     ? CredentialsContext::tool
                                        : context->as_string() == "thread" ? CredentialsContext::thread
                                        : context->as_string() == "agent"  ? CredentialsContext::agent
                                                                           : CredentialsContext::tool_call);
        if (auto const* mode = given().if_contains("onAuthorizationRequest")) {
            if (mode->as_string() == "block")
                options.on_authorization_request(AuthorizationMode::block);
            else
                options.on_authorization_request([this](Interrupt const& interrupt) { seen_by_callback = interrupt.request()->expires_in; });
        }
        if (given().contains("onAuthorizationInterrupt"))
            options.on_authorization_interrupt(
                [this](Interrupt const& interrupt, ToolCall const& call) { told = std::string(interrupt.code()) + ' ' + call.call_id(); });
        return CibaAuthorizer(runtime, client(), std::move(options));
    }

    ToolCall person_call() const
    {
        return buy(10, Principal("https://idp.example/", "auth0|user"));
    }

    /// What we say, in the words of the table.
    static std::string words(Answer const& answer)
    {
        if (answer.has_interrupt())
            return std::string(answer.interrupt().code());
        if (answer.has_failure())
            return std::string(to_string(static_cast<Errc>(answer.failure().code().value())));
        return "granted";
    }
    /// What the SDK says, likewise; "" when it has no word for it.
    static std::string sdk_words(json::value const& result)
    {
        if (auto const* text = result.as_object().if_contains("json"))
            return std::string(text->at("code").as_string());
        return result.at("kind").as_string() == "tool ran" ? "granted" : "";
    }

    /// The SDK's members, with our names for what is another each time.
    void compare_request_data(Interrupt const& interrupt, json::value const& theirs) const
    {
        auto const ours = interrupt.to_json();
        auto const& their_json = theirs.at("json").as_object();
        auto at = ours.begin();
        for (auto const& [member, value] : their_json) {
            if (member == "retryAfter" && !ours.contains("retryAfter"))
                continue;
            BOOST_REQUIRE_MESSAGE(at != ours.end(), name());
            BOOST_TEST(at->key() == member, name());
            ++at;
        }
        auto const& request = ours.at("request").as_object();
        BOOST_TEST(request.at("expiresIn") == their_json.at("request").at("expiresIn"), name());
        // Once it is decided, the request's id is forgotten.
        BOOST_TEST(request.at("id").as_string().starts_with("auth-req-secret-") == interrupt.resumable());
    }

    std::size_t recorded_pushes() const { return pushes_.size(); }
    json::value const& push(std::size_t n) const { return pushes_.at(n); }

    std::string told;
    std::chrono::seconds seen_by_callback{0};

private:
    json::value const& vector_;
    std::vector<json::value> pushes_;
    std::vector<json::value> polls_;
    std::size_t next_push_ = 0;
    std::size_t next_poll_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ciba_golden)

BOOST_AUTO_TEST_CASE(every_recorded_scenario_goes_as_recorded_but_for_the_deliberate_differences)
{
    std::size_t replayed = 0;
    std::size_t different = 0;
    auto const vectors = cases();
    for (auto const& vector : vectors) {
        Replay f(vector);
        BOOST_TEST_CONTEXT(f.name())
        {
            ++replayed;
            auto const found = differences.find(f.name());
            different += found != differences.end() ? 1u : 0u;
            if (f.name() == "no client secret at all") {
                BOOST_CHECK_THROW(OauthClient::auth0("tenant.example", "client", Secret()), ConfigurationError);
                continue;
            }
            auto const ciba = f.authorizer();
            for (std::size_t n = 0; n < f.steps().size(); ++n) {
                auto const& theirs = f.steps()[n].at("result");
                if (n > 0)
                    f.pass(5s);
                auto expected = Replay::sdk_words(theirs);
                if (found != differences.end() && found->second.step == n)
                    expected = found->second.says;
                if (f.given().contains("onUnauthorized") && n == 1) {
                    // The host's answer in place of the refusal.
                    expected = "ASYNC_AUTHORIZATION_ACCESS_DENIED";
                    BOOST_TEST(theirs.at("value").at("onUnauthorized").as_string() == expected);
                }
                auto const ours = f.run(CibaAuthorizer(ciba).authorize(f.person_call()));
                BOOST_TEST(Replay::words(ours) == expected, "step " << n);
                bool const same = found == differences.end() || found->second.step != n;
                if (ours.has_interrupt() && same && theirs.as_object().contains("json") && ours.interrupt().request() != nullptr)
                    f.compare_request_data(ours.interrupt(), theirs);
            }
            BOOST_TEST(f.provider->pushes() == (found != differences.end() ? found->second.pushes : f.recorded_pushes()));
            if (f.given().contains("onAuthorizationInterrupt"))
                BOOST_TEST(f.told == "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING call-1");
            if (f.name() == "callback mode")
                BOOST_TEST((f.seen_by_callback == 300s));
            f.teardown();
        }
    }
    BOOST_TEST(replayed == 34u);
    BOOST_TEST(different == differences.size());
}

BOOST_AUTO_TEST_SUITE_END()
