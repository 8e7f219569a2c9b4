// Clients that nobody here wrote, at the local tenant over TLS: the official SDK's authorizers and openid-client.

#include <assent/testing/tenant.hpp>

#include "interop/support/child_process.hpp"
#include "support/paths.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using assent::test::ChildProcess;
using assent::testing::LocalTenant;
using assent::testing::TenantClient;
using assent::testing::TenantConfig;
using assent::testing::TenantDecision;
using assent::testing::TenantDialect;

/// A tenant on a thread of its own, because the test waits for other programs.
class TenantOnThread {
public:
    explicit TenantOnThread(TenantConfig config) : work_(context_.get_executor()), thread_([this] { context_.run(); })
    {
        config.tls(true);
        call([&] { tenant_.emplace(context_.get_executor(), config); });
        ca_file_ = std::string(assent::test::build_dir()) + "/test/tenant-ca-" + std::to_string(tenant_->port()) + ".pem";
        std::ofstream(ca_file_) << tenant_->ca_pem();
    }
    ~TenantOnThread()
    {
        call([&] { tenant_.reset(); });
        work_.reset();
        thread_.join();
    }

    /// Runs `what` where the tenant lives, and waits for it.
    template <class F>
    std::invoke_result_t<F> call(F what)
    {
        std::packaged_task<std::invoke_result_t<F>()> task(std::move(what));
        auto result = task.get_future();
        asio::post(context_, std::move(task));
        return result.get();
    }
    LocalTenant& tenant() { return *tenant_; }

    ChildProcess node(std::string const& script, std::vector<std::string> const& arguments)
    {
        std::vector<std::string> command{"env", "NODE_EXTRA_CA_CERTS=" + ca_file_, "node",
                                         std::string(assent::test::source_dir()) + "/test/interop/" + script};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return ChildProcess(command);
    }
    /// The one request that waits is decided, as soon as there is one.
    bool decide_when_asked(bool approve)
    {
        for (int i = 0; i < 400; ++i) {
            auto const decided = call([&] {
                auto const waiting = tenant_->pending("alice");
                return !waiting.empty() && (approve ? tenant_->approve(waiting[0].id) : tenant_->deny(waiting[0].id));
            });
            if (decided)
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        }
        return false;
    }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
    std::optional<LocalTenant> tenant_;
    std::string ca_file_;
};

json::value next_line(ChildProcess& peer)
{
    return json::parse(peer.read_line(std::chrono::seconds(60)));
}

std::string code_of(json::value const& line)
{
    return line.as_object().contains("interrupt") ? std::string(line.at_pointer("/interrupt/code").as_string()) : json::serialize(line);
}

struct OfficialTenant : TenantOnThread {
    OfficialTenant() : TenantOnThread(TenantConfig()) {}

