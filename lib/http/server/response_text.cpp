#include "http/server/response_text.hpp"

#include "http/characters.hpp"

#include <boost/beast/http/status.hpp>

#include <chrono>
#include <ctime>

namespace assent::http {

namespace {

/// Fields that belong to the server.
bool is_ours(std::string_view name) noexcept
{
    for (std::string_view const own : {"connection", "content-length", "transfer-encoding", "date", "keep-alive", "upgrade", "trailer"}) {
        if (equal_without_case(name, own))
            return true;
    }
    return false;
}

/// RFC 9110 5.6.7.
std::string date_now()
{
    std::time_t const now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm parts{};
    gmtime_r(&now, &parts);
    static constexpr char const* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char numbers[32];
    std::string text = days[parts.tm_wday % 7];
    text.append(numbers, std::strftime(numbers, sizeof numbers, ", %d ", &parts)).append(months[parts.tm_mon % 12]);
    text.append(numbers, std::strftime(numbers, sizeof numbers, " %Y %H:%M:%S GMT", &parts));
    return text;
}

}  // namespace

bool has_body(int status) noexcept
{
    return status >= 200 && status != 204 && status != 304;
}

bool is_sendable(HttpServerResponse const& response) noexcept
{
    if (response.status < 200 || response.status > 599)
        return false;
    for (auto const& [name, value] : response.headers) {
        if (!is_token(name) || !is_value(value))
            return false;
    }
    return true;
}

bool asks_to_close(HttpServerResponse const& response) noexcept
{
    auto const connection = response.headers.find("Connection");
    return connection && equal_without_case(*connection, "close");
}

std::string head_text(HttpServerResponse const& response, Framing framing)
{
    auto const reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    text.append(reason.data(), reason.size()).append("\r\nDate: ").append(date_now()).append("\r\n");
    for (auto const& [name, value] : response.headers) {
        if (!is_ours(name))
            text.append(name).append(": ").append(value).append("\r\n");
    }
    if (framing.chunked)
        text += "Transfer-Encoding: chunked\r\n";
    else if (has_body(response.status) && !framing.streamed)
        text.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
    text += framing.keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
    return text;
}

}  // namespace assent::http
