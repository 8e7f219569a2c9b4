// A run that one process began is resumed by another, from the store.

#include "support/fake_ciba_provider.hpp"
#include "support/temporary_folder.hpp"

#include <assent/agent.hpp>
#include <assent/ciba_authorizer.hpp>
#include <assent/resumer.hpp>
#include <assent/sqlite_store.hpp>
#include <assent/testing/manual_clock.hpp>
#include <assent/testing/scripted_model.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace assent;

namespace agent_session_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

}  // namespace agent_session_test

namespace {

/// What one process has: an io_context, a store on the common file, an agent whose tool needs the person's confirmation.
class AgentProcess {
public:
    explicit AgentProcess(std::string const& path)
        : store(std::make_shared<SqliteStore>(path, clock, SqliteStoreConfig().synchronous(SqliteSynchronous::normal)))
    {
        runtime.http(provider).clock(clock).store(store);
    }

    Agent agent()
    {
        CibaAuthorizer const confirm(runtime, OauthClient::auth0(test::FakeCibaProvider::domain, "client", Secret("client-secret")),
                                     AsyncAuthorization().scopes({"stock:trade"}).binding_message("Buy").audience("https://api.example/"));
        auto const handler = [this](agent_session_test::Order order, ToolContext&) { return buy(std::move(order)); };
        std::vector<Tool> tools;
        tools.push_back(protect(tool<agent_session_test::Order>("buy_stock", "Buys", handler), confirm));
        return Agent(runtime, model, std::move(tools));
    }
    awaitable<std::string> buy(agent_session_test::Order order)
    {
        ++bought;
        co_return "bought " + std::to_string(order.qty) + " " + order.ticker;
    }
    /// The store works on a thread of its own, the clock stands.
    template <class T>
    T run(awaitable<T> operation)
    {
        auto future = asio::co_spawn(io, std::move(operation), asio::use_future);
        io.restart();
        while (future.wait_for(0s) != std::future_status::ready)
            io.run_one();
        return future.get();
    }
    static Session session() { return Session(Principal("https://idp.example/", "auth0|alice"), "chat-1"); }

    asio::io_context io{1};
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<test::FakeCibaProvider> provider = std::make_shared<test::FakeCibaProvider>(clock);
    std::shared_ptr<SqliteStore> store;
    Runtime runtime{io.get_executor()};
    std::shared_ptr<testing::ScriptedModel> model = std::make_shared<testing::ScriptedModel>();
    int bought = 0;
};

/// The first process: begins the run, is interrupted, says by which id the provider knows the request and by which handle it is resumed, and
/// is gone.
int begin_and_die(std::string const& path, int out)
{
    AgentProcess process(path);
    boost::json::object input;
    input.emplace("ticker", "ZEKO");
    input.emplace("qty", 10);
    process.model->call("buy_stock", std::move(input), "r1");
    auto const agent = process.agent();
    auto const response = process.run(agent.generate(AgentProcess::session(), "buy 10 ZEKO"));
    if (!response.interrupted() || process.provider->pending.empty())
        return 1;
    auto const line = process.provider->pending.front().first + "\n" + response.interrupts()[0].handle() + "\n";
    return ::write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 2;
}

class TwoProcesses {
public:
    TwoProcesses()
    {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe(ends.data()) == 0);
        pid_t const child = ::fork();
        if (child == 0) {
            int code = 99;
            try {
                code = begin_and_die(path, ends[1]);
            }
            catch (std::exception const&) {
            }
            ::_exit(code);
        }
        ::close(ends[1]);
        std::string said;
        std::array<char, 512> piece;
        for (ssize_t size = 0; (size = ::read(ends[0], piece.data(), piece.size())) > 0;)
            said.append(piece.data(), static_cast<std::size_t>(size));
        ::close(ends[0]);
        int status = -1;
        ::waitpid(child, &status, 0);
        BOOST_REQUIRE(WIFEXITED(status));
        BOOST_REQUIRE(WEXITSTATUS(status) == 0);
        auto const end = said.find('\n');
        request = said.substr(0, end);
        handle = said.substr(end + 1, said.size() - end - 2);
    }

    /// The provider, as the second process meets it: the person has decided.
    void decided(AgentProcess& process, std::string decision) const
    {
        test::FakeCibaProvider::Pending pending;
        pending.subject = "auth0|alice";
        pending.parameters["scope"] = "openid stock:trade";
        pending.decision = std::move(decision);
        pending.expires_at = process.clock->now() + 300s;
        process.provider->pending.emplace_back(request, std::move(pending));
        process.clock->advance(6s);
    }

    test::TemporaryFolder folder;
    std::string path = folder.file("store.db");
    std::string request;
    std::string handle;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_session_in_sqlite, TwoProcesses)

BOOST_AUTO_TEST_CASE(a_second_process_resumes_the_run_by_its_handle)
{
    AgentProcess process(path);
    auto const agent = process.agent();
    BOOST_TEST(process.run(agent.messages(AgentProcess::session())).value().size() == 2u);
    decided(process, "approve");
    process.model->say("bought it");
    Session const stranger(Principal("https://idp.example/", "auth0|mallory"), "chat-1");
    BOOST_TEST((process.run(agent.resume(stranger, Resume().restart(handle))).failure() == Errc::invalid_argument));
    auto const response = process.run(agent.resume(AgentProcess::session(), Resume().restart(handle)));
    BOOST_REQUIRE(response.ok());
    BOOST_TEST(response.text() == "bought it");
    BOOST_TEST(process.bought == 1);
    BOOST_TEST(process.provider->pushes() == 0u);
    BOOST_TEST((process.run(agent.resume(AgentProcess::session(), Resume().restart(handle))).failure() == Errc::already_used));
    BOOST_TEST(process.bought == 1);
}

BOOST_AUTO_TEST_CASE(a_resumer_of_a_second_process_finds_the_run_and_goes_on_with_it)
{
    AgentProcess process(path);
    decided(process, "approve");
    process.model->say("bought it");
    std::string answer;
    Resumer resumer(process.agent(), ResumerOptions().on_resumed([&](Session const&, AgentResponse const& response) { answer = response.text(); }));
    auto const round = process.run(resumer.tick());
    BOOST_REQUIRE(round.has_value());
    BOOST_TEST(round.value().resumed == 1u);
    BOOST_TEST(answer == "bought it");
    BOOST_TEST(process.bought == 1);
}

BOOST_AUTO_TEST_SUITE_END()
