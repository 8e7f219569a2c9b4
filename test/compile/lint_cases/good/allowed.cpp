// Nothing here is to be reported. Read by co_await_lint.py, never compiled.
#include <vector>
#define WAIT(x) co_await send({x}) // a macro's body is the user's business

namespace assent {

BOOST_DESCRIBE_STRUCT(Plain, (), (number))

struct Plain {
    Plain&& name(std::string text) && {
        names_ = {text};
        return std::move(*this);
    }
    int number = 0;
    std::vector<int> numbers{1, 2, 3};
    std::string name = flag ? "a" : "b";
};

enum class Kind : int { first = 1, second };

template <class T> concept Thing = requires(T t) { t.go(); };

Holder::Holder(int a) : a_(a), b_{a} {
    start({1, 2});
}

awaitable<void> named(std::string user, bool flag) {
    Request request{user, {"a", "b"}};
    co_await send(std::move(request));
    co_await send(Request(user), 1, "literal {", '{', std::string("x"));
    co_await send(Request().user(user).scope("a"));
    auto const text = flag ? a : b;
    co_await send(text);
    auto operation = send({user});
    co_await std::move(operation);
    auto [code, bytes] = co_await read(buffer);
    auto& [x, y] = co_await pair();
    auto const& [u, v] = co_await pair();
    bytes[order[0]] = 1;
    bytes[index(1)] = co_await read(buffers[0]);
    if (auto result = co_await send(user); result) {
        use({1, 2});
    } else {
        use(flag ? a : b);
    }
    while (co_await more()) {
        list.push_back({1, 2});
    }
    do {
        co_await step();
    } while (flag ? a : b);
    for (auto& item : list) {
        co_await send(item);
    }
    for (auto& item : {a, b}) {
        co_await send(item);
    }
    switch (co_await kind()) {
    case Kind::first: {
        use(Plain{1});
        break;
    }
    default:
        break;
    }
    try {
        co_await send(user);
    } catch (std::exception const& error) {
        log({error.what()});
    }
    BOOST_OUTCOME_CO_TRY(auto value, co_await send(user));
    BOOST_TEST(value == 1);
    co_return Pair{value, 1};
}

awaitable<void> closures(int& count) {
    co_await run([&] { ++count; });
    co_await run([&count] { ++count; });
    co_await run([this] { go(); });
    co_await run([] { return std::vector<int>{1, 2}; });
    auto task = [count] { return count ? Plain{1} : Plain{2}; };
    co_await run(std::move(task));
    auto executor = co_await this_coro::executor;
    co_spawn(executor, [](int value) -> awaitable<void> { co_await send(value); }(3), detached);
}

[[nodiscard]] awaitable<int> attributes([[maybe_unused]] int number) {
    [[maybe_unused]] auto const size = co_await fetch();
    co_return 1;
}

void not_a_coroutine(std::string user) {
    run([user] { return Plain{1}; });
    auto const other = user.empty() ? Plain{1} : Plain{2};
    int* numbers = new int[3]{1, 2, 3};
    delete[] numbers;
    auto const text = R"(co_await send({x}) ? 1 : 2;)";
    auto const million = 1'000'000 ? Plain{1'0} : Plain{2};
}

/* co_await send({1}); */
auto trailing(int number) -> awaitable<int> {
    co_return co_await fetch(number);
}

auto factory = [](int number) -> awaitable<int> {
    auto values = std::vector<int>{1, 2};
    co_return co_await fetch(number + values[0]);
};

} // namespace assent
