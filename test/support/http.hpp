#pragma once

#include "support/loopback_server.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/version.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assent::test {

/// An HTTP client on an io_context of its own.
class Client {
public:
    using Answer = result<HttpResponse>;
    using Answers = std::vector<std::optional<Answer>>;

    /// @param config its proxy settings are not taken from the environment unless they were set.
    explicit Client(BeastHttpClientConfig config = without_proxy());
    ~Client();

    static BeastHttpClientConfig without_proxy();

    /// One request, run to its end; at most 20 s.
    Answer send(HttpRequest request);
    Answer get(std::string url) { return send(HttpRequest(HttpMethod::get, std::move(url))); }
    Answer post(std::string url);
    /// Starts one without running the io_context; gives the place where the answer will be.
    std::shared_ptr<std::optional<Answer>> start(HttpRequest request, asio::cancellation_signal* signal = nullptr);
    /// Runs until the condition holds; at most 20 s. False when it did not come to hold.
    bool run_until(std::function<bool()> const& condition);
    void destroy() { client_.reset(); }

    asio::io_context context;

private:
    std::shared_ptr<HttpClient> client_;
};

/// The failure's message, or that there is none.
std::string why(Client::Answer const& answer);

}  // namespace assent::test
