#pragma once

#include "settings.hpp"
#include "tools.hpp"

#include <assent/beast_http_client.hpp>
#include <assent/connected_account.hpp>
#include <assent/principal.hpp>
#include <assent/testing/local_fga.hpp>
#include <assent/testing/tenant.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace demo {

/// Everything outside the agent: the tenant, the policy engine, the calendar, the documents. Local ones, unless the environment names real
/// ones. The local ones live on one executor; workers on other threads reach them over HTTP.
class Home {
public:
    Home(boost::asio::any_io_executor executor, Settings const& settings);

    bool is_local() const noexcept { return tenant_ != nullptr; }
    /// Where people decide; empty at a real tenant, where their phone tells them.
    std::string inbox_url() const { return tenant_ ? tenant_->inbox_url() : std::string(); }
    std::string const& issuer() const noexcept { return issuer_; }
    /// Null at a real tenant. On executor() only.
    assent::testing::LocalTenant* tenant() noexcept { return tenant_.get(); }
    boost::asio::any_io_executor const& executor() const noexcept { return executor_; }

    assent::BeastHttpClientConfig http_config() const;
    Surroundings surroundings() const;
    /// Of whoever signed in with that name.
    assent::Principal principal(std::string const& name) const;
    /// As of their sign-in at the tenant. From any executor.
    assent::awaitable<assent::result<assent::Secret>> refresh_token(assent::Principal principal) const;

    assent::awaitable<void> drain();

private:
    /// One for each person, as long as this runs. On executor().
    assent::awaitable<assent::Secret> mint(std::string name) const;

    boost::asio::any_io_executor executor_;
    Settings settings_;
    std::string issuer_;
    std::shared_ptr<assent::testing::LocalTenant> tenant_;
    mutable std::map<std::string, assent::Secret> refresh_tokens_;
    assent::testing::LocalFga fga_;
    std::unique_ptr<assent::HttpServer> services_;  ///< Of the policy engine, when the tenant is not local.
    std::optional<assent::OauthClient> agent_;
    std::optional<assent::OauthClient> device_;
    std::optional<assent::FgaConfig> fga_config_;
    std::string calendar_url_;
    std::string audience_;
    boost::asio::thread_pool pool_{1};
    std::optional<assent::Fts5Index> index_;
};

}  // namespace demo
