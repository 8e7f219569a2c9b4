#include "home.hpp"

#include "documents.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace asio = boost::asio;
namespace json = boost::json;
namespace testing = assent::testing;

namespace demo {
namespace {

constexpr char const* free_busy_scope = "https://www.googleapis.com/auth/calendar.freebusy";
constexpr std::string_view local_prefix = "auth0|";

std::string variable(char const* name, std::string otherwise = {}) {
    char const* const value = std::getenv(name);
    return value == nullptr ? otherwise : std::string(value);
}

assent::HttpServerResponse json_answer(int status, json::object const& body) {
    return assent::HttpServerResponse(status, "application/json", json::serialize(body));
}

/// Google's calendar, as far as the tool needs it: on even days there is an appointment. It takes the tokens that the tenant made for
/// that account, and no others.
assent::awaitable<assent::HttpServerResponse> calendar(std::weak_ptr<testing::LocalTenant> weak, assent::HttpServerRequest request) {
    auto const tenant = weak.lock();
    std::string_view const authorization = request.header("Authorization");
    constexpr std::string_view bearer = "Bearer ";
    auto const token = tenant && authorization.starts_with(bearer) ? tenant->inspect(authorization.substr(bearer.size())) : std::nullopt;
    json::object body;
    if (!token || token->connection != "google-oauth2") {
        body["error"] = "invalid credentials";
        auto refused = json_answer(401, body);
        refused.header("WWW-Authenticate", R"(Bearer realm="calendar", error="invalid_token")");
        co_return refused;
    }
    boost::system::error_code error;
    auto const asked = json::parse(request.body, error);
    auto const* const from = error ? nullptr : asked.find_pointer("/timeMin", error);
    std::string const day = from != nullptr && from->is_string() ? std::string(from->get_string()).substr(0, 10) : std::string();
    json::array busy;
    if (!day.empty() && (day.back() - '0') % 2 == 0) {
        json::object appointment;
        appointment["start"] = day + "T10:00:00Z";
        appointment["end"] = day + "T11:00:00Z";
        busy.push_back(std::move(appointment));
    }
    json::object primary;
    primary["busy"] = std::move(busy);
    json::object calendars;
    calendars["primary"] = std::move(primary);
    body["calendars"] = std::move(calendars);
    co_return json_answer(200, body);
}

testing::TenantConfig tenant_config(Settings const& settings) {
    testing::TenantConfig config;
    config.port(settings.tenant_port).interval(settings.interval).clock(settings.clock).any_user(true);
    // Full after the first round of a load, so that it does not hide what grows.
    config.history(settings.load == 0 ? 1000 : std::clamp<std::size_t>(settings.load / 2, 1, 1000));
    config.user(testing::TenantUser("alice")).user(testing::TenantUser("bob"));
    config.client(testing::TenantClient("agent").title("Stock agent"));
    config.client(testing::TenantClient("device").title("Stock agent (data)").public_client(true));
    config.connection(testing::TenantConnection("google-oauth2").title("Google").scopes({free_busy_scope}));
    return config;
}

assent::Fts5Index make_index(asio::any_io_executor pool) {
    assent::Fts5Index index(":memory:", std::move(pool), assent::Fts5IndexConfig().stemming(true));
    asio::io_context filling(1);
    asio::co_spawn(filling, index.put(documents()), [](std::exception_ptr error, assent::result<void> const& done) {
        if (error)
            std::rethrow_exception(error);
        if (!done)
            throw std::runtime_error("the documents cannot be indexed: " + done.failure().message());
    });
    filling.run();
    return index;
}

}  // namespace

Home::Home(asio::any_io_executor executor, Settings const& settings) : executor_(std::move(executor)), settings_(settings) {
    audience_ = variable("AUDIENCE", "https://api.example.com");
    if (settings.real_tenant) {
        agent_ = assent::OauthClient::auth0();
        device_ = assent::OauthClient::auth0(variable("AUTH0_DOMAIN"), variable("AUTH0_PUBLIC_CLIENT_ID", variable("AUTH0_CLIENT_ID")));
        calendar_url_ = "https://www.googleapis.com";
        issuer_ = agent_->issuer();
    } else {
        tenant_ = std::make_shared<testing::LocalTenant>(executor_, tenant_config(settings));
        agent_ = tenant_->client("agent");
        device_ = tenant_->client("device");
        issuer_ = tenant_->issuer();
        calendar_url_ = "http://" + tenant_->domain();
        std::weak_ptr<testing::LocalTenant> const weak = tenant_;
        tenant_->mount("/calendar", [weak](assent::HttpServerRequest request) { return calendar(weak, std::move(request)); });
    }
    if (!variable("FGA_STORE_ID").empty()) {
        fga_config_ = assent::FgaConfig::from_env();
    } else {
        auto const store = fga_.make_store("documents", document_model(), document_tuples());
        std::string url;
        if (tenant_) {
            tenant_->mount("/stores", fga_.handler());
            url = "http://" + tenant_->domain();
        } else {
            services_ = std::make_unique<assent::HttpServer>(executor_, fga_.handler());
            url = "http://127.0.0.1:" + std::to_string(services_->listen("127.0.0.1", 0).value());
        }
        fga_config_ = testing::LocalFga::config(url, store);
    }
    index_ = make_index(pool_.get_executor());
}

assent::BeastHttpClientConfig Home::http_config() const {
    return tenant_ ? tenant_->http_config() : assent::BeastHttpClientConfig();
}

Surroundings Home::surroundings() const {
    auto const refresh = [this](assent::ToolCall call) { return refresh_token(call.principal()); };
    return Surroundings{*agent_, *device_, *fga_config_, *index_, calendar_url_, audience_, settings_.confirm_above, refresh};
}

assent::Principal Home::principal(std::string const& name) const {
    return assent::Principal(issuer_, tenant_ ? std::string(local_prefix) + name : name);
}

assent::awaitable<assent::Secret> Home::mint(std::string name) const {
    auto& token = refresh_tokens_[name];
    if (token.empty())
        token = tenant_->refresh_token(name);
    co_return token;
}

assent::awaitable<assent::result<assent::Secret>> Home::refresh_token(assent::Principal principal) const {
    if (!tenant_)
        co_return assent::Secret(variable("AUTH0_REFRESH_TOKEN"));
    auto name = principal.subject().substr(local_prefix.size());
    auto minting = mint(std::move(name));
    auto secret = co_await asio::co_spawn(executor_, std::move(minting), asio::use_awaitable);
    co_return secret;
}

assent::awaitable<void> Home::drain() {
    if (tenant_)
        co_await tenant_->drain();
    if (services_)
        co_await services_->drain();
    pool_.join();
}

}  // namespace demo
