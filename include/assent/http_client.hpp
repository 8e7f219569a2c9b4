#pragma once

#include <assent/awaitable.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

namespace assent {

/// Port: sends requests. Redirects are not followed, cookies are not kept.
///
/// @par Concurrency Any number of send() may be outstanding; call from the executor the client was made with.
class HttpClient {
public:
    virtual ~HttpClient() = default;

    /// Sends one request and reads its answer.
    ///
    /// @par Completion   with the answer, whatever its status, when its last byte was read.
    /// @par Errors       dns_failed, connect_failed, tls_failed, timed_out, connection_reset, response_too_large,
    ///                   malformed_response, queue_full, cancelled, invalid_argument (URL).
    /// @par Cancellation terminal. The request may have been sent and processed. Completes with Errc::cancelled.
    /// @par Lifetime     the request is moved in; the client must outlive the operation.
    /// @par Exceptions   bad_alloc only.
    virtual awaitable<result<HttpResponse>> send(HttpRequest request) = 0;
};

}  // namespace assent
