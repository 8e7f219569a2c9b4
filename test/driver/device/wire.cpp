// The official SDK's device flow, recorded, and ours with the same answers: the requests and the interrupts are the same, but for these
// deliberate differences:
//
// - `audience` is left out when there is none; the SDK sends the word "undefined" (RFC 8628 3.1).
// - Nothing is polled before the interval has passed; the SDK polls in the call that gets the code, and whenever it is called
//   (RFC 8628 3.5). Hence each recorded request is one call of ours, at the time that the interrupt names.
// - After slow_down the interval is longer by 5 s for good, and the interrupt says how long; the SDK keeps the old one (RFC 8628 3.5).
// - After 500, garbage or a reset the code is kept and polled on; the SDK throws it away and shows the person another.
// - invalid_grant is an interrupt; the SDK's is a plain Error.
// - The provider's metadata is fetched once; the SDK fetches it at every start.
// - The ID token is verified, which takes the provider's keys; the SDK does not look at it.
// - The message is our own sentence; the SDK puts the server's there, which may say anything.
// - An interrupt that ends the flow does not have the device code any more; the SDK keeps it.
#include "support/authorizer_fixture.hpp"
#include "support/paths.hpp"
#include "support/signing_key.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;
using namespace assent;

namespace {

using Form = std::map<std::string, std::string>;
using Sent = std::pair<std::string, Form>;  // path and parameters

constexpr char const* start_path = "/oauth/device/code";
constexpr char const* discovery_path = "/.well-known/openid-configuration";
constexpr char const* subject = "auth0|alice";

json::value golden()
{
    std::ifstream file(std::string(assent::test::source_dir()) + "/test/data/golden/device.json");
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot open device.json");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    constexpr std::string_view placeholder = "TENANT_DOMAIN";
    for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at))
        text.replace(at, placeholder.size(), "tenant.example");
    return json::parse(text);
}

/// Answers what was recorded, path by path, in order, and remembers what it was sent.
class Recording final : public HttpClient {
public:
    explicit Recording(std::shared_ptr<Clock> clock) : clock_(std::move(clock)), key_(assent::test::SigningKey::ec("key-1", "P-256")) {}

    void add(std::string const& path, json::object const& answer)
    {
        auto& its = answers_[path];
        if (answer.at("status").is_string()) {
            its.emplace_back(Errc::connection_reset);
            return;
        }
        auto body = answer.at("body");
        if (auto* members = body.if_object(); members != nullptr && members->contains("id_token"))
            members->at("id_token") = id_token();
        auto text = body.is_string() ? std::string(body.get_string()) : json::serialize(body);
        its.emplace_back(HttpResponse(answer.at("status").to_number<int>(), std::move(text)));
    }

    awaitable<result<HttpResponse>> send(HttpRequest request) override
    {
        auto const url = request.url();
        auto const path = url.substr(url.find('/', 8));
        if (request.method() == HttpMethod::post)
            sent.emplace_back(path, assent::test::form_of(request));
        else
            gets.push_back(path);
        if (path == "/.well-known/jwks.json")
            co_return HttpResponse(200, assent::test::key_set({key_.public_jwk("ES256")}));
        auto& its = answers_[path];
        if (its.empty())
            co_return HttpResponse(404, "nothing was recorded");
        auto answer = std::move(its.front());
        // The metadata is the same at every start.
        if (path != discovery_path)
            its.pop_front();
        co_return answer;
    }

    std::vector<Sent> sent;
    std::vector<std::string> gets;

private:
    std::string id_token()
    {
        auto const now = std::chrono::duration_cast<std::chrono::seconds>(clock_->now().time_since_epoch()).count();
        json::object claims;
        claims.emplace("iss", "https://tenant.example/");
        claims.emplace("aud", "stub-public");
        claims.emplace("sub", subject);
        claims.emplace("iat", now);
        claims.emplace("exp", now + 3600);
        return key_.sign("ES256", json::serialize(claims));
    }

    std::shared_ptr<Clock> clock_;
    assent::test::SigningKey key_;
    std::map<std::string, std::deque<result<HttpResponse>>> answers_;
};

