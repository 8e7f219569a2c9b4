// Handlers of every kind: functions, callbacks, coroutines of other kinds.
#include "support/background.hpp"
#include "support/ciba_fixture.hpp"

#include <assent/handlers.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace tool_handlers_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

void describe_fields(Fields<Order>& fields)
{
    fields(&Order::ticker).description("Symbol of the stock");
    fields(&Order::qty).minimum(1).default_value(1);
}

struct Receipt {
    std::string id;
    std::optional<int> fee;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (id, fee))

/// A lazy coroutine type that knows nothing of Asio.
template <class T>
class Task {
public:
    struct promise_type {
        std::optional<T> value;
        std::exception_ptr error;
        std::coroutine_handle<> awaiting;
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        auto final_suspend() const noexcept
        {
            struct Back {
                bool await_ready() const noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) const noexcept
                {
                    return done.promise().awaiting;
                }
                void await_resume() const noexcept {}
            };
            return Back{};
        }
        void return_value(T its) { value.emplace(std::move(its)); }
        void unhandled_exception() { error = std::current_exception(); }
    };

    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task()
    {
        if (handle_)
            handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting)
    {
        handle_.promise().awaiting = awaiting;
        return handle_;
    }
    T await_resume()
    {
        if (handle_.promise().error)
            std::rethrow_exception(handle_.promise().error);
        return std::move(*handle_.promise().value);
    }

private:
    std::coroutine_handle<promise_type> handle_;
};

}  // namespace tool_handlers_test

