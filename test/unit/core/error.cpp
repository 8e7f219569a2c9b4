#include <assent/error.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace assent;

namespace {

constexpr int last_errc = static_cast<int>(Errc::already_used);

}  // namespace

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(every_error_has_a_name_of_its_own_that_leads_back_to_it)
{
    std::set<std::string> names;
    for (int value = 1; value <= last_errc; ++value) {
        auto const name = to_string(static_cast<Errc>(value));
        BOOST_TEST(name != "unknown");
        BOOST_TEST(names.emplace(name).second);
        auto const back = errc_from_string(name);
        BOOST_REQUIRE(back.has_value());
        BOOST_TEST(static_cast<int>(*back) == value);
    }
}

BOOST_AUTO_TEST_CASE(the_names_that_stored_records_hold_do_not_change)
{
    BOOST_TEST(to_string(Errc::no_result) == "no_result");
    BOOST_TEST(to_string(Errc::server_refused) == "server_refused");
    BOOST_TEST(to_string(Errc::id_token_invalid) == "id_token_invalid");
    BOOST_TEST(to_string(Errc::subject_mismatch) == "subject_mismatch");
    BOOST_TEST(to_string(Errc::authorization_details_mismatch) == "authorization_details_mismatch");
    BOOST_TEST(to_string(Errc::transaction_failed) == "transaction_failed");
}

BOOST_AUTO_TEST_CASE(what_is_no_error_has_no_name)
{
    BOOST_TEST(to_string(static_cast<Errc>(0)) == "unknown");
    BOOST_TEST(to_string(static_cast<Errc>(last_errc + 1)) == "unknown");
    for (auto const* name : {"", "unknown", "No_Result", "cancelled ", "25"})
        BOOST_TEST(!errc_from_string(name).has_value());
}

BOOST_AUTO_TEST_CASE(every_error_fits_a_condition)
{
    for (int value = 1; value <= last_errc; ++value) {
        Failure const failure(static_cast<Errc>(value));
        bool const fits = failure == Condition::cancelled || failure == Condition::retryable ||
                          failure == Condition::misconfigured || failure == Condition::refused ||
                          failure == Condition::invalid_answer;
        BOOST_TEST(fits, "error " << value);
    }
}

BOOST_AUTO_TEST_SUITE_END()
