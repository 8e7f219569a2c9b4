// A tool that looks into the user's own Google calendar, with a token from Auth0's Token Vault that it never sees.
//
//   calendar                 against stand-ins of Auth0 and of the calendar API in this program, and a person who connects their account
//   calendar --auth0         at Auth0 and Google: AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, and the user's AUTH0_REFRESH_TOKEN
//
//     --when TIME            ISO 8601                              (2026-03-02T10:00:00Z)
//
// Ends with 0 when everything went as told.
#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
using asio::ip::tcp;

constexpr char free_busy[] = "https://www.googleapis.com/auth/calendar.freebusy";
constexpr char read_calendar[] = "https://www.googleapis.com/auth/calendar.readonly";

// ---------------------------------------------------------------------------------------------------- the tool

struct CheckCalendar {
    std::string when;
};
BOOST_DESCRIBE_STRUCT(CheckCalendar, (), (when))

struct Calendar {
    std::string api = "https://www.googleapis.com";

    /// Is the user free in the hour from `when` on? The token is attached by context.http(), and renewed there when Google refuses it.
    assent::awaitable<assent::outcome<std::string>> check(CheckCalendar question, assent::ToolContext& context) const {
        json::object query = free_busy_query(question.when);
        auto response = co_await context.http().post_json(api + "/calendar/v3/freeBusy", std::move(query));
        if (!response.ok())
            co_return response.explain();
        auto const answer = response.json();
        if (!answer)
            co_return answer.failure();
        boost::system::error_code ignored;
        auto const* busy = answer.value().find_pointer("/calendars/primary/busy", ignored);
        bool const is_free = busy != nullptr && busy->is_array() && busy->get_array().empty();
        co_return fmt::format("{} at {}", is_free ? "free" : "busy", question.when);
    }

private:
    static json::object free_busy_query(std::string const& when) {
        json::object query;
        query["timeMin"] = when;
        query["timeMax"] = one_hour_after(when);
        query["timeZone"] = "UTC";
        query["items"] = json::array{json::object{{"id", "primary"}}};
        return query;
    }
    /// Of "2026-03-02T10:00:00Z"; the calendar says what it thinks of anything else.
    static std::string one_hour_after(std::string when) {
        if (when.size() < 13 || when[11] < '0' || when[11] > '2' || when[12] < '0' || when[12] > '8')
            return when;
        ++when[12];
        return when;
    }
};

assent::Tool protected_tool(assent::Runtime runtime, assent::OauthClient client, Calendar calendar, assent::Secret refresh_token) {
    assent::TokenVault google;
    google.connection("google-oauth2").scopes({free_busy}).refresh_token(std::move(refresh_token));
    auto const api = calendar.api;
    auto const check = [calendar](CheckCalendar question, assent::ToolContext& context) {
        return calendar.check(std::move(question), context);
    };
    auto tool = assent::tool<CheckCalendar>("check_user_calendar", "Check whether the user is free at a time", check)
                    .calls("google-oauth2", api);
    return assent::protect(std::move(tool), assent::TokenVaultAuthorizer(std::move(runtime), std::move(client), std::move(google)));
}

// ---------------------------------------------------------------------------------------------------- the stand-ins

/// Auth0's token endpoint and My Account API, and Google's calendar, as far as this program needs them. For development: it knows no
/// keys and no people.
class StandIns {
public:
    explicit StandIns(asio::io_context& context)
        : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

    std::string url() const { return fmt::format("http://localhost:{}", acceptor_.local_endpoint().port()); }
    /// As another origin: the calendar API is not the authorization server.
    std::string api_url() const { return fmt::format("http://127.0.0.1:{}", acceptor_.local_endpoint().port()); }
    void stop() { acceptor_.close(); }

    // What the story turns.
    bool token_is_refused = false;   ///< Google does not take the current token any more.
    std::string demanded = free_busy;
    std::string granted = free_busy;
    // What it looks at.
    int exchanges = 0;
    int calls = 0;

    static asio::awaitable<void> serve(std::shared_ptr<StandIns> self) {
        for (;;) {
            boost::system::error_code error;
            tcp::socket socket = co_await self->acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
            if (error)
                co_return;
            auto const executor = self->acceptor_.get_executor();
            asio::co_spawn(executor, converse(self, std::move(socket)), asio::detached);
        }
    }

private:
    using Request = beast::http::request<beast::http::string_body>;
    using Response = beast::http::response<beast::http::string_body>;

