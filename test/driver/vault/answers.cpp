// What the server answers to an exchange, and what a caller is told: consent, misconfiguration and trouble are never confused.
#include "support/vault_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using assent::test::VaultFixture;

BOOST_FIXTURE_TEST_SUITE(vault_answers, VaultFixture)

BOOST_AUTO_TEST_CASE(each_error_has_its_type)
{
    struct Row {
        char const* error;
        int status;
        std::optional<Errc> failure;  // none: consent is needed
        char const* reason;
    };
    Row const rows[] = {
        {"federated_connection_refresh_token_not_found", 401, std::nullopt, "not_connected"},
        {"federated_connection_refresh_token_flow_failed", 401, std::nullopt, "consent_required"},
        {"invalid_grant", 403, std::nullopt, "consent_required"},
        {"consent_required", 403, std::nullopt, "consent_required"},
        {"interaction_required", 400, std::nullopt, "consent_required"},
        {"login_required", 400, std::nullopt, "consent_required"},
        {"invalid_client", 401, Errc::invalid_client, ""},
        {"unauthorized_client", 403, Errc::unauthorized_client, ""},
        {"invalid_request", 400, Errc::invalid_request, ""},
        {"invalid_scope", 400, Errc::invalid_scope, ""},
        {"invalid_target", 400, Errc::invalid_target, ""},
        {"unsupported_grant_type", 400, Errc::unsupported_grant_type, ""},
        {"access_denied", 403, Errc::server_refused, ""},
        {"mfa_required", 403, Errc::server_refused, ""},
        {"something_new", 400, Errc::server_refused, ""},
        {"too_many_requests", 429, Errc::temporarily_unavailable, ""},
        {"server_error", 500, Errc::temporarily_unavailable, ""},
        {"something_new", 503, Errc::temporarily_unavailable, ""},
    };
    for (auto const& row : rows) {
        VaultFixture f;
        f.answers = [&row](std::size_t, Form const&) {
            auto response = json_answer(row.status, {{"error", row.error}, {"error_description", "their words"}});
            response.headers.add("X-Request-Id", "req-1");
            return response;
        };
        auto const answer = f.authorize(f.vault());
        ServerReply const* server = nullptr;
        if (row.failure) {
            BOOST_REQUIRE_MESSAGE(is(answer, *row.failure), row.error << ": " << describe(answer));
            BOOST_TEST(answer.failure().message().find("their words") == std::string::npos);
            server = answer.failure().server();
        }
        else {
            BOOST_REQUIRE_MESSAGE(is(answer, InterruptKind::consent_needed), row.error << ": " << describe(answer));
            BOOST_TEST(reason_of(answer.interrupt()) == row.reason);
            BOOST_TEST(answer.interrupt().code() == "TOKEN_VAULT_ERROR");
            BOOST_TEST(answer.interrupt().message().find("their words") == std::string::npos);
            server = answer.interrupt().server();
        }
        BOOST_REQUIRE_MESSAGE(server != nullptr, row.error);
        BOOST_TEST(server->error == row.error);
        BOOST_TEST(server->description == "their words");
        BOOST_TEST(server->request_id == "req-1");
        BOOST_TEST(server->status == row.status);
        bool const retried = row.failure == Errc::temporarily_unavailable;
        BOOST_TEST(f.exchanges() == (retried ? 3u : 1u), row.error);
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(trouble_is_retried_and_gone_unnoticed)
{
    using Reply = std::optional<result<HttpResponse>>;
    std::vector<Reply> const troubles{HttpResponse(500, "<html>"),
                                       HttpResponse(200, "not json"),
                                       error("too_many_requests", 429, "1"),
                                       result<HttpResponse>(Errc::connection_reset),
                                       result<HttpResponse>(Errc::timed_out),
                                       result<HttpResponse>(Errc::connect_failed)};
    for (auto const& trouble : troubles) {
        VaultFixture f;
        f.answers = [&trouble](std::size_t n, Form const&) -> Reply { return n < 2 ? trouble : std::nullopt; };
        BOOST_TEST(token_of(f.authorize(f.vault())) == "third-party-secret-3");
        f.teardown();
    }
}

BOOST_AUTO_TEST_CASE(lasting_trouble_is_told_as_such_and_never_as_consent)
{
    answers = [](std::size_t, Form const&) { return result<HttpResponse>(Errc::connection_reset); };
    auto authorizer = vault();
    auto const first = authorize(authorizer);
    BOOST_REQUIRE_MESSAGE(is(first, Errc::connection_reset), describe(first));
    BOOST_TEST((first.failure() == Condition::retryable));
    BOOST_TEST(exchanges() == 3u);
    answers = nullptr;
    BOOST_TEST(authorize(authorizer).has_value());
}

BOOST_AUTO_TEST_CASE(retry_after_is_obeyed)
{
    answers = [](std::size_t n, Form const&) -> std::optional<result<HttpResponse>> {
        return n == 0 ? std::optional<result<HttpResponse>>(error("too_many_requests", 429, "3")) : std::nullopt;
    };
    auto const begun = clock->now();
    BOOST_TEST(authorize(vault()).has_value());
    BOOST_TEST((clock->now() - begun >= 3s));
    BOOST_TEST((clock->now() - begun < 4s));
}

BOOST_AUTO_TEST_CASE(a_long_retry_after_is_for_the_caller_and_for_all_callers)
{
    answers = [](std::size_t n, Form const&) -> std::optional<result<HttpResponse>> {
        return n == 0 ? std::optional<result<HttpResponse>>(error("too_many_requests", 429, "60")) : std::nullopt;
    };
    auto authorizer = vault();
    auto const first = authorize(authorizer);
    BOOST_REQUIRE_MESSAGE(is(first, Errc::temporarily_unavailable), describe(first));
    BOOST_TEST((first.failure().server()->retry_after == 60s));
    pass(59s);
    BOOST_TEST(is(authorize(authorizer), Errc::temporarily_unavailable));
    BOOST_TEST(is(authorize(vault()), Errc::temporarily_unavailable));
    BOOST_TEST(exchanges() == 1u);
    pass(2s);
    BOOST_TEST(authorize(authorizer).has_value());
}

BOOST_AUTO_TEST_CASE(a_server_that_hangs_ends_in_time)
{
    provider->hang = [](HttpRequest const&) { return true; };
    auto const begun = clock->now();
    BOOST_TEST(is(authorize(vault()), Errc::timed_out));
    BOOST_TEST((clock->now() - begun <= 30s));
}

BOOST_AUTO_TEST_CASE(a_function_that_fails_fails_the_call_and_nothing_is_sent)
{
    auto const throwing = google().refresh_token([]() -> std::string { throw std::runtime_error("session gone"); });
    auto const answer = authorize(vault(throwing));
    BOOST_REQUIRE_MESSAGE(is(answer, Errc::invalid_argument), describe(answer));
    BOOST_TEST(answer.failure().detail().find("session gone") != std::string_view::npos);
    BOOST_TEST(exchanges() == 0u);
}

BOOST_AUTO_TEST_CASE(tokens_of_another_type_are_refused)
{
    answers = [](std::size_t, Form const&) {
        return json_answer(200, {{"access_token", "t"}, {"token_type", "mac"}, {"expires_in", 60}});
    };
    BOOST_TEST(is(authorize(vault()), Errc::server_refused));
}

BOOST_AUTO_TEST_SUITE_END()
