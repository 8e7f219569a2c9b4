#include "protocol/oauth_response.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <string>
#include <variant>
#include <vector>

using namespace assent;
using namespace std::chrono_literals;
using Scopes = std::vector<std::string>;
namespace json = boost::json;

namespace {

std::chrono::system_clock::time_point const now(1'000'000s);

TokenResponse tokens(std::string body, Scopes const& requested = {}) {
    auto read = read_token_response(HttpResponse(200, std::move(body)), now, requested);
    BOOST_REQUIRE_MESSAGE(read.has_value(), "no token response");
    return std::move(read).value();
}

Failure token_failure(std::string body) {
    auto const read = read_token_response(HttpResponse(200, std::move(body)), now, {});
    BOOST_REQUIRE(!read.has_value());
    return read.failure();
}

OauthError error_of(int status, std::string body) {
    return read_error_response(HttpResponse(status, std::move(body)), now);
}

result<BackchannelResponse> backchannel(std::string body,
                                        std::optional<std::chrono::seconds> requested = {}) {
    return read_backchannel_response(HttpResponse(200, std::move(body)), now, requested);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_oauth_response)

BOOST_AUTO_TEST_CASE(a_token_response_becomes_a_token_set) {
    auto const read = tokens(
        R"({"access_token":"AT","refresh_token":"RT","id_token":"a.b.c","token_type":"Bearer","expires_in":86400,
            "scope":"openid stock:trade","authorization_details":[{"type":"t"}],"unknown":{"x":1},
            "issued_token_type":"urn:ietf:params:oauth:token-type:access_token"})",
        {"other"});
    BOOST_TEST((read.tokens.access_token == Secret("AT")));
    BOOST_TEST((read.tokens.refresh_token == Secret("RT")));
    BOOST_TEST((read.tokens.id_token == Secret("a.b.c")));
    BOOST_TEST(read.tokens.token_type == "Bearer");
    BOOST_TEST((read.tokens.expires_at == now + 24h));
    BOOST_TEST((read.tokens.scopes == Scopes{"openid", "stock:trade"}));
    BOOST_TEST(read.scope_given);
    BOOST_TEST(json::serialize(read.tokens.authorization_details()) == R"([{"type":"t"}])");
    BOOST_TEST(read.issued_token_type == "urn:ietf:params:oauth:token-type:access_token");
}

BOOST_AUTO_TEST_CASE(a_missing_scope_means_the_requested_ones) {
    for (auto const* body : {R"({"access_token":"AT"})", R"({"access_token":"AT","scope":null})"}) {
        auto const read = tokens(body, {"openid", "a"});
        BOOST_TEST((read.tokens.scopes == Scopes{"openid", "a"}));
        BOOST_TEST(!read.scope_given);
    }
    // An empty one was given: nothing was granted.
    auto const none = tokens(R"({"access_token":"AT","scope":""})", {"openid"});
    BOOST_TEST(none.tokens.scopes.empty());
    BOOST_TEST(none.scope_given);
}

BOOST_AUTO_TEST_CASE(scopes_are_split_on_spaces_and_commas) {
    BOOST_TEST((tokens(R"({"access_token":"AT","scope":"a,b c, d  ,,a"})").tokens.scopes ==
                Scopes{"a", "b", "c", "d"}));
    BOOST_TEST(
        (tokens(R"({"access_token":"AT","scope":["a","b c"]})").tokens.scopes == Scopes{"a", "b", "c"}));
    BOOST_TEST((split_scopes("") == Scopes{}));
    BOOST_TEST((split_scopes(" , ") == Scopes{}));
    BOOST_TEST(join_scopes({"a", "b"}) == "a b");
    BOOST_TEST(join_scopes({}) == "");
}

