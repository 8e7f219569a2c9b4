#include <assent/beast_http_client.hpp>

#include "pool.hpp"

#include <assent/version.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <type_traits>
#include <utility>

namespace assent {

namespace {

/// Hands a prepared operation and the coroutine that waits for it to the pool.
class Begin {
public:
    Begin(http::Pool& pool, http::Operation& operation) : pool_(&pool), operation_(&operation) {}

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        http::Operation* const operation = operation_;
        if constexpr (std::is_same_v<asio::associated_executor_t<std::decay_t<Handler>>, asio::any_io_executor>)
            operation->resumes_inline = asio::get_associated_executor(handler) == pool_->executor();
        // Not by assignment, which is broken in Boost 1.81.
        asio::any_completion_handler<void()>(std::forward<Handler>(handler)).swap(operation->handler);
        // The erased handler's slot: erasing has taken the original's.
        auto slot = asio::get_associated_cancellation_slot(operation->handler);
        if (slot.is_connected()) {
            slot.assign([operation](asio::cancellation_type) {
                if (operation->pool)
                    operation->pool->cancel(*operation);
            });
        }
        pool_->start(*operation);
    }

private:
    http::Pool* pool_;
    http::Operation* operation_;
};

void check_range(char const* name, std::chrono::milliseconds value, std::chrono::milliseconds least, std::chrono::milliseconds most)
{
    if (value < least || value > most)
        throw ConfigurationError(Failure(Errc::invalid_argument, std::string(name) + " must be from " + std::to_string(least.count()) +
                                                                     " to " + std::to_string(most.count()) + " ms"));
}

void check_range(char const* name, std::size_t value, std::size_t least, std::size_t most)
{
    if (value < least || value > most)
        throw ConfigurationError(Failure(Errc::invalid_argument, std::string(name) + " must be from " + std::to_string(least) +
                                                                     " to " + std::to_string(most)));
}

void check(BeastHttpClientConfig const& config)
{
    using namespace std::chrono_literals;
    check_range("connect_deadline", config.connect_deadline(), 1ms, 1h);
    check_range("tls_deadline", config.tls_deadline(), 1ms, 1h);
    check_range("read_deadline", config.read_deadline(), 1ms, 1h);
    check_range("total_deadline", config.total_deadline(), 1ms, 24h);
    check_range("idle_timeout", config.idle_timeout(), 0ms, 1h);
    check_range("max_header", config.max_header(), 1024, 1024 * 1024);
    check_range("max_body", config.max_body(), 0, std::size_t(1) << 30);
    check_range("max_connections", config.max_connections(), 1, 65535);
    check_range("max_waiting", config.max_waiting(), 0, std::size_t(1) << 30);
    for (char const c : config.user_agent()) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            throw ConfigurationError(Failure(Errc::invalid_argument, "user_agent has a control character"));
    }
}

}  // namespace

BeastHttpClientConfig::BeastHttpClientConfig()
    : user_agent_("assent/" + std::string(version())), tls_(std::make_shared<http::TlsShare>())
{
}

http::TlsShare& BeastHttpClientConfig::own_tls()
{
    tls_ = std::make_shared<http::TlsShare>(tls_->settings());
    return *tls_;
}

BeastHttpClientConfig& BeastHttpClientConfig::ca_file(std::string path) &
{
    own_tls().settings().ca_file = std::move(path);
    return *this;
}

BeastHttpClientConfig& BeastHttpClientConfig::ca_pem(std::string text) &
{
    own_tls().settings().ca_pem = std::move(text);
    return *this;
}

BeastHttpClient::BeastHttpClient(asio::any_io_executor executor, BeastHttpClientConfig config)
{
    check(config);
    auto tls = config.tls_->context();
    pool_ = std::make_shared<http::Pool>(std::move(executor), std::move(config), std::move(tls));
    pool_->attach();
}

BeastHttpClient::~BeastHttpClient()
{
    pool_->shut_down();
}

awaitable<result<HttpResponse>> BeastHttpClient::send(HttpRequest request)
{
    auto const pool = pool_;  // the client may go while this waits
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none)
        co_return Errc::cancelled;
    http::Operation operation(request);
    if (auto refused = pool->prepare(operation))
        co_return std::move(*refused);
    // The only suspension: a cancellation after it cannot make another await throw.
    co_await asio::async_initiate<asio::deferred_t const, void()>(Begin(*pool, operation), asio::deferred);
    co_return std::move(operation.answer);
}

std::shared_ptr<HttpClient> make_beast_http_client(asio::any_io_executor executor, BeastHttpClientConfig config)
{
    return std::make_shared<BeastHttpClient>(std::move(executor), std::move(config));
}

}  // namespace assent