    static asio::awaitable<void> converse(std::shared_ptr<StandIns> self, tcp::socket socket) {
        beast::flat_buffer buffer;
        for (;;) {
            boost::system::error_code error;
            Request request;
            co_await beast::http::async_read(socket, buffer, request, asio::redirect_error(asio::use_awaitable, error));
            if (error)
                co_return;
            Response response = self->answer(request);
            response.keep_alive(true);
            response.prepare_payload();
            co_await beast::http::async_write(socket, response, asio::redirect_error(asio::use_awaitable, error));
            if (error)
                co_return;
        }
    }

    static Response reply(unsigned status, json::value const& body) {
        Response response(beast::http::int_to_status(status), 11);
        response.set("Content-Type", "application/json");
        response.body() = json::serialize(body);
        return response;
    }

    Response answer(Request const& request) {
        std::string_view const target(request.target().data(), request.target().size());
        if (target == "/oauth/token")
            return token(request.body());
        if (target == "/calendar/v3/freeBusy")
            return calendar(request);
        if (target == "/me/v1/connected-accounts/connect") {
            auto const asked = json::parse(request.body());
            state = asked.at("state").as_string().c_str();
            wanted = asked.at("scopes").as_array().back().as_string().c_str();
            return reply(201, {{"auth_session", "session-1"},
                               {"connect_uri", url() + "/connected-accounts/connect"},
                               {"connect_params", {{"ticket", "ticket-1"}}},
                               {"expires_in", 300}});
        }
        if (target == "/me/v1/connected-accounts/complete") {
            granted += " " + wanted;
            return reply(201, {{"id", "cac_1"}, {"connection", "google-oauth2"}, {"created_at", "2026-03-01T00:00:00Z"}});
        }
        return reply(404, {{"message", "nothing is here"}});
    }

    Response token(std::string_view form) {
        if (form.find("federated-connection-access-token") == std::string_view::npos)
            return reply(200, {{"access_token", "my-account"}, {"token_type", "Bearer"}, {"expires_in", 300}});
        ++exchanges;
        token_is_refused = false;
        return reply(200, {{"access_token", fmt::format("google-{}", exchanges)},
                           {"scope", granted},
                           {"expires_in", 3600},
                           {"issued_token_type", "http://auth0.com/oauth/token-type/federated-connection-access-token"},
                           {"token_type", "Bearer"}});
    }

    Response calendar(Request const& request) {
        ++calls;
        std::string const authorization(request["Authorization"]);
        if (authorization != fmt::format("Bearer google-{}", exchanges) || token_is_refused) {
            auto response = reply(401, {{"error", {{"code", 401}, {"message", "Invalid Credentials"}}}});
            response.set("WWW-Authenticate", R"(Bearer realm="https://accounts.google.com/", error="invalid_token")");
            return response;
        }
        if (granted.find(demanded) == std::string::npos) {
            auto response = reply(403, {{"error", {{"code", 403}, {"message", "Request had insufficient authentication scopes."}}}});
            response.set("WWW-Authenticate", fmt::format(R"(Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{}")",
                                                         demanded));
            return response;
        }
        return reply(200, {{"kind", "calendar#freeBusy"}, {"calendars", {{"primary", {{"busy", json::array()}}}}}});
    }

    tcp::acceptor acceptor_;

public:
    std::string state;   ///< Of the connection that was begun, as the person's browser brings it back.
    std::string wanted;
};

// ---------------------------------------------------------------------------------------------------- the host

std::string describe(assent::outcome<json::value> const& answer) {
    if (answer)
        return json::serialize(answer.value());
    if (answer.has_interrupt())
        return "interrupt " + json::serialize(answer.interrupt().to_public_json());
    return "failed: " + answer.failure().message();
}

assent::ToolCall call_of(std::string const& issuer, std::string const& when) {
    json::object input;
    input["when"] = when;
    assent::ToolCall call(assent::Principal(issuer, "auth0|alice"), "check_user_calendar", std::move(input));
    call.thread_id("conversation-1");
    return call;
}

void expect(bool as_told) {
    if (!as_told)
        throw std::runtime_error("this is not what should have happened");
}

