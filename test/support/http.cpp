#include "support/http.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>
#include <exception>

namespace assent::test {

namespace {

awaitable<void> send_into(std::shared_ptr<HttpClient> client, HttpRequest request, std::shared_ptr<std::optional<Client::Answer>> answer)
{
    HttpClient& port = *client;
    client.reset();  // so that destroying the test's client destroys it
    Client::Answer outcome = co_await port.send(std::move(request));
    answer->emplace(std::move(outcome));
}

}  // namespace

Client::Client(BeastHttpClientConfig config) : client_(make_beast_http_client(context.get_executor(), std::move(config))) {}

Client::~Client() = default;

BeastHttpClientConfig Client::without_proxy()
{
    BeastHttpClientConfig config;
    config.proxy_from_environment(false);
    return config;
}

Client::Answer Client::send(HttpRequest request)
{
    auto const answer = start(std::move(request));
    run_until([&] { return answer->has_value(); });
    return answer->value_or(Answer());
}

Client::Answer Client::post(std::string url)
{
    HttpRequest request(HttpMethod::post, std::move(url));
    request.body("text/plain", "hello");
    return send(std::move(request));
}

std::shared_ptr<std::optional<Client::Answer>> Client::start(HttpRequest request, asio::cancellation_signal* signal)
{
    auto const answer = std::make_shared<std::optional<Answer>>();
    auto work = send_into(client_, std::move(request), answer);
    auto const rethrow = [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    };
    if (signal)
        asio::co_spawn(context, std::move(work), asio::bind_cancellation_slot(signal->slot(), rethrow));
    else
        asio::co_spawn(context, std::move(work), rethrow);
    return answer;
}

bool Client::run_until(std::function<bool()> const& condition)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        context.restart();
        context.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
}

std::string why(Client::Answer const& answer)
{
    return answer ? "no failure" : answer.failure().message();
}

}  // namespace assent::test
