#include "support/ciba_fixture.hpp"

#include <assent/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;

namespace async_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

/// A coroutine type that knows nothing of Asio, as other libraries have them: begins at once, cannot be awaited itself.
class Task {
public:
    struct promise_type {
        Task get_return_object() { return Task(); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

/// Where a foreign scheduler resumes what is queued.
using Queue = std::vector<std::coroutine_handle<>>;

class QueueHook {
public:
    explicit QueueHook(Queue& queue) : queue_(&queue) {}
    void operator()(std::coroutine_handle<> coroutine) const { queue_->push_back(coroutine); }

private:
    Queue* queue_;
};

}  // namespace async_test

namespace {

using async_test::Order;
using async_test::Queue;
using async_test::QueueHook;
using async_test::Task;
using Told = outcome<Credentials>;
using Output = outcome<boost::json::value>;

awaitable<std::string> sell(Order order, ToolContext&) { co_return "sold " + order.ticker; }
awaitable<std::string> break_down(Order, ToolContext&)
{
    throw std::runtime_error("the machine is broken");
    co_return "";
}

class AsyncFixture : public assent::test::CibaFixture {
public:
    asio::any_io_executor executor() { return io.get_executor(); }
    CibaAuthorizer waiting() { return authorizer(options().on_authorization_request(AuthorizationMode::block)); }
    /// The person decides as soon as they are asked.
    void person(std::string decision)
    {
        provider->fault = [this, decision](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            if (is_poll(request))
                provider->latest().decision = decision;
            return std::nullopt;
        };
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(async, AsyncFixture)

BOOST_AUTO_TEST_CASE(a_callback_is_given_the_credentials)
{
    person("approve");
    std::optional<Told> told;
    boost::system::error_code code = make_error_code(Errc::no_result);
    async_authorize(executor(), waiting(), buy(), [&](boost::system::error_code ec, Told given) {
        code = ec;
        told = std::move(given);
    });
    BOOST_TEST(!told.has_value());
    pass(10s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(!code);
    BOOST_TEST(told->has_value());
}

BOOST_AUTO_TEST_CASE(an_interrupt_is_a_value_and_no_error)
{
    std::optional<Told> told;
    boost::system::error_code code = make_error_code(Errc::no_result);
    async_authorize(executor(), authorizer(), buy(), [&](boost::system::error_code ec, Told given) {
        code = ec;
        told = std::move(given);
    });
    pass(0s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(!code);
    BOOST_TEST(is(*told, InterruptKind::pending));
}

BOOST_AUTO_TEST_CASE(a_failure_is_a_code_and_the_value_says_more)
{
    std::optional<Told> told;
    boost::system::error_code code;
    async_authorize(executor(), authorizer(), buy(10, Principal()), [&](boost::system::error_code ec, Told given) {
        code = ec;
        told = std::move(given);
    });
    pass(0s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST((code == make_error_code(Errc::no_subject)));
    BOOST_TEST(is(*told, Errc::no_subject));
    BOOST_TEST(told->failure().detail().find("principal") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(the_handler_is_never_called_from_within_the_call)
{
    bool returned = false;
    bool called = false;
    auto const from_inside = [&] {
        async_authorize(executor(), authorizer(), buy(10, Principal()), [&](boost::system::error_code, Told) {
            called = true;
            BOOST_TEST(returned);
        });
        returned = true;
    };
    asio::post(io, from_inside);
    pass(0s);
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(the_handlers_executor_is_where_it_is_called)
{
    auto const strand = asio::make_strand(io);
    bool on_strand = false;
    async_authorize(executor(), authorizer(), buy(), asio::bind_executor(strand, [&](boost::system::error_code, Told) {
                        on_strand = strand.running_in_this_thread();
                    }));
    pass(0s);
    BOOST_TEST(on_strand);
}

BOOST_AUTO_TEST_CASE(a_future_throws_the_code_of_a_failure)
{
    auto granted = async_authorize(executor(), authorizer(), buy(), asio::use_future);
    auto refused = async_authorize(executor(), authorizer(), buy(10, Principal()), asio::use_future);
    pass(0s);
    BOOST_TEST(is(granted.get(), InterruptKind::pending));
    try {
        static_cast<void>(refused.get());
        BOOST_ERROR("no exception");
    }
    catch (boost::system::system_error const& error) {
        BOOST_TEST((error.code() == make_error_code(Errc::no_subject)));
    }
}

namespace {

awaitable<int> await_in_many_ways(asio::any_io_executor executor, CibaAuthorizer authorizer, ToolCall call, ToolCall nobodys)
{
    int right = 0;
    auto later = async_authorize(executor, authorizer, call, asio::deferred);
    auto const first = co_await std::move(later);
    right += first.has_interrupt() ? 1 : 0;
    auto awaited = async_authorize(executor, authorizer, call, asio::use_awaitable);
    auto const second = co_await std::move(awaited);
    right += second.has_interrupt() ? 1 : 0;
    auto whole = async_authorize(executor, authorizer, nobodys, asio::as_tuple(asio::use_awaitable));
    auto const third = co_await std::move(whole);
    right += std::get<0>(third) == make_error_code(Errc::no_subject) && std::get<1>(third).has_failure() ? 1 : 0;
    co_return right;
}

}  // namespace

BOOST_AUTO_TEST_CASE(deferred_and_awaitable_tokens_work)
{
    BOOST_TEST(run(await_in_many_ways(executor(), authorizer(), buy(), buy(10, Principal()))) == 3);
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancellation_ends_the_wait_and_keeps_the_request)
{
    asio::cancellation_signal signal;
    std::optional<Told> told;
    boost::system::error_code code;
    async_authorize(executor(), waiting(), buy(), asio::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code ec, Told given) {
                        code = ec;
                        told = std::move(given);
                    }));
    pass(1s);
    BOOST_TEST(!told.has_value());
    signal.emit(asio::cancellation_type::terminal);
    pass(0s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST((code == make_error_code(Errc::cancelled)));
    BOOST_TEST(is(*told, Errc::cancelled));
    provider->approve();
    pass(5s);
    BOOST_TEST(run(authorizer().authorize(buy())).has_value());
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_tool_is_called_and_what_its_handler_throws_is_a_failure)
{
    std::optional<Output> sold;
    std::optional<Output> broken;
    auto const good = tool<Order>("buy_stock", "sells", sell);
    auto const bad = tool<Order>("buy_stock", "breaks", break_down);
    async_call(executor(), good, buy(), [&](boost::system::error_code, Output given) { sold = std::move(given); });
    async_call(executor(), bad, buy(), [&](boost::system::error_code, Output given) { broken = std::move(given); });
    pass(0s);
    BOOST_REQUIRE(sold.has_value());
    BOOST_TEST(sold->value() == "sold ZEKO");
    BOOST_REQUIRE(broken.has_value());
    BOOST_REQUIRE(broken->has_failure());
    BOOST_TEST(broken->failure().detail().find("the machine is broken") != std::string_view::npos);
}

// --- other coroutine types ---

namespace {

Task ask_here(asio::any_io_executor executor, AnyAuthorizer authorizer, ToolCall call, std::optional<Told>& told)
{
    told = co_await async_authorize(executor, authorizer, call, foreign_awaiter());
}

Task ask_on_a_scheduler(asio::any_io_executor executor, AnyAuthorizer authorizer, ToolCall call, QueueHook hook, std::optional<Told>& told)
{
    told = co_await async_authorize(executor, authorizer, call, foreign_awaiter(hook));
}

Task ask_with_slot(asio::any_io_executor executor, AnyAuthorizer authorizer, ToolCall call, asio::cancellation_slot slot,
                   std::optional<Told>& told)
{
    auto token = foreign_awaiter();
    token.cancelled_by(slot);
    told = co_await async_authorize(executor, authorizer, call, token);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_foreign_coroutine_awaits_and_is_resumed_where_the_operation_ran)
{
    person("approve");
    std::optional<Told> told;
    ask_here(executor(), waiting(), buy(), told);
    BOOST_TEST(!told.has_value());
    pass(10s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->has_value());
}

BOOST_AUTO_TEST_CASE(a_foreign_coroutine_is_resumed_by_its_own_scheduler_only)
{
    Queue queue;
    std::optional<Told> told;
    ask_on_a_scheduler(executor(), authorizer(), buy(), QueueHook(queue), told);
    pass(0s);
    BOOST_TEST(!told.has_value());
    BOOST_REQUIRE(queue.size() == 1u);
    queue.front().resume();
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(is(*told, InterruptKind::pending));
}

BOOST_AUTO_TEST_CASE(a_foreign_coroutine_is_cancelled_by_a_slot)
{
    asio::cancellation_signal signal;
    std::optional<Told> told;
    ask_with_slot(executor(), waiting(), buy(), signal.slot(), told);
    pass(1s);
    signal.emit(asio::cancellation_type::terminal);
    pass(0s);
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(is(*told, Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_foreign_coroutine_is_resumed_when_the_context_goes)
{
    std::optional<Told> told;
    {
        asio::io_context other(1);
        ask_here(other.get_executor(), authorizer(), buy(), told);
        BOOST_TEST(!told.has_value());
    }
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(is(*told, Errc::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
