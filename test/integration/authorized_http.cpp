#include "support/certificates.hpp"
#include "support/loopback_server.hpp"

#include <assent/authorized_http.hpp>
#include <assent/beast_http_client.hpp>
#include <assent/tool.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;
using assent::test::Authority;
using assent::test::LoopbackServer;
using assent::test::Peer;
using assent::test::TlsOptions;

namespace authorized_http_integration {

struct Question {
    std::string url;
};
BOOST_DESCRIBE_STRUCT(Question, (), (url))

}  // namespace authorized_http_integration

namespace {

using authorized_http_integration::Question;

/// An API over TLS: remembers what it was sent, and answers as it is told, the last answer for ever.
class Api {
public:
    struct Answer {
        int status;
        std::string headers;
        std::string body;
    };
    Api(Authority const& authority, std::vector<Answer> answers) : answers_(std::move(answers)), server_(script(), tls(authority)) {}

    std::string url(std::string_view path) const { return server_.url(path); }
    std::vector<std::string> requests() const
    {
        std::lock_guard const lock(mutex_);
        return requests_;
    }

private:
    static TlsOptions tls(Authority const& authority)
    {
        TlsOptions options;
        options.identity = authority.issue({"DNS:localhost", "IP:127.0.0.1"});
        return options;
    }
    LoopbackServer::Script script()
    {
        return [this](Peer& peer) {
            for (;;) {
                auto request = peer.read_request();
                if (request.empty())
                    return;
                Answer answer;
                {
                    std::lock_guard const lock(mutex_);
                    answer = answers_[std::min(requests_.size(), answers_.size() - 1)];
                    requests_.push_back(std::move(request));
                }
                if (!peer.answer(answer.status, answer.body, answer.headers))
                    return;
            }
        };
    }

    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::vector<Answer> answers_;
    LoopbackServer server_;  // last: its threads use the others
};

bool has(std::string const& request, std::string_view text) { return request.find(text) != std::string::npos; }

/// Grants "secret-1", then "secret-2"; says what a person must do when that is not enough.
class Vault {
public:
    Vault(Runtime runtime, std::shared_ptr<int> renewals) : runtime_(std::move(runtime)), renewals_(std::move(renewals)) {}

    awaitable<outcome<Credentials>> authorize(ToolCall)
    {
        Credentials out("calendar", token("secret-1"));
        co_return out;
    }
    awaitable<outcome<Grant>> renew(ToolCall, TokenRefusal refusal)
    {
        ++*renewals_;
        if (refusal.needs_person()) {
            Interrupt interrupt(Flow::token_vault, InterruptKind::consent_needed, "Connect the calendar.");
            ConsentRequest consent;
            consent.connection = refusal.name;
            consent.required_scopes = refusal.scopes;
            interrupt.consent(std::move(consent));
            co_return interrupt;
        }
        Credentials credentials("calendar", token("secret-2"));
        co_return Grant(std::move(credentials));
    }
    Runtime const* runtime() const { return &runtime_; }

private:
    static TokenSet token(char const* value)
    {
        TokenSet out;
        out.access_token = Secret(value);
        return out;
    }

    Runtime runtime_;
    std::shared_ptr<int> renewals_;
};

class Fixture {
public:
    Fixture()
    {
        BeastHttpClientConfig config;
        config.proxy_from_environment(false);
        config.ca_pem(authority.pem());
        runtime.http(make_beast_http_client(context.get_executor(), config));
    }

    static awaitable<std::string> ask(Question question, ToolContext& context)
    {
        auto response = co_await context.http().get(question.url);
        if (!response.ok())
            co_return response.explain();
        co_return response.body();
    }
    outcome<json::value> call(Api const& allowed, std::string url)
    {
        auto const its_tool = tool<Question>("ask", "asks", ask).protected_by(Vault(runtime, renewals)).calls("calendar", allowed.url("/"));
        json::object input;
        input["url"] = std::move(url);
        ToolCall its_call(Principal("https://idp.example/", "auth0|alice"), "ask", std::move(input));
        outcome<json::value> out;
        std::exception_ptr thrown;
        asio::co_spawn(context, its_tool.call(std::move(its_call)), [&](std::exception_ptr error, outcome<json::value> answer) {
            thrown = error;
            out = std::move(answer);
            context.stop();
        });
        context.restart();
        context.run();
        if (thrown)
            std::rethrow_exception(thrown);
        return out;
    }

    Authority authority;
    asio::io_context context{1};
    Runtime runtime{context.get_executor()};
    std::shared_ptr<int> renewals = std::make_shared<int>(0);
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(authorized_http, Fixture)

BOOST_AUTO_TEST_CASE(the_token_goes_over_tls_to_the_declared_origin)
{
    Api const api(authority, {{200, "", "free"}});
    BOOST_TEST((call(api, api.url("/day?of=week")).value() == json::value("free")));
    auto const requests = api.requests();
    BOOST_REQUIRE_EQUAL(requests.size(), 1U);
    BOOST_TEST(requests[0].starts_with("GET /day?of=week HTTP/1.1\r\n"));
    BOOST_TEST(has(requests[0], "Authorization: Bearer secret-1\r\n"));
}

BOOST_AUTO_TEST_CASE(another_origin_gets_nothing_at_all)
{
    Api const api(authority, {{200, "", "free"}});
    Api const other(authority, {{200, "", "thanks"}});
    auto const answer = call(api, other.url("/"));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(has(std::string(answer.value().as_string()), "nothing was sent"));
    BOOST_TEST(other.requests().empty());
    BOOST_TEST(api.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed)
{
    Api const other(authority, {{200, "", "thanks"}});
    Api const api(authority, {{307, "Location: " + other.url("/") + "\r\n", ""}});
    auto const answer = call(api, api.url("/"));
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(has(std::string(answer.value().as_string()), "not followed"));
    BOOST_TEST(other.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_401_is_renewed_once_and_the_request_repeated)
{
    Api const api(authority, {{401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", ""}, {200, "", "free"}});
    BOOST_TEST((call(api, api.url("/")).value() == json::value("free")));
    auto const requests = api.requests();
    BOOST_REQUIRE_EQUAL(requests.size(), 2U);
    BOOST_TEST(has(requests[1], "Authorization: Bearer secret-2\r\n"));
    BOOST_TEST(!has(requests[1], "secret-1"));
    BOOST_TEST(*renewals == 1);
}

BOOST_AUTO_TEST_CASE(a_second_401_interrupts)
{
    Api const api(authority, {{401, "", ""}});
    auto const answer = call(api, api.url("/"));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().kind() == InterruptKind::consent_needed));
    BOOST_TEST(api.requests().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_403_with_insufficient_scope_asks_for_the_scopes)
{
    Api const api(authority, {{403, "WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"calendar.read\"\r\n", ""}});
    auto const answer = call(api, api.url("/"));
    BOOST_REQUIRE(answer.has_interrupt());
    BOOST_TEST((answer.interrupt().consent()->required_scopes == std::vector<std::string>{"calendar.read"}));
    BOOST_TEST(api.requests().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
