// A user's test: the test kit, on manual time and without a network.
#include <assent/assent.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <iostream>

int main() {
    assent::testing::IoContextFixture fixture;
    assent::testing::ScriptedHttpClient http(fixture.clock);
    http.expect(assent::HttpMethod::get, "/hello").respond(200, "{}").respond_after(std::chrono::hours(1));
    assent::HttpRequest request(assent::HttpMethod::get, "https://example.com/hello");
    auto const answer = fixture.run(http.send(std::move(request)));
    http.verify();
    fixture.teardown();
    std::cout << answer.value().status << '\n';
    return answer.value().status == 200 ? 0 : 1;
}
