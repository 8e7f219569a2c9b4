#pragma once

#include <assent/error.hpp>
#include <assent/http_message.hpp>
#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace assent {

/// What an API answered to AuthorizedHttp, or why it did not.
///
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class ApiResponse {
public:
    /// No answer: no_result.
    ApiResponse() : failure_(Failure()) {}
    /// An answer of any status. @param origin whose it is, for explain().
    ApiResponse(std::string origin, HttpResponse response);
    /// None: the request was not sent, or its answer was lost.
    ApiResponse(std::string origin, Failure failure);
    /// The answer was no, and the person has to act before it can be another. @param response the API's answer.
    ApiResponse(std::string origin, HttpResponse response, Interrupt interrupt);

    /// True for a status of 200 to 299.
    bool ok() const noexcept;
    /// 0 when there was no answer.
    int status() const noexcept { return response_.status; }
    HttpHeaders const& headers() const noexcept { return response_.headers; }
    std::string const& body() const noexcept { return response_.body; }
    /// The body as JSON. @par Errors failure()'s when not ok(); malformed_response.
    result<boost::json::value> json() const;

    /// True when a person has to connect an account or grant more. The tool answers with that interrupt in any case, unless
    /// ToolContext::go_on_without() is called.
    bool has_interrupt() const noexcept { return interrupt_.has_value(); }
    /// @par Exceptions BadAccess when there is none.
    Interrupt const& interrupt() const;

    /// Why it is not ok(): temporarily_unavailable (408, 425, 429, 5xx), server_refused with the API's words apart, or the transport's
    /// error. no_result when it is ok().
    Failure failure() const;

    /// A sentence for the model: what was asked went wrong how. Holds no secret; at most 300 bytes of what the API said, in quotes and called
    /// untrusted. Empty when ok().
    std::string explain() const;

private:
    friend class AuthorizedHttp;

    std::string origin_;
    HttpResponse response_;
    std::optional<Failure> failure_;
    std::optional<Interrupt> interrupt_;
    std::string said_;  ///< What the API said about an error: bounded, printable, without the token.
};

}  // namespace assent
