// What the examples at a test provider share: the person there, who does as the example says, and the ways to wait and to tell.
#pragma once

#include <assent/assent.hpp>
#include <assent/beast_runtime.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace example {

using Answer = assent::outcome<boost::json::value>;
using Arguments = std::map<std::string, std::string>;

/// At the test provider. At Auth0 you are the person, and nothing is done here.
class Person {
public:
    Person(assent::HttpClient& http, std::string admin) : http_(http), admin_(std::move(admin)) {}

    bool scripted() const noexcept { return !admin_.empty(); }

    /// @param what e.g. "ciba/latest/approve".
    assent::awaitable<void> does(std::string what, boost::json::object body = boost::json::object()) {
        if (!scripted())
            co_return;
        assent::HttpRequest request(assent::HttpMethod::post, admin_ + "/" + what);
        request.body("application/json", boost::json::serialize(body));
        auto const answer = co_await http_.send(std::move(request));
        if (!answer || answer.value().status != 200)
            throw std::runtime_error("the person at --admin did not answer");
        fmt::print("  >> the person: {}\n", what);
    }

private:
    assent::HttpClient& http_;
    std::string admin_;
};

inline assent::awaitable<void> wait_until(std::chrono::system_clock::time_point when) {
    auto const executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor);
    timer.expires_after(when - std::chrono::system_clock::now());
    co_await timer.async_wait(boost::asio::use_awaitable);
}

inline std::string describe(Answer const& answer) {
    if (answer)
        return boost::json::serialize(answer.value());
    if (answer.has_interrupt())
        return fmt::format("refused, {}: {}", answer.interrupt().code(), answer.interrupt().message());
    return "failed: " + answer.failure().message();
}

inline Arguments arguments_of(int argc, char** argv) {
    Arguments out;
    for (int i = 1; i + 1 < argc; i += 2)
        out[argv[i]] = argv[i + 1];
    return out;
}

/// The client at --issuer; Auth0's of the environment when none is named.
inline assent::Auth0AIOptions client_options(Arguments& arguments) {
    assent::Auth0AIOptions options;
    if (!arguments.contains("--issuer"))
        return options;
    char const* const secret = std::getenv("CLIENT_SECRET");
    auto client = assent::OauthClient::standard(arguments["--issuer"], arguments["--client-id"]);
    client.client_secret(assent::Secret(secret != nullptr ? secret : ""));
    client.allow_plain_http(arguments["--issuer"].starts_with("http://"));  // only on this machine; anything else is refused
    options.client(std::move(client));
    return options;
}

/// Runs a program's story. @param story gives an awaitable<bool>, true when everything went as told.
template <class Story>
int tell(char const* name, int argc, char** argv, Story story) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress is seen as it is made, also through a pipe
    try {
        auto arguments = arguments_of(argc, argv);
        boost::asio::io_context io(1);
        auto const runtime = assent::make_runtime(io.get_executor());
        assent::Auth0AI const auth0(runtime, client_options(arguments));
        Person person(runtime.http(), arguments["--admin"]);
        bool fine = false;
        auto const done = [&](std::exception_ptr error, bool result) {
            if (error)
                std::rethrow_exception(error);
            fine = result;
        };
        boost::asio::co_spawn(io, story(auth0, person, arguments), done);
        io.run();
        fmt::print("\n{}\n", fine ? "All as told." : "Not as told.");
        return fine ? 0 : 1;
    } catch (std::exception const& error) {
        fmt::print(stderr, "{}: {}\n", name, error.what());
        return 2;
    }
}

}  // namespace example
