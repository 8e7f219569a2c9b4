// What the official SDK was recorded to do with the vault, done by us: the same requests, the same interrupts.
#include "support/paths.hpp"
#include "support/vault_fixture.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
using namespace assent;
using assent::test::VaultFixture;

namespace {

/// Where we differ from the SDK on purpose, and why.
std::map<std::string_view, std::string_view> const differences{
    {"exchange meets 429", "trouble is retried and told as trouble: nobody is sent to consent again"},
    {"exchange meets 500 HTML", "as 429"},
    {"exchange meets connection reset", "as 429, in place of a raw TypeError"},
    {"exchange meets no scope in the answer", "a scope that is left out is granted as asked (RFC 6749 5.1): no endless consent"},
    {"the tool throws TokenVaultError",
     "the token is exchanged once more before the person is asked; the message is ours, the tool's words are not mixed into it"},
    {"accessToken given directly, no exchange", "the host has it: it is not put into the store"},
};

json::array cases()
{
    std::ifstream file(std::string(assent::test::source_dir()) + "/test/data/golden/token-vault.json");
    BOOST_REQUIRE_MESSAGE(file.good(), "cannot open token-vault.json");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text).at("cases").as_array();
}

std::vector<std::string> texts(json::value const& list)
{
    std::vector<std::string> out;
    for (auto const& one : list.as_array())
        out.emplace_back(one.as_string());
    return out;
}

result<HttpResponse> recorded(json::value const& answer)
{
    if (answer.at("status").is_string())
        return Errc::connection_reset;
    auto const* body = answer.as_object().if_contains("body");
    std::string text;
    if (body != nullptr)
        text = body->is_string() ? std::string(body->as_string()) : json::serialize(*body);
    HttpResponse response(static_cast<int>(answer.at("status").as_int64()), std::move(text));
    for (auto const& header : answer.at("headers").as_object())
        response.headers.add(std::string(header.key()), std::string(header.value().as_string()));
    return response;
}

/// The members that the SDK has, in its order.
json::object sdk_part(json::object const& ours, json::object const& theirs)
{
    json::object out;
    for (auto const& [name, value] : ours) {
        if (theirs.contains(name))
            out.emplace(name, value);
    }
    return out;
}

class Replay : public VaultFixture {
public:
    explicit Replay(json::value const& vector) : vector_(vector)
    {
        for (auto const& step : vector.at("steps").as_array()) {
            for (auto const& request : step.at("requests").as_array())
                requests_.push_back(request);
        }
        answers = [this](std::size_t n, Form const&) -> std::optional<result<HttpResponse>> {
            // Who asks more often than the SDK gets the last answer again.
            return recorded(requests_.at(std::min(n, requests_.size() - 1)).at("answer"));
        };
    }

    std::string_view name() const { return vector_.at("name").as_string(); }
    json::value const& step(std::size_t n) const { return vector_.at("steps").at(n); }
    json::value const& expected(std::size_t n) const { return step(n).at("result"); }

    TokenVaultAuthorizer authorizer()
    {
        auto const& given = vector_.at("authorizer_params").as_object();
        TokenVault options;
        options.connection(std::string(given.at("connection").as_string()));
        auto const* interrupt = expected(0).as_object().if_contains("json");
        // One vector asks, in its interrupt, for other scopes than its parameters say.
        options.scopes(texts(interrupt != nullptr ? interrupt->at("scopes") : given.at("scopes")));
        if (given.contains("accessToken") && !given.contains("subjectTokenType"))
            options.access_token([] {
                TokenSet tokens;
                tokens.access_token = Secret("direct");
                return tokens;
            });
        else if (given.contains("accessToken"))
            options.access_token(Secret("at-stub")).subject_token_type(std::string(given.at("subjectTokenType").as_string()));
        else
            options.refresh_token([none = requests_.empty()] { return std::string(none ? "" : "rt-stub"); });
        if (given.contains("loginHint"))
            options.login_hint([](ToolCall const&) { return std::string("google-oauth2|123"); });
        if (auto const* params = given.if_contains("authorizationParams")) {
            std::vector<std::pair<std::string, std::string>> list;
            for (auto const& param : params->as_object())
                list.emplace_back(param.key(), param.value().as_string());
            options.authorization_params(list);
        }
        return TokenVaultAuthorizer(runtime, OauthClient::auth0("tenant.example", "stub-client", Secret("stub-secret")), options);
    }

