#include "protocol/fga_codec.hpp"

#include "protocol/fga_batch.hpp"
#include "protocol/fga_messages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace assent;
using namespace std::chrono_literals;
using Verdict = fga::BatchReader::Verdict;
namespace json = boost::json;

namespace {

json::value written(Check const& check) {
    std::string out = "{";
    BOOST_REQUIRE(!fga::append_check(out, check));
    return json::parse(out + "}");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_fga_codec)

BOOST_AUTO_TEST_CASE(every_character_survives_being_written) {
    std::string text;
    for (int c = 0; c < 0x80; ++c)
        text += static_cast<char>(c);
    text += "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    std::string out;
    fga::append_json(out, text);
    BOOST_TEST(json::parse(out).as_string() == text);
}

BOOST_AUTO_TEST_CASE(a_check_is_written_whole) {
    Check check("user:anne", "viewer", "doc:1");
    check.contextual_tuple(TupleKey("user:anne", "member", "team:a"))
        .contextual_tuple(TupleKey("team:a#member", "viewer", "doc:1").condition("c1", {{"a", 1}}))
        .context({{"ip", "::1"}});
    BOOST_TEST(written(check) == json::parse(R"({"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"},
        "contextual_tuples":{"tuple_keys":[{"user":"user:anne","relation":"member","object":"team:a"},
        {"user":"team:a#member","relation":"viewer","object":"doc:1","condition":{"name":"c1","context":{"a":1}}}]},
        "context":{"ip":"::1"}})"));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_behind_of_what_is_refused) {
    std::string out = "before";
    BOOST_TEST(fga::append_check(out, Check("user:anne", "viewer", "doc 1")).has_value());
    BOOST_TEST(fga::append_check(out, Check("user:anne", "viewer", "doc:1").context({{"a", "\xff"}})).has_value());
    BOOST_TEST(fga::append_tuple_key(out, TupleKey("user:anne", "vie wer", "doc:1")).has_value());
    BOOST_TEST(out == "before");
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_named_with_the_limit) {
    auto const failure = fga::check_object("doc:" + std::string(300, 'x'));
    BOOST_REQUIRE(failure);
    BOOST_TEST(failure->detail() == "the object is too long; OpenFGA takes at most 256 characters without white space");
    BOOST_TEST(fga::check_relation("can:view")->detail() ==
               "the relation has one of : # @ in it; OpenFGA takes at most 50 characters without white space and without : # @");
    BOOST_TEST(fga::check_user("\xc0\xaf:x")->detail().find("UTF-8") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_are_the_servers) {
    auto const of = [](std::size_t size) { return std::string(size, 'x'); };
    BOOST_TEST(!fga::check_user(of(512)));
    BOOST_TEST(fga::check_user(of(513)).has_value());
    BOOST_TEST(fga::check_user("x").has_value());
    BOOST_TEST(!fga::check_object(of(256)));
    BOOST_TEST(fga::check_object(of(257)).has_value());
    BOOST_TEST(!fga::check_relation(of(50)));
    BOOST_TEST(fga::check_relation(of(51)).has_value());
    BOOST_TEST(fga::check_relation("").has_value());
    BOOST_TEST(!fga::check_type(of(254)));
    BOOST_TEST(fga::check_type(of(255)).has_value());
    std::string euros;
    for (int i = 0; i < 50; ++i)
        euros += "\xe2\x82\xac";
    BOOST_TEST(!fga::check_relation(euros));  // 50 characters in 150 bytes
    for (char const c : {' ', '\t', '\n', '\r', '\f'})
        BOOST_TEST(fga::check_user(std::string("user:") + c).has_value());
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf_8_is_known) {
    for (auto const* const good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
                                   "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        BOOST_TEST(fga::is_utf8(good));
    for (auto const* const bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                                  "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
        BOOST_TEST(!fga::is_utf8(bad));
}

BOOST_AUTO_TEST_CASE(ids_are_recognised) {
    BOOST_TEST(fga::is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    for (auto const* const bad : {"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "01arz3ndektsv4rrffq69g5fav",
                                  "01ARZ3NDEKTSV4RRFFQ69G5FAI", "../stores/01ARZ3NDEKTSV4RR"})
        BOOST_TEST(!fga::is_ulid(bad));
}

BOOST_AUTO_TEST_CASE(a_batch_is_what_the_server_expects) {
    std::vector<Check> const checks{Check("user:anne", "viewer", "doc:1"), Check("user:anne", "viewer", "doc:2"),
                                    Check("user:anne", "viewer", "doc:1")};
    fga::BatchPlan const plan(checks);
    BOOST_TEST(plan.distinct() == 2u);
    BOOST_TEST(plan.item_of(2).value() == 0u);
    BOOST_TEST(plan.question_of(1) == 1u);
    std::string out;
    plan.write_batch(out, 0, 2, "M", Consistency::higher_consistency);
    BOOST_TEST(out == R"({"checks":[{"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:1"},"correlation_id":"0"},)"
                      R"({"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:2"},"correlation_id":"1"}],)"
                      R"("authorization_model_id":"M","consistency":"HIGHER_CONSISTENCY"})");
    out.clear();
    plan.write_batch(out, 1, 2, "", std::nullopt);
    BOOST_TEST(out == R"({"checks":[{"tuple_key":{"user":"user:anne","relation":"viewer","object":"doc:2"},"correlation_id":"0"}]})");
}

BOOST_AUTO_TEST_CASE(questions_that_only_look_alike_are_not_taken_for_one_another) {
    // Texts that would run together if they were just joined.
    std::vector<Check> const checks{Check("user:a", "b", "cc:d"),     Check("user:ab", "c", "c:d"), Check("user:a", "bc", "c:d"),
                                    Check("user:a\"", "b", "cc:d"),   Check("user:a", "b", "cc:d").context({{"a", "b"}}),
                                    Check("user:a", "b", "cc:d").context({{"a", json::object{{"b", nullptr}}}})};
    BOOST_TEST(fga::BatchPlan(checks).distinct() == checks.size());
}

BOOST_AUTO_TEST_CASE(verdicts_are_found_by_id_in_any_order) {
    fga::BatchReader reader;
    BOOST_REQUIRE(reader.read(R"( {"other":{"0":{"allowed":true}}, "result" : {
        "2":{"error":{"internal_error":"internal_error","message":"caf\u00e9 \"x\"","more":{"message":"n"}}},
        "10":{"allowed":true}, "1":{"allowed":false,"x":[1,{"allowed":true}]}, "0":{"z":null,"error":null,"allowed":true}}, "result2":1} )", 3));
    BOOST_TEST((reader.verdict(0) == Verdict::allowed));
    BOOST_TEST((reader.verdict(1) == Verdict::denied));
    BOOST_TEST((reader.verdict(2) == Verdict::failed));
    auto const failure = reader.failure_of(2);
    BOOST_TEST((failure == FgaErrc::internal_error));
    BOOST_TEST(failure.server()->description == "caf\xc3\xa9 \"x\"");
    BOOST_REQUIRE(reader.read(R"({"result":{}})", 1));
    BOOST_TEST((reader.verdict(0) == Verdict::missing));
}

BOOST_AUTO_TEST_CASE(an_answer_that_broke_off_leaves_nothing_to_the_next) {
    std::string const whole = R"({"result":{"49":{"allowed":true,"error":{"input_error":"a","message":"b"}}}})";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        fga::BatchReader reader;
        BOOST_TEST(!reader.read(whole.substr(0, size), 50));
        BOOST_TEST(!reader.read(R"({"a":{"b":{"allowed":true,"c":{"message":"x"}}}})", 1));
        BOOST_TEST(reader.read(R"({"result":{},"a":{"b":{"allowed":true,"c":{"message":"x"}}}})", 1));
        BOOST_TEST((reader.verdict(0) == Verdict::missing));
    }
}

BOOST_AUTO_TEST_CASE(what_a_server_says_is_bounded) {
    fga::BatchReader reader;
    auto const body = R"({"result":{"0":{"error":{"input_error":")" + std::string(5000, 'c') + R"(","message":")" +
                      std::string(5000, 'm') + "\"}}}}";
    BOOST_REQUIRE(reader.read(body, 1));
    auto const failure = reader.failure_of(0);
    BOOST_TEST(failure.server()->error.size() == 128u);
    BOOST_TEST(failure.server()->description.size() == 1024u);
    HttpResponse const response(400, R"({"code":")" + std::string(5000, 'c') + R"(","message":")" + std::string(5000, 'm') + "\"}");
    auto const error = fga::read_error(response, {});
    BOOST_TEST(error.server()->error.size() == 128u);
    BOOST_TEST(error.server()->description.size() == 1024u);
    BOOST_TEST(!reader.read(std::string(100'000, '['), 1));
    BOOST_TEST(!reader.read(R"({"result":)" + std::string(100'000, '[') + "}", 1));
}

BOOST_AUTO_TEST_CASE(every_code_is_known_by_its_name) {
    for (int i = 1000; i < 6000; ++i) {
        auto const name = to_string(static_cast<FgaErrc>(i));
        if (name != "unknown") {
            BOOST_TEST((fga::errc_from_name(name) == static_cast<FgaErrc>(i)));
            auto const code = make_error_code(static_cast<FgaErrc>(i));
            int fits = 0;
            for (auto const condition : {Condition::retryable, Condition::misconfigured, Condition::refused})
                fits += code == make_error_condition(condition);
            BOOST_TEST(fits == 1);
            BOOST_TEST(code.message() == "OpenFGA: " + std::string(name));
        }
    }
    BOOST_TEST((fga::errc_from_name("type_not_found") == FgaErrc::type_not_found));
    BOOST_TEST((fga::errc_from_name("Aborted") == FgaErrc::aborted));
    BOOST_TEST(!fga::errc_from_name("unknown"));
    BOOST_TEST(!fga::errc_from_name(""));
}

BOOST_AUTO_TEST_CASE(times_are_read_and_written) {
    auto const day = std::chrono::sys_days(std::chrono::year(2026) / 2 / 28);
    BOOST_TEST((fga::parse_time("2026-02-28T00:00:00Z") == day));
    BOOST_TEST((fga::parse_time("2026-02-28T01:02:03.000000001+01:00") == day + 2min + 3s + 1ns));
    BOOST_TEST((fga::parse_time("2026-02-27T23:30:00.25-00:30") == day + 250ms));
    for (auto const* const bad : {"", "2026-02-30T00:00:00Z", "2026-02-28 00:00:00Z", "2026-02-28T00:00:00", "2026-02-28T24:00:00Z",
                                  "2026-02-28T00:00:00.Z", "2026-02-28T00:00:00+1:00", "-026-02-28T00:00:00Z", "2026-02-28T00:00:00Zx"})
        BOOST_TEST(!fga::parse_time(bad));
    BOOST_TEST(fga::format_time(day + 1h + 2min + 3s + 4us) == "2026-02-28T01:02:03.000004Z");
}

BOOST_AUTO_TEST_CASE(lines_are_cut_from_pieces_of_any_size) {
    std::string const text = "one\n\ntwo three\nfour";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        fga::Lines lines(9);
        std::vector<std::string> seen;
        for (std::size_t at = 0; at < text.size(); at += size)
            BOOST_TEST(lines.add(std::string_view(text).substr(at, size), [&](std::string_view line) {
                seen.emplace_back(line);
                return true;
            }));
        BOOST_TEST((seen == std::vector<std::string>{"one", "two three"}));
        BOOST_TEST(lines.rest() == "four");
    }
    fga::Lines lines(8);
    BOOST_TEST(!lines.add(text, [](std::string_view) { return true; }));
    BOOST_TEST(lines.too_long());
}

BOOST_AUTO_TEST_SUITE_END()