    std::vector<std::string> arguments(std::string flow, std::string const& client = "agent")
    {
        auto const settings = tenant().client(client);
        std::string const secret(settings.client_secret().expose());
        return {std::move(flow), tenant().domain(), client, secret.empty() ? "-" : secret};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tenant_official_sdk, OfficialTenant)

BOOST_AUTO_TEST_CASE(its_ciba_authorizer_asks_waits_and_runs_the_tool)
{
    ChildProcess peer = node("tenant_official_peer.mjs", arguments("ciba"));
    BOOST_TEST(code_of(next_line(peer)) == "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING");
    auto const waiting = call([&] { return tenant().pending("alice"); });
    BOOST_REQUIRE(waiting.size() == 1U);
    BOOST_TEST(waiting[0].binding_message == "Buy 10 ZEKO");
    BOOST_TEST(decide_when_asked(true));
    auto const end = next_line(peer);
    BOOST_REQUIRE_MESSAGE(end.as_object().contains("ran"), json::serialize(end));
    auto const token = std::string(end.at_pointer("/ran/accessToken").as_string());
    auto const meaning = call([&] { return tenant().inspect(token); });
    BOOST_REQUIRE(meaning.has_value());
    BOOST_TEST(meaning->subject == "auth0|alice");
    BOOST_TEST(meaning->audience == "https://api.example.com/");
    BOOST_TEST(json::serialize(end.at_pointer("/ran/authorizationDetails")) == R"([{"type":"trade","qty":10}])");
}

BOOST_AUTO_TEST_CASE(its_ciba_authorizer_in_block_mode_runs_the_tool)
{
    call([&] { tenant().decide(TenantDecision::approve); });
    ChildProcess peer = node("tenant_official_peer.mjs", arguments("ciba-block"));
    auto const end = next_line(peer);
    BOOST_TEST(end.as_object().contains("ran"), json::serialize(end));
}

BOOST_AUTO_TEST_CASE(its_ciba_authorizer_is_told_of_a_denial)
{
    call([&] { tenant().decide(TenantDecision::deny); });
    ChildProcess peer = node("tenant_official_peer.mjs", arguments("ciba"));
    auto const end = next_line(peer);
    BOOST_REQUIRE_MESSAGE(end.as_object().contains("refused"), json::serialize(end));
    BOOST_TEST(end.at_pointer("/refused/code").as_string() == "ASYNC_AUTHORIZATION_ACCESS_DENIED");
}

BOOST_AUTO_TEST_CASE(its_device_authorizer_shows_a_code_and_runs_the_tool)
{
    ChildProcess peer = node("tenant_official_peer.mjs", arguments("device", "device"));
    auto const pending = next_line(peer);
    BOOST_REQUIRE(code_of(pending) == "DEVICE_AUTHORIZATION_PENDING");
    auto const code = std::string(pending.at_pointer("/interrupt/response/userCode").as_string());
    BOOST_TEST(call([&] { return tenant().activate(code, "alice"); }));
    auto const end = next_line(peer);
    BOOST_REQUIRE_MESSAGE(end.as_object().contains("ran"), json::serialize(end));
    BOOST_TEST(!end.at_pointer("/ran/refreshToken").as_string().empty());
}

BOOST_AUTO_TEST_CASE(its_token_vault_authorizer_asks_for_consent_and_then_has_the_token)
{
    auto its_arguments = arguments("vault");
    its_arguments.emplace_back(call([&] { return tenant().refresh_token("alice"); }).expose());
    ChildProcess peer = node("tenant_official_peer.mjs", its_arguments);
    BOOST_TEST(code_of(next_line(peer)) == "TOKEN_VAULT_ERROR");
    call([&] { tenant().connect("alice", "google-oauth2"); });
    auto const end = next_line(peer);
    BOOST_REQUIRE_MESSAGE(end.as_object().contains("ran"), json::serialize(end));
    auto const token = std::string(end.at_pointer("/ran/accessToken").as_string());
    BOOST_TEST(call([&] { return tenant().inspect(token); })->connection == "google-oauth2");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tenant_openid_client)

BOOST_AUTO_TEST_CASE(ciba_device_refresh_and_revocation_work_in_both_dialects)
{
    for (auto const dialect : {TenantDialect::auth0, TenantDialect::standard}) {
        for (bool const rotates : {false, true}) {
            TenantConfig config;
            config.dialect(dialect)
                .client(TenantClient("agent").rotate_refresh_tokens(rotates))
                .client(TenantClient("device").public_client(true).rotate_refresh_tokens(rotates));
            TenantOnThread local(config);
            for (std::string const flow : {"ciba", "device"}) {
                std::string const client = flow == "ciba" ? "agent" : "device";
                std::string const secret = flow == "ciba" ? std::string(local.tenant().client("agent").client_secret().expose()) : "-";
                ChildProcess peer = local.node("tenant_openid_client_peer.mjs", {flow, local.tenant().issuer(), client, secret});
                auto const started = next_line(peer);
                BOOST_REQUIRE_MESSAGE(started.as_object().contains("started"), json::serialize(started));
                if (flow == "ciba") {
                    BOOST_TEST(local.decide_when_asked(true));
                } else {
                    auto const code = std::string(started.at_pointer("/started/user_code").as_string());
                    BOOST_TEST(local.call([&] { return local.tenant().activate(code, "alice"); }));
                }
                auto const end = next_line(peer);
                BOOST_REQUIRE_MESSAGE(end.as_object().contains("granted"), json::serialize(end));
                BOOST_TEST(end.at_pointer("/granted/sub").as_string() == "auth0|alice");
                BOOST_TEST(end.at_pointer("/granted/name").as_string() == "alice");
                BOOST_TEST(end.at_pointer("/granted/refreshed").as_bool());
                BOOST_TEST(end.at_pointer("/granted/rotated").as_bool() == rotates);
                BOOST_TEST(end.at_pointer("/granted/gone").as_string() == "invalid_grant");
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
