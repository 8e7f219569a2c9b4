#pragma once

#include <assent/client_certificate.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

enum class HttpMethod { get = 1, post, put, patch, delete_ };

std::string_view to_string(HttpMethod method) noexcept;

/// Names and values in order. Names compare without case.
class HttpHeaders {
public:
    HttpHeaders() = default;
    /// Adds one; does not replace.
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    /// Replaces the first of that name, or adds one.
    void set(std::string name, std::string value);
    /// Makes room, so that adding that many does not allocate again.
    void reserve(std::size_t fields) { fields_.reserve(fields); }
    /// The first value of that name, or nothing.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }
    std::size_t size() const noexcept { return fields_.size(); }
    /// Overwrites all values.
    void wipe() noexcept;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
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

    HttpRequest& header(std::string name, std::string value) &
    {
        headers_.add(std::move(name), std::move(value));
        return *this;
    }
    /// Replaces the first header of that name, or adds one.
    HttpRequest& set_header(std::string name, std::string value) &
    {
        headers_.set(std::move(name), std::move(value));
        return *this;
    }
    /// Sets the body and its Content-Type.
    HttpRequest& body(std::string content_type, std::string text) &;
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
