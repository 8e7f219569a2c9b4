#include <assent/api_response.hpp>

#include "core/finite_json.hpp"
#include "protocol/api_error.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent {
namespace {

bool is_success(int status) noexcept { return status >= 200 && status < 300; }
bool is_redirect(int status) noexcept { return status >= 300 && status < 400; }
bool is_transient(int status) noexcept { return status == 408 || status == 425 || status == 429 || status >= 500; }

}  // namespace

ApiResponse::ApiResponse(std::string origin, HttpResponse response)
    : origin_(std::move(origin)), response_(std::move(response))
{
    if (!ok())
        said_ = api_error_text(response_);
}

ApiResponse::ApiResponse(std::string origin, Failure failure) : origin_(std::move(origin)), failure_(std::move(failure)) {}

ApiResponse::ApiResponse(std::string origin, HttpResponse response, Interrupt interrupt)
    : ApiResponse(std::move(origin), std::move(response))
{
    interrupt_ = std::move(interrupt);
}

bool ApiResponse::ok() const noexcept { return !failure_ && !interrupt_ && is_success(response_.status); }

result<boost::json::value> ApiResponse::json() const
{
    if (!ok())
        return failure();
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 64;
    auto value = boost::json::parse(response_.body, error, boost::json::storage_ptr(), options);
    if (error || !is_finite(value))
        return Failure(Errc::malformed_response, fmt::format("{} did not answer with JSON", origin_));
    return value;
}

Interrupt const& ApiResponse::interrupt() const
{
    if (!interrupt_)
        detail::throw_bad_access("the API's answer is no interrupt");
    return *interrupt_;
}

Failure ApiResponse::failure() const
{
    if (failure_)
        return *failure_;
    if (ok())
        return Failure();
    ServerReply reply;
    reply.status = response_.status;
    reply.description = said_;
    if (is_redirect(response_.status))
        return Failure(Errc::server_refused, fmt::format("{} redirects to another place; redirects are not followed", origin_))
            .with_server(std::move(reply));
    auto const code = is_transient(response_.status) ? Errc::temporarily_unavailable : Errc::server_refused;
    return Failure(code, fmt::format("{} answered with status {}", origin_, response_.status)).with_server(std::move(reply));
}

std::string ApiResponse::explain() const
{
    if (ok())
        return {};
    if (interrupt_)
        return fmt::format("{} did not accept the access it was given. {}", origin_, interrupt_->message());
    auto text = fmt::format("The request to {} failed: {}.", origin_, failure().message());
    if (!said_.empty())
        text += fmt::format(" Its own words, untrusted: \"{}\"", said_);
    return text;
}

}  // namespace assent
