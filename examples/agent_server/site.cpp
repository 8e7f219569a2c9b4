#include "site.hpp"

#include "page_files.hpp"
#include "view.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace asio = boost::asio;
namespace json = boost::json;

namespace demo {
namespace {

using Response = assent::HttpServerResponse;

constexpr std::chrono::milliseconds patience{15000};
constexpr std::size_t max_text = 4000;

Response json_answer(int status, json::object const& body) {
    return Response(status, "application/json", json::serialize(body));
}

Response problem(int status, std::string_view message) {
    json::object body;
    body["error"] = message;
    return json_answer(status, body);
}

Response redirect(std::string where) {
    Response out(303);
    out.header("Location", std::move(where));
    return out;
}

std::string event(std::string_view name, json::object const& data) {
    return assent::server_sent_event(name, json::serialize(data));
}

std::string text_of(json::object const& body, char const* name) {
    auto const* const value = body.if_contains(name);
    return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

/// Names of conversations are the page's: letters, digits, hyphens.
bool is_chat(std::string_view text) {
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Response page(std::string_view path) {
    constexpr std::array<std::array<std::string_view, 3>, 5> files{{{"/", "index.html", "text/html; charset=utf-8"},
                                                                    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
                                                                    {"/chat.css", "chat.css", "text/css; charset=utf-8"},
                                                                    {"/style.css", "style.css", "text/css; charset=utf-8"},
                                                                    {"/icon.svg", "icon.svg", "image/svg+xml"}}};
    for (auto const& [its_path, file, type] : files) {
        if (path == its_path)
            return Response(200, std::string(type), std::string(page_file(file)));
    }
    return problem(404, "there is nothing here");
}

void secure(Response& response) {
    response.header("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                                               "form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    response.header("X-Content-Type-Options", "nosniff");
    response.header("Referrer-Policy", "no-referrer");
    if (!response.body_writer)
        response.header("Cache-Control", "no-store");
}

/// Counts what goes on for as long as it lives.
class Counted {
public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    Counted(Counted const&) = delete;
    Counted& operator=(Counted const&) = delete;
    ~Counted() { --count_; }

private:
    std::size_t& count_;
};

}  // namespace

std::string changed_event(std::string const& chat) {
    json::object data;
    data["chat"] = chat;
    return event("changed", data);
}

Site::Site(Shared& shared, assent::Agent agent, assent::ConnectedAccounts accounts)
    : shared_(shared), agent_(std::move(agent)), accounts_(std::move(accounts)) {}

/// Another site's page must not be able to do anything here, nor a name that somebody else points to this machine.
Site::Response Site::refusal_of(assent::HttpServerRequest const& request) const {
    auto const host = request.header("Host");
    auto const port = ":" + std::to_string(port_);
    if (host != "localhost" + port && host != "127.0.0.1" + port && host != "[::1]" + port)
        return problem(421, "this server answers to localhost only");
    if (request.method == "GET" || request.method == "HEAD")
        return Response(200);
    if (request.method != "POST")
        return problem(405, "GET or POST");
    if (request.header("Origin") != "http://" + std::string(host))
        return problem(403, "this was not sent by the page");
    if (!request.header("Content-Type").starts_with("application/json"))
        return problem(415, "JSON is wanted");
    return Response(200);
}

std::optional<Site::Visitor> Site::visitor_of(assent::HttpServerRequest const& request) const {
    auto const cookie = request.cookie("session");
    auto const user = cookie ? shared_.sign_in.user_of(*cookie) : std::nullopt;
    if (!user)
        return std::nullopt;
    return Visitor(*user, *cookie);
}

assent::Session Site::session_of(Visitor const& visitor, std::string const& chat) const {
    return assent::Session(shared_.home.principal(visitor.name), chat);
}

assent::awaitable<Response> Site::handle(std::shared_ptr<Site> self, assent::HttpServerRequest request) {
    auto refusal = self->refusal_of(request);
    if (refusal.status != 200)
        co_return refusal;
    Response out;
    if (request.path == "/healthz") {
        json::object body;
        body["status"] = self->shared_.draining ? "draining" : "ok";
        out = json_answer(self->shared_.draining ? 503 : 200, body);
    } else if (request.path == "/metrics") {
        out = Response(200, "text/plain; version=0.0.4", self->shared_.metrics->text());
    } else if (request.path == "/api/login" && request.method == "POST") {
        out = self->sign_in(request);
    } else if (auto const found = self->visitor_of(request)) {
        Visitor visitor = *found;
        out = co_await self->for_visitor(std::move(visitor), std::move(request));
    } else if (request.path.starts_with("/api/") || request.path == "/chat" || request.path == "/events") {
        out = problem(401, "sign in first");
    } else {
        out = page(request.path);
    }
    secure(out);
    co_return out;
}

Site::Answer Site::for_visitor(Visitor visitor, assent::HttpServerRequest request) {
    auto chat_name = request.query("chat").value_or("");
    if (request.method == "GET") {
        if (request.path == "/api/me")
            co_return me(visitor);
        if (request.path == "/events")
            co_return co_await events(std::move(visitor));
        if (request.path == "/connected") {
            chat_name = request.cookie("chat").value_or("");
            if (!is_chat(chat_name))
                co_return redirect("/");
            auto query = request.query_string;
            co_return co_await connected(std::move(visitor), std::move(chat_name), std::move(query));
        }
        if (request.path != "/api/conversation" && request.path != "/connect")
            co_return page(request.path);
        if (!is_chat(chat_name))
            co_return problem(400, "which conversation?");
        if (request.path == "/connect")
            co_return co_await connect(std::move(visitor), std::move(chat_name));
        co_return co_await conversation(std::move(visitor), std::move(chat_name));
    }
    if (!shared_.sign_in.is_csrf_of(visitor.cookie, request.header("X-Csrf-Token")))
        co_return problem(403, "the page is out of date: reload it");
    boost::system::error_code error;
    auto value = json::parse(request.body, error);
    if (error || !value.is_object())
        co_return problem(400, "a JSON object is wanted");
    auto body = std::move(value.get_object());
    if (request.path == "/api/logout") {
        auto out = json_answer(200, json::object());
        out.header("Set-Cookie", "session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        co_return out;
    }
    if (!is_chat(text_of(body, "chat")))
        co_return problem(400, "which conversation?");
    if (request.path == "/chat")
        co_return co_await chat(std::move(visitor), std::move(body));
    if (request.path == "/api/resume")
        co_return co_await resume(std::move(visitor), std::move(body));
    co_return problem(404, "there is nothing here");
}

Site::Response Site::sign_in(assent::HttpServerRequest const& request) const {
    boost::system::error_code error;
    auto const value = json::parse(request.body, error);
    auto const name = !error && value.is_object() ? text_of(value.get_object(), "name") : std::string();
    if (!SignIn::is_name(name))
        return problem(400, "a name has 1 to 64 letters or digits");
    auto out = json_answer(200, json::object());
    out.header("Set-Cookie", "session=" + shared_.sign_in.cookie_for(name) + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400");
    return out;
}

Site::Response Site::me(Visitor const& visitor) const {
    json::object body;
    body["user"] = visitor.name;
    body["csrf"] = shared_.sign_in.csrf_of(visitor.cookie);
    body["inbox"] = shared_.home.inbox_url();
    body["local"] = shared_.home.is_local();
    return json_answer(200, body);
}

assent::awaitable<json::object> Site::view(assent::Session session) {
    auto messages = co_await agent_.messages(session);
    auto waiting = co_await agent_.interrupts(session);
    json::object out;
    if (messages && waiting)
        out = conversation_view(messages.value(), waiting.value(), shared_.settings.clock->now());
    else
        out["error"] = messages ? waiting.failure().message() : messages.failure().message();
    co_return out;
}

Site::Answer Site::conversation(Visitor visitor, std::string chat) {
    auto session = session_of(visitor, chat);
    auto const body = co_await view(std::move(session));
    co_return json_answer(body.contains("error") ? 503 : 200, body);
}

Site::Answer Site::chat(Visitor visitor, json::object body) {
    auto text = text_of(body, "text");
    if (text.empty() || text.size() > max_text)
        co_return problem(400, "what do you want to say?");
    auto const executor = co_await asio::this_coro::executor;
    auto outbox = std::make_shared<Outbox>(executor);
    auto session = session_of(visitor, text_of(body, "chat"));
    // The turn goes on when the browser goes: what a person has approved happens.
    asio::co_spawn(executor, run_turn(shared_from_this(), std::move(session), std::move(text), outbox), asio::detached);
    co_return Response::event_stream([outbox](assent::HttpBodyWriter writer) { return write_all(outbox, std::move(writer)); });
}

assent::awaitable<void> Site::run_turn(std::shared_ptr<Site> self, assent::Session session, std::string text, std::shared_ptr<Outbox> outbox) {
    Counted const counted(self->turns_);
    assent::RunOptions options;
    options.on_chunk([outbox](assent::ModelChunk chunk) {
        if (chunk.role != assent::Role::model)
            return;
        for (auto const& part : chunk.content) {
            if (auto const* const piece = part.if_text()) {
                json::object data;
                data["text"] = *piece;
                outbox->push(event("text", data));
            }
        }
    });
    assent::Turn turn(std::move(text));
    auto const response = co_await self->agent_.generate(session, std::move(turn), std::move(options));
    if (!response.ok()) {
        json::object data;
        data["error"] = response.failure() == assent::Errc::conflict ? "Decide what is waiting first." : response.failure().message();
        outbox->push(event("failed", data));
    }
    auto const state = co_await self->view(session);
    outbox->push(event("state", state));
    outbox->close();
    self->shared_.hub.tell(session.principal().subject(), changed_event(session.thread_id()));
}

/// "Try again", and "give it up". A card is named by its call: its handle changes whenever the resumer has looked after it.
Site::Answer Site::resume(Visitor visitor, json::object body) {
    auto session = session_of(visitor, text_of(body, "chat"));
    auto const call = text_of(body, "withdraw");
    if (call.empty()) {
        co_await run_resume(shared_from_this(), session);
    } else {
        bool const done = co_await withdraw(session, call);
        if (!done)
            co_return problem(409, "that does not wait any more, or is being looked after: try again in a moment");
    }
    shared_.hub.tell(session.principal().subject(), changed_event(session.thread_id()));
    auto const state = co_await view(session);
    co_return json_answer(200, state);
}

assent::awaitable<bool> Site::withdraw(assent::Session session, std::string call) {
    Counted const counted(turns_);
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    for (int attempt = 0; attempt < 10; ++attempt) {
        auto const waiting = co_await agent_.interrupts(session);
        assent::Resume withdrawal;
        if (waiting) {
            for (auto const& one : waiting.value()) {
                if (one.request().ref == call)
                    withdrawal.withdraw(one.handle());
            }
            if (withdrawal.items().empty())
                co_return false;
            auto const response = co_await agent_.resume(session, std::move(withdrawal));
            if (response.ok())
                co_return true;
        }
        pause.expires_after(std::chrono::milliseconds(150));
        co_await pause.async_wait(asio::use_awaitable);
    }
    co_return false;
}

assent::awaitable<void> Site::run_resume(std::shared_ptr<Site> self, assent::Session session) {
    Counted const counted(self->turns_);
    auto const waiting = co_await self->agent_.interrupts(session);
    if (!waiting || waiting.value().empty())
        co_return;
    assent::Resume all(waiting.value());
    co_await self->agent_.resume(session, std::move(all));
    self->shared_.hub.tell(session.principal().subject(), changed_event(session.thread_id()));
}

Site::Answer Site::connect(Visitor visitor, std::string chat) {
    auto session = session_of(visitor, chat);
    auto const waiting = co_await agent_.interrupts(session);
    auto const principal = session.principal();
    auto const secret = co_await shared_.home.refresh_token(principal);
    if (!waiting || !secret)
        co_return problem(503, "try again in a moment");
    for (auto const& one : waiting.value()) {
        auto const* const consent = one.interrupt().consent();
        if (consent == nullptr)
            continue;
        assent::ConnectAccount account(consent->connection, "http://localhost:" + std::to_string(port_) + "/connected");
        account.scopes(consent->required_scopes).authorization_params(consent->authorization_params);
        auto const link = co_await accounts_.start(principal, secret.value(), std::move(account));
        if (!link)
            co_return problem(502, link.failure().message());
        auto out = redirect(link.value().url);
        out.header("Set-Cookie", "chat=" + chat + "; Path=/connected; HttpOnly; SameSite=Lax; Max-Age=600");
        co_return out;
    }
    co_return redirect("/#" + chat);
}

Site::Answer Site::connected(Visitor visitor, std::string chat, std::string query) {
    auto session = session_of(visitor, chat);
    auto const principal = session.principal();
    auto const secret = co_await shared_.home.refresh_token(principal);
    if (!secret)
        co_return problem(503, "try again in a moment");
    auto const done = co_await accounts_.complete(principal, secret.value(), std::move(query));
    if (done) {
        auto const executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, run_resume(shared_from_this(), std::move(session)), asio::detached);
    }
    co_return redirect("/#" + chat);
}

Site::Answer Site::events(Visitor visitor) {
    auto const user = shared_.home.principal(visitor.name).subject();
    auto const executor = co_await asio::this_coro::executor;
    auto const outbox = std::make_shared<Outbox>(executor);
    auto const subscription = shared_.hub.subscribe(user, outbox);
    if (!subscription)
        co_return problem(429, "this chat is open in too many windows");
    outbox->push(event("hello", json::object()));
    co_return Response::event_stream(
        [self = shared_from_this(), outbox, subscription](assent::HttpBodyWriter writer) { return write_events(self, outbox, subscription, std::move(writer)); });
}

assent::awaitable<void> Site::write_all(std::shared_ptr<Outbox> outbox, assent::HttpBodyWriter writer) {
    for (;;) {
        auto text = co_await outbox->next(patience);
        if (!text)
            co_return;
        auto part = text->empty() ? assent::server_sent_comment() : std::move(*text);
        auto const written = co_await writer.write(std::move(part));
        if (!written)
            co_return;
    }
}

assent::awaitable<void> Site::write_events(std::shared_ptr<Site> self, std::shared_ptr<Outbox> outbox, std::shared_ptr<void> subscription,
                                           assent::HttpBodyWriter writer) {
    self->shared_.metrics->gauge("demo_event_streams", 1);
    std::shared_ptr<void> const leave(nullptr, [metrics = self->shared_.metrics](void*) { metrics->gauge("demo_event_streams", -1); });
    co_await write_all(outbox, std::move(writer));
    static_cast<void>(subscription);  // until here
}

}  // namespace demo
