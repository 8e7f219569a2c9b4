#pragma once

#include <assent/http_server.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace assent::http {

/// Takes one HTTP/1.x request in, as it comes.
class RequestReader {
public:
    RequestReader(std::size_t max_header, std::size_t max_body);
    RequestReader(RequestReader const&) = delete;
    RequestReader& operator=(RequestReader const&) = delete;
    ~RequestReader();

    /// Takes what it can from the front of `input`.
    /// @return 0, or the status to refuse with; nothing more can be read then.
    int take(std::string& input);
    bool begun() const noexcept { return begun_; }
    bool complete() const;
    /// The client waits for 100 Continue before it sends the body. Says so once.
    bool expects_continue();
    bool keeps_alive() const;
    /// HTTP/1.1 and not 1.0.
    bool is_current() const;
    /// When complete. Once.
    HttpServerRequest request();

private:
    class Parser;
    int check_head();

    std::unique_ptr<Parser> parser_;
    HttpServerRequest request_;
    bool begun_ = false;
    bool checked_ = false;
    bool continued_ = false;
};

}  // namespace assent::http
