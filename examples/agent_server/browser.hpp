#pragma once

#include <assent/awaitable.hpp>
#include <assent/http_client.hpp>

#include <boost/json/object.hpp>

#include <memory>
#include <string>

namespace demo {

/// A scripted person's browser: the same requests as the page makes, over HTTP.
class Browser {
public:
    Browser(std::shared_ptr<assent::HttpClient> http, std::uint16_t port, std::string name);

    /// @throws std::runtime_error, as the others, when the server does not do what it should.
    assent::awaitable<void> sign_in();
    /// Says something, and waits for the end of the turn. @return the conversation.
    assent::awaitable<boost::json::object> say(std::string text);
    assent::awaitable<boost::json::object> conversation();
    /// "Try again."
    assent::awaitable<boost::json::object> try_again();
    std::string const& name() const noexcept { return name_; }

private:
    assent::awaitable<assent::HttpResponse> post(std::string path, boost::json::object body);
    assent::awaitable<boost::json::object> get(std::string path);

    std::shared_ptr<assent::HttpClient> http_;
    std::string origin_;
    std::string name_;
    std::string cookie_;
    std::string csrf_;
};

/// What the agent said last; empty when it has said nothing.
std::string last_words(boost::json::object const& conversation);
std::size_t cards_of(boost::json::object const& conversation);

}  // namespace demo
