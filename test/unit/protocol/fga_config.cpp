#include <assent/fga_config.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

using namespace assent;

namespace {

constexpr auto store = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Exactly these variables, as long as it lives.
class Environment {
public:
    explicit Environment(std::map<std::string, std::string> const& values) {
        for (auto const* const name : names)
            ::unsetenv(name);
        for (auto const& [name, value] : values)
            ::setenv(name.c_str(), value.c_str(), 1);
    }
    Environment(Environment const&) = delete;
    ~Environment() {
        for (auto const* const name : names)
            ::unsetenv(name);
    }

private:
    static constexpr char const* names[] = {"FGA_API_URL",   "FGA_API_SCHEME",    "FGA_API_HOST",         "FGA_STORE_ID",
                                            "FGA_MODEL_ID",  "FGA_API_TOKEN",     "FGA_API_TOKEN_ISSUER", "FGA_API_AUDIENCE",
                                            "FGA_CLIENT_ID", "FGA_CLIENT_SECRET"};
};

std::string refusal(std::map<std::string, std::string> const& values) {
    Environment const environment(values);
    try {
        (void)FgaConfig::from_env();
    } catch (ConfigurationError const& error) {
        return error.what();
    }
    return "accepted";
}

template <class F>
std::string refusal_of(F change) {
    FgaConfig config("https://fga.example", store);
    change(config);
    try {
        config.validate();
    } catch (ConfigurationError const& error) {
        return error.what();
    }
    return "accepted";
}

bool names(std::string const& text, std::string_view what) {
    return text != "accepted" && text.find(what) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fga_config)

BOOST_AUTO_TEST_CASE(the_environment_has_the_same_defaults_as_auth0_ai) {
    Environment const environment({{"FGA_STORE_ID", store}, {"FGA_CLIENT_ID", "client"}, {"FGA_CLIENT_SECRET", "hush"}});
    auto const config = FgaConfig::from_env();
    BOOST_TEST(config.api_url() == "https://api.us1.fga.dev");
    BOOST_TEST(config.audience() == "https://api.us1.fga.dev/");
    BOOST_REQUIRE(config.oauth_client() != nullptr);
    BOOST_TEST(config.oauth_client()->token_endpoint() == "https://auth.fga.dev/oauth/token");
    BOOST_TEST(config.oauth_client()->client_id() == "client");
    BOOST_TEST((config.oauth_client()->client_secret() == Secret("hush")));
    BOOST_TEST(config.authorization_model_id() == "");
    BOOST_TEST(!config.consistency());
}

BOOST_AUTO_TEST_CASE(every_variable_counts) {
    Environment const environment({{"FGA_API_SCHEME", "http"},
                                   {"FGA_API_HOST", "localhost:8080"},
                                   {"FGA_STORE_ID", store},
                                   {"FGA_MODEL_ID", store},
                                   {"FGA_API_TOKEN_ISSUER", "issuer.example"},
                                   {"FGA_API_AUDIENCE", "https://audience/"},
                                   {"FGA_CLIENT_ID", "client"},
                                   {"FGA_CLIENT_SECRET", "hush"}});
    auto const config = FgaConfig::from_env();
    BOOST_TEST(config.api_url() == "http://localhost:8080");
    BOOST_TEST(config.authorization_model_id() == store);
    BOOST_TEST(config.audience() == "https://audience/");
    BOOST_TEST(config.oauth_client()->token_endpoint() == "https://issuer.example/oauth/token");
}

BOOST_AUTO_TEST_CASE(a_server_of_ones_own_needs_no_credentials) {
    Environment const environment({{"FGA_API_URL", "http://localhost:8080"}, {"FGA_STORE_ID", store}});
    auto const config = FgaConfig::from_env();
    BOOST_TEST(config.oauth_client() == nullptr);
    BOOST_TEST(config.api_token().empty());
}

BOOST_AUTO_TEST_CASE(a_pre_shared_key_may_stand_in_the_environment) {
    Environment const environment({{"FGA_API_URL", "https://fga.example"}, {"FGA_STORE_ID", store}, {"FGA_API_TOKEN", "hush"}});
    BOOST_TEST((FgaConfig::from_env().api_token() == Secret("hush")));
}

BOOST_AUTO_TEST_CASE(a_missing_variable_is_named) {
    BOOST_TEST(names(refusal({}), "FGA_STORE_ID"));
    BOOST_TEST(names(refusal({{"FGA_STORE_ID", store}}), "FGA_CLIENT_ID"));
    BOOST_TEST(names(refusal({{"FGA_STORE_ID", store}, {"FGA_CLIENT_ID", "client"}}), "FGA_CLIENT_SECRET"));
    std::map<std::string, std::string> const local{{"FGA_STORE_ID", store}, {"FGA_API_URL", "http://localhost:1"}};
    auto with = [&local](std::string const& name, std::string const& value) {
        auto all = local;
        all[name] = value;
        return refusal(all);
    };
    BOOST_TEST(names(with("FGA_CLIENT_ID", "client"), "FGA_CLIENT_SECRET"));
    BOOST_TEST(names(with("FGA_CLIENT_SECRET", "hush"), "FGA_CLIENT_ID"));
    BOOST_TEST(names(with("FGA_API_TOKEN_ISSUER", "issuer"), "FGA_CLIENT_ID"));
    BOOST_TEST(names(with("FGA_STORE_ID", "my store"), "FGA_STORE_ID"));
    BOOST_TEST(names(with("FGA_MODEL_ID", "latest"), "FGA_MODEL_ID"));
    BOOST_TEST(names(with("FGA_API_URL", "ftp://a"), "FGA_API_URL"));
    BOOST_TEST(names(refusal({{"FGA_STORE_ID", store}, {"FGA_API_SCHEME", "http"}}), "FGA_API_HOST"));
    BOOST_TEST(names(refusal({{"FGA_STORE_ID", store}, {"FGA_API_SCHEME", "gopher"}, {"FGA_API_HOST", "a"}}), "FGA_API_SCHEME"));
}

BOOST_AUTO_TEST_CASE(plain_http_is_for_loopback_unless_allowed) {
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.api_url("http://openfga:8080"); }), "allow_plain_http"));
    BOOST_TEST(refusal_of([](FgaConfig& c) { c.api_url("http://openfga:8080").allow_plain_http(true); }) == "accepted");
    BOOST_TEST(refusal_of([](FgaConfig& c) { c.api_url("http://127.0.0.1:8080/prefix/"); }) == "accepted");
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.api_url("http://user@openfga:8080").allow_plain_http(true); }), "user information"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.api_url("https://fga.example?a=b"); }), "query"));
}

BOOST_AUTO_TEST_CASE(what_is_out_of_range_is_named) {
    using namespace std::chrono_literals;
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.deadline(0ms); }), "deadline"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.max_retries(16); }), "max_retries"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.min_retry_wait(0ms); }), "min_retry_wait"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.retry_budget(-1ms); }), "retry_budget"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.max_checks_per_batch(0); }), "max_checks_per_batch"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.max_parallel_requests(0); }), "max_parallel_requests"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.header("Host", "a"); }), "header"));
    BOOST_TEST(names(refusal_of([](FgaConfig& c) { c.header("X", "a\r\nb"); }), "header"));
    auto const text = refusal_of([](FgaConfig& c) { c.api_token(Secret("hush\n")); });
    BOOST_TEST(names(text, "api_token"));
    BOOST_TEST(text.find("hush") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
