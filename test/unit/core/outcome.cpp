#include <assent/credentials.hpp>
#include <assent/outcome.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

using assent::BadAccess;
using assent::Credentials;
using assent::Errc;
using assent::Failure;
using assent::Flow;
using assent::Interrupt;
using assent::InterruptKind;
using assent::outcome;
using assent::result;
using assent::ServerReply;

namespace {

using Outcome = outcome<Credentials>;

static_assert(std::is_default_constructible_v<Outcome>);
static_assert(std::is_nothrow_move_constructible_v<Outcome>);
static_assert(!std::is_constructible_v<Outcome, bool>);
static_assert(!std::is_convertible_v<Outcome, bool>);

Interrupt pending() {
    return Interrupt(Flow::ciba, InterruptKind::pending, "The person has not answered yet.");
}

template <class F>
std::string what_of(F const& access) {
    try {
        access();
    } catch (BadAccess const& error) {
        return error.what();
    }
    return "no exception";
}

result<int> half(int number) {
    if (number % 2 != 0)
        return Failure(Errc::invalid_argument, "the number must be even");
    return number / 2;
}

result<int> quarter(int number) {
    BOOST_OUTCOME_TRY(auto first, half(number));
    BOOST_OUTCOME_TRY(auto second, half(first));
    return second;
}

outcome<std::string> as_text(int number) {
    BOOST_OUTCOME_TRY(auto value, quarter(number));
    if (value == 0)
        return pending();
    return std::to_string(value);
}

outcome<std::size_t> length(int number) {
    BOOST_OUTCOME_TRY(auto text, as_text(number));
    return text.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_outcome)

BOOST_AUTO_TEST_CASE(a_default_outcome_is_the_failure_no_result_and_never_a_success) {
    Outcome const none;
    BOOST_TEST(!none);
    BOOST_TEST(!none.has_value());
    BOOST_TEST(!none.has_interrupt());
    BOOST_REQUIRE(none.has_failure());
    BOOST_TEST((none.failure() == Errc::no_result));
    result<int> const nothing;
    BOOST_TEST(!nothing);
    BOOST_TEST((nothing.failure() == Errc::no_result));
    Failure const failure;
    BOOST_TEST((failure == Errc::no_result));
}

BOOST_AUTO_TEST_CASE(the_three_states_are_apart) {
    Outcome const value = Credentials();
    BOOST_TEST(value.has_value());
    BOOST_TEST(!value.has_interrupt());
    BOOST_TEST(!value.has_failure());
    Outcome const interrupt = pending();
    BOOST_TEST(!interrupt);
    BOOST_TEST(interrupt.has_interrupt());
    BOOST_TEST(!interrupt.has_failure());
    BOOST_TEST((interrupt.interrupt().kind() == InterruptKind::pending));
    Outcome const failure = Failure(Errc::timed_out);
    BOOST_TEST(!failure);
    BOOST_TEST(!failure.has_interrupt());
    BOOST_TEST((failure.failure() == assent::Condition::retryable));
    Outcome const by_code = Errc::cancelled;
    BOOST_TEST((by_code.failure() == Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(reading_a_value_that_is_not_there_says_why) {
    Outcome const interrupt = pending();
    BOOST_TEST(what_of([&] { static_cast<void>(interrupt.value()); }) ==
               "ASYNC_AUTHORIZATION_AUTHORIZATION_PENDING: The person has not answered yet.");
    ServerReply reply;
    reply.description = "text of the server";
    Outcome const failure = Failure(Errc::missing_configuration, "set AUTH0_DOMAIN").with_server(reply);
    BOOST_TEST(what_of([&] { static_cast<void>(failure.value()); }) ==
               "missing configuration: set AUTH0_DOMAIN");
    BOOST_TEST(what_of([&] { static_cast<void>(Outcome().value()); }) == "no result");
    result<int> const odd = half(3);
    BOOST_TEST(what_of([&] { static_cast<void>(odd.value()); }) ==
               "invalid argument: the number must be even");
    Outcome const value = Credentials();
    BOOST_TEST(what_of([&] { static_cast<void>(value.interrupt()); }) == "no error");
    BOOST_TEST(what_of([&] { static_cast<void>(value.failure()); }) == "no failure");
    BOOST_TEST(what_of([&] { static_cast<void>(half(4).failure()); }) == "no error");
}

BOOST_AUTO_TEST_CASE(failures_and_interrupts_travel_up_through_try) {
    BOOST_TEST(quarter(8).value() == 2);
    BOOST_TEST((quarter(6).failure() == Errc::invalid_argument));
    BOOST_TEST(quarter(6).failure().detail() == "the number must be even");
    BOOST_TEST(length(400).value() == 3u);
    BOOST_TEST((length(7).failure() == Errc::invalid_argument));
    BOOST_TEST(length(7).failure().detail() == "the number must be even");
    BOOST_TEST((length(0).interrupt().kind() == InterruptKind::pending));
}

BOOST_AUTO_TEST_CASE(move_only_values_can_be_taken_out) {
    result<std::unique_ptr<int>> made = std::make_unique<int>(7);
    auto const taken = std::move(made).value();
    BOOST_TEST(*taken == 7);
    outcome<std::unique_ptr<int>> other = std::make_unique<int>(8);
    auto const also = std::move(other).value();
    BOOST_TEST(*also == 8);
}

BOOST_AUTO_TEST_CASE(a_result_of_an_optional_is_absent_or_failed_never_both) {
    result<std::optional<int>> const absent = std::optional<int>();
    BOOST_TEST(absent.has_value());
    BOOST_TEST(!absent.value().has_value());
    result<std::optional<int>> const failed = Failure(Errc::store_unavailable);
    BOOST_TEST(!failed.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
