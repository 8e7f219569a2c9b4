#include "tenant/web/pages.hpp"

#include "http/url.hpp"
#include "tenant/web/html.hpp"
#include "tenant/web/inbox_view.hpp"
#include "tenant/web/page_files.hpp"

#include <assent/secret.hpp>

#include <algorithm>

namespace assent::tenant {

namespace {

constexpr std::string_view html_type = "text/html; charset=utf-8";
constexpr std::size_t most_people = 200;

HttpServerResponse asset(std::string_view name, std::string type)
{
    HttpServerResponse response(200, std::move(type), std::string(page_file(name)));
    response.header("Cache-Control", "no-cache").header("X-Content-Type-Options", "nosniff");
    if (name.ends_with(".svg"))
        response.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return response;
}

/// Where a browser may be sent after it signed in: a page of ours.
std::string safe_next(std::string_view next)
{
    for (std::string_view const known : {"/activate", "/connect"}) {
        auto const rest = next.substr(0, known.size()) == known ? next.substr(known.size()) : std::string_view("x");
        if ((rest.empty() || rest.starts_with('?')) && http::is_target(next) && next.size() < 1024)
            return std::string(next);
    }
    return "/inbox";
}

std::string encoded(std::string_view text)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/')
            out += c;
        else
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

std::string origin_of(std::string_view url)
{
    auto const parsed = http::parse_url(url);
    return parsed ? std::string(url.substr(0, url.size() - parsed.value().target.size())) : std::string();
}

/// A form that somebody else's page has sent is refused.
bool is_own_form(HttpServerRequest const& request, Parameters const& form, Browser const& browser, std::string_view origin)
{
    return request.header("Origin") == origin && equal_in_constant_time(form.get("csrf"), browser.csrf);
}

}  // namespace

Pages::Pages(OauthCore& core, std::string cookie_name, bool tls) : core_(core), cookie_name_(std::move(cookie_name)), tls_(tls) {}

Browser const* Pages::signed_in(std::string_view cookie, Time now)
{
    auto const* const browser = browsers_.find(cookie, now);
    return browser != nullptr && !browser->subject.empty() ? browser : nullptr;
}

Browser const* Pages::signed_in(HttpServerRequest const& request, Time now)
{
    auto const cookie = request.cookie(cookie_name_);
    return cookie ? signed_in(*cookie, now) : nullptr;
}

Browser& Pages::browser_of(HttpServerRequest const& request, Time now)
{
    auto const cookie = request.cookie(cookie_name_);
    auto* const known = cookie ? browsers_.find(*cookie, now) : nullptr;
    return known != nullptr ? *known : browsers_.make(now);
}

void Pages::keep(HttpServerResponse& response, Browser const& browser) const
{
    response.header("Set-Cookie", cookie_name_ + "=" + browser.cookie + "; Path=/; HttpOnly; SameSite=Lax" + (tls_ ? "; Secure" : ""));
}

std::optional<HttpServerResponse> Pages::handle(HttpServerRequest const& request, std::string_view origin, Time now)
{
    std::string_view const path = request.path;
    bool const get = request.method == "GET" || request.method == "HEAD";
    bool const post = request.method == "POST";
    if (path == "/assets/style.css")
        return asset("style.css", "text/css; charset=utf-8");
    if (path == "/assets/inbox.js")
        return asset("inbox.js", "text/javascript; charset=utf-8");
    if (path == "/assets/icon.svg" || path == "/favicon.ico")
        return asset("icon.svg", "image/svg+xml");
    if (path == "/")
        return redirect("/inbox");
    bool const ours = path == "/inbox" || path == "/login" || path == "/logout" || path == "/inbox/decide" || path == "/activate" || path == "/connect";
    if (!ours)
        return std::nullopt;
    Browser& browser = browser_of(request, now);
    if (get) {
        if (path == "/login")
            return login_page(request, browser);
        if (browser.subject.empty())
            return sign_in_first(request, browser);
        if (path == "/inbox")
            return inbox_page(browser, now);
        if (path == "/activate")
            return activate_page(request, browser, now);
        if (path == "/connect")
            return connect_page(request, browser, now);
    }
    if (!post)
        return message(405, browser, "bad", "Not so", "This page cannot be asked for in this way.");
    auto const form = Parameters::from_form(request.body);
    if (!form || !is_own_form(request, *form, browser, origin))
        return message(403, browser, "bad", "Not from this page", "The form did not come from a page of this tenant in this browser. Nothing was changed.");
    if (path == "/login")
        return login(*form, browser);
    if (path == "/logout") {
        std::string const was = browser.subject;
        Browser const& next = browsers_.renew(browser, {});
        if (on_sign_out && !was.empty())
            on_sign_out(was);
        auto response = redirect("/login");
        keep(response, next);
        return response;
    }
    if (browser.subject.empty())
        return message(403, browser, "bad", "Nobody is signed in", "Sign in first. Nothing was changed.");
    if (path == "/inbox/decide")
        return decide(request, *form, browser, now);
    if (path == "/activate")
        return activate(*form, browser, now);
    if (path == "/connect")
        return connect(*form, browser, now);
    return message(405, browser, "bad", "Not so", "This page cannot be asked for in this way.");
}

HttpServerResponse Pages::page(int status, std::string_view title, std::string const& body, Browser const& browser, std::string_view head,
                               std::string_view form_target)
{
    std::string header;
    if (!browser.subject.empty()) {
        auto const* const user = core_.user_of(browser.subject);
        header = fill("header.html", {{"csrf", browser.csrf}, {"user", user != nullptr ? user->name() : browser.subject}});
    }
    std::string const text =
        fill("layout.html", {{"title", title}, {"head", head}, {"header", header}, {"body", body}, {"issuer", core_.issuer()}});
    HttpServerResponse response(status, std::string(html_type), text);
    // A browser follows a form's redirect only to where form-action allows.
    std::string policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
                         "frame-ancestors 'none'; form-action 'self'";
    if (!form_target.empty())
        policy.append(" ").append(form_target);
    response.header("Content-Security-Policy", std::move(policy))
        .header("X-Frame-Options", "DENY")
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "same-origin")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header("Cache-Control", "no-store");
    keep(response, browser);
    return response;
}