/// One recorded scenario, and ours beside it.
class Replay : public assent::test::AuthorizerFixture<Recording> {
public:
    explicit Replay(json::value const& recorded) : steps_(recorded.at("steps").as_array())
    {
        auto const& given = recorded.at("authorizer_params").as_object();
        options.scopes({"openid", "offline_access"});  // the SDK's default
        if (auto const* scopes = given.if_contains("scopes"))
            options.scopes(json::value_to<std::vector<std::string>>(*scopes));
        if (auto const* audience = given.if_contains("audience"))
            options.audience(std::string(audience->as_string()));
        if (given.contains("onAuthorizationRequest"))
            options.on_authorization_request(AuthorizationMode::block);
        for (auto const& step : steps_) {
            for (auto const& request : requests_of(step))
                provider->add(std::string(request.at("path").as_string()), request.at("answer").as_object());
        }
    }

    static json::array requests_of(json::value const& step)
    {
        auto const* requests = step.as_object().if_contains("requests");
        return requests != nullptr ? requests->as_array() : json::array();
    }
    static Sent form_of(json::value const& request)
    {
        Sent out;
        out.first = request.at("path").as_string();
        for (auto const& [name, value] : request.at("params").as_object())
            out.second.emplace(name, value.as_string());
        if (out.second.contains("audience") && out.second.at("audience") == "undefined")
            out.second.erase("audience");
        return out;
    }
    /// What the SDK sent, but for the discovery.
    std::vector<Sent> sdk_sent() const
    {
        std::vector<Sent> out;
        for (auto const& step : steps_) {
            for (auto const& request : requests_of(step)) {
                if (request.at("method").as_string() == "POST")
                    out.push_back(form_of(request));
            }
        }
        return out;
    }

    static ToolCall call() { return buy(10, Principal("https://idp.example/", subject)); }
    DeviceAuthorizer authorizer()
    {
        return DeviceAuthorizer(runtime, OauthClient::standard("https://tenant.example/", "stub-public"), options);
    }

    /// The members of the SDK's JSON come first, in its order, with its values.
    static void same_json(json::object const& theirs, Interrupt const& interrupt)
    {
        auto const ours = interrupt.to_json();
        auto at = ours.begin();
        for (auto const& [name, value] : theirs) {
            BOOST_REQUIRE(at != ours.end());
            // Ours says with slow_down how long to wait, before the message.
            if (at->key() == "retryAfter" && name == "message")
                ++at;
            BOOST_TEST(at->key() == name);
            if (name == "response") {
                same_response(value.as_object(), at->value().as_object(), interrupt);
            }
            else if (name != "message")
                BOOST_TEST((at->value() == value), name);
            ++at;
        }
    }
    static void same_response(json::object const& theirs, json::object const& ours, Interrupt const& interrupt)
    {
        BOOST_REQUIRE(theirs.size() == ours.size());
        auto at = ours.begin();
        for (auto const& [name, value] : theirs) {
            BOOST_TEST(at->key() == name);
            if (name == "requestedAt")
                BOOST_TEST(at->value().is_number());
            else if (name == "deviceCode" && !interrupt.resumable())
                BOOST_TEST(at->value().as_string() == "");
            else if (name == "interval")
                BOOST_TEST((at->value().as_int64() == 1 || at->value().as_int64() == 6));  // as given, or after slow_down
            else
                BOOST_TEST((at->value() == value), name);
            ++at;
        }
    }

