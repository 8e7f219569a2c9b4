#pragma once

#include "tenant/oauth/core.hpp"
#include "tenant/web/browsers.hpp"

#include <assent/http_server.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace assent::tenant {

/// The pages for people: sign-in, inbox, /activate and the stand-in for a third party's consent page.
///
/// All are for one browser, known by its cookie, and one person, who signed in there. What changes something is a POST that brings the
/// browser's own token and this origin.
class Pages {
public:
    /// @param cookie_name one for each port, because browsers share cookies between the ports of a host.
    Pages(OauthCore& core, std::string cookie_name, bool tls);

    /// Nothing when the path is none of its own. @param origin of the tenant, as the browser calls it: "http://localhost:1234".
    std::optional<HttpServerResponse> handle(HttpServerRequest const& request, std::string_view origin, Time now);
    /// The person whose inbox this browser may watch; null when nobody signed in. The inbox's live part is answered elsewhere.
    Browser const* signed_in(HttpServerRequest const& request, Time now);
    Browser const* signed_in(std::string_view cookie, Time now);

    /// A browser shows somebody else's, or nobody's, from now on.
    std::function<void(std::string_view subject)> on_sign_out;

private:
    /// A page, with what keeps others from framing it, running script in it or knowing about it.
    HttpServerResponse page(int status, std::string_view title, std::string const& body, Browser const& browser, std::string_view head = {},
                            std::string_view form_target = {});
    HttpServerResponse message(int status, Browser const& browser, std::string_view kind, std::string_view title, std::string_view text);
    HttpServerResponse redirect(std::string_view location) const;
    HttpServerResponse sign_in_first(HttpServerRequest const& request, Browser const& browser) const;
    Browser& browser_of(HttpServerRequest const& request, Time now);

    HttpServerResponse login_page(HttpServerRequest const& request, Browser const& browser);
    HttpServerResponse login(Parameters const& form, Browser& browser);
    HttpServerResponse inbox_page(Browser const& browser, Time now);
    HttpServerResponse decide(HttpServerRequest const& request, Parameters const& form, Browser const& browser, Time now);
    HttpServerResponse activate_page(HttpServerRequest const& request, Browser const& browser, Time now);
    HttpServerResponse activate(Parameters const& form, Browser const& browser, Time now);
    HttpServerResponse connect_page(HttpServerRequest const& request, Browser const& browser, Time now);
    HttpServerResponse connect(Parameters const& form, Browser const& browser, Time now);
    void keep(HttpServerResponse& response, Browser const& browser) const;

    OauthCore& core_;
    std::string cookie_name_;
    bool tls_;
    Browsers browsers_;
};

}  // namespace assent::tenant