HttpServerResponse Pages::message(int status, Browser const& browser, std::string_view kind, std::string_view title, std::string_view text)
{
    std::string_view const sign = kind == "good" ? "\u2713" : kind == "bad" ? "!" : "\u2715";
    bool const in = !browser.subject.empty();
    return page(status, title,
                fill("message.html", {{"kind", kind},
                                      {"sign", sign},
                                      {"title", title},
                                      {"text", text},
                                      {"link", in ? "/inbox" : "/login"},
                                      {"link_text", in ? "To the inbox" : "Sign in"}}),
                browser);
}

HttpServerResponse Pages::redirect(std::string_view location) const
{
    HttpServerResponse response(303);
    response.header("Location", std::string(location)).header("Cache-Control", "no-store").header("Referrer-Policy", "same-origin");
    return response;
}

HttpServerResponse Pages::sign_in_first(HttpServerRequest const& request, Browser const& browser) const
{
    std::string target = request.path;
    if (!request.query_string.empty())
        target += '?' + request.query_string;
    auto const next = safe_next(target);
    auto response = redirect(next == "/inbox" ? "/login" : "/login?next=" + encoded(next));
    keep(response, browser);
    return response;
}

HttpServerResponse Pages::login_page(HttpServerRequest const& request, Browser const& browser)
{
    std::string people;
    std::size_t shown = 0;
    for (auto const& user : core_.config().users()) {
        if (shown++ < most_people)
            people += fill("person.html", {{"name", user.name()}, {"initial", initial_of(user.name())}, {"subject", user.subject()}});
    }
    auto const next = safe_next(request.query("next").value_or(""));
    std::string anybody;
    if (core_.config().any_user())
        anybody = fill("any_person.html", {{"csrf", browser.csrf}, {"next", next}});
    return page(200, "Sign in", fill("login.html", {{"csrf", browser.csrf}, {"next", next}, {"people", people}, {"anybody", anybody}}), browser);
}

HttpServerResponse Pages::login(Parameters const& form, Browser& browser)
{
    auto const* const user = core_.user_named(form.get("user"));
    if (user == nullptr)
        return message(400, browser, "bad", "Unknown user", "There is nobody of that name in this tenant.");
    std::string const was = browser.subject;
    Browser const& next = browsers_.renew(browser, user->subject());
    if (on_sign_out && !was.empty())
        on_sign_out(was);
    auto response = redirect(safe_next(form.get("next")));
    keep(response, next);
    return response;
}

HttpServerResponse Pages::inbox_page(Browser const& browser, Time now)
{
    InboxView const view(core_, browser.subject, browser.csrf, now);
    return page(200, "Inbox", view.page(), browser, "<script src=\"/assets/inbox.js\" defer></script>");
}