namespace {

using namespace tool_handlers_test;
using Output = outcome<json::value>;

class HandlersFixture : public assent::test::CibaFixture {
public:
    template <class Handler>
    static Tool make(Handler handler)
    {
        return tool<Order>("buy", "buys", std::move(handler));
    }
    static ToolCall order(char const* input = R"({"ticker":"ZEKO"})") { return ToolCall(alice(), "buy", json::parse(input)); }
    template <class Handler>
    Output call(Handler handler)
    {
        return run(make(std::move(handler)).call(order()));
    }
    test::Background<Output> start(Tool const& tool) { return test::Background<Output>(io, tool.call(order())); }
};

Receipt plain(Order order, ToolContext& context)
{
    Receipt out;
    out.id = order.ticker + context.call().tool_name();
    return out;
}
int count(Order const& order) { return order.qty; }
void nothing(Order, ToolContext&) {}
result<std::string> failing(Order, ToolContext&) { return Failure(Errc::temporarily_unavailable, "closed"); }
outcome<std::string> interrupting(Order) { return Interrupt(Flow::token_vault, InterruptKind::consent_needed, "connect"); }
int throwing(Order, ToolContext&) { throw std::runtime_error("on fire"); }
void completing(Order order, ToolContext&, Completion<Receipt> completion)
{
    Receipt out;
    out.id = order.ticker;
    out.fee = order.qty;
    completion(std::move(out));
    completion(Errc::temporarily_unavailable);  // too late
}
void throwing_callback(Order, ToolContext&, Completion<int>) { throw std::runtime_error("on fire"); }
void forgetting(Order, ToolContext&, Completion<int>) {}
void refusing(Order, ToolContext&, Completion<void> completion)
{
    completion(Interrupt(Flow::token_vault, InterruptKind::consent_needed, "connect"));
}
void with_error(Order, ToolContext&, std::function<void(boost::system::error_code, int)> done)
{
    done(asio::error::connection_refused, 0);
}
Task<Receipt> foreign(Order order, ToolSnapshot snapshot)
{
    Receipt out;
    out.id = order.ticker + snapshot.call().tool_name();
    co_return out;
}
Task<int> read_stop(ToolSnapshot snapshot, bool* stopped)
{
    *stopped = snapshot.stop_token().stop_requested();
    co_return 1;
}
Task<int> foreign_throwing(Order)
{
    throw std::runtime_error("on fire");
    co_return 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tool_handlers, HandlersFixture)

BOOST_AUTO_TEST_CASE(a_function_is_a_handler)
{
    BOOST_TEST((call(plain).value() == json::parse(R"({"id":"ZEKObuy"})")));
    BOOST_TEST((call(count).value() == 1));
    BOOST_TEST(call(nothing).value().is_null());
    BOOST_TEST((call(failing).failure() == Errc::temporarily_unavailable));
    BOOST_TEST((call(interrupting).interrupt().kind() == InterruptKind::consent_needed));
    BOOST_CHECK_THROW(static_cast<void>(call(throwing)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_handler_may_answer_by_a_callback_at_once)
{
    BOOST_TEST((call(completing).value() == json::parse(R"({"id":"ZEKO","fee":1})")));
    BOOST_TEST((call(refusing).interrupt().kind() == InterruptKind::consent_needed));
    auto const failed = call(with_error);
    BOOST_TEST((failed.failure().code() == asio::error::connection_refused));
    BOOST_CHECK_THROW(static_cast<void>(call(throwing_callback)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_handler_may_answer_by_a_callback_later)
{
    std::optional<Completion<int>> kept;
    auto running = start(make([&](Order, ToolContext&, Completion<int> completion) { kept.emplace(std::move(completion)); }));
    poll();
    BOOST_TEST(!running.done());
    (*kept)(7);
    BOOST_TEST(!running.done());  // it is posted, never run within the callback
    poll();
    BOOST_TEST((running.value().value() == 7));
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_dropped_is_a_failure_not_a_silence)
{
    auto const answer = call(forgetting);
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::no_result));
    BOOST_TEST(answer.failure().detail() == "the tool's handler went away without calling its completion");
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_tells_its_handler_and_waits_for_its_answer)
{
    std::optional<Completion<int>> kept;
    auto running = start(make([&](Order, ToolContext&, Completion<int> completion) { kept.emplace(std::move(completion)); }));
    poll();
    auto const stop = kept->stop_token();
    BOOST_TEST(!stop.stop_requested());
    running.cancel();
    poll();
    BOOST_TEST(stop.stop_requested());
    BOOST_TEST(!running.done());
    kept.reset();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST((running.value().failure() == Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(asio_operations_take_the_completion_and_are_cancelled_with_the_call)
{
    asio::steady_timer timer(io, std::chrono::hours(1));
    auto const wait = make([&](Order, ToolContext&, asio::any_completion_handler<void(boost::system::error_code)> done) {
        timer.async_wait(std::move(done));
    });
    auto running = start(wait);
    poll();
    BOOST_TEST(!running.done());
    running.cancel();
    poll();
    BOOST_REQUIRE(running.done());
    BOOST_TEST((running.value().failure() == Errc::cancelled));
    auto again = start(wait);
    poll();
    timer.cancel();
    poll();
    BOOST_TEST((again.value().failure() == Errc::cancelled));
}

BOOST_AUTO_TEST_CASE(a_callback_may_come_when_the_call_has_gone)
{
    std::optional<Completion<int>> kept;
    {
        asio::io_context short_lived;
        auto const its = make([&](Order, ToolContext&, Completion<int> completion) { kept.emplace(std::move(completion)); });
        test::Background<Output> running(short_lived, its.call(order()));
        short_lived.poll();
        BOOST_REQUIRE(kept.has_value());
    }
    (*kept)(1);
    kept.reset();
}

BOOST_AUTO_TEST_CASE(a_coroutine_of_another_kind_is_a_handler)
{
    BOOST_TEST((call(from_coroutine(foreign)).value() == json::parse(R"({"id":"ZEKObuy"})")));
    auto const failed = call(from_coroutine(foreign_throwing));
    BOOST_REQUIRE(failed.has_failure());
    BOOST_TEST(failed.failure().message().find("on fire") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_coroutine_of_another_kind_runs_where_the_hook_resumes_it)
{
    std::vector<std::coroutine_handle<>> queue;
    auto running = start(make(from_coroutine(foreign, [&](std::coroutine_handle<> handle) { queue.push_back(handle); })));
    poll();
    BOOST_REQUIRE(queue.size() == 1u);
    BOOST_TEST(!running.done());
    queue.front().resume();
    BOOST_TEST(!running.done());
    poll();
    BOOST_TEST((running.value().value() == json::parse(R"({"id":"ZEKObuy"})")));
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_tells_a_coroutine_of_another_kind)
{
    std::vector<std::coroutine_handle<>> queue;
    bool stopped = false;
    auto handler = [&](Order, ToolSnapshot snapshot) { return read_stop(std::move(snapshot), &stopped); };
    auto running = start(make(from_coroutine(handler, [&](std::coroutine_handle<> handle) { queue.push_back(handle); })));
    poll();
    running.cancel();
    poll();
    BOOST_TEST(!running.done());
    queue.at(0).resume();
    poll();
    BOOST_TEST(running.done());
    BOOST_TEST(stopped);
}

BOOST_AUTO_TEST_CASE(what_a_model_is_told_names_the_output_when_it_is_known)
{
    auto const definition = make(completing).definition();
    BOOST_TEST((definition == json::parse(R"({"name":"buy","description":"buys","inputSchema":{"type":"object","properties":{
        "ticker":{"type":"string","description":"Symbol of the stock"},"qty":{"type":"integer","minimum":1,"default":1}},
        "required":["ticker"],"additionalProperties":false},
        "outputSchema":{"type":"object","properties":{"id":{"type":"string"},"fee":{"type":"integer"}},"required":["id"],
                        "additionalProperties":false}})")));
    BOOST_TEST(!make(nothing).definition().contains("outputSchema"));
    BOOST_TEST((make(failing).output_schema() == json::parse(R"({"type":"string"})")));
    BOOST_TEST((make(from_coroutine(foreign)).output_schema() == definition.at("outputSchema")));
    Tool const by_hand("echo", "", [](json::value const& value) -> result<json::value> { return value; },
                       [](json::value, ToolContext&) -> awaitable<Output> { co_return json::value(); });
    BOOST_TEST((by_hand.input_schema() == json::parse(R"({"type":"object"})")));
    BOOST_TEST(by_hand.output_schema().empty());
}

BOOST_AUTO_TEST_CASE(defaults_are_approved_with_the_input)
{
    auto const protected_tool = protect(make([](Order order, ToolContext& context) {
        return json::value(context.call().input().at("qty") == order.qty);
    }), authorizer());
    auto const pending = run(protected_tool.call(order()));
    BOOST_REQUIRE(pending.has_interrupt());
    // What was approved said nothing of a quantity and meant one: to say one is the same, two is another action.
    auto two = order(R"({"ticker":"ZEKO","qty":2})");
    two.resumed(pending.interrupt().handle());
    auto const other = run(protected_tool.call(two));
    BOOST_REQUIRE(other.has_interrupt());
    BOOST_TEST((other.interrupt().kind() == InterruptKind::action_changed));
    auto one = order(R"({"qty":1,"ticker":"ZEKO"})");
    one.resumed(pending.interrupt().handle());
    auto const same = run(protected_tool.call(one));
    BOOST_REQUIRE(same.has_interrupt());
    BOOST_TEST((same.interrupt().kind() == InterruptKind::pending));
}

BOOST_AUTO_TEST_CASE(a_schema_given_as_json_guards_a_tool)
{
    auto schema = json::parse(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
        "properties":{"ticker":{"type":"string"},"qty":{"type":"integer","minimum":1,"default":1}},"required":["ticker"]})").as_object();
    auto const echo = json_tool("buy", "buys", schema, [](json::object input) { return json::value(std::move(input)); });
    BOOST_TEST((run(echo.call(order())).value() == json::parse(R"({"ticker":"ZEKO","qty":1})")));
    auto const refused = run(echo.call(order(R"({"qty":0})")));
    BOOST_TEST(refused.failure().detail() == "/qty: must be at least 1, got 0; /ticker is missing");
    BOOST_TEST(run(echo.call(order("[]"))).failure().detail() == "the input: expected an object, got an array");
    BOOST_TEST(!echo.input_schema().contains("$schema"));
    auto const later = json_tool("buy", "buys", schema, [](json::object input, ToolContext&, Completion<int> completion) {
        completion(static_cast<int>(input.at("qty").as_int64()));
    });
    BOOST_TEST((run(later.call(order())).value() == 1));
    json::object not_an_object;
    not_an_object["type"] = "string";
    BOOST_CHECK_THROW(json_tool("buy", "buys", not_an_object, [](json::object) { return 1; }), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(names_and_descriptions_are_what_every_model_takes)
{
    auto const make_named = [](std::string name, std::string description = "d") { return tool<Order>(std::move(name), std::move(description), nothing); };
    for (auto const* good : {"a", "_", "buy_stock-2", "A9"})
        make_named(good);
    make_named(std::string(64, 'a'));
    for (auto const* bad : {"", "9a", "-a", "a.b", "a b", "a/b", "\xc3\xa4"})
        BOOST_CHECK_THROW(make_named(bad), ConfigurationError);
    BOOST_CHECK_THROW(make_named(std::string(65, 'a')), ConfigurationError);
    std::string umlauts;
    for (int index = 0; index < 1024; ++index)
        umlauts += "\xc3\xa4";
    make_named("a", umlauts);
    BOOST_CHECK_THROW(make_named("a", umlauts + "a"), ConfigurationError);
}

BOOST_AUTO_TEST_SUITE_END()
