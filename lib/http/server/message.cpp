#include <assent/http_server.hpp>

#include <assent/secret.hpp>

#include <boost/url/parse_query.hpp>

#include <algorithm>

namespace assent {

namespace {

void append_line(std::string& out, std::string_view name, std::string_view text)
{
    out.append(name).append(": ");
    std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
    out += '\n';
}

}  // namespace

HttpServerRequest::HttpServerRequest(std::string method_name, std::string_view target) : method(std::move(method_name))
{
    auto const end = std::min(target.find('?'), target.size());
    path.assign(target.substr(0, end));
    query_string.assign(target.substr(std::min(end + 1, target.size())));
}

HttpServerRequest::~HttpServerRequest()
{
    wipe(body);
    wipe(query_string);
}

std::string_view HttpServerRequest::header(std::string_view name) const noexcept
{
    return headers.find(name).value_or(std::string_view());
}

std::optional<std::string> HttpServerRequest::query(std::string_view name) const
{
    auto const parameters = boost::urls::parse_query(query_string);
    if (!parameters)
        return std::nullopt;
    boost::urls::encoding_opts form;
    form.space_as_plus = true;
    for (auto const parameter : *parameters) {
        if (parameter.key.decode(form) == name)
            return parameter.value.decode(form);
    }
    return std::nullopt;
}

std::optional<std::string> HttpServerRequest::cookie(std::string_view name) const
{
    for (auto const& [field, value] : headers) {
        if (field.size() != 6 || (field != "Cookie" && field != "cookie"))
            continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            auto const end = std::min(rest.find(';'), rest.size());
            std::string_view pair = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            while (pair.starts_with(' '))
                pair.remove_prefix(1);
            auto const equals = pair.find('=');
            if (equals != pair.npos && pair.substr(0, equals) == name)
                return std::string(pair.substr(equals + 1));
        }
    }
    return std::nullopt;
}

HttpServerResponse::HttpServerResponse(int status_code, std::string content_type, std::string text)
    : status(status_code), body(std::move(text))
{
    headers.add("Content-Type", content_type);
}

HttpServerResponse HttpServerResponse::stream(std::string content_type, HttpBody writer)
{
    HttpServerResponse response(200);
    response.headers.add("Content-Type", content_type);
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("X-Accel-Buffering", "no");
    response.body_writer = std::move(writer);
    return response;
}

HttpServerResponse HttpServerResponse::reset()
{
    HttpServerResponse response;
    response.resets = true;
    return response;
}

std::string server_sent_event(std::string_view name, std::string_view data, std::string_view id)
{
    std::string event;
    event.reserve(data.size() + name.size() + id.size() + 32);
    if (!name.empty())
        append_line(event, "event", name);
    if (!id.empty())
        append_line(event, "id", id);
    for (;;) {  // a line may end in CR LF, CR or LF
        auto const end = data.find_first_of("\r\n");
        append_line(event, "data", data.substr(0, end));
        if (end == data.npos)
            break;
        data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    event += '\n';
    return event;
}

std::string server_sent_comment(std::string_view text)
{
    std::string comment;
    append_line(comment, "", text);
    return comment + '\n';
}

}  // namespace assent
