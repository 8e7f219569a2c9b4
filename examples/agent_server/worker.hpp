#pragma once

#include "site.hpp"

#include <assent/agent.hpp>
#include <assent/resumer.hpp>
#include <assent/store.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <thread>

namespace demo {

/// One thread with everything of its own: io_context, HTTP client, agent, resumer, server. Nothing of it is shared but what Shared has, and
/// the store; the system shares connections out among the workers.
class Worker {
public:
    /// @param port that all workers listen at.
    Worker(Shared& shared, std::shared_ptr<assent::Store> store, std::uint16_t port);
    Worker(Worker const&) = delete;
    Worker& operator=(Worker const&) = delete;
    ~Worker();

    std::uint16_t port() const noexcept { return port_; }
    void start();
    /// Accepts nothing more, lets turns end, and ends the thread. Blocks.
    void drain();

private:
    assent::awaitable<void> wind_up();

    boost::asio::io_context io_{1};
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
    assent::Runtime runtime_;
    std::shared_ptr<Site> site_;
    std::unique_ptr<assent::Resumer> resumer_;
    std::unique_ptr<assent::HttpServer> server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// As the settings say. @throws std::exception naming what is missing.
std::shared_ptr<assent::Model> make_model(assent::Runtime runtime, Settings const& settings);

}  // namespace demo
