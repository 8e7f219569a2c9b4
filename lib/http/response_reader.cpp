#include "response_reader.hpp"

#include "whole_response.hpp"

#include <assent/secret.hpp>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace assent::http {

namespace beast = boost::beast;
using boost::beast::error_code;

namespace {

constexpr std::size_t max_fields = 256;
constexpr std::size_t max_reserved_body = 64 * 1024;
constexpr std::size_t least_chunk = 5;

/// Beast's grammar, straight into an HttpResponse: no second container in between.
class Parser final : public beast::http::basic_parser<false> {
public:
    Parser(HttpResponse& response, std::size_t max_header, std::size_t max_body, BodySink const* sink)
        : response_(response), max_body_(max_body), sink_(sink)
    {
        header_limit(static_cast<std::uint32_t>(max_header));
        body_limit(max_body);
    }

    bool too_large() const noexcept { return too_large_; }
    bool bad_coding() const noexcept { return bad_coding_; }
    /// The sink wants no more.
    bool stopped() const noexcept { return stopped_; }

private:
    void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, error_code&) override {}

    void on_response_impl(int code, beast::string_view, int, error_code& error) override
    {
        error = {};
        response_.status = code;
        if (code < 100)
            error = beast::http::error::bad_status;
    }

    void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value, error_code& error) override
    {
        error = {};
        if (in_trailer_)
            return;  // a trailer must not change what the header said (RFC 9110 6.5.1)
        if (field == beast::http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
            bad_coding_ = true;
            error = beast::http::error::bad_transfer_encoding;
            return;
        }
        if (response_.headers.size() >= max_fields) {
            too_large_ = true;
            error = beast::http::error::header_limit;
            return;
        }
        response_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }

    void on_header_impl(error_code& error) override
    {
        error = {};
        in_trailer_ = true;
    }

    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) override
    {
        error = {};
        if (length && sink_ == nullptr)
            response_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, max_reserved_body)));
    }

    std::size_t on_body_impl(beast::string_view text, error_code& error) override
    {
        error = {};
        if (text.size() > max_body_ - body_size_) {
            too_large_ = true;
            error = beast::http::error::body_limit;
            return 0;
        }
        body_size_ += text.size();
        if (sink_ == nullptr || response_.status / 100 != 2) {
            append(text);
        } else if (!(*sink_)(std::string_view(text.data(), text.size()))) {
            stopped_ = true;
            error = beast::http::error::end_of_stream;
        }
        return text.size();
    }

    void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code& error) override { error = {}; }

    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view text, error_code& error) override
    {
        return on_body_impl(text, error);
    }

    void on_finish_impl(error_code& error) override { error = {}; }

    /// Grows without leaving a part of the body behind in freed memory.
    void append(beast::string_view text)
    {
        std::string& body = response_.body;
        if (body.capacity() - body.size() < text.size()) {
            std::string larger;
            larger.reserve(std::min(std::max(body.capacity() * 2, body.size() + text.size()), std::max(max_body_, std::size_t(64))));
            larger.append(body);
            wipe(body);
            body.swap(larger);
        }
        body.append(text.data(), text.size());
    }

    HttpResponse& response_;
    std::size_t max_body_;
    std::size_t body_size_ = 0;
    BodySink const* sink_;
    bool in_trailer_ = false;
    bool too_large_ = false;
    bool bad_coding_ = false;
    bool stopped_ = false;
};

}  // namespace

struct ResponseReader::Impl {
    HttpResponse response;
    std::optional<Parser> parser;
    std::unique_ptr<char[]> buffer;
    std::size_t capacity = 0;
    std::size_t used = 0;
    std::size_t max_header = 0;
    std::size_t max_body = 0;
    std::size_t header_seen = 0;
    Kind kind = Kind::answer;
    BodySink const* sink = nullptr;
    bool begun = false;
    bool whole = false;  ///< The answer came in one piece and was read without the parser.
    std::optional<Failure> failure;

    ~Impl() { wipe(buffer.get(), used); }

    /// The parser is made when it is needed, which for most answers it is not.
    Parser& current()
    {
        if (!parser) {
            parser.emplace(response, max_header, max_body, sink);
            parser->skip(kind == Kind::tunnel);
        }
        return *parser;
    }

    void next_message()
    {
        parser.reset();
        whole = false;
        response.headers.wipe();
        wipe(response.body);
        response.status = 0;
    }

    Status fail(Errc code, std::string detail)
    {
        failure.emplace(code, std::move(detail));
        return Status::failed;
    }

    Status fail(error_code error)
    {
        if (parser->bad_coding())
            return fail(Errc::malformed_response, "the answer has a Transfer-Encoding other than chunked");
        if (error == beast::http::error::header_limit || parser->too_large())
            return fail(Errc::response_too_large, parser->is_header_done() ? too_large_body() : too_large_header());
        if (error == beast::http::error::body_limit)
            return fail(Errc::response_too_large, too_large_body());
        if (error == beast::http::error::partial_message || error == beast::http::error::end_of_stream)
            return fail(Errc::connection_reset, "the connection was closed before the answer was complete");
        return fail(Errc::malformed_response, "the answer is not HTTP/1.1: " + error.message());
    }

