// A tool that reads a person's documents, and the person, who signs in on another device: they scan a QR code or type a short code.
//
//   device --issuer URL --client-id ID [OPTION...]   at any OpenID provider; a public client, or CLIENT_SECRET is its secret
//   device [OPTION...]                               at Auth0: AUTH0_DOMAIN, AUTH0_CLIENT_ID
//
//     --user SUB        who must sign in                      (alice)
//     --audience URL    the API that the token is for         (https://api.example.test/)
//     --scope SCOPE     what the tool needs there             (read)
//     --ca FILE         trust this authority
//     --light           the terminal is light
//     --admin URL       play the person at the test provider, and show a refusal and somebody else's sign-in too
//
// Ends with 0 when every call went as the person decided.
#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::system_clock;

// ---------------------------------------------------------------------------------------------------- the tool

struct ListDocuments {
    std::string folder;
};
BOOST_DESCRIBE_STRUCT(ListDocuments, (), (folder))

int listings = 0;

assent::awaitable<std::string> list_documents(ListDocuments input, assent::ToolContext& context) {
    assent::TokenSet const& token = context.credentials().tokens();
    auto const life = token.expires_at.value_or(system_clock::now()) - system_clock::now();
    fmt::print("  list_documents runs, with a token for [{}], good for {} s\n", fmt::join(token.scopes, " "),
               std::chrono::ceil<std::chrono::seconds>(life).count());
    ++listings;
    co_return fmt::format("Nothing is in {}", input.folder);
}

struct Settings {
    std::string issuer;
    std::string client_id;
    std::string user = "alice";
    std::string audience = "https://api.example.test/";
    std::string scope = "read";
    std::string ca;
    std::string admin;
    assent::TerminalColors colors = assent::TerminalColors::light_on_dark;
};

// ---------------------------------------------------------------------------------------------------- the person

/// Sees the terminal. At the test provider, goes through its pages as ordered; otherwise that is up to you.
class Person {
public:
    Person(assent::HttpClient& http, Settings const& settings) : http_(http), settings_(settings) {}

    bool scripted() const noexcept { return !settings_.admin.empty(); }
    /// What they will do next: approve, deny; and as whom.
    void will(std::string decision, std::string subject) {
        decision_ = std::move(decision);
        subject_ = std::move(subject);
    }

    /// Told of every code; the call that asked for it waits meanwhile, and no thread does.
    assent::awaitable<assent::result<void>> is_shown(assent::Interrupt pending) {
        auto const& device = *pending.device();
        fmt::print("\n  Open {}\n  and enter {}, within {} s", device.verification_uri, device.user_code, device.expires_in.count());
        if (auto const code = assent::terminal_qr_code(pending, settings_.colors))
            fmt::print(", or scan:\n\n{}\n", code.value());
        else
            fmt::print(".\n");
        if (scripted()) {
            json::object order;
            order["uri"] = device.verification_uri_complete;
            order["decision"] = decision_;
            order["sub"] = subject_;
            assent::HttpRequest request(assent::HttpMethod::post, settings_.admin + "/browse");
            request.body("application/json", json::serialize(order));
            auto const answer = co_await http_.send(std::move(request));
            if (!answer || answer.value().status != 200)
                co_return assent::Failure(assent::Errc::invalid_argument, "the person at --admin did not answer");
            fmt::print("  >> {} opens the link: {}\n", subject_, decision_);
        }
        co_return boost::outcome_v2::success();
    }

private:
    assent::HttpClient& http_;
    Settings const& settings_;
    std::string decision_ = "approve";
    std::string subject_;
};

/// The tool, protected: it runs when the person has signed in. All calls of a conversation share the sign-in.
assent::Tool protected_tool(assent::Runtime runtime, assent::OauthClient client, Settings const& settings, Person& person) {
    assent::DeviceAuthorization sign_in;
    sign_in.scopes({settings.scope}).audience(settings.audience).on_authorization_request([&person](assent::Interrupt pending) {
        return person.is_shown(std::move(pending));
    });
    return assent::protect(assent::tool<ListDocuments>("list_documents", "List a folder of the user's documents", list_documents),
                           assent::DeviceAuthorizer(std::move(runtime), std::move(client), std::move(sign_in)));
}

// ---------------------------------------------------------------------------------------------------- the story

/// The outcome in one line.
std::string describe(assent::outcome<json::value> const& answer) {
    if (answer)
        return json::serialize(answer.value());
    if (answer.has_interrupt())
        return fmt::format("refused, {}: {}", answer.interrupt().code(), answer.interrupt().message());
    return "failed: " + answer.failure().message();
}

