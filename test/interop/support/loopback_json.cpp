#include "interop/support/loopback_json.hpp"

#include <boost/json.hpp>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace assent::test {
namespace {

[[noreturn]] void fail(std::string_view method, std::string_view url, std::string_view why) {
    std::string text(method);
    text.append(" ").append(url).append(": ").append(why);
    throw std::runtime_error(text);
}

class Socket {
public:
    Socket() : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    Socket(Socket const&) = delete;
    Socket& operator=(Socket const&) = delete;
    ~Socket() {
        if (handle_ >= 0)
            ::close(handle_);
    }
    int handle() const noexcept { return handle_; }

private:
    int handle_;
};

}  // namespace

boost::json::value loopback_json(std::string_view method, std::string_view url,
                                 boost::json::value const& body, std::chrono::seconds timeout) {
    constexpr std::string_view prefix = "http://127.0.0.1:";
    if (!url.starts_with(prefix))
        fail(method, url, "the URL must begin with http://127.0.0.1:PORT");
    std::string_view const rest = url.substr(prefix.size());
    std::uint16_t port = 0;
    char const* const end = rest.data() + rest.size();
    auto const [after_port, bad_port] = std::from_chars(rest.data(), end, port);
    if (bad_port != std::errc())
        fail(method, url, "the URL has no port");
    std::string_view const target(after_port, static_cast<std::size_t>(end - after_port));

    Socket const socket;
    ::timeval const limit = {.tv_sec = timeout.count(), .tv_usec = 0};
    ::setsockopt(socket.handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket.handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.handle(), reinterpret_cast<::sockaddr const*>(&address), sizeof(address)) != 0)
        fail(method, url, std::strerror(errno));

    std::string const text = body.is_null() ? std::string() : boost::json::serialize(body);
    std::string request(method);
    request.append(" ").append(target.empty() ? "/" : target).append(" HTTP/1.1\r\nHost: 127.0.0.1:");
    request.append(std::to_string(port)).append("\r\nConnection: close\r\n");
    request.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(text.size()));
    request.append("\r\n\r\n").append(text);
    for (std::string_view left = request; !left.empty();) {
        ::ssize_t const sent = ::send(socket.handle(), left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            fail(method, url, std::strerror(errno));
        left.remove_prefix(static_cast<std::size_t>(sent));
    }

    std::string answer;
    for (;;) {
        char buffer[16384];
        ::ssize_t const received = ::recv(socket.handle(), buffer, sizeof(buffer), 0);
        if (received < 0)
            fail(method, url, std::strerror(errno));
        if (received == 0)
            break;
        answer.append(buffer, static_cast<std::size_t>(received));
    }
    auto const head = answer.find("\r\n\r\n");
    if (head == std::string::npos || !answer.starts_with("HTTP/1.1 "))
        fail(method, url, "no HTTP answer: " + answer.substr(0, 200));
    std::string const content = answer.substr(head + 4);
    if (answer[9] != '2')
        fail(method, url, answer.substr(9, 3) + " " + content.substr(0, 500));
    if (content.empty())
        return nullptr;
    return boost::json::parse(content);
}

}  // namespace assent::test
