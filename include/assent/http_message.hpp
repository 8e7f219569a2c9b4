#pragma once

#include <assent/client_certificate.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

enum class HttpMethod { get = 1, post, put, patch, delete_ };

std::string_view to_string(HttpMethod method) noexcept;

/// Names and values in order. Names compare without case. All are kept in one piece of memory, which is wiped when it is left.
class HttpHeaders {
public:
    /// A name and its value. Valid until the headers change.
    using Field = std::pair<std::string_view, std::string_view>;

    /// Goes over the fields; gives each by value.
    class Iterator {
    public:
        using value_type = Field;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        explicit Iterator(char const* at) noexcept : at_(at) {}
        Field operator*() const noexcept { return field_at(at_); }
        Iterator& operator++() noexcept
        {
            at_ = end_of(**this);
            return *this;
        }
        Iterator operator++(int) noexcept { return std::exchange(*this, Iterator(end_of(**this))); }
        friend bool operator==(Iterator, Iterator) noexcept = default;

    private:
        static char const* end_of(Field const& field) noexcept { return field.second.data() + field.second.size(); }
        char const* at_ = nullptr;
    };

    HttpHeaders() = default;
    HttpHeaders(HttpHeaders const&) = default;
    HttpHeaders(HttpHeaders&& other) noexcept : text_(std::move(other.text_)), size_(std::exchange(other.size_, 0)) {}
    HttpHeaders& operator=(HttpHeaders const& other);
    HttpHeaders& operator=(HttpHeaders&& other) noexcept;
    ~HttpHeaders() { wipe(); }

    /// Adds one; does not replace. Neither part may be longer than 2 GiB.
    void add(std::string_view name, std::string_view value);
    /// Replaces the first of that name, or adds one.
    void set(std::string_view name, std::string_view value);
    /// Makes room, so that adding that many, with so many bytes in names and values together, does not allocate again.
    void reserve(std::size_t fields, std::size_t bytes);
    /// The first value of that name, or nothing.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    Iterator begin() const noexcept { return Iterator(text_.data()); }
    Iterator end() const noexcept { return Iterator(text_.data() + text_.size()); }
    std::size_t size() const noexcept { return size_; }
    /// Overwrites all of them; none is left.
    void wipe() noexcept;

private:
    /// Before each name: the sizes of name and value.
    using Sizes = std::array<std::uint32_t, 2>;
    static Field field_at(char const* at) noexcept
    {
        Sizes sizes;
        std::memcpy(&sizes, at, sizeof sizes);
        at += sizeof sizes;
        return {{at, sizes[0]}, {at + sizes[0], sizes[1]}};
    }
    Iterator find_field(std::string_view name) const noexcept;
    std::string with_room(std::size_t more) const;

    std::string text_;
    std::size_t size_ = 0;
};

/// Takes a part of an answer's body as it comes; false: no more is wanted. Must not throw.
using BodySink = std::function<bool(std::string_view)>;

/// One request. Its body and header values are wiped when it goes, because they carry secrets.
class HttpRequest {
public:
    HttpRequest() = default;
    HttpRequest(HttpMethod method, std::string url) : method_(method), url_(std::move(url)) {}
    HttpRequest(HttpRequest const&) = default;
    HttpRequest(HttpRequest&&) noexcept = default;
    HttpRequest& operator=(HttpRequest const&) = default;
    HttpRequest& operator=(HttpRequest&&) noexcept = default;
    ~HttpRequest();

    HttpRequest& header(std::string_view name, std::string_view value) &
    {
        headers_.add(name, value);
        return *this;
    }
    /// Replaces all headers.
    HttpRequest& headers(HttpHeaders all) &
    {
        headers_ = std::move(all);
        return *this;
    }
    /// Replaces the first header of that name, or adds one.
    HttpRequest& set_header(std::string_view name, std::string_view value) &
    {
        headers_.set(name, value);
        return *this;
    }
    /// Sets the body and its Content-Type.
    HttpRequest& body(std::string_view content_type, std::string text) &;
    /// Sets the body alone, for headers that have its Content-Type already.
    HttpRequest& body(std::string text) &;
    /// From sending to the last byte of the answer, including waiting for a connection. Default: the client's.
    HttpRequest& deadline(std::chrono::milliseconds total) &
    {
        deadline_ = total;
        return *this;
    }
    /// Longest silence of the server while its answer is awaited: before its first byte, and between parts of its body. Default: the
    /// client's. For servers that think for long, or that stream.
    HttpRequest& read_deadline(std::chrono::milliseconds silence) &
    {
        read_deadline_ = silence;
        return *this;
    }
    /// Largest body accepted in the answer, bytes. Default: the client's.
    HttpRequest& max_body(std::size_t bytes) &
    {
        max_body_ = bytes;
        return *this;
    }

    /// Shown to the server if it asks for one in the TLS handshake; https only. Connections are never shared by requests that show
    /// different certificates, or none. Default: the client's for that origin, usually none.
    HttpRequest& certificate(ClientCertificate value) &
    {
        certificate_ = std::move(value);
        return *this;
    }
    /// Hands the body of a 2xx answer over in parts, as they come, instead of keeping it; the answer's body is empty then. Called on
    /// the client's executor, before send() completes; nothing more is read while it runs. When it wants no more, send() completes with
    /// the answer and the connection is closed. max_body() bounds all parts together, as ever.
    HttpRequest& on_body(BodySink sink) &
    {
        on_body_ = std::move(sink);
        return *this;
    }

    HttpMethod method() const noexcept { return method_; }
    /// Absolute, http or https.
    std::string const& url() const noexcept { return url_; }
    HttpHeaders const& headers() const noexcept { return headers_; }
    std::string const& body() const noexcept { return body_; }
    std::optional<std::chrono::milliseconds> deadline() const noexcept { return deadline_; }
    std::optional<std::chrono::milliseconds> read_deadline() const noexcept { return read_deadline_; }
    std::optional<std::size_t> max_body() const noexcept { return max_body_; }
    ClientCertificate const& certificate() const noexcept { return certificate_; }
    /// Null when there is none.
    BodySink const* on_body() const noexcept { return on_body_ ? &on_body_ : nullptr; }
    /// GET, PUT and DELETE may be sent again by a client when the connection broke; POST and PATCH never.
    bool idempotent() const noexcept { return method_ != HttpMethod::post && method_ != HttpMethod::patch; }

private:
    HttpMethod method_ = HttpMethod::get;
    std::string url_;
    HttpHeaders headers_;
    std::string body_;
    std::optional<std::chrono::milliseconds> deadline_;
    std::optional<std::chrono::milliseconds> read_deadline_;
    std::optional<std::size_t> max_body_;
    ClientCertificate certificate_;
    BodySink on_body_;
};

/// One complete answer, of any status. Wiped when it goes: it may carry tokens.
class HttpResponse {
public:
    HttpResponse() = default;
    HttpResponse(int status_code, std::string text) : status(status_code), body(std::move(text)) {}
    HttpResponse(HttpResponse const&) = default;
    HttpResponse(HttpResponse&&) noexcept = default;
    HttpResponse& operator=(HttpResponse const&) = default;
    HttpResponse& operator=(HttpResponse&&) noexcept = default;
    ~HttpResponse();

    int status = 0;
    HttpHeaders headers;
    std::string body;
};

}  // namespace assent
