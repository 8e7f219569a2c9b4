#pragma once

#include "support/signing_key.hpp"

#include <assent/clock.hpp>
#include <assent/http_client.hpp>

#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

/// The form parameters of a request's body.
std::map<std::string, std::string> form_of(HttpRequest const& request);

/// A provider of a flow that waits for a person, without sockets: an HttpClient that answers as Auth0 would, remembers every request
/// with its time, and lets the test decide for the person and inject faults.
class FakeProvider : public HttpClient {
public:
    struct Pending {
        std::string subject;              ///< Who decides.
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

    awaitable<result<HttpResponse>> send(HttpRequest request) override;

    static constexpr char const* domain = "tenant.example";

    /// The latest request.
    Pending& latest();
    void approve() { latest().decision = "approve"; }
    void deny() { latest().decision = "access_denied"; }
    /// Requests that began something.
    std::size_t starts() const { return count(start_path_); }
    std::size_t polls() const { return count("/oauth/token"); }
    std::size_t count(std::string_view path) const;
    /// When the token endpoint was asked, in seconds after the first start.
    std::vector<long> poll_times() const;

    std::vector<Seen> seen;
    std::vector<std::pair<std::string, Pending>> pending;  ///< By auth_req_id or device_code.
    std::optional<int> interval = 5;
    std::chrono::seconds expires_in{300};
    std::string client_secret = "client-secret";  ///< Empty: of a public client.
    Fault fault;
    /// The request is processed, then its answer is lost.
    std::function<bool(HttpRequest const&)> lose_answer;
    /// Changes what a token response says.
    std::function<void(boost::json::object&)> alter_tokens;
    /// Changes the claims of an ID token.
    std::function<void(boost::json::object&)> alter_claims;
    /// Requests that get no answer: they fail with timed_out at their deadline.
    std::function<bool(HttpRequest const&)> hang;

protected:
    /// @param id_parameter what names a pending request at the token endpoint.
    FakeProvider(std::shared_ptr<Clock> clock, std::string start_path, std::string id_parameter);

    virtual HttpResponse start(std::map<std::string, std::string> form) = 0;
    /// Claims that only this flow has.
    virtual void add_claims(boost::json::object& claims, std::string const& id) const;

    static HttpResponse json_response(int status, boost::json::object const& body);
    static HttpResponse error_response(std::string_view error, int status = 400);
    virtual int error_status(std::string_view error) const;
    std::chrono::system_clock::time_point now() const { return clock_->now(); }

private:
    result<HttpResponse> answer(HttpRequest const& request);
    HttpResponse token(std::map<std::string, std::string> form);

    std::shared_ptr<Clock> clock_;
    std::string start_path_;
    std::string id_parameter_;
    SigningKey key_;
};

}  // namespace assent::test
