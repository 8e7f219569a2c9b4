#include "request_text.hpp"

#include "characters.hpp"

#include <charconv>
#include <cstring>

namespace assent::http {

namespace {

bool is_ours(std::string_view name) noexcept
{
    switch (name.size()) {  // most names are none of these by their length alone
    case 2: return equal_without_case(name, "te");
    case 4: return equal_without_case(name, "host");
    case 6: return equal_without_case(name, "expect");
    case 7: return equal_without_case(name, "trailer") || equal_without_case(name, "upgrade");
    case 10: return equal_without_case(name, "connection") || equal_without_case(name, "keep-alive");
    case 14: return equal_without_case(name, "content-length");
    case 16: return equal_without_case(name, "proxy-connection");
    case 17: return equal_without_case(name, "transfer-encoding");
    case 19: return equal_without_case(name, "proxy-authorization");
    default: return false;
    }
}

/// Writes into memory that is known to be large enough.
class Writer {
public:
    explicit Writer(char* at) : at_(at) {}

    Writer& operator<<(std::string_view text) noexcept
    {
        if (!text.empty())
            std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }
    Writer& operator<<(std::size_t number) noexcept
    {
        at_ = std::to_chars(at_, at_ + max_digits, number).ptr;
        return *this;
    }
    char* at() const noexcept { return at_; }

    static constexpr std::size_t max_digits = 20;

private:
    char* at_;
};

/// More than what all the text around the parts of a request needs.
constexpr std::size_t fixed_text = 256;

void write_common(Writer& out, RequestFrame const& frame)
{
    out << " HTTP/1.1\r\nHost: " << frame.host << "\r\n";
    if (!frame.proxy_authorization.empty())
        out << "Proxy-Authorization: " << frame.proxy_authorization << "\r\n";
}

}  // namespace

std::optional<Failure> check_headers(HttpHeaders const& headers)
{
    for (auto const& [name, value] : headers) {
        if (!is_token(name))
            return Failure(Errc::invalid_argument, "a header's name is empty or has a character that is not allowed in it");
        if (!is_value(value))
            return Failure(Errc::invalid_argument, "header " + std::string(name) + ": its value has a control character");
        if (is_ours(name))
            return Failure(Errc::invalid_argument, "header " + std::string(name) + " is set by the client; leave it out");
    }
    return std::nullopt;
}

void append_request(std::string& out, HttpRequest const& request, RequestFrame const& frame)
{
    std::size_t const begin = out.size();
    std::size_t bound = fixed_text + frame.target.size() + 2 * frame.host.size() + frame.user_agent.size() +
                        frame.proxy_authorization.size() + request.body().size();
    for (auto const& [name, value] : request.headers())
        bound += name.size() + value.size() + 4;
    out.resize(begin + bound);
    Writer writer(out.data() + begin);

    writer << to_string(request.method()) << " ";
    if (frame.absolute)
        writer << "http://" << frame.host;
    if (!frame.target.starts_with('/'))
        writer << "/";
    writer << frame.target;
    write_common(writer, frame);
    bool has_user_agent = frame.user_agent.empty();
    for (auto const& [name, value] : request.headers()) {
        has_user_agent = has_user_agent || equal_without_case(name, "user-agent");
        writer << name << ": " << value << "\r\n";
    }
    if (!has_user_agent)
        writer << "User-Agent: " << frame.user_agent << "\r\n";
    if (!request.body().empty() || (request.method() != HttpMethod::get && request.method() != HttpMethod::delete_))
        writer << "Content-Length: " << request.body().size() << "\r\n";
    writer << "\r\n" << request.body();
    out.resize(static_cast<std::size_t>(writer.at() - out.data()));
}

void append_connect(std::string& out, std::string_view authority, RequestFrame const& frame)
{
    std::size_t const begin = out.size();
    out.resize(begin + fixed_text + authority.size() + frame.host.size() + frame.user_agent.size() + frame.proxy_authorization.size());
    Writer writer(out.data() + begin);
    writer << "CONNECT " << authority;
    write_common(writer, frame);
    if (!frame.user_agent.empty())
        writer << "User-Agent: " << frame.user_agent << "\r\n";
    writer << "\r\n";
    out.resize(static_cast<std::size_t>(writer.at() - out.data()));
}

}  // namespace assent::http