BOOST_AUTO_TEST_CASE(lifetimes_are_absolute_and_bounded) {
    BOOST_TEST(!tokens(R"({"access_token":"AT"})").tokens.expires_at);
    BOOST_TEST((tokens(R"({"access_token":"AT","expires_in":"3600"})").tokens.expires_at == now + 1h));
    BOOST_TEST((tokens(R"({"access_token":"AT","expires_in":59.5})").tokens.expires_at == now + 60s));
    BOOST_TEST((tokens(R"({"access_token":"AT","expires_in":0})").tokens.expires_at == now));
    auto const ten_years = now + std::chrono::hours(24 * 3650);
    for (auto const* huge : {"9223372036854775807", "18446744073709551615", "1e300", "\"999999999999\""})
        BOOST_TEST(
            (tokens(std::string(R"({"access_token":"AT","expires_in":)") + huge + "}").tokens.expires_at ==
             ten_years));
    for (auto const* bad : {"-1", "-1e300", "\"\"", "\"1h\"", "true", "[]", "{}", "\"-5\""})
        BOOST_TEST((token_failure(std::string(R"({"access_token":"AT","expires_in":)") + bad + "}") ==
                    Errc::malformed_response),
                   bad);
}

BOOST_AUTO_TEST_CASE(token_types_compare_without_case_and_others_are_final) {
    BOOST_TEST(tokens(R"({"access_token":"AT","token_type":"bEARER"})").tokens.token_type == "Bearer");
    BOOST_TEST(tokens(R"({"access_token":"AT","token_type":"dpop"})").tokens.token_type == "DPoP");
    BOOST_TEST(tokens(R"({"access_token":"AT"})").tokens.token_type == "Bearer");
    for (auto const* other : {"mac", "N_A", "", "Bearer "})
        BOOST_TEST((token_failure(std::string(R"({"access_token":"AT","token_type":")") + other + "\"}") ==
                    Errc::server_refused),
                   other);
}

BOOST_AUTO_TEST_CASE(tokens_that_could_split_a_header_are_refused) {
    for (auto const* bad :
         {R"({"access_token":"a\r\nX-Evil: 1"})", R"({"access_token":"a\u0000b"})", R"({"access_token":"ä"})",
          R"({"access_token":"AT","refresh_token":"\n"})", R"({"access_token":"AT","id_token":7})",
          R"({"access_token":["AT"]})", R"({"access_token":""})", R"({"access_token":null})", R"({})"})
        BOOST_TEST((token_failure(bad) == Errc::malformed_response), bad);
    BOOST_TEST((token_failure(R"({"access_token":")" + std::string(64 * 1024 + 1, 'a') + "\"}") ==
                Errc::malformed_response));
    BOOST_TEST(tokens(R"({"access_token":")" + std::string(64 * 1024, 'a') + "\"}")
                   .tokens.access_token.expose()
                   .size() == 65536u);
}

