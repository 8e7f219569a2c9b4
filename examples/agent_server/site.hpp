#pragma once

#include "home.hpp"
#include "hub.hpp"
#include "metrics.hpp"
#include "sign_in.hpp"

#include <assent/agent.hpp>
#include <assent/connected_accounts.hpp>
#include <assent/http_server.hpp>

#include <boost/json/object.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace demo {

/// What all workers share.
struct Shared {
    Shared(Settings its_settings, Home& its_home) : settings(std::move(its_settings)), home(its_home) {}

    Settings settings;
    Home& home;
    Hub hub;
    SignIn sign_in;
    std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
    std::atomic<bool> draining = false;
};

/// The chat page and its API, for one worker. A person sees their own conversations only: they are kept by who they are.
class Site : public std::enable_shared_from_this<Site> {
public:
    Site(Shared& shared, assent::Agent agent, assent::ConnectedAccounts accounts);

    static assent::awaitable<assent::HttpServerResponse> handle(std::shared_ptr<Site> self, assent::HttpServerRequest request);
    /// The port is known when the server listens.
    void port(std::uint16_t value) { port_ = value; }
    /// Turns that run.
    std::size_t turns() const noexcept { return turns_; }

private:
    class Visitor {
    public:
        Visitor(std::string its_name, std::string its_cookie) : name(std::move(its_name)), cookie(std::move(its_cookie)) {}
        std::string name;
        std::string cookie;
    };
    using Response = assent::HttpServerResponse;
    using Answer = assent::awaitable<Response>;

    Response refusal_of(assent::HttpServerRequest const& request) const;
    std::optional<Visitor> visitor_of(assent::HttpServerRequest const& request) const;
    Answer for_visitor(Visitor visitor, assent::HttpServerRequest request);
    Response sign_in(assent::HttpServerRequest const& request) const;
    Response me(Visitor const& visitor) const;
    Answer chat(Visitor visitor, boost::json::object body);
    Answer conversation(Visitor visitor, std::string chat);
    Answer resume(Visitor visitor, boost::json::object body);
    assent::awaitable<bool> withdraw(assent::Session session, std::string call);
    Answer connect(Visitor visitor, std::string chat);
    Answer connected(Visitor visitor, std::string chat, std::string query);
    Answer events(Visitor visitor);

    assent::Session session_of(Visitor const& visitor, std::string const& chat) const;
    assent::awaitable<boost::json::object> view(assent::Session session);
    static assent::awaitable<void> run_turn(std::shared_ptr<Site> self, assent::Session session, std::string text, std::shared_ptr<Outbox> outbox);
    static assent::awaitable<void> run_resume(std::shared_ptr<Site> self, assent::Session session);
    static assent::awaitable<void> write_all(std::shared_ptr<Outbox> outbox, assent::HttpBodyWriter writer);
    static assent::awaitable<void> write_events(std::shared_ptr<Site> self, std::shared_ptr<Outbox> outbox, std::shared_ptr<void> subscription,
                                                assent::HttpBodyWriter writer);

    Shared& shared_;
    assent::Agent agent_;
    assent::ConnectedAccounts accounts_;
    std::uint16_t port_ = 0;
    std::size_t turns_ = 0;
};

/// What the browsers of a person are told when a conversation of theirs has moved on.
std::string changed_event(std::string const& chat);

}  // namespace demo
