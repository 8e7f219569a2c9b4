#pragma once

#include "support/ciba_fixture.hpp"

#include <assent/token_exchange_authorizer.hpp>
#include <assent/token_vault_authorizer.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

/// A vault that exchanges tokens, on manual time: each exchange gives a new one, unless the test says what is answered.
class VaultFixture : public CibaFixture {
public:
    using Form = std::map<std::string, std::string>;
    /// What the vault answers to the form of request number `n`, from 0; nothing: a token.
    using Answers = std::function<std::optional<result<HttpResponse>>(std::size_t n, Form const& form)>;

    VaultFixture()
    {
        provider->fault = [this](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
            return exchange(form_of(request));
        };
    }

    static constexpr char const* calendar = "https://www.googleapis.com/auth/calendar.freebusy";
    static constexpr char const* vault_grant =
        "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";

    static TokenVault google()
    {
        return TokenVault().connection("google-oauth2").scopes({calendar}).refresh_token([] { return std::string("rt-secret"); });
    }
    TokenVaultAuthorizer vault(TokenVault options = google()) { return TokenVaultAuthorizer(runtime, client(), std::move(options)); }

    static ToolCall look(Principal principal = alice(), std::string thread = "thread-1")
    {
        ToolCall call(std::move(principal), "free_busy", boost::json::object());
        call.thread_id(std::move(thread)).call_id("call-1");
        return call;
    }

    Answer authorize(TokenVaultAuthorizer authorizer, ToolCall call = look()) { return run(authorizer.authorize(std::move(call))); }
    outcome<Grant> renew(TokenVaultAuthorizer authorizer, TokenRefusal refusal, ToolCall call = look())
    {
        return run(authorizer.renew(std::move(call), std::move(refusal)));
    }
    static TokenRefusal refusal_of(Answer const& granted, int status = 401)
    {
        TokenRefusal out("google-oauth2");
        out.server.status = status;
        out.access_token = granted.value().tokens().access_token;
        return out;
    }
    static std::string token_of(Answer const& granted)
    {
        return granted.has_value() ? std::string(granted.value().tokens().access_token.expose()) : describe(granted);
    }
    static std::string reason_of(Interrupt const& interrupt)
    {
        return interrupt.consent() != nullptr ? interrupt.consent()->reason : std::string("no consent request");
    }

    /// Exchanges that reached the vault.
    std::size_t exchanges() const { return provider->seen.size(); }

    static HttpResponse json_answer(int status, boost::json::object const& body)
    {
        HttpResponse response(status, boost::json::serialize(body));
        response.headers.add("Content-Type", "application/json");
        return response;
    }
    static HttpResponse token_answer(std::string_view token, int life = 3600, std::optional<std::string> scope = std::nullopt)
    {
        boost::json::object body;
        body.emplace("access_token", token);
        body.emplace("token_type", "Bearer");
        body.emplace("expires_in", life);
        if (scope)
            body.emplace("scope", *scope);
        return json_answer(200, body);
    }

    Answers answers;
    int life = 3600;

private:
    result<HttpResponse> exchange(Form const& form)
    {
        auto const n = requests_++;
        if (answers) {
            if (auto answer = answers(n, form))
                return std::move(*answer);
        }
        return token_answer(fmt::format("third-party-secret-{}", n + 1), life, std::string("openid ") + calendar);
    }

    std::size_t requests_ = 0;
};

}  // namespace assent::test
