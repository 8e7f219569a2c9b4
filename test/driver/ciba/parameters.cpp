#include "support/ciba_fixture.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace parameters_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

}  // namespace parameters_test

namespace {

using parameters_test::Order;

std::string of_input(Order const& order) { return "Buy " + std::to_string(order.qty) + " " + order.ticker; }
awaitable<std::string> of_input_later(Order order) { co_return of_input(order); }
awaitable<result<std::string>> no_answer(Order) { co_return Failure(Errc::temporarily_unavailable, "directory down"); }
awaitable<std::string> throws_later() { throw std::runtime_error("directory on fire"); co_return ""; }

boost::json::array details(int limit)
{
    boost::json::object one;
    one.emplace("type", "trade");
    one.emplace("limit", limit);
    boost::json::array out;
    out.push_back(std::move(one));
    return out;
}

class Fixture : public assent::test::CibaFixture {
public:
    /// What the provider was asked.
    std::map<std::string, std::string> asked(AsyncAuthorization its_options, ToolCall call = buy())
    {
        auto const answer = run(authorizer(std::move(its_options)).authorize(std::move(call)));
        BOOST_REQUIRE_MESSAGE(is(answer, InterruptKind::pending), describe(answer));
        return provider->seen.back().form;
    }
    std::string subject(AsyncAuthorization its_options)
    {
        auto const form = asked(std::move(its_options));
        return std::string(boost::json::parse(form.at("login_hint")).at("sub").as_string());
    }
    Answer refused(AsyncAuthorization its_options)
    {
        auto answer = run(authorizer(std::move(its_options)).authorize(buy()));
        BOOST_TEST(!answer.has_value());
        BOOST_TEST(provider->seen.empty());
        return answer;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_parameters, Fixture)

BOOST_AUTO_TEST_CASE(a_parameter_may_be_a_value_or_any_kind_of_function)
{
    BOOST_TEST(asked(options().binding_message("Buy it")).at("binding_message") == "Buy it");
    using Message = Parameter<std::string>;
    std::vector<Message> const same{
        Message(of_input),
        Message([](Order const& order) { return of_input(order); }),
        Message([](Order order, ToolCall const&) { return of_input(order); }),
        Message([](ToolCall const& call) { return "Buy " + std::to_string(call.input().at("qty").as_int64()) + " ZEKO"; }),
        Message([] { return std::string("Buy 10 ZEKO"); }),
        Message([](Order const& order) -> result<std::string> { return of_input(order); }),
        Message(of_input_later),
        Message([](Order order, ToolCall) { return of_input_later(std::move(order)); }),
    };
    for (auto const& message : same) {
        Fixture f;
        BOOST_TEST(f.asked(options().binding_message(message)).at("binding_message") == "Buy 10 ZEKO");
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(every_parameter_may_be_a_function)
{
    auto const form = asked(AsyncAuthorization()
                                .scopes([] { return std::vector<std::string>{"stock:trade", "openid"}; })
                                .audience([](Order const&) { return std::string("https://api/"); })
                                .user_id([](ToolCall const& call) { return call.principal().subject(); })
                                .binding_message(of_input)
                                .authorization_details([](Order const& order) { return details(order.qty); })
                                .requested_expiry([](Order const&) { return 60s; })
                                .acr_values([] { return std::string("acr"); })
                                .user_code([] { return Secret("1234"); }));
    BOOST_TEST(form.at("scope") == "stock:trade openid");
    BOOST_TEST(form.at("audience") == "https://api/");
    BOOST_TEST(boost::json::parse(form.at("login_hint")).at("sub").as_string() == "auth0|alice");
    BOOST_TEST(form.at("authorization_details") == R"([{"type":"trade","limit":10}])");
    BOOST_TEST(form.at("requested_expiry") == "60");
    BOOST_TEST(form.at("acr_values") == "acr");
    BOOST_TEST(form.at("user_code") == "1234");
}

BOOST_AUTO_TEST_CASE(every_parameter_may_be_a_value)
{
    auto const form = asked(options().authorization_details(details(5)).requested_expiry(600s).acr_values("acr").user_code(Secret("1234")).user_id("auth0|carol"));
    BOOST_TEST(form.at("scope") == "openid stock:trade");
    BOOST_TEST(form.at("requested_expiry") == "600");
    BOOST_TEST(form.at("acr_values") == "acr");
    BOOST_TEST(form.at("user_code") == "1234");
    BOOST_TEST(boost::json::parse(form.at("login_hint")).at("sub").as_string() == "auth0|carol");
}

BOOST_AUTO_TEST_CASE(the_person_asked_is_the_principal_unless_somebody_else_is_named)
{
    BOOST_TEST(subject(options()) == "auth0|alice");
    BOOST_TEST(subject(options().user_id("auth0|approver").name("other")) == "auth0|approver");
}

BOOST_AUTO_TEST_CASE(openid_is_added_once)
{
    BOOST_TEST(asked(options().scopes({"a", "b"})).at("scope") == "openid a b");
    BOOST_TEST(asked(options().scopes({"a", "openid"}).name("other")).at("scope") == "a openid");
}

BOOST_AUTO_TEST_CASE(the_default_expiry_at_auth0_is_300_seconds)
{
    BOOST_TEST(asked(options()).at("requested_expiry") == "300");
}

BOOST_AUTO_TEST_CASE(nobody_to_ask_is_refused_before_anything_is_sent)
{
    BOOST_TEST(is(refused(options().user_id("")), Errc::no_subject));
    BOOST_TEST(is(refused(options().user_id([](Order const&) { return std::string(); })), Errc::no_subject));
}

BOOST_AUTO_TEST_CASE(what_the_provider_would_not_show_is_refused_before_anything_is_sent)
{
    for (std::string const& message : {std::string(), std::string(65, 'x'), std::string("Buy <b>"), std::string("a\nb\x01"), std::string("\xC3\xA4")})
        BOOST_TEST(is(refused(options().binding_message(message)), Errc::invalid_binding_message));
    BOOST_TEST(is(refused(AsyncAuthorization().scopes({"a"})), Errc::invalid_binding_message));
}

BOOST_AUTO_TEST_CASE(values_out_of_range_are_named)
{
    auto const expiry = refused(options().requested_expiry([] { return 0s; }));
    BOOST_REQUIRE(expiry.has_failure());
    BOOST_TEST(expiry.failure().detail().find("requested_expiry") != std::string_view::npos);
    auto const scope = refused(options().scopes({"a b"}));
    BOOST_REQUIRE(scope.has_failure());
    BOOST_TEST(scope.failure().detail().find("scope") != std::string_view::npos);
    boost::json::array large;
    large.emplace_back(std::string(20'000, 'x'));
    auto const details = refused(options().authorization_details(large));
    BOOST_REQUIRE(details.has_failure());
    BOOST_TEST(details.failure().detail().find("authorization_details") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(a_function_that_fails_or_throws_is_a_failure_and_nothing_is_sent)
{
    auto const throwing = refused(options().user_id([](Order const&) -> std::string { throw std::runtime_error("no such user"); }));
    BOOST_REQUIRE(throwing.has_failure());
    BOOST_TEST(throwing.failure().detail().find("no such user") != std::string_view::npos);
    auto const odd = refused(options().user_id([](Order const&) -> std::string { throw 7; }));
    BOOST_TEST(odd.has_failure());
    BOOST_TEST(is(refused(options().user_id(no_answer)), Errc::temporarily_unavailable));
    auto const later = refused(options().binding_message(throws_later));
    BOOST_REQUIRE(later.has_failure());
    BOOST_TEST(later.failure().detail().find("directory on fire") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(input_that_does_not_fit_the_functions_type_is_refused)
{
    auto ciba = authorizer(options().binding_message(of_input));
    auto call = buy();
    boost::json::object input;
    input.emplace("ticker", 5);
    call.input(input);
    BOOST_TEST(is(run(ciba.authorize(call)), Errc::invalid_input));
    BOOST_TEST(provider->seen.empty());
}

BOOST_AUTO_TEST_CASE(functions_are_called_once_for_each_call)
{
    int calls = 0;
    auto ciba = authorizer(options().binding_message([&calls](Order const& order) {
        ++calls;
        return of_input(order);
    }));
    ask(ciba, buy());
    BOOST_TEST(calls == 1);
    ask(ciba, buy());
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_SUITE_END()
