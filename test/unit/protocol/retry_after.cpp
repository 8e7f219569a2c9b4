#include "protocol/retry_after.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using assent::parse_http_date;
using assent::parse_retry_after;
using std::chrono::sys_days;

namespace {

std::chrono::system_clock::time_point const now = sys_days(2026y / 11 / 6) + 8h + 49min;
std::chrono::system_clock::time_point const rfc_example = sys_days(1994y / 11 / 6) + 8h + 49min + 37s;

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_retry_after)

BOOST_AUTO_TEST_CASE(all_three_date_formats_of_rfc_9110_are_read) {
    BOOST_TEST((parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == rfc_example));
    BOOST_TEST((parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == rfc_example));
    BOOST_TEST((parse_http_date("Sun Nov  6 08:49:37 1994", now) == rfc_example));
    BOOST_TEST((parse_http_date("Sun Nov 16 08:49:37 1994", now) == rfc_example + std::chrono::days(10)));
}

BOOST_AUTO_TEST_CASE(two_digit_years_are_at_most_fifty_years_ahead) {
    BOOST_TEST((parse_http_date("Friday, 06-Nov-76 00:00:00 GMT", now) == sys_days(2076y / 11 / 6)));
    BOOST_TEST((parse_http_date("Sunday, 06-Nov-77 00:00:00 GMT", now) == sys_days(1977y / 11 / 6)));
    BOOST_TEST((parse_http_date("Friday, 06-Nov-26 00:00:00 GMT", now) == sys_days(2026y / 11 / 6)));
}

BOOST_AUTO_TEST_CASE(what_is_no_date_is_refused) {
    for (auto const* text :
         {"", "tomorrow", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
          "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 +0100", "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
          "Sun, 06 Nov 1069 08:49:37 GMT", "Sun Nov  6 08:49:37 94", "Sun, 00 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:61 GMT"})
        BOOST_TEST(!parse_http_date(text, now), text);
}

BOOST_AUTO_TEST_CASE(seconds_are_taken_as_they_are_and_bounded_by_a_day) {
    BOOST_TEST((parse_retry_after("0", now) == 0s));
    BOOST_TEST((parse_retry_after("120", now) == 120s));
    BOOST_TEST((parse_retry_after("  7 ", now) == 7s));
    BOOST_TEST((parse_retry_after("86401", now) == 24h));
    BOOST_TEST((parse_retry_after("99999999999999999999999999999999", now) == 24h));
}

BOOST_AUTO_TEST_CASE(dates_count_from_now_and_are_bounded_too) {
    BOOST_TEST((parse_retry_after("Fri, 06 Nov 2026 08:49:37 GMT", now) == 37s));
    BOOST_TEST((parse_retry_after("Fri, 06 Nov 2026 08:49:37 GMT", now + 500ms) == 37s));
    BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 0s));
    BOOST_TEST((parse_retry_after("Fri, 06 Nov 9999 08:49:37 GMT", now) == 24h));
}

BOOST_AUTO_TEST_CASE(garbage_is_nothing) {
    for (auto const* text : {"", " ", "-1", "1.5", "1s", "soon", "0x10", "+3"})
        BOOST_TEST(!parse_retry_after(text, now), text);
    BOOST_TEST(!parse_retry_after(std::string(1000, '1'), now));
}

BOOST_AUTO_TEST_CASE(the_header_is_found_whatever_its_case) {
    assent::HttpHeaders headers;
    BOOST_TEST(!assent::retry_after(headers, now));
    headers.add("retry-AFTER", "9");
    BOOST_TEST((assent::retry_after(headers, now) == 9s));
}

BOOST_AUTO_TEST_SUITE_END()
