#include "protocol/sse.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using assent::SseEvent;
using assent::SseReader;

namespace {

using SseTexts = std::vector<std::string>;

/// "type|data|id" of every event, the text being given in pieces of `size` bytes.
SseTexts sse_events(std::string_view text, std::size_t size, std::size_t max_event = SseReader::default_max_event) {
    SseReader reader(max_event);
    SseTexts events;
    SseReader::Sink const sink = [&](SseEvent const& event) {
        events.push_back(std::string(event.type) + '|' + std::string(event.data) + '|' + std::string(event.id));
        return true;
    };
    for (std::size_t at = 0; at < text.size(); at += size) {
        if (!reader.add(text.substr(at, size), sink))
            break;
    }
    if (reader.too_large())
        events.emplace_back("too large");
    return events;
}

void check_events(std::string_view text, SseTexts const& expected) {
    for (std::size_t size = 1; size <= text.size(); ++size)
        BOOST_TEST(sse_events(text, size) == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_sse)

BOOST_AUTO_TEST_CASE(lines_end_with_any_of_the_three_ends_wherever_the_stream_is_cut) {
    SseTexts const two{"message|a|", "message|b\nc|"};
    check_events("data: a\n\ndata: b\ndata: c\n\n", two);
    check_events("data: a\r\rdata: b\rdata: c\r\r", two);
    check_events("data: a\r\n\r\ndata: b\r\ndata: c\r\n\r\n", two);
    check_events("data: a\r\n\ndata: b\rdata: c\n\r\n", two);
}

BOOST_AUTO_TEST_CASE(the_examples_of_the_standard_are_read_as_it_says) {
    check_events(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                 {"message|first event|1", "message|second event|", "message| third event|"});
    check_events("data\n\ndata\ndata\n\ndata:", {"message||", "message|\n|"});
    check_events("data:test\n\ndata: test\n\n", {"message|test|", "message|test|"});
    check_events("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
                 {"add|73857293|", "remove|2153|", "add|113411|"});
}

BOOST_AUTO_TEST_CASE(only_the_first_bytes_can_be_a_byte_order_mark) {
    check_events("\xEF\xBB\xBF" "data: a\n\n", {"message|a|"});
    check_events("data: a\n\n\xEF\xBB\xBF" "data: b\n\ndata: c\n\n", {"message|a|", "message|c|"});
}

BOOST_AUTO_TEST_CASE(comments_unknown_fields_and_events_without_data_are_no_events) {
    check_events(":\n: ping\nevent: ping\n\nfoo: bar\nDATA: x\n data: y\ndata : z\n\ndata: a\n\n", {"message|a|"});
}

BOOST_AUTO_TEST_CASE(an_event_that_the_end_cuts_off_is_dropped) {
    check_events("data: a\n\ndata: b\n", {"message|a|"});
    SseReader reader;
    SseReader::Sink const sink = [](SseEvent const&) { return true; };
    BOOST_TEST(reader.add("data: a\n\n", sink));
    BOOST_TEST(!reader.has_rest());
    BOOST_TEST(reader.add("dat", sink));
    BOOST_TEST(reader.has_rest());
    BOOST_TEST(reader.add("a: b\n", sink));
    BOOST_TEST(reader.has_rest());
}

BOOST_AUTO_TEST_CASE(ids_last_and_one_with_a_nul_is_ignored) {
    check_events("id: 7\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid:\ndata: d\n\n"sv,
                 {"message|a|7", "message|b|7", "message|c|7", "message|d|"});
}

BOOST_AUTO_TEST_CASE(a_retry_is_digits_only) {
    SseReader reader;
    SseReader::Sink const sink = [](SseEvent const&) { return true; };
    reader.add("retry: 1.5\nretry: -1\nretry:\nretry: x\n", sink);
    BOOST_TEST(!reader.retry().has_value());
    reader.add("retry: 1500\n", sink);
    BOOST_TEST((reader.retry() == 1500ms));
    reader.add("retry: 99999999999999999999999999\n", sink);
    BOOST_TEST((reader.retry() == 24h));
}

BOOST_AUTO_TEST_CASE(a_line_and_an_event_are_bounded) {
    std::string const nine(9, 'x');
    for (std::size_t const size : {1, 3, 100}) {
        BOOST_TEST(sse_events("data: " + nine + "\n\n", size, 16) == SseTexts{"message|" + nine + "|"});
        BOOST_TEST(sse_events("data: " + nine + nine + "\n\n", size, 16) == SseTexts{"too large"});
        BOOST_TEST(sse_events("data: " + nine + "\ndata: " + nine + "\n\n", size, 16) == SseTexts{"too large"});
        BOOST_TEST(sse_events(std::string(17, ':'), size, 16) == SseTexts{"too large"});
        // An event without an end, of empty lines.
        std::string endless;
        for (int i = 0; i < 20; ++i)
            endless += "data\n";
        BOOST_TEST(sse_events(endless, size, 16) == SseTexts{"too large"});
    }
}

BOOST_AUTO_TEST_CASE(when_no_more_is_wanted_nothing_more_is_read) {
    SseReader reader;
    int events = 0;
    SseReader::Sink const sink = [&](SseEvent const&) { return ++events < 2; };
    BOOST_TEST(!reader.add("data: 1\n\ndata: 2\n\ndata: 3\n\n", sink));
    BOOST_TEST(!reader.add("data: 4\n\n", sink));
    BOOST_TEST(events == 2);
    BOOST_TEST(!reader.too_large());
}

BOOST_AUTO_TEST_SUITE_END()
