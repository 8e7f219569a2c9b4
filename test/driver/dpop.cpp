// A client whose tokens are bound to a key: the form that asks for them is proved, once more when the server wants a nonce.
#include "authorizer/provider.hpp"

#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include "core/digest.hpp"
#include "protocol/oauth_response.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

using namespace assent;
using namespace std::chrono_literals;
using assent::testing::IoContextFixture;
using assent::testing::ScriptedHttpClient;
namespace json = boost::json;

namespace {

constexpr auto token_url = "https://as.example/token";
constexpr auto tokens = R"({"access_token":"t","token_type":"DPoP","expires_in":60})";

HttpHeaders nonce(std::string value) {
    HttpHeaders headers;
    headers.add("Content-Type", "application/json");
    headers.add("DPoP-Nonce", std::move(value));
    return headers;
}

/// The claims of the proof in a request; null when there is none.
json::value proof_of(HttpRequest const& request) {
    auto const jws = request.headers().find("dpop");
    if (!jws)
        return nullptr;
    auto const start = jws->find('.') + 1;
    return json::parse(base64url_decode(jws->substr(start, jws->rfind('.') - start)).value());
}

std::string nonce_of(HttpRequest const& request) {
    auto const proof = proof_of(request);
    auto const* value = proof.is_object() ? proof.get_object().if_contains("nonce") : nullptr;
    return value != nullptr ? std::string(value->as_string()) : "none";
}

std::string parameter(HttpRequest const& request, std::string const& name) {
    auto const at = request.body().find(name + "=");
    if (at == std::string::npos)
        return {};
    auto const start = at + name.size() + 1;
    return request.body().substr(start, request.body().find('&', start) - start);
}

class DpopFixture : public IoContextFixture {
public:
    OauthClient client() const {
        return OauthClient::standard("https://as.example", "client").discovery(false).token_endpoint(token_url).dpop(dpop);
    }
    std::shared_ptr<Provider> make(OauthClient with) {
        Runtime runtime(io.get_executor());
        runtime.http(http).clock(clock);
        return Provider::make(std::move(runtime), std::move(with));
    }
    std::shared_ptr<Provider> make() { return make(client()); }

    static awaitable<result<HttpResponse>> post(std::shared_ptr<Provider> provider, std::string url) {
        FormBody body;
        body.add("grant_type", "x");
        auto answer = co_await provider->post_form(url, body);
        co_return answer;
    }
    result<HttpResponse> send(std::shared_ptr<Provider> const& provider, std::string url = token_url) {
        return run(post(provider, std::move(url)));
    }
    auto& expect() { return http->expect(HttpMethod::post, token_url); }
    HttpRequest const& request(std::size_t n) const { return http->requests().at(n); }

