// A whole CIBA flow by clients that prove themselves otherwise than with a secret.
#include "support/ciba_fixture.hpp"

#include "core/digest.hpp"
#include "support/certificates.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace assent;
using namespace std::chrono_literals;
using assent::test::CibaFixture;
using assent::test::FakeCibaProvider;
namespace json = boost::json;

namespace client_methods_test {

struct Order {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(Order, (), (ticker, qty))

}  // namespace client_methods_test

namespace {

using client_methods_test::Order;

awaitable<std::string> place(Order order, ToolContext& context)
{
    static_cast<void>(order);
    auto response = co_await context.http().post_json("https://api.example/orders", nullptr);
    co_return response.ok() ? response.body() : response.explain();
}

struct Fixture : CibaFixture {
    static OauthClient public_client() { return OauthClient::auth0(FakeCibaProvider::domain, "client"); }

    CibaAuthorizer authorizer_of(OauthClient with, CredentialsContext context = CredentialsContext::thread)
    {
        return CibaAuthorizer(runtime, std::move(with), options().credentials_context(context));
    }
    Answer approved(CibaAuthorizer authorizer)
    {
        auto const first = run(authorizer.authorize(buy()));
        BOOST_TEST(is(first, InterruptKind::pending), describe(first));
        provider->approve();
        pass(5s);
        return run(authorizer.authorize(buy()));
    }
    static json::value claims_of(std::string const& jws)
    {
        auto const start = jws.find('.') + 1;
        return json::parse(base64url_decode(std::string_view(jws).substr(start, jws.rfind('.') - start)).value());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ciba_client_methods, Fixture)

BOOST_AUTO_TEST_CASE(auth0_gets_a_new_assertion_with_every_request)
{
    provider->client_secret.clear();
    auto const key = PrivateKey::generate(SignatureAlgorithm::es256).kid("k1");
    auto const granted = approved(authorizer_of(public_client().private_key(key)));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    std::set<std::string> ids;
    std::size_t forms = 0;
    for (auto const& seen : provider->seen) {
        if (seen.path != "/bc-authorize" && seen.path != "/oauth/token")
            continue;
        ++forms;
        BOOST_TEST(seen.form.at("client_id") == "client");
        BOOST_TEST(!seen.form.contains("client_secret"));
        BOOST_TEST(seen.form.at("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        auto const claims = claims_of(seen.form.at("client_assertion"));
        BOOST_TEST(claims.at("aud").as_string() == "https://tenant.example/");  // with its slash
        ids.emplace(claims.at("jti").as_string());
    }
    BOOST_TEST(forms == 2u);
    BOOST_TEST(ids.size() == forms);
}

BOOST_AUTO_TEST_CASE(a_certificate_goes_with_the_requests_of_the_client_and_no_others)
{
    provider->client_secret.clear();
    auto const identity = test::make_self_signed({"DNS:agent"});
    auto const certificate = ClientCertificate::from_pem(identity.certificate, Secret(identity.key));
    std::vector<std::string> with;
    std::vector<std::string> without;
    provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        (request.certificate() == certificate ? with : without).push_back(request.url());
        return std::nullopt;
    };
    auto client = public_client().certificate(certificate).discovery(false).token_endpoint("https://tenant.example/oauth/token");
    auto const granted = approved(authorizer_of(std::move(client)));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    std::vector<std::string> const expected{"https://tenant.example/bc-authorize", "https://tenant.example/oauth/token"};
    BOOST_TEST(with == expected, boost::test_tools::per_element());
    BOOST_TEST(without == std::vector<std::string>{"https://tenant.example/.well-known/jwks.json"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_bound_token_is_found_in_the_store_by_who_has_its_key_and_by_nobody_else)
{
    provider->alter_tokens = [](json::object& tokens) { tokens["token_type"] = "DPoP"; };
    auto const with = [&](Dpop dpop) {
        return authorizer_of(public_client().client_secret(Secret("client-secret")).dpop(std::move(dpop)));
    };
    auto const key = PrivateKey::generate();
    auto const granted = approved(with(Dpop(key)));
    BOOST_REQUIRE_MESSAGE(granted.has_value(), describe(granted));
    BOOST_TEST(granted.value().tokens().token_type == "DPoP");
    BOOST_TEST(provider->pushes() == 1u);

    // Another process with the same key, and one that made a key of its own.
    auto const same = run(with(Dpop(key)).authorize(buy()));
    BOOST_TEST(same.has_value(), describe(same));
    BOOST_TEST(provider->pushes() == 1u);
    auto const other = run(with(Dpop::with_a_new_key()).authorize(buy()));
    BOOST_TEST(is(other, InterruptKind::pending), describe(other));
    BOOST_TEST(provider->pushes() == 2u);
    auto const none = run(with(Dpop()).authorize(buy()));
    BOOST_TEST(is(none, InterruptKind::pending), describe(none));
    BOOST_TEST(provider->pushes() == 3u);
}

BOOST_AUTO_TEST_CASE(a_tool_proves_the_key_to_the_api_without_knowing_of_it)
{
    provider->alter_tokens = [](json::object& tokens) { tokens["token_type"] = "DPoP"; };
    std::vector<HttpRequest> orders;
    provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (!request.url().starts_with("https://api.example/"))
            return std::nullopt;
        orders.push_back(request);
        HttpResponse answer(200, "bought");
        if (orders.size() == 1) {
            answer = HttpResponse(401, "");
            answer.headers.add("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"");
            answer.headers.add("DPoP-Nonce", "n1");
        }
        return answer;
    };
    auto const authorizer = authorizer_of(public_client().client_secret(Secret("client-secret")).dpop(Dpop::with_a_new_key()));
    BOOST_TEST(authorizer.dpop() != nullptr);
    auto const buying = tool<Order>("buy_stock", "buys", place).protected_by(authorizer);
    auto const first = run(buying.call(buy()));
    BOOST_REQUIRE(first.has_interrupt());
    provider->approve();
    pass(5s);
    auto const bought = run(buying.call(buy()));
    BOOST_REQUIRE(bought.has_value());
    BOOST_TEST(bought.value().as_string() == "bought");
    BOOST_REQUIRE(orders.size() == 2u);
    BOOST_TEST(orders[1].headers().find("authorization")->starts_with("DPoP "));
    auto const proof = claims_of(std::string(orders[1].headers().find("dpop").value()));
    BOOST_TEST(proof.at("htm").as_string() == "POST");
    BOOST_TEST(proof.at("htu").as_string() == "https://api.example/orders");
    BOOST_TEST(proof.at("nonce").as_string() == "n1");
    BOOST_TEST(proof.at("ath").as_string().size() == 43u);
    BOOST_TEST(authorizer_of(public_client()).dpop() == nullptr);
}

BOOST_AUTO_TEST_CASE(polling_that_is_refused_for_want_of_a_nonce_goes_on)
{
    auto authorizer = authorizer_of(public_client().client_secret(Secret("client-secret")).dpop(Dpop::with_a_new_key()));
    std::size_t polls = 0;
    provider->fault = [&](HttpRequest const& request) -> std::optional<result<HttpResponse>> {
        if (!is_poll(request))
            return std::nullopt;
        BOOST_TEST(request.headers().find("dpop").has_value());
        if (++polls > 4)
            return std::nullopt;
        HttpResponse refused = error("use_dpop_nonce");
        refused.headers.add("DPoP-Nonce", "n" + std::to_string(polls));
        return refused;
    };
    auto const first = run(authorizer.authorize(buy()));
    BOOST_TEST(is(first, InterruptKind::pending), describe(first));
    provider->approve();
    Answer answer = first;
    for (int i = 0; i < 10 && answer.has_interrupt(); ++i) {
        pass(30s);
        answer = run(authorizer.authorize(buy()));
    }
    BOOST_REQUIRE_MESSAGE(answer.has_value(), describe(answer));
    BOOST_TEST(polls == 5u);  // two twice in vain, then one
    BOOST_TEST(provider->pushes() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
