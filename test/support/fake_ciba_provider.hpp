#pragma once

#include "support/signing_key.hpp"

#include <assent/http_client.hpp>
#include <assent/clock.hpp>
#include <assent/clock.hpp>

#include <boost/json/array.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::test {

/// The form parameters of a request's body.
std::map<std::string, std::string> form_of(HttpRequest const& request);

/// A CIBA provider without sockets: an HttpClient that answers as Auth0 would, remembers every request with its time, and lets the test
/// decide for the person and inject faults.
class FakeCibaProvider final : public HttpClient {
public:
    struct Pending {
        std::string subject;
        std::map<std::string, std::string> parameters;
        std::string decision;             ///< "", "approve", or an error such as "access_denied"
        std::chrono::system_clock::time_point expires_at;
        std::size_t polls = 0;
        bool used = false;
    };
    struct Seen {
        std::string path;
        std::map<std::string, std::string> form;
        std::chrono::system_clock::time_point at;
    };
    /// Looked at before the provider is: an answer, a failure, or nothing to go on.
    using Fault = std::function<std::optional<result<HttpResponse>>(HttpRequest const&)>;

    explicit FakeCibaProvider(std::shared_ptr<Clock> clock);

    awaitable<result<HttpResponse>> send(HttpRequest request) override;

    static constexpr char const* domain = "tenant.example";

    /// The latest request, or the one of that id.
    Pending& latest();
    void approve() { latest().decision = "approve"; }
    void deny() { latest().decision = "access_denied"; }
    std::size_t pushes() const { return count("/bc-authorize"); }
    std::size_t polls() const { return count("/oauth/token"); }
    std::size_t count(std::string_view path) const;
    /// When the token endpoint was asked, in seconds after the first push.
    std::vector<long> poll_times() const;

    std::vector<Seen> seen;
    std::vector<std::pair<std::string, Pending>> pending;
    std::optional<int> interval = 5;
    std::chrono::seconds expires_in{300};
    Fault fault;
    /// The request is processed, then its answer is lost.
    std::function<bool(HttpRequest const&)> lose_answer;
    /// Changes what a token response says.
    std::function<void(boost::json::object&)> alter_tokens;
    /// Changes the claims of an ID token.
    std::function<void(boost::json::object&)> alter_claims;
    /// Requests that get no answer: they fail with timed_out at their deadline.
    std::function<bool(HttpRequest const&)> hang;

private:
    result<HttpResponse> answer(HttpRequest const& request);
    HttpResponse start(std::map<std::string, std::string> form);
    HttpResponse token(std::map<std::string, std::string> form);

    std::shared_ptr<Clock> clock_;
    SigningKey key_;
    std::size_t ids_ = 0;
};

}  // namespace assent::test