    Dpop dpop = Dpop::with_a_new_key();
    std::shared_ptr<ScriptedHttpClient> http = std::make_shared<ScriptedHttpClient>(clock);
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(driver_dpop, DpopFixture)

BOOST_AUTO_TEST_CASE(a_token_request_is_proved_and_a_nonce_is_used_from_then_on) {
    auto const provider = make();
    expect().respond(200, nonce("n1"), tokens);
    expect().respond(200, tokens);
    expect().respond(200, nonce("n2"), tokens);
    expect().respond(200, tokens);
    for (int i = 0; i < 4; ++i)
        BOOST_TEST(send(provider).value().status == 200);
    http->verify();
    BOOST_TEST(proof_of(request(0)).at("htu").as_string() == token_url);
    BOOST_TEST(proof_of(request(0)).at("htm").as_string() == "POST");
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(clock->now().time_since_epoch()).count();
    BOOST_TEST(proof_of(request(0)).at("iat").as_int64() == seconds);
    BOOST_TEST(!proof_of(request(0)).as_object().contains("ath"));
    std::string seen[] = {nonce_of(request(0)), nonce_of(request(1)), nonce_of(request(2)), nonce_of(request(3))};
    std::string const wanted[] = {"none", "n1", "n1", "n2"};
    BOOST_TEST(seen == wanted, boost::test_tools::per_element());
    std::set<std::string> ids;
    for (auto const& each : http->requests())
        ids.emplace(proof_of(each).at("jti").as_string());
    BOOST_TEST(ids.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_refusal_for_want_of_a_nonce_is_answered_once_with_everything_new) {
    auto const provider = make(client().private_key(PrivateKey::generate()));
    expect().respond(400, nonce("n1"), R"({"error":"use_dpop_nonce"})");
    expect().respond(200, tokens);
    BOOST_TEST(send(provider).value().status == 200);
    http->verify();
    BOOST_TEST(nonce_of(request(0)) == "none");
    BOOST_TEST(nonce_of(request(1)) == "n1");
    BOOST_TEST(parameter(request(1), "grant_type") == "x");
    BOOST_TEST(parameter(request(1), "client_id") == "client");
    // An assertion is good for one request, as a proof is.
    BOOST_TEST(parameter(request(0), "client_assertion") != parameter(request(1), "client_assertion"));
    BOOST_TEST(parameter(request(1), "client_assertion").starts_with("eyJ"));
    BOOST_TEST(request(1).body().find("client_assertion=") == request(1).body().rfind("client_assertion="));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_never_content_gets_two_requests_and_its_answer_is_transient) {
    auto const provider = make();
    expect().respond(400, nonce("n1"), R"({"error":"use_dpop_nonce"})");
    expect().respond(400, nonce("n2"), R"({"error":"use_dpop_nonce"})");
    auto const answer = send(provider).value();
    BOOST_TEST(answer.status == 400);
    http->verify();
    BOOST_TEST((read_error_response(answer, clock->now()).kind == OauthErrorKind::transient));
    expect().respond(200, tokens);
    BOOST_TEST(send(provider).has_value());
    BOOST_TEST(nonce_of(request(2)) == "n2");
}

BOOST_AUTO_TEST_CASE(a_changed_nonce_costs_one_more_request) {
    auto const provider = make();
    for (auto const* value : {"n1", "n2", "n3"}) {
        expect().respond(400, nonce(value), R"({"error":"use_dpop_nonce"})");
        expect().respond(200, tokens);
        BOOST_TEST(send(provider).value().status == 200);
        BOOST_TEST(nonce_of(http->requests().back()) == value);
    }
    http->verify();
}

BOOST_AUTO_TEST_CASE(other_refusals_are_not_repeated_and_still_bring_a_nonce) {
    auto const provider = make();
    expect().respond(400, nonce("n1"), R"({"error":"invalid_grant"})");
    BOOST_TEST(send(provider).value().status == 400);
    expect().respond(503, nonce("n2"), "<html>");
    BOOST_TEST(send(provider).value().status == 503);
    expect().respond(400, R"({"error":"use_dpop_nonce"})");  // without one
    BOOST_TEST(send(provider).value().status == 400);
    http->verify();
    BOOST_TEST(nonce_of(request(1)) == "n1");
    BOOST_TEST(nonce_of(request(2)) == "n2");
}

BOOST_AUTO_TEST_CASE(whichever_request_fails_the_caller_is_told_and_the_next_call_succeeds) {
    for (std::size_t step = 0; step < 2; ++step) {
        for (auto const code : {Errc::connect_failed, Errc::tls_failed, Errc::timed_out, Errc::connection_reset,
                                Errc::malformed_response, Errc::queue_full}) {
            http = std::make_shared<ScriptedHttpClient>(clock);
            dpop = Dpop::with_a_new_key();
            http->otherwise([](HttpRequest const& request) -> result<HttpResponse> {
                HttpResponse response(200, tokens);
                if (nonce_of(request) == "n1")
                    return response;
                response = HttpResponse(400, R"({"error":"use_dpop_nonce"})");
                response.headers = nonce("n1");
                return response;
            });
            http->fail_at(step, code);
            auto const provider = make();
            BOOST_TEST((send(provider).failure() == code));
            BOOST_TEST(http->requests().size() == step + 1);
            BOOST_TEST(send(provider).value().status == 200);
        }
    }
}

BOOST_AUTO_TEST_CASE(both_attempts_together_have_the_deadline_of_one) {
    auto const provider = make();
    expect().respond_after(6s).respond(400, nonce("n1"), R"({"error":"use_dpop_nonce"})");
    expect().respond(200, tokens);
    BOOST_TEST(send(provider).has_value());
    BOOST_TEST((request(0).deadline() == 15'000ms));
    BOOST_TEST((request(1).deadline() == 9'000ms));
}

BOOST_AUTO_TEST_CASE(a_cancelled_first_attempt_is_the_last) {
    auto const provider = make();
    expect().hang();
    asio::cancellation_signal cancel;
    std::optional<result<HttpResponse>> answer;
    asio::co_spawn(io, post(provider, token_url),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown, result<HttpResponse> value) {
                       if (!thrown)
                           answer.emplace(std::move(value));
                   }));
    poll();
    cancel.emit(asio::cancellation_type::terminal);
    poll();
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST((answer->failure() == Errc::cancelled));
    BOOST_TEST(http->requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(other_endpoints_and_other_clients_get_no_proof) {
    auto const provider = make();
    http->expect(HttpMethod::post, "https://as.example/bc").respond(200, "{}");
    BOOST_TEST(send(provider, "https://as.example/bc").has_value());
    BOOST_TEST(proof_of(request(0)).is_null());
    auto const plain = make(client().dpop(Dpop()));
    expect().respond(400, nonce("n1"), R"({"error":"use_dpop_nonce"})");
    BOOST_TEST(send(plain).value().status == 400);
    BOOST_TEST(proof_of(request(1)).is_null());
    http->verify();
}

BOOST_AUTO_TEST_SUITE_END()