    DeviceAuthorization options;

protected:
    json::array steps_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(device_wire)

BOOST_AUTO_TEST_CASE(the_requests_and_the_interrupts_are_the_sdks_but_for_the_deliberate_differences)
{
    std::size_t interrupts = 0;
    std::size_t scenarios = 0;
    auto const recorded = golden();
    for (auto const& scenario : recorded.at("cases").as_array()) {
        std::string const name(scenario.at("name").as_string());
        BOOST_TEST_CONTEXT(name)
        {
            Replay f(scenario);
            auto device = f.authorizer();
            ++scenarios;

            if (name == "block mode") {
                auto waiting = f.call_in_background(device, Replay::call());
                f.pass(1min);
                BOOST_REQUIRE(waiting.done());
                BOOST_TEST(waiting.value().has_value(), Replay::describe(waiting.value()));
                BOOST_TEST((f.provider->sent == f.sdk_sent()));
                f.teardown();
                continue;
            }

            bool const goes_on = name == "poll meets 500 HTML" || name == "poll meets connection reset";
            auto expected = f.sdk_sent();
            if (goes_on) {
                // The SDK starts over; the code that it then polls for is ours still.
                BOOST_REQUIRE(expected.size() == 5u);
                expected.erase(expected.begin() + 3);
                expected[3].second["device_code"] = expected[2].second["device_code"];
            }
            std::optional<std::chrono::system_clock::time_point> due;
            std::string device_code;
            for (auto const& step : scenario.at("steps").as_array()) {
                auto const& said = step.at("result").as_object();
                std::size_t of_this_step = 0;
                for (auto const& request : Replay::requests_of(step)) {
                    if (request.at("method").as_string() == "GET")
                        continue;
                    bool const begins = request.at("path").as_string() == start_path;
                    if (begins && goes_on && !device_code.empty())
                        continue;
                    if (!begins) {
                        BOOST_REQUIRE(due.has_value());
                        f.pass(*due - f.clock->now());
                    }
                    auto const answer = f.run(device.authorize(Replay::call()));
                    ++of_this_step;
                    if (answer.has_interrupt()) {
                        due = answer.interrupt().next_poll_at();
                        BOOST_REQUIRE(answer.interrupt().device() != nullptr);
                        if (begins)
                            device_code = answer.interrupt().device()->device_code.expose();
                    }
                    auto const* theirs = said.if_contains("json");
                    if (goes_on && step.at("label").as_string() == "the call after")
                        BOOST_TEST(answer.interrupt().device()->device_code.expose() == device_code);
                    else if (theirs != nullptr) {
                        BOOST_REQUIRE(answer.has_interrupt());
                        Replay::same_json(theirs->as_object(), answer.interrupt());
                        ++interrupts;
                    }
                    else if (said.at("kind").as_string() == "tool ran")
                        BOOST_TEST(answer.has_value(), Replay::describe(answer));
                    else if (name == "poll meets invalid_grant")
                        BOOST_TEST(Replay::is(answer, InterruptKind::invalid_grant), Replay::describe(answer));
                    else if (goes_on)
                        BOOST_TEST(Replay::is(answer, InterruptKind::pending), Replay::describe(answer));
                    else {
                        BOOST_TEST(name == "start meets invalid_client");
                        BOOST_TEST(Replay::is(answer, Errc::invalid_client), Replay::describe(answer));
                    }
                }
                if (of_this_step == 0)
                    BOOST_TEST(f.run(device.authorize(Replay::call())).has_value());  // from the store
            }
            BOOST_TEST((f.provider->sent == expected));
            auto const discoveries = std::count(f.provider->gets.begin(), f.provider->gets.end(), discovery_path);
            BOOST_TEST(discoveries == 1);
            f.teardown();
        }
    }
    BOOST_TEST(scenarios == recorded.at("cases").as_array().size());
    BOOST_TEST(scenarios == 10u);
    BOOST_TEST(interrupts > 20u);
}

BOOST_AUTO_TEST_CASE(requests_say_what_they_send_and_accept_and_have_a_deadline)
{
    auto const recorded = golden();
    Replay f(recorded.at("cases").at(0));
    class Checking final : public HttpClient {
    public:
        explicit Checking(std::shared_ptr<HttpClient> inner) : inner_(std::move(inner)) {}
        awaitable<result<HttpResponse>> send(HttpRequest request) override
        {
            BOOST_TEST((request.deadline().has_value()));
            BOOST_TEST((request.headers().find("Accept") == std::string_view("application/json")));
            if (request.method() == HttpMethod::post)
                BOOST_TEST((request.headers().find("Content-Type") == std::string_view("application/x-www-form-urlencoded")));
            BOOST_TEST(request.url().find('?') == std::string::npos);
            ++looked_at;
            return inner_->send(std::move(request));
        }
        std::size_t looked_at = 0;

    private:
        std::shared_ptr<HttpClient> inner_;
    };
    auto const checking = std::make_shared<Checking>(f.provider);
    f.runtime.http(checking);
    auto device = f.authorizer();
    f.ask(device, Replay::call());
    f.pass(1s);
    f.ask(device, Replay::call());
    BOOST_TEST(checking->looked_at == 3u);
    f.teardown();
}

BOOST_AUTO_TEST_SUITE_END()