    std::string too_large_header() const
    {
        return "the answer's header has more than " + std::to_string(max_header) + " bytes or " + std::to_string(max_fields) +
               " fields; raise max_header";
    }

    std::string too_large_body() const
    {
        return "the answer's body has more than " + std::to_string(max_body) + " bytes; raise max_body";
    }

    /// Bytes [0, size) of the buffer have been read.
    void consume(std::size_t size)
    {
        if (size == 0)
            return;
        std::size_t const rest = used - size;
        if (rest != 0)
            std::memmove(buffer.get(), buffer.get() + size, rest);
        wipe(buffer.get() + rest, size);
        used = rest;
    }

    Status parse()
    {
        std::size_t done = 0;
        if (!begun && kind == Kind::answer) {
            begun = true;
            done = read_whole_response({buffer.get(), used}, max_header, max_body, response);
            if (done != 0) {
                whole = true;
                consume(done);
                if (sink != nullptr && response.status / 100 == 2) {
                    (*sink)(response.body);
                    wipe(response.body);
                }
                return Status::complete;
            }
        }
        begun = true;
        Status const status = parse_from(done);
        consume(done);
        return status;
    }

    Status parse_from(std::size_t& done)
    {
        while (done < used) {
            // Beast asserts that there is more of a last chunk than this once it has seen a part of it. From anywhere in a chunked
            // body at least "0 CR LF CR LF" is to come, so waiting for that does no harm.
            if (current().is_header_done() && parser->chunked() && used - done < least_chunk)
                break;
            bool const in_header = !parser->is_header_done();
            error_code error;
            std::size_t const size = parser->put(boost::asio::const_buffer(buffer.get() + done, used - done), error);
            done += size;
            if (parser->stopped())
                return Status::complete;
            if (error && error != beast::http::error::need_more)
                return fail(error);
            if (in_header) {
                // Beast bounds what is left of a header; this bounds all of it, interim answers included.
                header_seen += size;
                if (header_seen > max_header || (!parser->is_header_done() && header_seen + used - done >= max_header))
                    return fail(Errc::response_too_large, too_large_header());
                parser->eager(parser->is_header_done());
            }
            if (parser->is_done()) {
                if (response.status / 100 != 1)
                    return Status::complete;
                if (response.status == 101)
                    return fail(Errc::malformed_response, "the server switched protocols, which was not asked for");
                next_message();
                continue;
            }
            if (error)
                break;
        }
        if (used - done == capacity)
            return current().is_header_done()
                       ? fail(Errc::malformed_response, "the answer is not HTTP/1.1: a chunk's header or the trailer is too long")
                       : fail(Errc::response_too_large, too_large_header());
        return Status::need_more;
    }
};

ResponseReader::ResponseReader() : impl_(std::make_unique<Impl>()) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::start(std::size_t max_header, std::size_t max_body, Kind kind, BodySink const* sink)
{
    if (impl_->capacity < max_header) {
        auto larger = std::make_unique<char[]>(max_header);
        std::copy_n(impl_->buffer.get(), impl_->used, larger.get());
        wipe(impl_->buffer.get(), impl_->used);
        impl_->buffer = std::move(larger);
        impl_->capacity = max_header;
    }
    impl_->max_header = max_header;
    impl_->max_body = max_body;
    impl_->header_seen = 0;
    impl_->kind = kind;
    impl_->sink = sink;
    impl_->begun = false;
    impl_->failure.reset();
    impl_->next_message();
}

std::span<char> ResponseReader::space()
{
    return {impl_->buffer.get() + impl_->used, impl_->capacity - impl_->used};
}

ResponseReader::Status ResponseReader::received(std::size_t size)
{
    impl_->used += size;
    return size == 0 ? Status::need_more : impl_->parse();
}

ResponseReader::Status ResponseReader::ended()
{
    if (!impl_->current().got_some())
        return impl_->fail(Errc::connection_reset, "the connection was closed before the answer began");
    error_code error;
    impl_->parser->put_eof(error);
    return error ? impl_->fail(error) : Status::complete;
}

bool ResponseReader::begun() const noexcept
{
    return impl_->begun;
}

bool ResponseReader::reusable() const noexcept
{
    return impl_->used == 0 && (impl_->whole || (impl_->parser && impl_->parser->is_done() && impl_->parser->keep_alive()));
}

std::size_t ResponseReader::extra() const noexcept
{
    return impl_->used;
}

HttpResponse& ResponseReader::answer() noexcept
{
    return impl_->response;
}

Failure ResponseReader::failure() const
{
    return impl_->failure.value_or(Failure(Errc::no_result));
}

}  // namespace assent::http