assent::ToolCall call_of(Settings const& settings, std::string const& issuer, std::string folder, std::string conversation) {
    json::object input;
    input["folder"] = std::move(folder);
    // Who must sign in comes from the host's session, never from the model.
    assent::ToolCall call(assent::Principal(issuer, settings.user), "list_documents", std::move(input));
    call.thread_id(std::move(conversation));
    return call;
}

/// True when everything went as the person decided.
assent::awaitable<bool> story(Settings const& settings, assent::Tool tool, std::string issuer, Person& person) {
    fmt::print("\nThe agent calls list_documents; nobody has signed in.\n");
    person.will("approve", settings.user);
    assent::ToolCall call = call_of(settings, issuer, "inbox", "conversation-1");
    auto const first = co_await tool.call(call);
    fmt::print("  => {}\n", describe(first));
    if (!first || listings != 1)
        co_return false;

    fmt::print("\nIn the same conversation the agent calls it for another folder.\n");
    call = call_of(settings, issuer, "archive", "conversation-1");
    auto const second = co_await tool.call(call);
    fmt::print("  => {}\n", describe(second));
    if (!second || listings != 2)
        co_return false;
    if (!person.scripted())
        co_return true;

    fmt::print("\nIn another conversation the person does not want to.\n");
    person.will("deny", settings.user);
    call = call_of(settings, issuer, "inbox", "conversation-2");
    auto const refused = co_await tool.call(call);
    fmt::print("  => {}\n", describe(refused));
    if (!refused.has_interrupt() || refused.interrupt().kind() != assent::InterruptKind::denied || listings != 2)
        co_return false;

    fmt::print("\nIn a third one, the link is passed on, and somebody else signs in.\n");
    person.will("approve", "bob");
    call = call_of(settings, issuer, "inbox", "conversation-3");
    auto const passed_on = co_await tool.call(call);
    fmt::print("  => {}\n", describe(passed_on));
    co_return passed_on.has_failure() && passed_on.failure() == assent::Errc::subject_mismatch && listings == 2;
}

// ---------------------------------------------------------------------------------------------------- the program

Settings read_arguments(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        std::string_view const name = argv[i];
        auto const value = [&] {
            if (++i >= argc)
                throw std::invalid_argument(std::string(name) + " needs a value");
            return std::string(argv[i]);
        };
        if (name == "--issuer")
            settings.issuer = value();
        else if (name == "--client-id")
            settings.client_id = value();
        else if (name == "--user")
            settings.user = value();
        else if (name == "--audience")
            settings.audience = value();
        else if (name == "--scope")
            settings.scope = value();
        else if (name == "--ca")
            settings.ca = value();
        else if (name == "--admin")
            settings.admin = value();
        else if (name == "--light")
            settings.colors = assent::TerminalColors::dark_on_light;
        else
            throw std::invalid_argument("unknown option " + std::string(name) +
                                        "; the options are explained in device.cpp");
    }
    return settings;
}

assent::OauthClient client_of(Settings const& settings) {
    if (settings.issuer.empty())
        return assent::OauthClient::auth0(std::string(), std::string());
    auto client = assent::OauthClient::standard(settings.issuer, settings.client_id);
    if (char const* const secret = std::getenv("CLIENT_SECRET"))
        client.client_secret(assent::Secret(secret));
    // Without TLS only on this machine; anything else is refused.
    client.allow_plain_http(settings.issuer.starts_with("http://"));
    return client;
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress is seen as it is made, also through a pipe
    try {
        Settings const settings = read_arguments(argc, argv);
        assent::OauthClient const client = client_of(settings);

        asio::io_context context;
        assent::BeastHttpClientConfig http;
        if (!settings.ca.empty())
            http.ca_file(settings.ca);
        assent::Runtime runtime(context.get_executor());
        runtime.http(assent::make_beast_http_client(context.get_executor(), http));

        Person person(runtime.http(), settings);
        assent::Tool const tool = protected_tool(runtime, client, settings, person);

        bool fine = false;
        auto const done = [&](std::exception_ptr error, bool result) {
            if (error)
                std::rethrow_exception(error);
            fine = result;
        };
        asio::co_spawn(context, story(settings, tool, client.issuer(), person), done);
        context.run();
        fmt::print("\n{} after {} listing(s)\n",
                   fine ? "All as the person decided," : "Not as the person decided,", listings);
        return fine ? 0 : 1;
    } catch (std::exception const& error) {
        fmt::print(stderr, "device: {}\n", error.what());
        return 2;
    }
}
