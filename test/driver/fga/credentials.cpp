#include "support/fake_fga.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>

using namespace assent;
using namespace std::chrono_literals;
using assent::test::checks_of;
using assent::test::FakeFga;
using assent::test::FgaFixture;

namespace {

constexpr auto token_path = "/oauth/token";

/// A FakeFga behind an authorization server: only the newest token is good.
class CredentialsFixture : public FgaFixture {
public:
    CredentialsFixture() {
        server.before = [this](HttpRequest const& request) { return guard(request); };
    }

    std::optional<result<HttpResponse>> guard(HttpRequest const& request) {
        if (request.url().ends_with(token_path)) {
            ++token_requests;
            forms.push_back(request.body());
            if (token_answer)
                return token_answer(token_requests);
            return token(token_requests);
        }
        authorizations.emplace_back(request.headers().find("Authorization").value_or("none"));
        if (!check_token || authorizations.back() == "Bearer token-" + std::to_string(token_requests))
            return std::nullopt;
        return HttpResponse(401, R"({"code":"auth_failed_invalid_bearer_token","message":"stale"})");
    }
    HttpResponse token(int number) const {
        return HttpResponse(200, R"({"access_token":"token-)" + std::to_string(number) +
                                     R"(","token_type":"Bearer","expires_in":)" + std::to_string(lifetime.count()) + "}");
    }

    static FgaConfig settings() {
        auto made = config();
        made.client_credentials("client", Secret("hush"));
        return made;
    }
    CheckResult ask(FgaClient fga) { return run(fga.check(Check("user:anne", "viewer", "doc:1"))); }

    std::chrono::seconds lifetime{3600};
    int token_requests = 0;
    bool check_token = true;
    std::function<std::optional<result<HttpResponse>>(int)> token_answer;
    std::vector<std::string> forms;
    std::vector<std::string> authorizations;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_credentials, CredentialsFixture)

BOOST_AUTO_TEST_CASE(none_are_sent_when_none_are_configured) {
    check_token = false;
    BOOST_TEST(ask(client()).allowed());
    BOOST_TEST(authorizations.front() == "none");
    BOOST_TEST(token_requests == 0);
}

BOOST_AUTO_TEST_CASE(an_api_token_goes_with_every_request) {
    check_token = false;
    auto made = config();
    made.api_token(Secret("preshared"));
    auto fga = client(made);
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(authorizations[0] == "Bearer preshared");
    BOOST_TEST(authorizations[1] == "Bearer preshared");
}

BOOST_AUTO_TEST_CASE(a_refused_api_token_is_not_tried_twice) {
    auto made = config();
    made.api_token(Secret("preshared"));
    auto const answer = ask(client(made));
    BOOST_TEST((answer.failure() == FgaErrc::auth_failed_invalid_bearer_token));
    BOOST_TEST((answer.failure() == Condition::misconfigured));
    BOOST_TEST(answer.failure().message().find("preshared") == std::string::npos);
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_token_request_is_the_client_credentials_grant) {
    BOOST_TEST(ask(client(settings())).allowed());
    BOOST_REQUIRE_EQUAL(forms.size(), 1u);
    BOOST_TEST(http->requests()[0].url() == "https://auth.fga.dev/oauth/token");
    BOOST_TEST(forms[0] == "grant_type=client_credentials&audience=https%3A%2F%2Fapi.us1.fga.dev%2F&client_id=client&client_secret=hush");
    auto made = config();
    made.client_credentials("client", Secret("hush"), "https://issuer.example/custom/token", "").scope("read write");
    ask(client(made));
    BOOST_TEST(http->requests()[2].url() == "https://issuer.example/custom/token");
}

