#include "sqlite/fts_query.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using assent::sqlite::fts_query;
using assent::sqlite::is_utf8;
using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(fts_query_text)

BOOST_AUTO_TEST_CASE(words_are_quoted_and_any_of_them_will_do)
{
    BOOST_TEST(fts_query("Show me forecast for ZEKO?") == R"("show" OR "me" OR "forecast" OR "for" OR "zeko")");
}

BOOST_AUTO_TEST_CASE(a_text_without_words_is_no_query)
{
    for (auto const text : {""sv, "   "sv, "?!*-^\"():{}"sv, "\0\0"sv, "\xff\xfe"sv})
        BOOST_TEST(fts_query(text) == "");
}

BOOST_AUTO_TEST_CASE(operators_quotes_and_columns_are_words_like_others)
{
    BOOST_TEST(fts_query("a AND NOT b") == R"("a" OR "and" OR "not" OR "b")");
    BOOST_TEST(fts_query(R"("x" OR id:* NEAR(y z, 2) ^q "")") ==
               R"("x" OR "or" OR "id" OR "near" OR "y" OR "z" OR "2" OR "q")");
    BOOST_TEST(fts_query("'; DROP TABLE documents; --") == R"("drop" OR "table" OR "documents")");
}

BOOST_AUTO_TEST_CASE(a_nul_separates)
{
    BOOST_TEST(fts_query("zeko\0forecast"sv) == R"("zeko" OR "forecast")");
}

BOOST_AUTO_TEST_CASE(a_word_is_looked_for_once_in_any_case)
{
    BOOST_TEST(fts_query("Zeko ZEKO zeko") == R"("zeko")");
}

BOOST_AUTO_TEST_CASE(other_scripts_are_words_and_broken_utf8_separates)
{
    BOOST_TEST(fts_query("Größe übrig") == "\"größe\" OR \"übrig\"");
    BOOST_TEST(fts_query("ab\xff\xc3(cd\xed\xa0\x80 ef") == R"("ab" OR "cd" OR "ef")");
    BOOST_TEST(fts_query("x\xf0\x9f\x98\x80y") == "\"x\xf0\x9f\x98\x80y\"");
}

BOOST_AUTO_TEST_CASE(a_very_long_text_gives_a_bounded_query)
{
    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += "word" + std::to_string(i) + ' ';
    auto const query = fts_query(text);
    BOOST_TEST(query.size() < 64U * 80);
    BOOST_TEST(std::count(query.begin(), query.end(), '"') == 2 * 64);
    std::string word(1'000'000, 'a');
    BOOST_TEST(fts_query(word) == "");
    word.append(" zeko");
    BOOST_TEST(fts_query(word) == "");
    BOOST_TEST(fts_query(std::string(65, 'a') + ' ' + std::string(64, 'b')) == '"' + std::string(64, 'b') + '"');
}

BOOST_AUTO_TEST_CASE(utf8_is_told_from_what_is_not)
{
    for (auto const good : {""sv, "ascii\0"sv, "é"sv, "\xe2\x82\xac"sv, "\xf4\x8f\xbf\xbf"sv})
        BOOST_TEST(is_utf8(good));
    for (auto const bad : {"\x80"sv, "\xc0\x80"sv, "\xc3"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
                           "\xf5\x80\x80\x80"sv, "\xe2\x82"sv})
        BOOST_TEST(!is_utf8(bad));
}

BOOST_AUTO_TEST_SUITE_END()
