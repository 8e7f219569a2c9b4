#pragma once

#include <assent/beast_http_client.hpp>
#include <assent/runtime.hpp>
#include <assent/testing/tenant.hpp>
#include <assent/tool_call.hpp>

#include "interop/support/run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

inline testing::TenantConfig quick_tenant()
{
    testing::TenantConfig config;
    config.signing(SignatureAlgorithm::es256);
    return config;
}

/// A local tenant, and what reaches it over real sockets, on one io_context.
struct TenantFixture {
    explicit TenantFixture(testing::TenantConfig config = quick_tenant()) { make(std::move(config)); }

    void make(testing::TenantConfig config)
    {
        tenant.reset();
        tenant.emplace(context.get_executor(), std::move(config));
        http = make_beast_http_client(context.get_executor(), tenant->http_config());
        runtime.emplace(context.get_executor());
        runtime->http(http);
    }

    using Form = std::vector<std::pair<std::string, std::string>>;

    static std::string encoded(Form const& form)
    {
        std::string out;
        for (auto const& [name, value] : form) {
            out.append(out.empty() ? "" : "&").append(name).append("=");
            static constexpr char digits[] = "0123456789ABCDEF";
            for (char const c : value) {
                auto const byte = static_cast<unsigned char>(c);
                if (std::isalnum(byte) != 0)
                    out += c;
                else
                    out.append({'%', digits[byte >> 4], digits[byte & 15]});
            }
        }
        return out;
    }
    std::string url(std::string_view path) const { return (tenant->ca_pem().empty() ? "http://" : "https://") + tenant->domain() + std::string(path); }

    HttpResponse send(HttpRequest request) { return run(context, http->send(std::move(request))).value(); }
    HttpResponse get(std::string_view path) { return send(HttpRequest(HttpMethod::get, url(path))); }
    HttpResponse post(std::string_view path, Form const& form)
    {
        HttpRequest request(HttpMethod::post, url(path));
        request.body("application/x-www-form-urlencoded", encoded(form));
        return send(std::move(request));
    }
    /// With the client's id and secret added.
    HttpResponse post_as(std::string_view client, std::string_view path, Form form)
    {
        form.emplace_back("client_id", client);
        auto const settings = tenant->client(client);
        if (!settings.client_secret().empty())
            form.emplace_back("client_secret", settings.client_secret().expose());
        return post(path, form);
    }
    Form ciba_request(std::string_view user = "alice") const
    {
        boost::json::object hint;
        hint["format"] = "iss_sub";
        hint["iss"] = tenant->issuer();
        hint["sub"] = tenant->principal(user).subject();
        return {{"scope", "openid stock:trade"}, {"binding_message", "Buy 10 ZEKO"}, {"login_hint", boost::json::serialize(hint)}};
    }
    HttpResponse poll(std::string_view auth_req_id)
    {
        return post_as("agent", "/oauth/token", {{"grant_type", "urn:openid:params:grant-type:ciba"}, {"auth_req_id", std::string(auth_req_id)}});
    }

    ToolCall call(std::string_view user = "alice", std::string tool = "buy_stock") const
    {
        boost::json::object input;
        input["ticker"] = "ZEKO";
        ToolCall out(tenant->principal(user), std::move(tool), std::move(input));
        out.thread_id("thread");
        return out;
    }

    asio::io_context context;
    std::optional<testing::LocalTenant> tenant;
    std::shared_ptr<HttpClient> http;
    std::optional<Runtime> runtime;
};

inline std::string text_of(HttpResponse const& response, std::string_view name)
{
    auto const body = boost::json::parse(response.body);
    auto const* const value = body.as_object().if_contains(name);
    return value == nullptr ? "" : value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
}

}  // namespace assent::test
