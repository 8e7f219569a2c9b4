#include "protocol/refresh.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace assent;

namespace {

std::chrono::system_clock::time_point const now{std::chrono::seconds(1'800'000'000)};

RefreshAnswer::Kind kind_of(int status, std::string body) { return read_refresh(HttpResponse(status, std::move(body)), now).kind; }
RefreshAnswer::Kind kind_of_error(std::string const& error, int status = 400)
{
    return kind_of(status, R"({"error":")" + error + R"("})");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(refresh)

BOOST_AUTO_TEST_CASE(the_request_has_the_token_and_no_scope)
{
    TokenSet tokens;
    tokens.refresh_token = Secret("rt/1");
    tokens.scopes = {"a"};
    FormBody body;
    add_refresh_parameters(body, tokens);
    BOOST_TEST(body.take() == "grant_type=refresh_token&refresh_token=rt%2F1");
}

BOOST_AUTO_TEST_CASE(only_the_servers_word_ends_a_grant)
{
    using Kind = RefreshAnswer::Kind;
    BOOST_TEST((kind_of(200, R"({"access_token":"a","token_type":"Bearer"})") == Kind::renewed));
    for (auto const* error : {"invalid_grant", "access_denied", "interaction_required", "login_required", "mfa_required"})
        BOOST_TEST((kind_of_error(error) == Kind::ended), error);
    for (auto const* error : {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request", "something_new"})
        BOOST_TEST((kind_of_error(error) == Kind::misconfigured), error);
    BOOST_TEST((kind_of_error("invalid_grant", 200) == Kind::ended));
    BOOST_TEST((kind_of_error("server_error", 500) == Kind::hiccup));
    BOOST_TEST((kind_of_error("too_many_requests", 429) == Kind::hiccup));
    BOOST_TEST((kind_of(500, "<html>") == Kind::hiccup));
    BOOST_TEST((kind_of(200, "") == Kind::hiccup));
    BOOST_TEST((kind_of(200, "{}") == Kind::hiccup));
    BOOST_TEST((read_refresh(Errc::connection_reset, now).kind == Kind::hiccup));
}

BOOST_AUTO_TEST_CASE(what_the_answer_leaves_out_stays)
{
    TokenSet before;
    before.access_token = Secret("a1");
    before.refresh_token = Secret("r1");
    before.id_token = Secret("i1");
    before.scopes = {"x", "y"};
    TokenSet answer;
    answer.access_token = Secret("a2");
    auto after = renewed(before, answer);
    BOOST_TEST(after.access_token.expose() == "a2");
    BOOST_TEST(after.refresh_token.expose() == "r1");
    BOOST_TEST(after.id_token.expose() == "i1");
    BOOST_TEST(after.scopes.size() == 2u);
    answer.refresh_token = Secret("r2");
    answer.scopes = {"x"};
    after = renewed(before, answer);
    BOOST_TEST(after.refresh_token.expose() == "r2");
    BOOST_TEST(after.scopes.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
