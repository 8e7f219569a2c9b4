// A user's program: the library with its HTTP client. The request goes to a port where nobody listens.
#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace {

assent::awaitable<bool> is_refused(std::shared_ptr<assent::HttpClient> http, std::string url) {
    assent::HttpRequest request(assent::HttpMethod::get, std::move(url));
    auto const answer = co_await http->send(std::move(request));
    std::cout << "assent " << assent::version() << ": " << answer.failure().message() << '\n';
    co_return answer.failure() == assent::Errc::connect_failed;
}

}  // namespace

int main() {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor bound(io, {boost::asio::ip::address_v4::loopback(), 0});
    auto const port = bound.local_endpoint().port();
    bound.close();

    assent::BeastHttpClientConfig config;
    config.proxy_from_environment(false);
    auto http = assent::make_beast_http_client(io.get_executor(), config);
    bool refused = false;
    boost::asio::co_spawn(io, is_refused(http, "http://127.0.0.1:" + std::to_string(port) + "/"),
                          [&](std::exception_ptr error, bool result) { refused = !error && result; });
    io.run();
    return refused ? 0 : 1;
}
