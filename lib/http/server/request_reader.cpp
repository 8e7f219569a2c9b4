#include "http/server/request_reader.hpp"

#include "http/characters.hpp"
#include "http/url.hpp"

#include <assent/secret.hpp>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace assent::http {

namespace beast = boost::beast;
using boost::beast::error_code;

namespace {

constexpr std::size_t max_fields = 128;
constexpr std::size_t max_reserved_body = 64 * 1024;

}  // namespace

/// Beast's grammar, straight into the request.
class RequestReader::Parser final : public beast::http::basic_parser<true> {
public:
    Parser(HttpServerRequest& request, std::size_t max_header, std::size_t max_body) : request_(request), max_body_(max_body)
    {
        header_limit(static_cast<std::uint32_t>(max_header));
        body_limit(max_body);
        eager(true);
    }

    std::string target;
    bool is_current = false;
    int hosts = 0;
    bool expects_continue = false;
    int status = 400;  ///< To refuse with, when it fails.

private:
    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view text, int version, error_code& error) override
    {
        error = {};
        is_current = version >= 11;
        request_.method.assign(method.data(), method.size());
        target.assign(text.data(), text.size());
    }

    void on_response_impl(int, beast::string_view, int, error_code&) override {}

    void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value, error_code& error) override
    {
        error = {};
        if (in_trailer_)
            return;  // a trailer must not change what the header said (RFC 9110 6.5.1)
        if (request_.headers.size() >= max_fields) {
            error = beast::http::error::header_limit;
            return;
        }
        if (field == beast::http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
            status = 501;
            error = beast::http::error::bad_transfer_encoding;
            return;
        }
        if (!is_value(std::string_view(value.data(), value.size()))) {
            error = beast::http::error::bad_value;
            return;
        }
        if (field == beast::http::field::host)
            ++hosts;
        if (field == beast::http::field::expect && beast::iequals(value, "100-continue"))
            expects_continue = true;
        request_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }

    void on_header_impl(error_code& error) override
    {
        error = {};
        in_trailer_ = true;
    }

    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) override
    {
        error = {};
        if (length)
            request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, max_reserved_body)));
    }

    std::size_t on_body_impl(beast::string_view part, error_code& error) override
    {
        error = {};
        request_.body.append(part.data(), part.size());
        return part.size();
    }

    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code& error) override { error = {}; }

    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view part, error_code& error) override
    {
        error = {};
        if (request_.body.size() + part.size() > max_body_) {
            error = beast::http::error::body_limit;
            return 0;
        }
        request_.body.append(part.data(), part.size());
        return part.size();
    }

    void on_finish_impl(error_code& error) override { error = {}; }

    HttpServerRequest& request_;
    std::size_t max_body_;
    bool in_trailer_ = false;
};

RequestReader::RequestReader(std::size_t max_header, std::size_t max_body)
    : parser_(std::make_unique<Parser>(request_, max_header, max_body))
{
}

RequestReader::~RequestReader() = default;

int RequestReader::take(std::string& input)
{
    while (!input.empty() && !parser_->is_done()) {
        begun_ = true;
        error_code error;
        std::size_t const used = parser_->put(boost::asio::buffer(std::as_const(input)), error);
        wipe(input.data(), used);
        input.erase(0, used);
        if (error == beast::http::error::need_more)
            break;
        if (error == beast::http::error::header_limit)
            return 431;
        if (error == beast::http::error::body_limit)
            return 413;
        if (error)
            return parser_->status;
        if (parser_->is_header_done() && !checked_) {
            checked_ = true;
            if (int const refused = check_head())
                return refused;
        }
        if (used == 0)
            break;
    }
    return 0;
}

int RequestReader::check_head()
{
    if (parser_->hosts > 1 || (parser_->hosts == 0 && is_current()))
        return 400;
    std::string_view target = parser_->target;
    if (!target.starts_with('/')) {  // the absolute form, which proxies are sent (RFC 9112 3.2.2)
        auto const url = parse_url(target);
        if (!url)
            return 400;
        target = url.value().target;
    }
    if (!is_target(target) || target.find('#') != target.npos)
        return 400;
    auto const end = std::min(target.find('?'), target.size());
    request_.path.assign(target.substr(0, end));
    if (request_.path.empty())
        request_.path = "/";
    request_.query_string.assign(target.substr(std::min(end + 1, target.size())));
    return 0;
}

bool RequestReader::complete() const
{
    return parser_->is_done();
}

bool RequestReader::expects_continue()
{
    return parser_->is_header_done() && !parser_->is_done() && parser_->expects_continue && is_current() &&
           !std::exchange(continued_, true);
}

bool RequestReader::keeps_alive() const
{
    return parser_->keep_alive();
}

bool RequestReader::is_current() const
{
    return parser_->is_current;
}

HttpServerRequest RequestReader::request()
{
    return std::move(request_);
}

}  // namespace assent::http