BOOST_AUTO_TEST_CASE(a_private_key_stands_in_for_the_secret) {
    auto made = config();
    made.client_credentials("client", PrivateKey::generate(SignatureAlgorithm::rs256));
    BOOST_TEST(ask(client(made)).allowed());
    BOOST_REQUIRE_EQUAL(forms.size(), 1u);
    BOOST_TEST(forms[0].find("client_assertion=eyJ") != std::string::npos);
    BOOST_TEST(forms[0].find("client_secret") == std::string::npos);
    BOOST_TEST(forms[0].starts_with("grant_type=client_credentials&audience="));
    BOOST_TEST(made.oauth_client()->issuer() == "https://auth.fga.dev/");
}

BOOST_AUTO_TEST_CASE(an_issuer_may_be_written_in_every_way) {
    std::vector<std::pair<std::string, std::string>> const issuers{
        {"issuer.example", "https://issuer.example/oauth/token"},
        {"https://issuer.example", "https://issuer.example/oauth/token"},
        {"https://issuer.example/", "https://issuer.example/oauth/token"},
        {"https://issuer.example/realms/a/token", "https://issuer.example/realms/a/token"},
        {"http://localhost:9000", "http://localhost:9000/oauth/token"},
    };
    for (auto const& [issuer, endpoint] : issuers) {
        auto made = config();
        made.client_credentials("client", Secret("hush"), issuer);
        BOOST_TEST(made.oauth_client()->token_endpoint() == endpoint);
        BOOST_CHECK_NO_THROW(made.validate());
    }
    auto made = config();
    made.client_credentials("client", Secret("hush"), "http://issuer.example/");
    BOOST_CHECK_THROW(made.validate(), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(many_requests_share_one_token) {
    auto fga = client(settings());
    auto const answers = run(fga.batch_check(checks_of(1000)));
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }));
    BOOST_TEST(token_requests == 1);
    ask(fga);
    ask(fga.with_store(test::fga_model));
    BOOST_TEST(token_requests == 1);
    BOOST_TEST(authorizations.size() == 22u);
}

BOOST_AUTO_TEST_CASE(a_token_is_renewed_before_it_expires) {
    auto fga = client(settings());
    ask(fga);
    clock->advance(49min);
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(token_requests == 1);
    clock->advance(7min);  // 4 minutes are left
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(token_requests == 2);
    BOOST_TEST(authorizations.back() == "Bearer token-2");
}