BOOST_AUTO_TEST_CASE(bodies_that_are_no_token_response_are_malformed) {
    for (auto const* bad :
         {"", " ", "null", "[]", "\"AT\"", "<html>", "{\"access_token\":\"AT\"",
          "{\"access_token\":\"AT\"} x", "access_token=AT&token_type=bearer",
          R"({"access_token":"AT","scope":7})", R"({"access_token":"AT","scope":[1]})",
          R"({"access_token":"AT","authorization_details":{}})",
          R"({"access_token":"AT","authorization_details":"[{"})", R"({"access_token":"AT","token_type":1})"})
        BOOST_TEST((token_failure(bad) == Errc::malformed_response), bad);
    BOOST_TEST((token_failure(std::string(100000, '[')) == Errc::malformed_response));
    std::string many = R"({"access_token":"AT","scope":")";
    for (int i = 0; i < 600; ++i)
        many += "s" + std::to_string(i) + " ";
    BOOST_TEST((token_failure(many + "\"}") == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(authorization_details_as_json_text_are_read) {
    auto const read = tokens(R"({"access_token":"AT","authorization_details":"[{\"type\":\"t\"}]"})");
    BOOST_TEST(json::serialize(read.tokens.authorization_details()) == R"([{"type":"t"}])");
    BOOST_TEST(tokens(R"({"access_token":"AT"})").tokens.authorization_details().is_null());
}

BOOST_AUTO_TEST_CASE(token_sets_outlive_the_response_they_were_read_from) {
    auto response = std::make_unique<HttpResponse>(
        200,
        R"({"access_token":"AT","authorization_details":[{"type":"t","long":"a text that needs memory of its own"}]})");
    auto read = read_token_response(*response, now, {});
    response.reset();
    BOOST_TEST(json::serialize(read.value().tokens.authorization_details()) ==
               R"([{"type":"t","long":"a text that needs memory of its own"}])");
}

BOOST_AUTO_TEST_CASE(every_error_code_of_the_specifications_has_its_meaning) {
    using Kind = OauthErrorKind;
    std::map<std::string, std::pair<Errc, Kind>> const table{
        {"authorization_pending", {Errc::server_refused, Kind::pending}},
        {"slow_down", {Errc::server_refused, Kind::slow_down}},
        {"expired_token", {Errc::server_refused, Kind::expired}},
        {"access_denied", {Errc::server_refused, Kind::denied}},
        {"invalid_grant", {Errc::server_refused, Kind::invalid_grant}},
        {"transaction_failed", {Errc::transaction_failed, Kind::failed}},
        {"invalid_request", {Errc::invalid_request, Kind::failed}},
        {"invalid_client", {Errc::invalid_client, Kind::failed}},
        {"unauthorized_client", {Errc::unauthorized_client, Kind::failed}},
        {"unsupported_grant_type", {Errc::unsupported_grant_type, Kind::failed}},
        {"invalid_scope", {Errc::invalid_scope, Kind::failed}},
        {"expired_login_hint_token", {Errc::expired_login_hint_token, Kind::failed}},
        {"unknown_user_id", {Errc::unknown_user_id, Kind::failed}},
        {"missing_user_code", {Errc::missing_user_code, Kind::failed}},
        {"invalid_user_code", {Errc::invalid_user_code, Kind::failed}},
        {"invalid_binding_message", {Errc::invalid_binding_message, Kind::failed}},
        {"invalid_target", {Errc::invalid_target, Kind::failed}},
        {"invalid_authorization_details", {Errc::invalid_authorization_details, Kind::failed}},
        {"server_error", {Errc::temporarily_unavailable, Kind::transient}},
        {"temporarily_unavailable", {Errc::temporarily_unavailable, Kind::transient}},
        {"too_many_requests", {Errc::temporarily_unavailable, Kind::transient}},
        {"mfa_required", {Errc::server_refused, Kind::failed}},
        {"consent_required", {Errc::server_refused, Kind::failed}},
        {"something_new", {Errc::server_refused, Kind::failed}},
    };
    for (auto const& [name, meaning] : table) {
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST((errc_of_oauth_error(name) == meaning.first));
            BOOST_TEST((kind_of_oauth_error(name) == meaning.second));
            auto const error = error_of(400, R"({"error":")" + name + R"(","error_description":"why"})");
            BOOST_TEST((error.code == meaning.first));
            BOOST_TEST((error.kind == meaning.second));
            BOOST_TEST(error.error == name);
            BOOST_TEST(error.reply.description == (meaning.second == Kind::pending ? "" : "why"));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_error_member_decides_not_the_status) {
    for (int const status : {200, 400, 401, 403, 429, 500, 503}) {
        BOOST_TEST(
            (error_of(status, R"({"error":"authorization_pending"})").kind == OauthErrorKind::pending));
        BOOST_TEST((error_of(status, R"({"error":"slow_down"})").kind == OauthErrorKind::slow_down));
        BOOST_TEST((error_of(status, R"({"error":"access_denied"})").kind == OauthErrorKind::denied));
        BOOST_TEST((error_of(status, R"({"error":"expired_token"})").kind == OauthErrorKind::expired));
    }
}

BOOST_AUTO_TEST_CASE(what_says_nothing_clear_is_transient) {
    for (int const status : {0, 200, 301, 400, 403, 404, 429, 500, 502, 503}) {
        for (auto const* body : {"", "Bad Gateway", "<html><h1>502</h1></html>", "{", "[]", "null", "{}",
                                 R"({"error":7})", R"({"error":""})", R"({"error":null})", R"({"x":"y"})"}) {
            auto const error = error_of(status, body);
            BOOST_TEST(error.transient(), status << " " << body);
            BOOST_TEST((error.code == Errc::temporarily_unavailable));
            BOOST_TEST(error.reply.status == status);
        }
    }
    BOOST_TEST(error_of(429, R"({"error":"whatever"})").transient());
    BOOST_TEST(error_of(500, R"({"error":"whatever"})").transient());
    BOOST_TEST(!error_of(400, R"({"error":"whatever"})").transient());
}

BOOST_AUTO_TEST_CASE(the_other_error_forms_of_auth0_are_understood) {
    auto const coded = error_of(400, R"({"code":"invalid_request","description":"no such parameter"})");
    BOOST_TEST((coded.code == Errc::invalid_request));
    BOOST_TEST(coded.reply.description == "no such parameter");
    auto const rest = error_of(404, R"({"statusCode":404,"error":"Not Found","message":"no route"})");
    BOOST_TEST((rest.code == Errc::server_refused));
    BOOST_TEST(rest.error == "Not Found");
    BOOST_TEST(rest.reply.description == "no route");
    auto const limited = error_of(
        429, R"({"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached"})");
    BOOST_TEST(limited.transient());
}

BOOST_AUTO_TEST_CASE(intervals_retry_after_and_request_ids_are_read) {
    HttpResponse response(400, R"({"error":"slow_down","interval":10})");
    response.headers.add("Retry-After", "7");
    response.headers.add("x-request-id", "r-1");
    auto error = read_error_response(response, now);
    BOOST_TEST((error.interval == 10s));
    BOOST_TEST((error.retry_after == 7s));
    BOOST_TEST((error.reply.retry_after == 7s));
    BOOST_TEST(error.reply.request_id == "r-1");
    response.headers.add("x-auth0-requestid", "a-1");
    BOOST_TEST(read_error_response(response, now).reply.request_id == "a-1");
    for (auto const* absurd : {"0", "-5", "86401", "\"soon\"", "null", "1e999", "[]"})
        BOOST_TEST(!error_of(400, std::string(R"({"error":"slow_down","interval":)") + absurd + "}").interval,
                   absurd);
}

BOOST_AUTO_TEST_CASE(a_servers_words_are_bounded_and_kept_apart) {
    std::string umlauts;
    for (int i = 0; i < 2000; ++i)
        umlauts += "\xc3\xa4";
    auto const error = error_of(400, R"({"error":")" + std::string(500, 'e') + R"(","error_description":"x)" +
                                         umlauts + "\"}");
    BOOST_TEST(error.error.size() == 128u);
    BOOST_TEST(error.reply.error.size() == 128u);
    BOOST_TEST(error.reply.description.size() == 1023u);  // not in the middle of a character
    auto const failure = error.to_failure("our words");
    BOOST_TEST((failure == Errc::server_refused));
    BOOST_TEST(failure.detail() == "our words");
    BOOST_TEST(failure.message().find("eeee") == std::string::npos);
    BOOST_REQUIRE(failure.server() != nullptr);
    BOOST_TEST(failure.server()->description.size() == 1023u);
}

BOOST_AUTO_TEST_CASE(a_token_endpoints_answer_is_tokens_or_an_error) {
    auto const read = [](int status, std::string body) {
        return read_token_answer(HttpResponse(status, std::move(body)), now, {"a"});
    };
    BOOST_TEST(std::holds_alternative<TokenResponse>(read(200, R"({"access_token":"AT"})")));
    BOOST_TEST((std::get<OauthError>(read(400, R"({"error":"authorization_pending"})")).kind ==
                OauthErrorKind::pending));
    BOOST_TEST((std::get<OauthError>(read(200, R"({"error":"access_denied","access_token":"AT"})")).kind ==
                OauthErrorKind::denied));
    BOOST_TEST(std::get<OauthError>(read(502, "<html>")).transient());
    auto const garbage = std::get<OauthError>(read(200, "<html>"));
    BOOST_TEST(garbage.transient());
    BOOST_TEST((garbage.code == Errc::malformed_response));
    auto const cut = std::get<OauthError>(read(200, R"({"access_token":"A)"));
    BOOST_TEST(cut.transient());
    auto const mac = std::get<OauthError>(read(200, R"({"access_token":"AT","token_type":"mac"})"));
    BOOST_TEST((mac.kind == OauthErrorKind::failed));
    // Tokens in an answer that is no success are not taken.
    BOOST_TEST(std::get<OauthError>(read(500, R"({"access_token":"AT"})")).transient());
}

BOOST_AUTO_TEST_CASE(what_is_read_without_a_document_is_read_as_from_one) {
    auto const same = [](TokenResponse const& a, TokenResponse const& b) {
        return a.tokens.access_token == b.tokens.access_token && a.tokens.refresh_token == b.tokens.refresh_token &&
               a.tokens.id_token == b.tokens.id_token && a.tokens.token_type == b.tokens.token_type &&
               a.tokens.scopes == b.tokens.scopes && a.tokens.expires_at == b.tokens.expires_at &&
               a.tokens.authorization_details() == b.tokens.authorization_details() && a.scope_given == b.scope_given &&
               a.issued_token_type == b.issued_token_type;
    };
    std::size_t plain_ones = 0;
    auto const check = [&](std::string const& body, bool is_plain, int status = 200) {
        HttpResponse const response(status, body);
        std::vector<std::string> const requested{"a", "b"};
        auto const plain = read_plain_tokens(response, now, requested);
        BOOST_TEST(plain.has_value() == is_plain, body.substr(0, 100));
        auto const read = read_any_token_answer(response, now, requested);
        auto const* const tokens = std::get_if<TokenResponse>(&read);
        if (plain) {
            ++plain_ones;
            BOOST_REQUIRE_MESSAGE(tokens != nullptr, body.substr(0, 100));
            BOOST_TEST(same(*plain, *tokens), body.substr(0, 100));
        }
        auto const either = read_token_answer(response, now, requested);
        BOOST_TEST((either.index() == read.index()));
    };
    check(R"({"access_token":"AT"})", true);
    check(R"({"access_token":"AT","scope":"openid b,c  b","expires_in":3599,"issued_token_type":"urn:x","token_type":"Bearer"})", true);
    check(" {\n \"access_token\" :\t\"AT\" , \"expires_in\" : 0 } \r\n", true);
    check(R"({"access_token":"AT","refresh_token":"RT","id_token":"e.y.J","token_type":"dPoP","scope":""})", true);
    check(R"({"access_token":"AT","refresh_token":"","id_token":"","issued_token_type":""})", true);
    check(R"({"access_token":"AT","expires_in":999999999999})", true);
    check(R"({"access_token":"AT","issued_token_type":")" + std::string(300, 'u') + "\"}", true);
    check(R"({"access_token":")" + std::string(64 * 1024, 't') + "\"}", true);
    BOOST_TEST(plain_ones == 8u);

    // Members and values that a document is needed for, or that are wrong.
    for (std::string const member :
         {R"("expires_in":"3600")", R"("expires_in":-1)", R"("expires_in":1.5)", R"("expires_in":1e3)", R"("expires_in":01)",
          R"("expires_in":9999999999999)", R"("expires_in":null)", R"("expires_in":)", R"("expires_in":1x)", R"("scope":["a"])",
          R"("scope":null)", R"("token_type":"mac")", R"("token_type":"")", R"("token_type":"N_A")", R"("authorization_details":[])",
          R"("error":"")", R"("error":"access_denied")", R"("further":"member")", R"("id_token":"\u0041")", R"("id_token":"\"")",
          R"("access_token":"twice")", R"("scope":"a","scope":"b")", R"("expires_in":1,"expires_in":2)", R"("id_token":7)", R"("id_token")",
          "\"id_token\":\"caf\xC3\xA9\"", "\"id_token\":\"\x7f\"", "\"id_token\":\"a\nb\"", R"("id_token":"a)", R"("id_token":"a",)", ""})
        check(R"({"access_token":"AT",)" + member + "}", false);
    for (std::string const body : {"", "{}", "[]", "{", R"({"access_token":""})", R"({"access_token":"AT"}x)", R"({"access_token":"AT"} {})",
                                   R"({"access_token":"AT")", R"("access_token":"AT")", "\xEF\xBB\xBF{\"access_token\":\"AT\"}"})
        check(body, false);
    check(R"({"access_token":")" + std::string(64 * 1024 + 1, 't') + "\"}", false);
    check(R"({"access_token":"AT","scope":")" + std::string(32 * 1024 + 1, 's') + "\"}", false);
    std::string many = "s";
    for (int n = 0; n < 600; ++n)
        many += " " + std::to_string(n);
    check(R"({"access_token":"AT","scope":")" + many + "\"}", false);
    check(R"({"access_token":"AT"})", false, 400);
    check(R"({"access_token":"AT"})", false, 302);
    check(R"({"access_token":"AT"})", true, 201);
}

BOOST_AUTO_TEST_CASE(a_backchannel_response_is_read_within_bounds) {
    auto const read =
        backchannel(R"({"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2})")
            .value();
    BOOST_TEST((read.auth_req_id == Secret("1c266114-a1be-4252-8ad1-04986c5b9ac1")));
    BOOST_TEST((read.expires_in == 120s));
    BOOST_TEST((read.interval == 2s));
    BOOST_TEST(!backchannel(R"({"auth_req_id":"r","expires_in":"300"})").value().interval);
    BOOST_TEST((backchannel(R"({"auth_req_id":"r"})", 77s).value().expires_in == 77s));
    BOOST_TEST((backchannel(R"({"auth_req_id":"r","expires_in":259200})").value().expires_in == 259200s));
    BOOST_TEST(
        backchannel(R"({"auth_req_id":")" + std::string(4096, 'r') + R"(","expires_in":1})").has_value());
}

