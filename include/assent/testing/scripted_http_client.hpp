#pragma once

#include <assent/clock.hpp>
#include <assent/http_client.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace assent::testing {

/// An HttpClient that answers from a script and remembers what it was asked.
///
/// Each send() takes the next expectation, in order. It never completes before it was suspended once, as with
/// a real connection. What the script does not foresee goes to the function given to otherwise(), or else
/// fails with invalid_argument and is a complaint of verify(). A request with on_body() gets the body of a 2xx
/// answer in parts of 16 bytes.
/// @par Concurrency Single-threaded. @par Lifetime must outlive its operations.
class ScriptedHttpClient final : public HttpClient {
public:
    /// What to do with one request.
    class Expectation {
    public:
        Expectation(HttpMethod method, std::string url_part)
            : method_(method), url_part_(std::move(url_part)) {}

        Expectation& respond(int status, HttpHeaders headers, std::string body);
        /// With `Content-Type: application/json`.
        Expectation& respond(int status, std::string body = {});
        Expectation& fail(Failure failure);
        Expectation& fail(Errc code) { return fail(Failure(code)); }
        /// Answers nothing; completes when cancelled only.
        Expectation& hang();
        /// After the body of respond() the connection fails: a request with on_body() has had its parts.
        Expectation& then_fail(Failure failure);
        Expectation& then_fail(Errc code) { return then_fail(Failure(code)); }
        /// After the body of respond() nothing comes any more; completes when cancelled only.
        Expectation& then_hang();
        /// Answers, or fails, so much later.
        Expectation& respond_after(std::chrono::nanoseconds delay);
        /// Called with the request when it arrives.
        Expectation& inspect(std::function<void(HttpRequest const&)> function);

    private:
        friend class ScriptedHttpClient;
        struct Hang {};
        HttpMethod method_;
        std::string url_part_;
        std::variant<Hang, HttpResponse, Failure> answer_ = HttpResponse(200, {});
        std::variant<std::monostate, Hang, Failure> after_body_;
        std::chrono::nanoseconds delay_{0};
        std::function<void(HttpRequest const&)> inspect_;
    };

    /// @param clock for respond_after().
    explicit ScriptedHttpClient(std::shared_ptr<Clock> clock);
    ~ScriptedHttpClient() override;

    /// Appends to the script: the next request has this method and `url_part` somewhere in its URL.
    Expectation& expect(HttpMethod method, std::string url_part);
    /// Answers what comes when the script is at its end.
    void otherwise(std::function<result<HttpResponse>(HttpRequest const&)> handler);
    /// Request number `n`, from 0, has this end instead, whatever the script says; the script moves on as if
    /// it had answered. With `n` from 0 up, the same test goes once through the failure of every step.
    void fail_at(std::size_t n, Failure failure);
    void fail_at(std::size_t n, Errc code) { fail_at(n, Failure(code)); }
    void fail_at(std::size_t n, HttpResponse response);

    awaitable<result<HttpResponse>> send(HttpRequest request) override;

    /// All requests, in the order they came.
    std::vector<HttpRequest> const& requests() const noexcept;
    /// Expectations that were not used yet.
    std::size_t remaining() const noexcept;
    /// Requests without an answer yet.
    std::size_t outstanding() const noexcept;
    /// Throws std::logic_error when a request was not as expected, or an expectation was not used.
    void verify() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assent::testing
