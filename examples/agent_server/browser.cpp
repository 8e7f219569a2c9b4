#include "browser.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace json = boost::json;

namespace demo {
namespace {

json::object parsed(std::string_view text) {
    boost::system::error_code error;
    auto value = json::parse(text, error);
    if (error || !value.is_object())
        throw std::runtime_error("the server answered no JSON object");
    return std::move(value.get_object());
}

/// The data of the last event of that name.
std::string event_data(std::string_view stream, std::string_view name) {
    auto const at = stream.rfind("event: " + std::string(name) + "\n");
    if (at == stream.npos)
        return {};
    constexpr std::string_view data = "data: ";
    auto const from = stream.find(data, at);
    return std::string(stream.substr(from + data.size(), stream.find('\n', from) - from - data.size()));
}

}  // namespace

Browser::Browser(std::shared_ptr<assent::HttpClient> http, std::uint16_t port, std::string name)
    : http_(std::move(http)), origin_("http://127.0.0.1:" + std::to_string(port)), name_(std::move(name)) {}

assent::awaitable<assent::HttpResponse> Browser::post(std::string path, json::object body) {
    assent::HttpRequest request(assent::HttpMethod::post, origin_ + path);
    request.header("Origin", origin_).header("Cookie", "session=" + cookie_).header("X-Csrf-Token", csrf_);
    request.body("application/json", json::serialize(body));
    auto answer = co_await http_->send(std::move(request));
    if (!answer)
        throw std::runtime_error(fmt::format("{} {}: {}", name_, path, answer.failure().message()));
    if (answer.value().status != 200)
        throw std::runtime_error(fmt::format("{} {}: {} {}", name_, path, answer.value().status, answer.value().body.substr(0, 200)));
    co_return std::move(answer).value();
}

assent::awaitable<json::object> Browser::get(std::string path) {
    assent::HttpRequest request(assent::HttpMethod::get, origin_ + path);
    request.header("Cookie", "session=" + cookie_);
    auto const answer = co_await http_->send(std::move(request));
    if (!answer)
        throw std::runtime_error(fmt::format("{} {}: {}", name_, path, answer.failure().message()));
    if (answer.value().status != 200)
        throw std::runtime_error(fmt::format("{} {}: {} {}", name_, path, answer.value().status, answer.value().body.substr(0, 200)));
    co_return parsed(answer.value().body);
}

assent::awaitable<void> Browser::sign_in() {
    json::object body;
    body["name"] = name_;
    auto const answer = co_await post("/api/login", std::move(body));
    auto const cookie = answer.headers.find("Set-Cookie").value_or("");
    cookie_ = cookie.substr(cookie.find('=') + 1, cookie.find(';') - cookie.find('=') - 1);
    auto const me = co_await get("/api/me");
    csrf_ = me.at("csrf").as_string();
}

assent::awaitable<json::object> Browser::say(std::string text) {
    json::object body;
    body["chat"] = "main";
    body["text"] = text;
    auto const answer = co_await post("/chat", std::move(body));
    auto const failed = event_data(answer.body, "failed");
    if (!failed.empty())
        throw std::runtime_error(fmt::format("{}: {}", name_, failed));
    co_return parsed(event_data(answer.body, "state"));
}

assent::awaitable<json::object> Browser::conversation() {
    co_return co_await get("/api/conversation?chat=main");
}

assent::awaitable<json::object> Browser::try_again() {
    json::object body;
    body["chat"] = "main";
    auto const answer = co_await post("/api/resume", std::move(body));
    co_return parsed(answer.body);
}

std::string last_words(json::object const& conversation) {
    std::string out;
    for (auto const& message : conversation.at("messages").as_array()) {
        if (message.at("who") == "agent")
            out = message.at("text").as_string();
    }
    return out;
}

std::size_t cards_of(json::object const& conversation) { return conversation.at("cards").as_array().size(); }

}  // namespace demo
