#include "support/device_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

using namespace assent;

namespace {

class Fixture : public assent::test::DeviceFixture {
public:
    /// What the constructor says.
    std::string complaint(DeviceAuthorization its_options, OauthClient its_client = client())
    {
        try {
            DeviceAuthorizer device(runtime, std::move(its_client), std::move(its_options));
        }
        catch (ConfigurationError const& error) {
            return error.what();
        }
        return {};
    }
};

bool names(std::string const& text, char const* what) { return text.find(what) != std::string::npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device_construction, Fixture)

BOOST_AUTO_TEST_CASE(options_need_not_be_given)
{
    BOOST_TEST(complaint(DeviceAuthorization()) == "");
}

BOOST_AUTO_TEST_CASE(a_person_and_any_person_contradict_each_other)
{
    auto const text = complaint(options().user_id("alice").any_account(true));
    BOOST_TEST(names(text, "user_id()"));
    BOOST_TEST(names(text, "any_account()"));
}

BOOST_AUTO_TEST_CASE(a_name_has_1_to_64_bytes)
{
    BOOST_TEST(names(complaint(options().name("")), "name()"));
    BOOST_TEST(names(complaint(options().name(std::string(65, 'n'))), "name()"));
}

BOOST_AUTO_TEST_CASE(a_runtime_without_http_client_is_refused)
{
    Runtime bare(io.get_executor());
    bare.clock(clock);
    BOOST_CHECK_EXCEPTION(DeviceAuthorizer(bare, client(), options()), ConfigurationError,
                          [](ConfigurationError const& error) { return names(error.what(), "http"); });
}

BOOST_AUTO_TEST_CASE(a_client_that_cannot_work_is_refused)
{
    BOOST_TEST(names(complaint(options(), OauthClient::standard("http://idp.example", "client")), "issuer"));
}

BOOST_AUTO_TEST_SUITE_END()