    /// Every request is the SDK's, ours as a form and theirs as JSON.
    void compare_requests(std::size_t expected_count)
    {
        BOOST_TEST(provider->seen.size() == expected_count, name());
        for (std::size_t n = 0; n < provider->seen.size(); ++n) {
            auto const& theirs = requests_.at(std::min(n, requests_.size() - 1));
            Form params;
            for (auto const& param : theirs.at("params").as_object())
                params.emplace(param.key(), param.value().as_string());
            BOOST_TEST(provider->seen[n].path == std::string_view(theirs.at("path").as_string()));
            BOOST_TEST((provider->seen[n].form == params), name());
        }
    }
    void compare_interrupt(Interrupt const& interrupt, json::value const& theirs, bool message = true)
    {
        auto their_json = theirs.at("json").as_object();
        auto ours = sdk_part(interrupt.to_json(), their_json);
        if (!message) {
            ours["message"] = "";
            their_json["message"] = "";
        }
        BOOST_TEST(json::serialize(ours) == json::serialize(their_json), name());
    }
    std::size_t recorded_requests() const { return requests_.size(); }

private:
    json::value const& vector_;
    std::vector<json::value> requests_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(vault_golden)

BOOST_AUTO_TEST_CASE(every_recorded_scenario_goes_as_recorded_but_for_the_deliberate_differences)
{
    std::size_t replayed = 0;
    std::size_t different = 0;
    auto const vectors = cases();
    for (auto const& vector : vectors) {
        Replay f(vector);
        BOOST_TEST_CONTEXT(f.name())
        {
            auto authorizer = f.authorizer();
            auto const kind = f.expected(0).at("kind").as_string();
            ++replayed;
            different += differences.count(f.name());
            auto const first = f.authorize(authorizer);

            if (f.name() == "the tool throws TokenVaultError") {
                BOOST_REQUIRE(first.has_value());
                auto const renewed = f.renew(authorizer, VaultFixture::refusal_of(first));
                BOOST_REQUIRE(renewed.has_interrupt());
                // The vault gave the refused token again; granted scopes are told, too.
                f.compare_requests(2);
                auto ours = renewed.interrupt();
                BOOST_TEST(ours.code() == f.expected(0).at("json").at("code").as_string());
                BOOST_TEST(ours.consent()->scopes == texts(f.expected(0).at("json").at("scopes")), boost::test_tools::per_element());
            }
            else if (f.name() == "the tool throws something else") {
                auto const boom = [](json::value, ToolContext&) -> awaitable<outcome<json::value>> {
                    throw std::runtime_error("boom");
                    co_return json::value();
                };
                auto const tool = protect(Tool("free_busy", "", nullptr, boom), authorizer);
                BOOST_CHECK_THROW(static_cast<void>(f.run(tool.call(VaultFixture::look()))), std::runtime_error);
                // It stays in the store, for it is not the token's fault.
                BOOST_TEST(VaultFixture::token_of(f.authorize(authorizer)) == "ya29.stub-google-token");
                f.compare_requests(1);
            }
            else if (differences.contains(f.name()) && f.name().starts_with("exchange meets no scope")) {
                BOOST_REQUIRE_MESSAGE(first.has_value(), VaultFixture::describe(first));
                f.compare_requests(1);
            }
            else if (differences.contains(f.name()) && f.recorded_requests() != 0) {
                BOOST_REQUIRE_MESSAGE(first.has_failure(), VaultFixture::describe(first));
                BOOST_TEST((first.failure() == Condition::retryable));
                f.compare_requests(3);
            }
            else if (kind == "tool ran") {
                for (std::size_t n = 0; n < vector.at("steps").as_array().size(); ++n) {
                    auto const& value = f.expected(n).at("value").at("accessToken").as_string();
                    auto const answer = n == 0 ? first : f.authorize(authorizer);
                    BOOST_TEST(VaultFixture::token_of(answer) == std::string_view(value));
                }
                f.compare_requests(f.recorded_requests());
            }
            else {
                BOOST_REQUIRE_EQUAL(kind, "threw an interrupt");
                BOOST_REQUIRE_MESSAGE(first.has_interrupt(), VaultFixture::describe(first));
                f.compare_interrupt(first.interrupt(), f.expected(0));
                f.compare_requests(f.recorded_requests());
            }
            f.teardown();
        }
    }
    BOOST_TEST(replayed == 14u);
    BOOST_TEST(different == differences.size());
}

BOOST_AUTO_TEST_SUITE_END()