BOOST_AUTO_TEST_CASE(a_short_lived_token_is_used_for_half_its_time) {
    lifetime = 60s;
    auto fga = client(settings());
    ask(fga);
    clock->advance(29s);
    ask(fga);
    BOOST_TEST(token_requests == 1);
    clock->advance(2s);
    ask(fga);
    BOOST_TEST(token_requests == 2);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_still_good_bridges_a_failed_renewal) {
    auto fga = client(settings());
    ask(fga);
    clock->advance(56min);
    check_token = false;
    token_answer = [](int) { return HttpResponse(400, R"({"error":"invalid_client"})"); };
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(token_requests == 2);
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(token_requests == 2);  // not asked again at once
    clock->advance(31s);
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(token_requests == 3);
    clock->advance(10min);  // now it has expired
    auto const answer = ask(fga);
    BOOST_TEST((answer.failure() == Errc::invalid_client));
    BOOST_TEST(authorizations.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_rejected_token_is_replaced_once) {
    auto fga = client(settings());
    ask(fga);
    ++token_requests;  // as if somebody had revoked it
    BOOST_TEST(ask(fga).allowed());
    BOOST_TEST(token_requests == 3);
    BOOST_TEST(authorizations.size() == 3u);
    server.before = [this](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (request.url().ends_with(token_path))
            return guard(request);
        return HttpResponse(401, R"({"code":"unauthenticated","message":"never"})");
    };
    auto const before = http->requests().size();
    auto const answer = ask(fga);
    BOOST_TEST((answer.failure() == FgaErrc::unauthenticated));
    BOOST_TEST(http->requests().size() == before + 3);
}

BOOST_AUTO_TEST_CASE(many_requests_with_a_rejected_token_get_one_new_one) {
    auto fga = client(settings());
    ask(fga);
    ++token_requests;
    auto const answers = run(fga.batch_check(checks_of(500)));
    BOOST_TEST(std::all_of(answers.begin(), answers.end(), [](auto const& answer) { return answer.allowed(); }));
    BOOST_TEST(token_requests == 3);
}

BOOST_AUTO_TEST_CASE(the_token_request_is_tried_three_times) {
    token_answer = [this](int number) -> std::optional<result<HttpResponse>> {
        if (number == 1)
            return result<HttpResponse>(Errc::connection_reset);
        if (number == 2)
            return HttpResponse(503, {});
        return token(number);
    };
    BOOST_TEST(ask(client(settings())).allowed());
    BOOST_TEST(token_requests == 3);
    token_answer = [](int) { return HttpResponse(503, {}); };
    auto const answer = ask(client(settings()));
    BOOST_TEST((answer.failure() == Condition::retryable));
    BOOST_TEST(token_requests == 6);
}

BOOST_AUTO_TEST_CASE(a_refused_client_is_told_so_and_no_secret_with_it) {
    token_answer = [](int) { return HttpResponse(401, R"({"error":"invalid_client","error_description":"hush"})"); };
    auto const answers = run(client(settings()).batch_check(checks_of(120)));
    for (auto const& answer : answers) {
        BOOST_TEST((answer.failure() == Errc::invalid_client));
        BOOST_TEST(answer.failure().message().find("hush") == std::string::npos);
    }
    BOOST_TEST(token_requests == 1);
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_while_getting_the_token_leaves_it_to_the_others) {
    auto slow = std::make_shared<testing::ScriptedHttpClient>(clock);
    slow->expect(HttpMethod::post, token_path).hang();
    slow->otherwise([this](HttpRequest const& request) { return server.answer(request); });
    Runtime on(io.get_executor());
    on.http(slow).clock(clock);
    FgaClient fga(on, settings());
    auto const start = [&](asio::cancellation_signal& cancel) {
        auto answer = std::make_shared<std::optional<CheckResult>>();
        auto handler = [answer](std::exception_ptr, CheckResult value) { answer->emplace(std::move(value)); };
        asio::co_spawn(io, fga.check(Check("user:anne", "viewer", "doc:1")),
                       asio::bind_cancellation_slot(cancel.slot(), std::move(handler)));
        return answer;
    };
    asio::cancellation_signal first_cancel;
    asio::cancellation_signal second_cancel;
    auto const first = start(first_cancel);
    auto const second = start(second_cancel);
    poll();
    BOOST_TEST(slow->requests().size() == 1u);
    first_cancel.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_REQUIRE(first->has_value());
    BOOST_TEST(((*first)->failure() == Errc::cancelled));
    BOOST_REQUIRE(second->has_value());
    BOOST_TEST((*second)->allowed());
    BOOST_TEST(token_requests == 1);
}

BOOST_AUTO_TEST_CASE(an_io_context_may_go_with_requests_under_way) {
    for (auto const* const hanging : {"/oauth/token", "/batch-check"}) {
        auto slow = std::make_shared<testing::ScriptedHttpClient>(clock);
        for (int i = 0; i < 20; ++i) {
            if (std::string_view(hanging) != token_path && i == 0)
                slow->expect(HttpMethod::post, token_path).respond(200, token(1).body);
            slow->expect(HttpMethod::post, hanging).hang();
        }
        auto context = std::make_unique<asio::io_context>(1);
        Runtime on(context->get_executor());
        on.http(slow).clock(clock);
        bool ended = false;
        asio::co_spawn(*context, FgaClient(on, settings()).batch_check(checks_of(1000)),
                       [&ended](std::exception_ptr, std::vector<CheckResult>) { ended = true; });
        context->poll();
        BOOST_TEST(slow->outstanding() != 0u);
        context.reset();
        BOOST_TEST(!ended);
        BOOST_TEST(slow->outstanding() == 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
