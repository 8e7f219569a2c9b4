#pragma once

#include "tenant/oauth/core.hpp"
#include "tenant/web/pages.hpp"

#include <assent/http_server.hpp>
#include <assent/testing/tenant.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::testing {

/// The tenant's server: what reaches which part, faults, the log, and the live part of inboxes.
struct LocalTenant::Impl : std::enable_shared_from_this<LocalTenant::Impl> {
    Impl(asio::any_io_executor its_executor, TenantConfig config);

    void listen();
    tenant::Time now() const noexcept { return clock->now(); }
    static awaitable<HttpServerResponse> handle(std::shared_ptr<Impl> self, HttpServerRequest request);
    static awaitable<void> watch(std::shared_ptr<Impl> self, std::string cookie, HttpBodyWriter writer);

    /// The origin by which the browser or program reached the tenant; nothing when the Host header names another one, because then some page
    /// has made its own name lead here (DNS rebinding).
    std::optional<std::string> own_origin(HttpServerRequest const& request) const;
    std::optional<TenantFault> take_fault(std::string_view path);
    HttpServerResponse fault_answer(TenantFault const& fault) const;
    /// Nothing when no part of the tenant answers that path.
    std::optional<HttpServerResponse> answer(HttpServerRequest const& request, std::string const& origin);
    std::optional<HttpServerResponse> answer_api(HttpServerRequest const& request);
    HttpServerResponse start_watching(HttpServerRequest const& request);
    HttpHandler const* mounted(std::string_view path) const;
    void note(HttpServerRequest const& request, tenant::Parameters const& parameters, int status, std::string error);
    void tell(std::string_view subject);
    TenantUser const& user(std::string_view name);

    struct Watcher;

    asio::any_io_executor executor;
    std::shared_ptr<Clock> clock;
    std::string address;
    bool tls = false;
    std::string certificate_authority;
    std::string domain;
    std::uint16_t port = 0;
    std::vector<std::string> hosts;  ///< What a Host header may say.
    TenantConfig config;
    std::optional<HttpServer> server;
    std::unique_ptr<tenant::OauthCore> core;
    std::unique_ptr<tenant::Pages> pages;
    std::string cookie_name;
    std::vector<TenantFault> faults;
    std::deque<TenantLogEntry> entries;
    std::vector<std::pair<std::string, HttpHandler>> mounts;
    std::multimap<std::string, Watcher*, std::less<>> watchers;
};

}  // namespace assent::testing
