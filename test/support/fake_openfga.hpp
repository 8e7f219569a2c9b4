#pragma once

#include <assent/fga_client.hpp>
#include <assent/http_client.hpp>
#include <assent/principal.hpp>
#include <assent/runtime.hpp>
#include <assent/testing/manual_clock.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assent::test {

/// An OpenFGA server without sockets, models and inheritance: what was allowed is allowed, everything else is denied. Remembers what it was
/// asked, and lets the test inject faults.
class FakeOpenFga final : public HttpClient {
public:
    /// An answer, a failure, or nothing to go on.
    using Fault = std::function<std::optional<result<HttpResponse>>(HttpRequest const&)>;
    /// Looks at one question, "user relation object": what the server says about it, as JSON, or nothing to go on.
    using Verdict = std::function<std::optional<boost::json::object>(std::string const& question)>;

    explicit FakeOpenFga(std::shared_ptr<testing::ManualClock> clock);

    awaitable<result<HttpResponse>> send(HttpRequest request) override { return http_.send(std::move(request)); }

    void allow(std::string const& user, std::string const& relation, std::string const& object)
    {
        allowed.insert(user + ' ' + relation + ' ' + object);
    }

    std::set<std::string> allowed;
    /// Every question, "user relation object", in the order they came.
    std::vector<std::string> questions;
    /// The bodies of all requests.
    std::vector<boost::json::object> bodies;
    std::vector<std::string> paths;
    Fault fault;
    Verdict verdict;
    /// Objects that list-objects leaves out after so many, as a server does at its limit.
    std::size_t list_limit = 1000;
    /// What list-objects takes.
    std::chrono::milliseconds list_time{0};

private:
    result<HttpResponse> answer(HttpRequest const& request);
    bool ask(boost::json::object const& check, std::optional<boost::json::object>& special);

    std::shared_ptr<testing::ManualClock> clock_;
    testing::ScriptedHttpClient http_;
};

/// A runtime on manual time with a fake OpenFGA, and a client of it.
class FakeOpenFgaFixture : public testing::IoContextFixture {
public:
    FakeOpenFgaFixture();

    static FgaConfig config();
    FgaClient client() const { return FgaClient(runtime, config()); }
    static Principal alice() { return Principal("https://idp.example/", "alice"); }
    static Principal bob() { return Principal("https://idp.example/", "bob"); }

    std::shared_ptr<FakeOpenFga> server = std::make_shared<FakeOpenFga>(clock);
    Runtime runtime{io.get_executor()};
};

}  // namespace assent::test
