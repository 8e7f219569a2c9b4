// What a browser can and cannot do at the local tenant's pages.

#include "integration/tenant/fixture.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

namespace {

using namespace std::chrono_literals;
using assent::HttpMethod;
using assent::HttpRequest;
using assent::HttpResponse;
using assent::test::quick_tenant;
using assent::test::run_until;
using assent::test::TenantFixture;
using assent::test::text_of;
using assent::testing::LocalTenant;
using assent::testing::TenantClient;
using assent::testing::TenantConfig;
using assent::testing::TenantUser;

/// A person's browser: keeps its cookie, sends Origin with forms, follows nothing.
class PageBrowser {
public:
    explicit PageBrowser(TenantFixture& its_fixture) : fixture(its_fixture), origin(its_fixture.url("")) {}

    HttpResponse get(std::string_view path) { return keep(fixture.send(with_cookie(HttpRequest(HttpMethod::get, fixture.url(path))))); }
    HttpResponse post(std::string_view path, TenantFixture::Form form)
    {
        auto request = with_cookie(HttpRequest(HttpMethod::post, fixture.url(path)));
        if (!origin.empty())
            request.header("Origin", origin);
        request.body("application/x-www-form-urlencoded", fixture.encoded(form));
        return keep(fixture.send(std::move(request)));
    }
    /// With the token of the page that is shown.
    HttpResponse submit(std::string_view path, TenantFixture::Form form)
    {
        form.emplace_back("csrf", csrf);
        return post(path, std::move(form));
    }
    void sign_in(std::string user)
    {
        get("/login");
        BOOST_TEST(submit("/login", {{"user", std::move(user)}}).status == 303);
        get("/inbox");
    }

    TenantFixture& fixture;
    std::string origin;
    std::string cookie;
    std::string csrf;

private:
    HttpRequest with_cookie(HttpRequest request) const
    {
        if (!cookie.empty())
            request.header("Cookie", cookie);
        return request;
    }
    HttpResponse keep(HttpResponse response)
    {
        if (auto const set = response.headers.find("Set-Cookie"))
            cookie = set->substr(0, set->find(';'));
        auto const at = response.body.find("name=\"csrf\" value=\"");
        if (at != response.body.npos)
            csrf = response.body.substr(at + 19, response.body.find('"', at + 19) - at - 19);
        return response;
    }
};

struct TenantPages : TenantFixture {
    std::string ask(std::string_view user = "alice", std::string message = "Buy 10 ZEKO")
    {
        auto form = ciba_request(user);
        form[1].second = std::move(message);
        auto const answer = post_as("agent", "/bc-authorize", std::move(form));
        BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.body);
        return text_of(answer, "auth_req_id");
    }
    std::string waiting(std::string_view user) { return tenant->pending(user).at(0).id; }
    bool is_pending(std::string_view user) { return !tenant->pending(user).empty(); }
};

bool has(std::string_view text, std::string_view part)
{
    return text.find(part) != text.npos;
}

BOOST_FIXTURE_TEST_SUITE(tenant_pages, TenantPages)

BOOST_AUTO_TEST_CASE(a_person_sees_what_is_asked_and_approves_it)
{
    auto const request = ask();
    PageBrowser alice(*this);
    alice.sign_in("alice");
    auto const inbox = alice.get("/inbox");
    BOOST_TEST(has(inbox.body, "Buy 10 ZEKO"));
    BOOST_TEST(has(inbox.body, "stock:trade"));
    BOOST_TEST(has(inbox.body, "For development only"));
    auto const decided = alice.submit("/inbox/decide", {{"id", waiting("alice")}, {"decision", "approve"}});
    BOOST_TEST(decided.status == 303);
    BOOST_TEST(poll(request).status == 200);
    BOOST_TEST(has(alice.get("/inbox").body, "Approved"));
}

BOOST_AUTO_TEST_CASE(a_person_never_sees_or_decides_what_another_was_asked)
{
    auto const request = ask("alice");
    PageBrowser bob(*this);
    bob.sign_in("bob");
    BOOST_TEST(!has(bob.get("/inbox").body, "ZEKO"));
    auto const refused = bob.submit("/inbox/decide", {{"id", waiting("alice")}, {"decision", "approve"}});
    BOOST_TEST(refused.status == 403);
    BOOST_TEST(is_pending("alice"));
    BOOST_TEST(text_of(poll(request), "error") == "authorization_pending");
}