HttpServerResponse Pages::decide(HttpServerRequest const& request, Parameters const& form, Browser const& browser, Time now)
{
    std::string_view const decision = form.get("decision");
    if (decision != "approve" && decision != "deny")
        return message(400, browser, "bad", "No decision", "Approve or deny. Nothing was changed.");
    if (!core_.find_approval(form.get("id"), browser.subject))
        return message(403, browser, "bad", "Not yours", "There is no such request for you. Nothing was changed.");
    if (!core_.decide(form.get("id"), browser.subject, decision == "approve", now))
        return message(409, browser, "bad", "Too late", "The request was decided before, or has expired.");
    if (request.header("Accept") == "application/json")
        return HttpServerResponse(204);
    return redirect("/inbox");
}

HttpServerResponse Pages::activate_page(HttpServerRequest const& request, Browser const& browser, Time now)
{
    auto const code = request.query("user_code").value_or("");
    auto const sign_in = core_.find_sign_in(code, now);
    if (!sign_in) {
        std::string const error =
            code.empty() ? std::string() : fill("activate_error.html", {{"text", "No device waits with this code. It may have expired."}});
        std::string_view const invalid = code.empty() ? "" : "aria-invalid=\"true\" aria-describedby=\"code-error\"";
        return page(code.empty() ? 200 : 404, "Connect a device",
                    fill("activate_code.html", {{"code", std::string_view(code).substr(0, 32)}, {"error", error}, {"invalid", invalid}}), browser);
    }
    std::string const client = core_.client_title(sign_in->grant.client_id);
    std::string const shown = sign_in->user_code.substr(0, 4) + '-' + sign_in->user_code.substr(4);
    return page(200, "Connect a device",
                fill("activate_confirm.html", {{"client", client},
                                               {"initial", initial_of(client)},
                                               {"code", shown},
                                               {"csrf", browser.csrf},
                                               {"scopes", scopes_html(sign_in->grant.scopes, sign_in->grant.audience, "It may use")}}),
                browser);
}

HttpServerResponse Pages::activate(Parameters const& form, Browser const& browser, Time now)
{
    std::string_view const decision = form.get("decision");
    if (decision != "approve" && decision != "deny")
        return message(400, browser, "bad", "No decision", "Say yes or no. Nothing was changed.");
    if (!core_.decide_sign_in(form.get("user_code"), browser.subject, decision == "approve", now))
        return message(409, browser, "bad", "Too late", "No device waits with this code any more.");
    if (decision == "approve")
        return message(200, browser, "good", "Connected", "Your device goes on by itself. You may close this page.");
    return message(200, browser, "none", "Not connected", "The device was told that you said no.");
}

HttpServerResponse Pages::connect_page(HttpServerRequest const& request, Browser const& browser, Time now)
{
    auto const ticket = request.query("ticket").value_or("");
    auto const* const one = core_.find_connecting(ticket, now);
    if (one == nullptr)
        return message(404, browser, "bad", "Nothing to connect", "The link was used before, or has expired. Begin again where you came from.");
    if (one->subject != browser.subject)
        return message(403, browser, "bad", "Not yours", "This link was made for somebody else. Switch the user to follow it.");
    std::string choices;
    std::size_t number = 0;
    for (auto const& scope : one->scopes)
        choices += fill("choice.html", {{"number", std::to_string(number++)}, {"scope", scope}});
    if (choices.empty())
        choices = "<p>To know who you are.</p>";
    std::string const connection = core_.connection_title(one->connection);
    auto const* const user = core_.user_of(one->subject);
    std::string const back = origin_of(one->redirect_uri);
    return page(200, connection,
                fill("connect.html", {{"connection", connection},
                                      {"initial", initial_of(connection)},
                                      {"client", core_.client_title(one->client_id)},
                                      {"user", user != nullptr ? user->name() : one->subject},
                                      {"csrf", browser.csrf},
                                      {"ticket", ticket},
                                      {"choices", choices},
                                      {"host", back}}),
                browser, {}, back);
}

HttpServerResponse Pages::connect(Parameters const& form, Browser const& browser, Time now)
{
    std::string_view const decision = form.get("decision");
    auto const* const one = core_.find_connecting(form.get("ticket"), now);
    if (one == nullptr || (decision != "approve" && decision != "deny"))
        return message(409, browser, "bad", "Too late", "The link was used before, or has expired. Begin again where you came from.");
    if (one->subject != browser.subject)
        return message(403, browser, "bad", "Not yours", "This link was made for somebody else. Nothing was changed.");
    std::vector<std::string> chosen;
    for (auto const& [name, value] : form.all()) {
        if (name.starts_with("scope_"))
            chosen.push_back(value);
    }
    return redirect(core_.decide_connecting(form.get("ticket"), browser.subject, decision == "approve", now, &chosen));
}

}  // namespace assent::tenant
