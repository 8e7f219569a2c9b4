// The local tenant alone: an authorization server to test your own agent with, without an account, a key or the network.
//
//   tenant [OPTION...]
//
//     --port N             (8788)
//     --tls                with a certificate of its own; --ca-file FILE writes the authority to trust
//     --ca-file FILE
//     --standard           the standards' dialect instead of Auth0's
//     --user NAME          who can sign in; again for more (alice, bob)
//     --secret TEXT        of the client "agent" (generated)
//     --approve            approve everything at once, as a script would
//
// Then open the inbox that it prints, choose who you are, and let your agent ask. Ctrl-C ends it.
#include <assent/testing/tenant.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace testing = assent::testing;

struct Settings {
    testing::TenantConfig tenant;
    std::string ca_file;
    bool tls = false;
    bool approve = false;
};

Settings read_settings(int count, char** arguments) {
    Settings settings;
    settings.tenant.port(8788);
    auto agent = testing::TenantClient("agent").title("Your agent");
    for (int i = 1; i < count; ++i) {
        std::string_view const option = arguments[i];
        auto const value = [&]() -> std::string {
            if (++i >= count)
                throw std::runtime_error(fmt::format("{} needs a value", option));
            return arguments[i];
        };
        if (option == "--port")
            settings.tenant.port(static_cast<std::uint16_t>(std::stoul(value())));
        else if (option == "--tls")
            settings.tls = true;
        else if (option == "--ca-file")
            settings.ca_file = value();
        else if (option == "--standard")
            settings.tenant.dialect(testing::TenantDialect::standard);
        else if (option == "--user")
            settings.tenant.user(testing::TenantUser(value()));
        else if (option == "--secret")
            agent.secret(assent::Secret(value()));
        else if (option == "--approve")
            settings.approve = true;
        else
            throw std::runtime_error(fmt::format("unknown option {}; the first lines of tenant.cpp say what there is", option));
    }
    settings.tenant.tls(settings.tls);
    settings.tenant.client(agent).client(testing::TenantClient("device").title("Your device").public_client(true));
    return settings;
}

assent::awaitable<void> until_interrupted(testing::LocalTenant& tenant) {
    auto const executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
    fmt::print("\nEnding.\n");
    co_await tenant.drain();
}

int main(int count, char** arguments) {
    try {
        Settings settings = read_settings(count, arguments);
        asio::io_context io(1);
        testing::LocalTenant tenant(io.get_executor(), settings.tenant);
        if (settings.approve)
            tenant.decide(testing::TenantDecision::approve);
        if (!settings.ca_file.empty())
            std::ofstream(settings.ca_file) << tenant.ca_pem();
        auto const agent = tenant.client("agent");
        std::string const base = tenant.inbox_url().substr(0, tenant.inbox_url().size() - 5);
        fmt::print("A local tenant, for development only: no account here is real.\n\n"
                   "  inbox          {}\n"
                   "  device codes   {}activate\n"
                   "  issuer         {}\n"
                   "  discovery      {}.well-known/openid-configuration\n\n"
                   "  AUTH0_DOMAIN={}\n"
                   "  AUTH0_CLIENT_ID={}\n"
                   "  AUTH0_CLIENT_SECRET={}\n"
                   "  a public client for the device flow: device\n\n",
                   tenant.inbox_url(), base, tenant.issuer(), base, settings.tls ? tenant.domain() : "http://" + tenant.domain(),
                   agent.client_id(), agent.client_secret().expose());
        std::fflush(stdout);
        asio::co_spawn(io, until_interrupted(tenant), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
        io.run();
        return EXIT_SUCCESS;
    } catch (std::exception const& error) {
        fmt::print(stderr, "tenant: {}\n", error.what());
        return EXIT_FAILURE;
    }
}