BOOST_AUTO_TEST_CASE(a_form_without_its_token_or_of_another_origin_is_refused)
{
    ask();
    PageBrowser alice(*this);
    alice.sign_in("alice");
    TenantFixture::Form const decision{{"id", waiting("alice")}, {"decision", "approve"}};
    BOOST_TEST(alice.post("/inbox/decide", decision).status == 403);
    auto wrong = decision;
    wrong.emplace_back("csrf", "guess");
    BOOST_TEST(alice.post("/inbox/decide", wrong).status == 403);
    PageBrowser other(*this);
    other.sign_in("alice");
    auto theirs = decision;
    theirs.emplace_back("csrf", other.csrf);  // of another browser
    BOOST_TEST(alice.post("/inbox/decide", theirs).status == 403);
    for (std::string const origin : {"http://evil.example", "null", "", "http://localhost:1"}) {
        PageBrowser foreign = alice;
        foreign.origin = origin;
        BOOST_TEST(foreign.submit("/inbox/decide", decision).status == 403);
        BOOST_TEST(foreign.submit("/logout", {}).status == 403);
        BOOST_TEST(foreign.submit("/activate", {{"user_code", "BBBB-BBBB"}, {"decision", "approve"}}).status == 403);
        BOOST_TEST(foreign.submit("/connect", {{"ticket", "x"}, {"decision", "approve"}}).status == 403);
        BOOST_TEST(foreign.submit("/login", {{"user", "bob"}}).status == 403);
    }
    BOOST_TEST(is_pending("alice"));
    BOOST_TEST(has(alice.get("/inbox").body, "alice"));
}

BOOST_AUTO_TEST_CASE(nobody_decides_without_signing_in)
{
    ask();
    PageBrowser nobody(*this);
    nobody.get("/login");
    BOOST_TEST(nobody.submit("/inbox/decide", {{"id", waiting("alice")}, {"decision", "approve"}}).status == 403);
    BOOST_TEST(nobody.get("/inbox").status == 303);
    BOOST_TEST(nobody.get("/inbox/events").status == 403);
    BOOST_TEST(nobody.submit("/login", {{"user", "mallory"}}).status == 400);
    BOOST_TEST(is_pending("alice"));
}

BOOST_AUTO_TEST_CASE(signing_in_gives_the_browser_another_cookie)
{
    PageBrowser alice(*this);
    alice.get("/login");
    std::string const before = alice.cookie;
    alice.sign_in("alice");
    BOOST_TEST(alice.cookie != before);
    PageBrowser planted(*this);
    planted.cookie = before;
    BOOST_TEST(planted.get("/inbox").status == 303);
    std::string const signed_in = alice.cookie;
    alice.submit("/logout", {});
    planted.cookie = signed_in;
    BOOST_TEST(planted.get("/inbox").status == 303);
}

BOOST_AUTO_TEST_CASE(everything_that_is_shown_is_escaped)
{
    TenantConfig config = quick_tenant();
    config.dialect(assent::testing::TenantDialect::standard).user(TenantUser("<b>eve</b>")).client(TenantClient("agent").title("<i>&\"agent'"));
    make(config);
    auto form = ciba_request("<b>eve</b>");
    form[0].second = "openid <script>alert(1)</script>";
    form[1].second = "<img src=x onerror=alert(1)>";
    form.emplace_back("authorization_details", R"([{"type":"<u>","a<b":"</dd><script>","n":{"x":["<y>"]}}])");
    BOOST_REQUIRE(post_as("agent", "/bc-authorize", form).status == 200);
    PageBrowser eve(*this);
    eve.sign_in("<b>eve</b>");
    for (std::string const path : {"/inbox", "/login", "/activate?user_code=%3Cscript%3E%22"}) {
        auto const page = eve.get(path);
        for (std::string_view const bad : {"<b>", "<i>", "<script>", "<img src=x", "<u>", "</dd><script", "<y>", "\"&\""})
            BOOST_TEST(!has(page.body, bad), path << " has " << bad);
    }
    BOOST_TEST(has(eve.get("/inbox").body, "&lt;img src=x onerror=alert(1)&gt;"));
}