/// @param connector where the person connects what is missing.
asio::awaitable<void> story(std::shared_ptr<StandIns> world, assent::Tool tool, assent::ConnectedAccounts connector,
                            assent::ToolCall call, assent::Secret refresh_token) {
    fmt::print("The agent asks whether the user is free.\n");
    auto answer = co_await tool.call(call);
    fmt::print("  => {}\n", describe(answer));
    expect(answer.has_value() && world->exchanges == 1 && world->calls == 1);

    fmt::print("\nIt asks again: the token is known, nothing is exchanged.\n");
    answer = co_await tool.call(call);
    fmt::print("  => {}\n", describe(answer));
    expect(answer.has_value() && world->exchanges == 1);

    fmt::print("\nGoogle has withdrawn the token (401): it is exchanged again, and the request repeated. The tool notices nothing.\n");
    world->token_is_refused = true;
    answer = co_await tool.call(call);
    fmt::print("  => {}, after {} exchanges\n", describe(answer), world->exchanges);
    expect(answer.has_value() && world->exchanges == 2 && world->calls == 4);

    fmt::print("\nGoogle wants another scope (403 insufficient_scope): the person has to act.\n");
    world->demanded = read_calendar;
    answer = co_await tool.call(call);
    fmt::print("  => {}\n", describe(answer));
    expect(answer.has_interrupt() && assent::is_consent_needed(answer.interrupt()));

    assent::ConsentRequest const needed = *answer.interrupt().consent();
    assent::ConnectAccount account(needed.connection, "http://localhost:3000/connected");
    account.scopes(needed.required_scopes);
    auto const link = co_await connector.start(call.principal(), refresh_token, account);
    expect(link.has_value());
    fmt::print("  the host shows a link: {}\n", link.value().url);

    fmt::print("\nSomebody else comes back from that link: nothing is connected.\n");
    std::string const query = "connect_code=code-1&state=" + world->state;
    assent::Principal const mallory(call.principal().issuer(), "auth0|mallory");
    auto const foreign = co_await connector.complete(mallory, refresh_token, query);
    expect(foreign.has_interrupt());
    fmt::print("  => {}\n", foreign.interrupt().message());

    fmt::print("\nThe person comes back from it, and the agent goes on.\n");
    auto const connected = co_await connector.complete(call.principal(), refresh_token, query);
    expect(connected.has_value());
    answer = co_await tool.call(call);
    fmt::print("  => {}\n", describe(answer));
    expect(answer.has_value() && world->exchanges == 3);
    world->stop();
}

asio::awaitable<void> ask_once(assent::Tool tool, assent::ToolCall call) {
    auto const answer = co_await tool.call(std::move(call));
    fmt::print("{}\n", describe(answer));
    expect(!answer.has_failure());
}

std::string environment(char const* name) {
    char const* const value = std::getenv(name);
    if (value == nullptr)
        throw std::invalid_argument(fmt::format("set {}", name));
    return value;
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        bool real = false;
        std::string when = "2026-03-02T10:00:00Z";
        for (int i = 1; i < argc; ++i) {
            std::string_view const option = argv[i];
            if (option == "--auth0")
                real = true;
            else if (option == "--when" && i + 1 < argc)
                when = argv[++i];
            else
                throw std::invalid_argument(fmt::format("unknown option {}; the options are explained in calendar.cpp", option));
        }

        asio::io_context context;
        assent::Runtime runtime(context.get_executor());
        runtime.http(assent::make_beast_http_client(context.get_executor(), assent::BeastHttpClientConfig()));
        std::exception_ptr thrown;
        auto const done = [&](std::exception_ptr error) {
            thrown = error;
            context.stop();
        };
        Calendar calendar;
        if (real) {
            auto const client = assent::OauthClient::auth0();
            auto const tool = protected_tool(runtime, client, calendar, assent::Secret(environment("AUTH0_REFRESH_TOKEN")));
            asio::co_spawn(context, ask_once(tool, call_of(client.issuer(), when)), done);
        } else {
            auto const world = std::make_shared<StandIns>(context);
            auto client = assent::OauthClient::auth0(world->url(), "client", assent::Secret("client-secret"));
            client.allow_plain_http(true);
            calendar.api = world->api_url();
            assent::Secret const refresh_token("refresh-token");
            auto const tool = protected_tool(runtime, client, calendar, refresh_token);
            assent::ConnectedAccounts const connector(runtime, client);
            asio::co_spawn(context, StandIns::serve(world), asio::detached);
            asio::co_spawn(context, story(world, tool, connector, call_of(client.issuer(), when), refresh_token), done);
        }
        context.run();
        if (thrown)
            std::rethrow_exception(thrown);
        fmt::print("\nAll as told.\n");
        return 0;
    } catch (std::exception const& error) {
        fmt::print(stderr, "calendar: {}\n", error.what());
        return 1;
    }
}
