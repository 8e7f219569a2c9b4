#include "worker.hpp"

#include "demo_model.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/models.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

namespace asio = boost::asio;

namespace demo {
namespace {

assent::Agent make_agent(assent::Runtime runtime, Shared& shared) {
    assent::AgentOptions options;
    options.name("stock-agent").system("You help a person to trade, to plan and to find what is in the company's documents. Use the tools.");
    options.session_lifetime(shared.settings.conversations);
    auto model = make_model(runtime, shared.settings);
    return assent::Agent(runtime, std::move(model), make_tools(runtime, shared.home.surroundings()), options);
}

void tell_error(std::exception_ptr error) {
    try {
        std::rethrow_exception(std::move(error));
    } catch (std::exception const& what) {
        fmt::print(stderr, "agent_server: {}\n", what.what());
    }
}

}  // namespace

std::shared_ptr<assent::Model> make_model(assent::Runtime runtime, Settings const& settings) {
    auto const name = [&](char const* usual) { return settings.model_name.empty() ? std::string(usual) : settings.model_name; };
    if (settings.model == "gemini")
        return assent::models::gemini(std::move(runtime), name("gemini-2.0-flash"));
    if (settings.model == "openai")
        return assent::models::openai(std::move(runtime), name("gpt-4o-mini"));
    if (settings.model == "anthropic")
        return assent::models::anthropic(std::move(runtime), name("claude-3-5-haiku-latest"));
    return std::make_shared<DemoModel>();
}

Worker::Worker(Shared& shared, std::shared_ptr<assent::Store> store, std::uint16_t port) : runtime_(io_.get_executor()) {
    auto http = shared.home.http_config();
    runtime_.http(assent::make_beast_http_client(io_.get_executor(), std::move(http))).store(std::move(store)).observer(shared.metrics).clock(shared.settings.clock);
    auto agent = make_agent(runtime_, shared);
    site_ = std::make_shared<Site>(shared, agent, assent::ConnectedAccounts(runtime_, shared.home.surroundings().agent));

    assent::ResumerOptions resuming;
    resuming.on_resumed([&shared](assent::Session const& session, assent::AgentResponse const&) {
        shared.hub.tell(session.principal().subject(), changed_event(session.thread_id()));
    });
    resuming.on_error([&shared](assent::Session const& session, assent::Failure const&) {
        shared.hub.tell(session.principal().subject(), changed_event(session.thread_id()));
    });
    resumer_ = std::make_unique<assent::Resumer>(std::move(agent), resuming);

    assent::HttpServerConfig config;
    config.reuse_port(true).max_connections(20000).on_error(tell_error);
    server_ = std::make_unique<assent::HttpServer>(
        io_.get_executor(), [site = site_](assent::HttpServerRequest request) { return Site::handle(site, std::move(request)); }, config);
    auto const listening = server_->listen("127.0.0.1", port);
    if (!listening)
        throw std::runtime_error(fmt::format("cannot listen at port {}: {}", port, listening.failure().message()));
    port_ = listening.value();
    site_->port(port_);
}

Worker::~Worker() {
    if (thread_.joinable())
        drain();
}

void Worker::start() {
    work_.emplace(io_.get_executor());
    resumer_->start();
    thread_ = std::thread([this] { io_.run(); });
}

assent::awaitable<void> Worker::wind_up() {
    co_await server_->drain();
    co_await resumer_->drain();
    asio::steady_timer pause(io_);
    for (int i = 0; site_->turns() != 0 && i < 100; ++i) {
        pause.expires_after(std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::use_awaitable);
    }
    resumer_.reset();
    server_.reset();
    io_.stop();
}

void Worker::drain() {
    asio::co_spawn(io_, wind_up(), asio::detached);
    thread_.join();
}

}  // namespace demo