BOOST_AUTO_TEST_CASE(pages_cannot_be_framed_cached_or_run_script_of_others)
{
    PageBrowser alice(*this);
    alice.sign_in("alice");
    for (std::string const path : {"/inbox", "/login", "/activate", "/connect?ticket=x"}) {
        auto const page = alice.get(path);
        auto const policy = page.headers.find("Content-Security-Policy").value_or("");
        BOOST_TEST(has(policy, "default-src 'none'"));
        BOOST_TEST(has(policy, "frame-ancestors 'none'"));
        BOOST_TEST(has(policy, "form-action 'self'"));
        BOOST_TEST(!has(policy, "unsafe"));
        BOOST_TEST(page.headers.find("X-Frame-Options").value_or("") == "DENY");
        BOOST_TEST(page.headers.find("Cache-Control").value_or("") == "no-store");
        auto const cookie = page.headers.find("Set-Cookie").value_or("");
        BOOST_TEST(has(cookie, "HttpOnly"));
        BOOST_TEST(has(cookie, "SameSite=Lax"));
        BOOST_TEST(!has(page.body, "style=\""));
        BOOST_TEST(!has(page.body, "<style"));
        BOOST_TEST(!has(page.body, "onclick"));
        BOOST_TEST(has(page.body, "For development only"));
    }
}

BOOST_AUTO_TEST_CASE(another_hosts_name_for_this_address_is_refused)
{
    for (std::string const host : {"evil.example", "localhost", "localhost.evil.example", "127.0.0.1"}) {
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::address_v4::loopback(), tenant->port()});
        std::string const port = host == "evil.example" ? ":" + std::to_string(tenant->port()) : "";
        boost::asio::write(socket, boost::asio::buffer("GET /inbox HTTP/1.1\r\nHost: " + host + port + "\r\nConnection: close\r\n\r\n"));
        socket.non_blocking(true);
        std::string got;
        run_until(context, [&] {
            char buffer[4096];
            boost::system::error_code error;
            got.append(buffer, socket.read_some(boost::asio::buffer(buffer), error));
            if (error == boost::asio::error::would_block)
                boost::asio::post(context, [] {});
            return error == boost::asio::error::eof;
        });
        BOOST_TEST(got.starts_with("HTTP/1.1 421"));
        BOOST_TEST(!has(got, "Set-Cookie"));
    }
}

BOOST_AUTO_TEST_CASE(only_loopback_addresses_are_listened_on)
{
    for (std::string const address : {"0.0.0.0", "::", "192.168.0.1", "10.0.0.1", "localhost", "", "8.8.8.8", "::ffff:10.0.0.1"}) {
        TenantConfig config = quick_tenant();
        config.address(address);
        BOOST_CHECK_THROW(LocalTenant(context.get_executor(), config), assent::ConfigurationError);
    }
    TenantConfig taken = quick_tenant();
    taken.port(tenant->port());
    BOOST_CHECK_THROW(LocalTenant(context.get_executor(), taken), assent::ConfigurationError);
}

BOOST_AUTO_TEST_CASE(an_inbox_is_told_of_what_is_asked_decided_and_expires)
{
    PageBrowser alice(*this);
    alice.sign_in("alice");
    std::string got;
    HttpRequest request(HttpMethod::get, url("/inbox/events"));
    request.header("Cookie", alice.cookie).on_body([&](std::string_view part) {
        got += part;
        return true;
    });
    std::optional<assent::result<HttpResponse>> end;
    assent::test::start(context, end, http->send(std::move(request)));
    auto const states = [&] {
        std::vector<boost::json::object> out;
        for (std::size_t at = got.find("data: {"); at != got.npos; at = got.find("data: {", at + 1)) {
            auto const stop = got.find("\n\n", at);
            if (stop != got.npos)
                out.push_back(boost::json::parse(got.substr(at + 6, stop - at - 6)).as_object());
        }
        return out;
    };
    run_until(context, [&] { return states().size() == 1; });
    BOOST_TEST(states()[0].at("count") == boost::json::value(0));
    ask("bob");  // of no interest here
    ask("alice");
    run_until(context, [&] { return states().size() == 2; });
    BOOST_TEST(states()[1].at("count") == boost::json::value(1));
    boost::json::value const shown = states()[1].at("pending");
    BOOST_TEST(has(shown.at_pointer("/0/html").as_string(), "Buy 10 ZEKO"));
    BOOST_TEST(!has(got, "bob"));
    tenant->approve(waiting("alice"));
    run_until(context, [&] { return states().size() == 3; });
    BOOST_TEST(states()[2].at("count") == boost::json::value(0));
    BOOST_TEST(has(states()[2].at("history").as_string(), "Approved"));
    auto brief = ciba_request("alice");
    brief.emplace_back("requested_expiry", "1");
    post_as("agent", "/bc-authorize", brief);
    run_until(context, [&] { return states().size() == 5; });
    BOOST_TEST(has(states()[4].at("history").as_string(), "Expired"));
    alice.submit("/logout", {});
    run_until(context, [&] { return end.has_value(); });
    BOOST_TEST(has(got, "event: bye"));
}

