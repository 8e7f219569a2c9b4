// Every line that ends in BAD is compiled wrongly, or not at all, by g++ 12. Read by co_await_lint.py, never compiled.

awaitable<void> aggregates(std::string user) {
    co_await send(Request{user});                                 // BAD
    co_await send({user, "x"});                                   // BAD
    co_await send({.user = user});                                // BAD
    co_await send(Wrap(Request{user}));                           // BAD
    auto answer = co_await send(
        first,
        Request{                                                  // BAD
            user,
        });
    auto other = Pair{co_await send(first), 1};                   // BAD
    co_await Request{user}.send();                                // BAD
    co_await send(std::vector<std::string>{"a", "b"});            // BAD
    co_await send(Config{});                                      // BAD
    if (auto result = co_await send(Request{user}); !result) {    // BAD
        co_return;
    }
    while (co_await more({1, 2})) {                               // BAD
    }
    BOOST_OUTCOME_CO_TRY(auto value, co_await send(Request{user})); // BAD
    BOOST_OUTCOME_CO_TRY(auto again, co_await send(first,
                                                   {user}));      // BAD
    co_return Pair{co_await send(first), 2};                      // BAD
}

awaitable<void> ternaries(bool flag) {
    auto text = flag ? co_await fetch() : std::string();          // BAD
    co_await send(flag ? a + b : b);                              // BAD
    co_await send(first, flag                                     // a comment with co_await { inside
                             ? a                                  // BAD
                             : b);
}

awaitable<void> closures(std::string user) {
    co_await run([user] { return user.size(); });                 // BAD
    co_await run([=] { return user.size(); });                    // BAD
    co_await run([copy = user] { return copy.size(); });          // BAD
    co_await run([&other, user]() mutable -> int {                // BAD
        return 1;
    });
    co_spawn(co_await this_coro::executor, [user] { go(user); }, detached); // BAD
    co_await run([this, user](int x) noexcept { return x; });     // BAD
}

awaitable<void> loops() {
    for (auto& text : {a, b}) co_await send(text);                // BAD
    for (auto& text : co_await list({1})) {                       // BAD
        use(text);
    }
}

awaitable<void> macros() {
    BOOST_TEST(co_await fetch() == 1);                            // BAD
    BOOST_REQUIRE_EQUAL(co_await fetch(), 1);                     // BAD
    auto value = BOOST_OUTCOME_CO_TRYX(co_await fetch());         // BAD
}

void lambda_coroutines(std::string user) {
    auto one = [user]() -> awaitable<void> { co_await send(user); };      // BAD
    auto two = [&]() -> awaitable<int> { co_return user.size(); };        // BAD
    co_spawn(executor, [this, user]() -> awaitable<void> {                // BAD
        auto task = send(user);
        co_await std::move(task);
    }, detached);
}

awaitable<int> immediately_called() {
    co_return co_await [](int x) -> awaitable<int> { co_return x; }(1) + co_await fetch(); // BAD
}

BOOST_DESCRIBE_STRUCT(Plain, (), (number))

class Holder {
    awaitable<void> once(int number = 1) && {
        values[order[0]] = number;
        co_await send(Request{number});                           // BAD
    }
    awaitable<void> member(std::string user) const override {
        co_await send(Request{user});                             // BAD
    }
    auto trailing(std::string user) const -> awaitable<void> {
        co_await send(Request{user});                             // BAD
    }
};