BOOST_AUTO_TEST_CASE(an_absurd_backchannel_response_is_refused) {
    for (std::string const& bad :
         {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"auth_req_id":"r"})"),
          std::string(R"({"expires_in":120})"), std::string(R"({"auth_req_id":"","expires_in":120})"),
          std::string(R"({"auth_req_id":7,"expires_in":120})"),
          std::string(R"({"auth_req_id":"a\nb","expires_in":120})"),
          R"({"auth_req_id":")" + std::string(4097, 'r') + R"(","expires_in":1})",
          std::string(R"({"auth_req_id":"r","expires_in":0})"),
          std::string(R"({"auth_req_id":"r","expires_in":-1})"),
          std::string(R"({"auth_req_id":"r","expires_in":259201})"),
          std::string(R"({"auth_req_id":"r","expires_in":1e300})"),
          std::string(R"({"auth_req_id":"r","expires_in":"x"})"),
          std::string(R"({"auth_req_id":"r","expires_in":60,"interval":0})"),
          std::string(R"({"auth_req_id":"r","expires_in":60,"interval":-2})"),
          std::string(R"({"auth_req_id":"r","expires_in":60,"interval":86401})"),
          std::string(R"({"auth_req_id":"r","expires_in":60,"interval":"often"})")})
        BOOST_TEST((backchannel(bad).failure() == Errc::malformed_response), bad.substr(0, 80));
}

BOOST_AUTO_TEST_CASE(a_refused_backchannel_request_fails_with_the_servers_error) {
    auto const refused = read_backchannel_response(
        HttpResponse(400, R"({"error":"unknown_user_id","error_description":"nobody"})"), now, {});
    BOOST_TEST((refused.failure() == Errc::unknown_user_id));
    BOOST_REQUIRE(refused.failure().server() != nullptr);
    BOOST_TEST(refused.failure().server()->description == "nobody");
    BOOST_TEST((read_backchannel_response(HttpResponse(503, ""), now, {}).failure() ==
                Errc::temporarily_unavailable));
    BOOST_TEST((backchannel(R"({"error":"invalid_request"})").failure() == Errc::invalid_request));
}

BOOST_AUTO_TEST_SUITE_END()