BOOST_AUTO_TEST_CASE(a_device_code_is_entered_checked_and_decided_once)
{
    auto const started = post_as("device", "/oauth/device/code", {{"scope", "openid read:data"}});
    std::string const code = text_of(started, "user_code");
    PageBrowser alice(*this);
    BOOST_TEST(alice.get("/activate?user_code=" + code).headers.find("Location").value() == "/login?next=/activate%3Fuser_code%3D" + code);
    alice.sign_in("alice");
    BOOST_TEST(alice.get("/activate?user_code=BBBB-BBBB").status == 404);
    std::string lower;
    for (char const c : code)
        lower += static_cast<char>(std::tolower(c));
    auto const page = alice.get("/activate?user_code=" + lower);
    BOOST_TEST(has(page.body, code));
    BOOST_TEST(has(page.body, "read:data"));
    BOOST_TEST(alice.submit("/activate", {{"user_code", code}, {"decision", "approve"}}).status == 200);
    BOOST_TEST(alice.submit("/activate", {{"user_code", code}, {"decision", "deny"}}).status == 409);
    auto const token = post_as("device", "/oauth/token", {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                                          {"device_code", text_of(started, "device_code")}});
    BOOST_TEST(token.status == 200);
    BOOST_TEST(tenant->inspect(text_of(token, "access_token"))->subject == "auth0|alice");
}

BOOST_AUTO_TEST_CASE(a_link_to_connect_an_account_is_for_one_person)
{
    auto const access = post_as("agent", "/oauth/token", {{"grant_type", "refresh_token"},
                                                          {"refresh_token", std::string(tenant->refresh_token("alice").expose())},
                                                          {"audience", tenant->issuer() + "me/"},
                                                          {"scope", "create:me:connected_accounts"}});
    auto const start = [&](std::string_view redirect) {
        HttpRequest request(HttpMethod::post, url("/me/v1/connected-accounts/connect"));
        request.header("Authorization", "Bearer " + text_of(access, "access_token"));
        boost::json::object body;
        body["connection"] = "slack";
        body["redirect_uri"] = redirect;
        request.body("application/json", boost::json::serialize(body));
        return send(std::move(request));
    };
    BOOST_TEST(start("http://evil.example/cb").status == 400);
    BOOST_TEST(start("javascript:alert(1)").status == 400);
    auto const started = start("http://localhost:3000/cb");
    BOOST_REQUIRE(started.status == 201);
    std::string const ticket(boost::json::parse(started.body).at_pointer("/connect_params/ticket").as_string());
    PageBrowser bob(*this);
    bob.sign_in("bob");
    BOOST_TEST(bob.get("/connect?ticket=" + ticket).status == 403);
    BOOST_TEST(bob.submit("/connect", {{"ticket", ticket}, {"decision", "approve"}}).status == 403);
    PageBrowser alice(*this);
    alice.sign_in("alice");
    auto const page = alice.get("/connect?ticket=" + ticket);
    BOOST_TEST(has(page.body, "Stand-in for the consent page"));
    BOOST_TEST(has(page.headers.find("Content-Security-Policy").value(), "form-action 'self' http://localhost:3000"));
    auto const denied = alice.submit("/connect", {{"ticket", ticket}, {"decision", "deny"}});
    BOOST_TEST(denied.headers.find("Location").value_or("").starts_with("http://localhost:3000/cb?error=access_denied"));
    BOOST_TEST(alice.submit("/connect", {{"ticket", ticket}, {"decision", "approve"}}).status == 409);
}

BOOST_AUTO_TEST_CASE(signing_in_leads_back_to_a_page_of_the_tenant_only)
{
    for (std::string const next : {"https://evil.example/", "//evil.example", "/\\evil.example", "/login", "javascript:alert(1)", "/activatex"}) {
        PageBrowser alice(*this);
        alice.get("/login");
        auto const back = alice.submit("/login", {{"user", "alice"}, {"next", next}});
        BOOST_TEST(back.headers.find("Location").value() == "/inbox");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
