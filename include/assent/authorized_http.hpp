#pragma once

#include <assent/api_response.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/dpop.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>
#include <assent/token_refusal.hpp>

#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <string>

namespace assent {

namespace detail {
class ToolExecution;
}

/// An HTTP client that attaches tokens itself, and only to requests to the origins that a token was declared for, so that a tool need not
/// hold it. A tool gets one from ToolContext::http().
///
/// A token may go to the origins given to allow() (Tool::calls()) for its name; when none were, to the origins of the https URLs among
/// TokenSet::audience. Other origins get no request at all. Plain http is for loopback hosts only, and only when given to allow().
/// Redirects are answers, they are not followed. The token is in the Authorization header and nowhere else.
///
/// When an API refuses the token (401, or 403 with invalid_token) it is renewed, once, and the request is sent once more: a request that
/// was refused so was not carried out, whatever its method. When more scopes or a stronger sign-in are demanded (RFC 6750 3.1, RFC 9470),
/// or the renewed token is refused as well, the answer holds an interrupt.
///
/// A cheap handle; copies share credentials.
/// @par Concurrency Belongs to the runtime's executor. Any number of requests may be outstanding.
/// @par Lifetime    Operations keep what they need alive.
class AuthorizedHttp {
public:
    /// Obtains other credentials in place of those with a refused token.
    using Renew = std::function<awaitable<outcome<Credentials>>(TokenRefusal)>;

    /// @param runtime its HTTP client and clock are used. @param credentials any number of token sets.
    AuthorizedHttp(Runtime runtime, Credentials credentials);

    /// Declares where the token set of that name may go. Once for every origin; what is declared replaces its audience.
    /// @param url "https://www.googleapis.com"; a path is ignored. http only on a loopback host.
    /// @par Exceptions ConfigurationError when `url` is none of these.
    AuthorizedHttp& allow(std::string token_name, std::string const& url) &;
    /// The key that the token set of that name is bound to (RFC 9449).
    AuthorizedHttp& dpop(std::string token_name, Dpop value) &;
    /// Default: a refusal is an answer like any other.
    AuthorizedHttp& on_refused(Renew function) &;

    /// The same, for the token set of that name only: to choose when several may go to the same origin.
    AuthorizedHttp with(std::string token_name) const;

    /// These send one request, with `Accept: application/json`; a second time as said above.
    ///
    /// @par Completion   with the answer, whatever its status; with a failure when there is none: the errors of HttpClient::send();
    ///                   invalid_argument, before anything is sent: the URL is none, or its origin was not declared for any token, or for
    ///                   several; missing_configuration: no HTTP client, or no key for a bound token.
    /// @par Cancellation terminal. The request may have been sent and carried out.
    /// @par Exceptions   bad_alloc only.
    awaitable<ApiResponse> get(std::string url) const;
    awaitable<ApiResponse> post_json(std::string url, boost::json::value body) const;
    awaitable<ApiResponse> put_json(std::string url, boost::json::value body) const;
    awaitable<ApiResponse> patch_json(std::string url, boost::json::value body) const;
    awaitable<ApiResponse> delete_(std::string url) const;
    /// Any request; one that has an Authorization or DPoP header of its own is refused with invalid_argument.
    awaitable<ApiResponse> send(HttpRequest request) const;

private:
    friend class detail::ToolExecution;
    struct Impl;
    AuthorizedHttp(std::shared_ptr<Impl> impl, std::string name) : impl_(std::move(impl)), name_(std::move(name)) {}

    awaitable<ApiResponse> send_json(HttpMethod method, std::string url, boost::json::value body) const;
    static awaitable<ApiResponse> run(std::shared_ptr<Impl> impl, std::string name, HttpRequest request);

    std::shared_ptr<Impl> impl_;
    std::string name_;  ///< Empty: whichever token may go to the URL.
};

}  // namespace assent
