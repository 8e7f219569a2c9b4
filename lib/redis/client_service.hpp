#pragma once

#include "client.hpp"

#include <boost/asio/execution_context.hpp>

#include <mutex>
#include <vector>

namespace assent::redis {

/// Tells clients that their io_context goes, so that sockets and timers go before it.
class ClientService : public asio::execution_context::service {
public:
    using key_type = ClientService;
    static inline asio::execution_context::id id;

    explicit ClientService(asio::execution_context& context) : service(context) {}

    void add(Client& client)
    {
        std::lock_guard const lock(mutex_);
        clients_.push_back(&client);
    }
    void remove(Client& client)
    {
        std::lock_guard const lock(mutex_);
        std::erase(clients_, &client);
    }

private:
    void shutdown() override
    {
        std::vector<Client*> clients;
        {
            std::lock_guard const lock(mutex_);
            clients.swap(clients_);
        }
        for (auto* const client : clients)
            client->abandon();
    }

    std::mutex mutex_;
    std::vector<Client*> clients_;
};

}  // namespace assent::redis
