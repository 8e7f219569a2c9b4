#include "http/response_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using assent::Errc;
using assent::http::ResponseReader;
using Status = ResponseReader::Status;

namespace {

/// Feeds text in pieces of at most that many bytes, until the reader is done with it.
Status feed(ResponseReader& reader, std::string_view text, std::size_t piece)
{
    Status status = Status::need_more;
    while (!text.empty() && status == Status::need_more) {
        auto const space = reader.space();
        std::size_t const size = std::min({piece, text.size(), space.size()});
        std::copy_n(text.data(), size, space.data());
        text.remove_prefix(size);
        status = reader.received(size);
    }
    return status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_response_reader)

BOOST_AUTO_TEST_CASE(pieces_of_any_size_give_the_same_answer)
{
    std::string const text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
                             "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        ResponseReader reader;
        reader.start(1024, 1024);
        BOOST_TEST(!reader.begun());
        BOOST_REQUIRE((feed(reader, text, piece) == Status::complete));
        BOOST_TEST(reader.begun());
        BOOST_TEST(reader.reusable());
        auto const& answer = reader.answer();
        BOOST_TEST(answer.status == 201);
        BOOST_TEST(answer.body == "abcde");
        BOOST_TEST(answer.headers.size() == 2u);
    }
}

BOOST_AUTO_TEST_CASE(an_empty_chunked_body_may_come_in_pieces)
{
    for (std::string const body : {"0\r\n\r\n", "0;a=b\r\n\r\n", "0\r\nT: u\r\n\r\n"}) {
        for (std::size_t piece = 1; piece < 10; ++piece) {
            ResponseReader reader;
            reader.start(1024, 1024);
            BOOST_REQUIRE((feed(reader, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, piece) == Status::complete));
            BOOST_TEST(reader.reusable());
            BOOST_TEST(reader.answer().body == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_reader_reads_one_answer_after_the_other)
{
    ResponseReader reader;
    for (int i = 0; i < 3; ++i) {
        reader.start(1024, 1024);
        BOOST_REQUIRE((feed(reader, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i), 1000) == Status::complete));
        BOOST_TEST(reader.answer().body == std::to_string(i));
    }
}

BOOST_AUTO_TEST_CASE(what_comes_behind_an_answer_is_counted_and_forbids_reuse)
{
    ResponseReader reader;
    reader.start(1024, 1024);
    BOOST_REQUIRE((feed(reader, "HTTP/1.1 204 No Content\r\n\r\nHTTP", 1000) == Status::complete));
    BOOST_TEST(reader.extra() == 4u);
    BOOST_TEST(!reader.reusable());
}

BOOST_AUTO_TEST_CASE(a_header_may_be_as_long_as_the_bound_and_no_longer)
{
    std::string const head = "HTTP/1.1 204 OK\r\nA: ";
    for (std::size_t piece : {1u, 100u, 5000u}) {
        for (std::size_t const length : {1024u, 1025u}) {
            std::string const text = head + std::string(length - head.size() - 4, 'a') + "\r\n\r\n";
            BOOST_REQUIRE(text.size() == length);
            ResponseReader reader;
            reader.start(1024, 1024);
            BOOST_TEST_CONTEXT(piece << " " << length)
            BOOST_TEST((feed(reader, text, piece) == (length == 1024 ? Status::complete : Status::failed)));
        }
        ResponseReader drip;  // short lines, each within any bound on a line
        drip.start(1024, 1024);
        std::string many = "HTTP/1.1 200 OK\r\n";
        while (many.size() < 2000)
            many += "Ab: cd\r\n";
        BOOST_TEST((feed(drip, many, piece) == Status::failed));
        BOOST_TEST((drip.failure() == Errc::response_too_large));
    }
}

BOOST_AUTO_TEST_CASE(a_body_may_be_as_long_as_the_bound_and_no_longer)
{
    for (std::string const framing : {"Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n64\r\n", "\r\n"}) {
        for (std::size_t const bound : {100u, 99u, 0u}) {
            ResponseReader reader;
            reader.start(1024, bound);
            std::string text = "HTTP/1.1 200 OK\r\n" + framing + std::string(100, 'x');
            if (framing.find("chunked") != framing.npos)
                text += "\r\n0\r\n\r\n";
            Status status = feed(reader, text, 7);
            if (status == Status::need_more)
                status = reader.ended();
            BOOST_TEST_CONTEXT(framing << bound)
            BOOST_TEST((status == (bound == 100 ? Status::complete : Status::failed)));
            if (status == Status::failed)
                BOOST_TEST((reader.failure() == Errc::response_too_large), reader.failure().message());
        }
    }
}

BOOST_AUTO_TEST_CASE(an_endless_chunk_header_is_refused)
{
    ResponseReader reader;
    reader.start(1024, 1024);
    BOOST_TEST((feed(reader, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(5000, 'x'), 100) == Status::failed));
    BOOST_TEST((reader.failure() == Errc::malformed_response));
}

BOOST_AUTO_TEST_CASE(the_end_of_the_stream_ends_only_a_body_without_framing)
{
    ResponseReader reader;
    reader.start(1024, 1024);
    BOOST_TEST((reader.ended() == Status::failed));
    BOOST_TEST((reader.failure() == Errc::connection_reset));
    reader.start(1024, 1024);
    BOOST_TEST((feed(reader, "HTTP/1.0 200 OK\r\n\r\nabc", 100) == Status::need_more));
    BOOST_TEST((reader.ended() == Status::complete));
    BOOST_TEST(!reader.reusable());
    BOOST_TEST(reader.answer().body == "abc");
}

BOOST_AUTO_TEST_CASE(the_answer_to_connect_ends_with_its_header)
{
    ResponseReader reader;
    reader.start(1024, 0, ResponseReader::Kind::tunnel);
    BOOST_TEST((feed(reader, "HTTP/1.1 200 Connection established\r\nContent-Length: 10\r\n\r\n", 10) == Status::complete));
    BOOST_TEST(reader.extra() == 0u);
    BOOST_TEST(reader.answer().status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
