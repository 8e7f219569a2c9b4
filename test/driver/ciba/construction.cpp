#include "support/ciba_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <functional>
#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

class Fixture : public assent::test::CibaFixture {
public:
    /// What the constructor says.
    std::string complaint(AsyncAuthorization its_options, OauthClient its_client = client())
    {
        try {
            CibaAuthorizer ciba(runtime, std::move(its_client), std::move(its_options));
        }
        catch (ConfigurationError const& error) {
            return error.what();
        }
        return {};
    }
};

bool names(std::string const& text, char const* what) { return text.find(what) != std::string::npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_construction, Fixture)

BOOST_AUTO_TEST_CASE(good_options_are_accepted)
{
    BOOST_TEST(complaint(options()) == "");
}

BOOST_AUTO_TEST_CASE(missing_scopes_are_named)
{
    BOOST_TEST(names(complaint(AsyncAuthorization().binding_message("x")), "scopes()"));
}

BOOST_AUTO_TEST_CASE(two_hints_are_refused)
{
    auto const text = complaint(options().user_id("a").id_token_hint(Secret("hint-secret")));
    BOOST_TEST(names(text, "user_id()"));
    BOOST_TEST(!names(text, "hint-secret"));
    BOOST_TEST(names(complaint(options().login_hint_token(Secret("x")).id_token_hint(Secret("y"))), "login_hint_token()"));
}

BOOST_AUTO_TEST_CASE(an_expiry_out_of_range_is_refused)
{
    for (auto const expiry : {0s, -5s, 259'201s})
        BOOST_TEST(names(complaint(options().requested_expiry(expiry)), "requested_expiry()"));
    BOOST_TEST(complaint(options().requested_expiry(259'200s)) == "");
}

BOOST_AUTO_TEST_CASE(a_name_has_1_to_64_bytes)
{
    BOOST_TEST(names(complaint(options().name("")), "name()"));
    BOOST_TEST(names(complaint(options().name(std::string(65, 'n'))), "name()"));
    BOOST_TEST(complaint(options().name(std::string(64, 'n'))) == "");
}

BOOST_AUTO_TEST_CASE(a_runtime_without_http_client_is_refused)
{
    Runtime bare(io.get_executor());
    bare.clock(clock);
    BOOST_CHECK_EXCEPTION(CibaAuthorizer(bare, client(), options()), ConfigurationError,
                          [](ConfigurationError const& error) { return names(error.what(), "http"); });
}

BOOST_AUTO_TEST_CASE(missing_environment_variables_are_named)
{
    // Nobody else in this process reads them.
    for (auto const* variable : {"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"})
        ::unsetenv(variable);
    auto const text = [this] {
        try {
            CibaAuthorizer ciba(runtime, OauthClient::auth0(), options());
        }
        catch (ConfigurationError const& error) {
            return std::string(error.what());
        }
        return std::string();
    }();
    BOOST_TEST(names(text, "AUTH0_DOMAIN"), text);
    ::setenv("AUTH0_DOMAIN", "tenant.example", 1);
    ::setenv("AUTH0_CLIENT_ID", "client", 1);
    ::setenv("AUTH0_CLIENT_SECRET", "client-secret", 1);
    BOOST_TEST(complaint(options(), OauthClient::auth0()) == "");
    for (auto const* variable : {"AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"})
        ::unsetenv(variable);
}

BOOST_AUTO_TEST_CASE(a_tool_needs_a_name_and_a_handler)
{
    auto const handler = [](boost::json::value, ToolContext&) -> awaitable<outcome<boost::json::value>> { co_return boost::json::value(); };
    BOOST_CHECK_THROW(Tool("", "", nullptr, handler), ConfigurationError);
    BOOST_CHECK_THROW(Tool(std::string(65, 't'), "", nullptr, handler), ConfigurationError);
    BOOST_CHECK_EXCEPTION(Tool("buy", "", nullptr, nullptr), ConfigurationError,
                          [](ConfigurationError const& error) { return names(error.what(), "\"buy\""); });
}

BOOST_AUTO_TEST_SUITE_END()
