#include <assent/redis_store.hpp>

#include "redis/record.hpp"
#include "redis/refusal.hpp"
#include "redis/resp.hpp"
#include "redis/slots.hpp"

#include <boost/asio/system_executor.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using namespace assent::redis;
using Type = assent::redis::Reply::Type;

namespace {

/// All whole replies in `text`, fed in pieces of that size.
std::vector<Reply> replies_in(ReplyReader& reader, std::string_view text, std::size_t piece = 4096) {
    std::vector<Reply> found;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        reader.feed(text.substr(0, piece));
        for (Reply reply; reader.next(reply);)
            found.push_back(std::move(reply));
    }
    return found;
}

std::string refused_as(RedisStoreConfig const& config) {
    try {
        RedisStore const store(boost::asio::system_executor(), config);
    } catch (ConfigurationError const& error) {
        return error.what();
    }
    return "accepted";
}

std::string url_refused_as(std::string_view url) {
    try {
        static_cast<void>(RedisStoreConfig::from_url(url));
    } catch (ConfigurationError const& error) {
        return error.what();
    }
    return "accepted";
}

Endpoint const here{"10.0.0.1", 6379};

std::string const header = "A1+20065c1a2b3c4d5ABCDEFGH018f3c5d2e1a0065c1a2b3c400IJKLMNOP0065c1a2b3c300QRSTUVWX";

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_protocol)

BOOST_AUTO_TEST_CASE(replies_of_all_types_are_read_however_they_are_cut) {
    std::string const text = "+OK\r\n-ERR no\r\n:-42\r\n$5\r\na\r\nbc\r\n$-1\r\n*3\r\n:1\r\n*2\r\n$0\r\n\r\n$1\r\nx\r\n*-1\r\n*0\r\n";
    for (std::size_t const piece : {1U, 2U, 3U, 7U, 100U}) {
        ReplyReader reader;
        auto const found = replies_in(reader, text, piece);
        BOOST_TEST_REQUIRE(found.size() == 7u);
        BOOST_TEST((found[0].is(Type::status) && found[0].text == "OK"));
        BOOST_TEST((found[1].is(Type::error) && found[1].text == "ERR no"));
        BOOST_TEST((found[2].is(Type::integer) && found[2].integer == -42));
        BOOST_TEST((found[3].is(Type::text) && found[3].text == "a\r\nbc"));
        BOOST_TEST(found[4].is(Type::nil));
        BOOST_TEST_REQUIRE((found[5].is(Type::array) && found[5].elements.size() == 3));
        BOOST_TEST_REQUIRE(found[5].elements[1].elements.size() == 2u);
        BOOST_TEST(found[5].elements[1].elements[1].text == "x");
        BOOST_TEST(found[5].elements[2].is(Type::nil));
        BOOST_TEST((found[6].is(Type::array) && found[6].elements.empty()));
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_the_protocol_breaks_the_reader_for_good) {
    for (std::string_view const text : {"HTTP/1.1 400 Bad Request\r\n", "$x\r\n", "*99999999999999\r\n", ":9x\r\n", "\r\n", "%1\r\n", "$-7\r\n"}) {
        ReplyReader reader;
        BOOST_TEST(replies_in(reader, text).empty());
        BOOST_TEST(reader.broken(), text);
        BOOST_TEST(!reader.reason().empty());
        BOOST_TEST(replies_in(reader, "+OK\r\n").empty());
    }
}

BOOST_AUTO_TEST_CASE(a_reply_is_bounded_in_bytes_elements_and_depth) {
    ReplyReader huge(ReplyBounds{1000, 100});
    std::string const much(600, 'x');
    replies_in(huge, "$999999999\r\n");
    BOOST_TEST(!huge.broken());
    replies_in(huge, much + much);
    BOOST_TEST(huge.broken());

    ReplyReader wide(ReplyBounds{100'000, 100});
    std::string many = "*101\r\n";
    for (int i = 0; i < 101; ++i)
        many += ":1\r\n";
    BOOST_TEST(replies_in(wide, many).empty());
    BOOST_TEST(wide.reason() == "a reply has more than 100 elements");

    ReplyReader announced(ReplyBounds{100'000, 100});
    BOOST_TEST(replies_in(announced, "*2000000000\r\n:1\r\n").empty());

    ReplyReader deep;
    std::string nested;
    for (int i = 0; i < 1000; ++i)
        nested += "*1\r\n";
    BOOST_TEST(replies_in(deep, nested).empty());
    BOOST_TEST(deep.broken());

    ReplyReader fine(ReplyBounds{1000, 100});
    for (int i = 0; i < 50; ++i)
        BOOST_TEST(replies_in(fine, "$600\r\n" + much + "\r\n").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_command_is_an_array_of_bulk_strings) {
    std::string out;
    append_command(out, {"SET", "k", std::string_view("a\0\r\n", 4), ""});
    BOOST_TEST(out == std::string_view("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n", 36));
}

BOOST_AUTO_TEST_CASE(the_header_of_a_record_is_read_and_nothing_else_is_taken_for_one) {
    auto const read = RecordHeader::parse(header + "value");
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(!read->erased);
    BOOST_TEST(read->version == 0x65c1a2b3c4d5U);
    BOOST_TEST(read->size == header.size());
    BOOST_TEST((read->expires_at == Store::time_point(std::chrono::milliseconds(0x018f3c5d2e1a))));
    BOOST_TEST(read->is_there(*read->expires_at - 1ms));
    BOOST_TEST(!read->is_there(*read->expires_at));
    for (std::size_t size = 0; size < header.size(); ++size)
        BOOST_TEST(!RecordHeader::parse(header.substr(0, size)).has_value());
    for (std::size_t const at : {0U, 1U, 2U, 3U, 4U, 17U, 26U, 37U}) {
        auto wrong = header;
        wrong[at] = 'z';
        BOOST_TEST(!RecordHeader::parse(wrong).has_value(), "a wrong character at " << at);
    }
    auto erased = header;
    erased[2] = '-';
    BOOST_TEST(!RecordHeader::parse(erased)->is_there({}));
    auto for_ever = header;
    for_ever.replace(26, 12, 12, '-');
    BOOST_TEST(!RecordHeader::parse(for_ever)->expires_at);
    auto far = header;
    far.replace(26, 12, 12, 'f');
    BOOST_TEST((RecordHeader::parse(far)->expires_at == Store::time_point::max()));
}

BOOST_AUTO_TEST_CASE(what_belongs_to_a_principal_has_one_tag_and_slots_are_those_of_redis) {
    StoreKey principal{"authorization", "https://issuer/", "auth0|1", "", ""};
    auto one = principal;
    auto two = principal;
    one.add("ciba").add("1");
    two.add("device").add("2");
    BOOST_TEST(KeyTag::of(one.text()).view() == KeyTag::of(two.text()).view());
    BOOST_TEST(KeyTag::of(principal.text()).view() == KeyTag::of(two.text()).view());
    BOOST_TEST(KeyTag::of(principal.text()).complete);
    StoreKey const short_key{"authorization", "https://issuer/"};
    BOOST_TEST(!KeyTag::of(short_key.text()).complete);
    StoreKey const other{"authorization", "https://issuer/", "auth0|2", "", ""};
    BOOST_TEST(KeyTag::of(other.text()).view() != KeyTag::of(principal.text()).view());
    BOOST_TEST(slot_of("123456789") == (0x31c3 & 16383));
    BOOST_TEST(slot_of("user1000") == 3443);
    BOOST_TEST(slot_of("foo") == 12182);
}

BOOST_AUTO_TEST_CASE(names_are_found_again_and_patterns_take_nothing_literally_that_is_not) {
    KeyNames const names("my*app:");
    StoreKey const key{"a[b]", "c?d\\e"};
    std::string name;
    names.append(name, key.text());
    BOOST_TEST(name.size() == names.size(key.text()));
    BOOST_TEST(names.text(name).value() == key.text());
    BOOST_TEST(!names.text("my*app:" + key.text()).has_value());
    BOOST_TEST(!names.text("other:" + name).has_value());
    BOOST_TEST(!names.text("my*app:{0000}" + key.text()).has_value());
    BOOST_TEST(names.pattern(key.text()) == "my\\*app:{????}a14:a\\[b\\]5:c\\?d\\\\e*");
}

BOOST_AUTO_TEST_CASE(errors_are_typed_and_name_the_remedy) {
    struct Case {
        char const* error;
        Refusal::Kind kind;
        Errc errc;
        char const* remedy;
    };
    for (auto const& each : {
             Case{"OOM command not allowed when used memory > 'maxmemory'.", Refusal::Kind::final, Errc::store_full, "maxmemory"},
             Case{"READONLY You can't write against a read only replica.", Refusal::Kind::elsewhere, Errc::store_unavailable, "sentinel()"},
             Case{"LOADING Redis is loading the dataset in memory", Refusal::Kind::later, Errc::store_unavailable, "loading"},
             Case{"BUSY Redis is busy running a script.", Refusal::Kind::later, Errc::store_unavailable, "SCRIPT KILL"},
             Case{"CLUSTERDOWN Hash slot not served", Refusal::Kind::later, Errc::store_unavailable, "CLUSTER INFO"},
             Case{"MASTERDOWN Link with MASTER is down", Refusal::Kind::elsewhere, Errc::store_unavailable, "replica without its master"},
             Case{"NOAUTH Authentication required.", Refusal::Kind::final, Errc::store_unavailable, "password()"},
             Case{"WRONGPASS invalid username-password pair", Refusal::Kind::final, Errc::store_unavailable, "check user() and password()"},
             Case{"NOPERM this user has no permissions", Refusal::Kind::final, Errc::store_unavailable, "+evalsha"},
             Case{"NOSCRIPT No matching script.", Refusal::Kind::no_script, Errc::store_unavailable, "SCRIPT FLUSH"},
             Case{"WRONGTYPE Operation against a key holding the wrong kind", Refusal::Kind::final, Errc::record_corrupt, "key_prefix()"},
             Case{"ASSENTCORRUPT the value", Refusal::Kind::final, Errc::record_corrupt, "key_prefix()"},
             Case{"ASSENTLOST too many", Refusal::Kind::final, Errc::store_unavailable, "may or may not"},
             Case{"MISCONF Redis is configured to save RDB snapshots", Refusal::Kind::final, Errc::store_unavailable, "disk"},
             Case{"NOREPLICAS Not enough good replicas to write.", Refusal::Kind::later, Errc::store_unavailable, "min-replicas-to-write"},
             Case{"ERR something new", Refusal::Kind::final, Errc::store_unavailable, "what it said"},
         }) {
        auto const refusal = judge(each.error, here);
        BOOST_TEST((refusal.kind == each.kind), each.error);
        BOOST_TEST((refusal.failure == each.errc), each.error);
        BOOST_TEST(refusal.failure.message().find(each.remedy) != std::string::npos, refusal.failure.message());
        BOOST_TEST(refusal.failure.message().find("10.0.0.1:6379") != std::string::npos);
        BOOST_TEST_REQUIRE(refusal.failure.server() != nullptr);
        BOOST_TEST(refusal.failure.server()->description == each.error);
    }
    auto const long_one = judge("ERR " + std::string(100'000, 'x'), here);
    BOOST_TEST(long_one.failure.server()->description.size() == 1024u);
    BOOST_TEST(long_one.failure.message().find("xxx") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(redirections_are_read_and_absurd_ones_are_plain_errors) {
    auto const moved = judge("MOVED 3999 127.0.0.1:6381", here);
    BOOST_TEST((moved.kind == Refusal::Kind::moved));
    BOOST_TEST(moved.slot == 3999);
    BOOST_TEST((moved.target == Endpoint{"127.0.0.1", 6381}));
    auto const ask = judge("ASK 0 node-2.example:7000", here);
    BOOST_TEST((ask.kind == Refusal::Kind::ask && ask.target == Endpoint{"node-2.example", 7000}));
    BOOST_TEST((judge("MOVED 1 :7000", here).target == Endpoint{"10.0.0.1", 7000}));
    BOOST_TEST((judge("MOVED 1 ::1:7000", here).target == Endpoint{"::1", 7000}));
    for (auto const* const error : {"MOVED", "MOVED 1", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED x a:1", "MOVED 1 a", "MOVED 1 a:0", "MOVED 1 a:65536",
                                    "ASK 1 a b:1", "MOVED 1 a\x01:1", "MOVED 1 /etc:1"})
        BOOST_TEST((judge(error, here).kind == Refusal::Kind::final), error);
}

BOOST_AUTO_TEST_CASE(the_slots_of_a_cluster_are_read_and_a_wrong_map_is_none) {
    ReplyReader reader;
    std::string const node = "*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n";
    auto const good = replies_in(reader, "*2\r\n*4\r\n:0\r\n:8191\r\n" + node + node + "*3\r\n:8192\r\n:16383\r\n*2\r\n$0\r\n\r\n:7001\r\n");
    auto const slots = read_slots(good.at(0), here);
    BOOST_TEST_REQUIRE(slots.has_value());
    BOOST_TEST_REQUIRE(slots->size() == 2u);
    BOOST_TEST((slots->at(0) == SlotRange{0, 8191, {"127.0.0.1", 7000}}));
    BOOST_TEST((slots->at(1) == SlotRange{8192, 16383, {"10.0.0.1", 7001}}));
    for (std::string const& range : {"*3\r\n:0\r\n:16384\r\n" + node, "*3\r\n:5\r\n:4\r\n" + node, "*3\r\n:-1\r\n:4\r\n" + node,
                                     "*3\r\n$1\r\n0\r\n:4\r\n" + node, std::string("*2\r\n:0\r\n:4\r\n"), std::string(":1\r\n"),
                                     std::string("*3\r\n:0\r\n:4\r\n*2\r\n$1\r\na\r\n:0\r\n"), std::string("*3\r\n:0\r\n:4\r\n*2\r\n$2\r\na/\r\n:1\r\n")}) {
        auto const wrong = replies_in(reader, "*1\r\n" + range);
        BOOST_TEST(!read_slots(wrong.at(0), here).has_value(), range);
    }
    auto const master = replies_in(reader, "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n*-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    BOOST_TEST((read_master(master.at(0)) == Endpoint{"127.0.0.1", 6380}));
    BOOST_TEST(!read_master(master.at(1)).has_value());
    BOOST_TEST(!read_master(master.at(2)).has_value());
}

BOOST_AUTO_TEST_CASE(urls_say_everything_that_is_needed) {
    auto const plain = RedisStoreConfig::from_url("redis://cache.example");
    BOOST_TEST((plain.servers() == std::vector<std::pair<std::string, std::uint16_t>>{{"cache.example", 6379}}));
    BOOST_TEST(!plain.tls());
    auto const full = RedisStoreConfig::from_url("rediss://user:p%40ss%3Aword@[::1]:6380/2");
    BOOST_TEST(full.tls());
    BOOST_TEST(full.user() == "user");
    BOOST_TEST((full.password() == Secret("p@ss:word")));
    BOOST_TEST(full.database() == 2u);
    BOOST_TEST((full.servers() == std::vector<std::pair<std::string, std::uint16_t>>{{"::1", 6380}}));
    auto const sentinels = RedisStoreConfig::from_url("redis+sentinel://:secret@one,two:26380/mymaster/3");
    BOOST_TEST((sentinels.servers() == std::vector<std::pair<std::string, std::uint16_t>>{{"one", 26379}, {"two", 26380}}));
    BOOST_TEST(sentinels.master_name() == "mymaster");
    BOOST_TEST(sentinels.user().empty());
    BOOST_TEST(sentinels.database() == 3u);
    BOOST_TEST(RedisStoreConfig::from_url("rediss+cluster://a,b").cluster());
    for (std::string_view const url : {"", "http://a", "redis:/a", "redis+x://a", "redis://", "redis://a,b", "redis://a:0", "redis://a:99999", "redis://a/x",
                                       "redis://u@a", "redis://u:%zz@a", "redis://a?db=1", "redis+sentinel://a", "redis://a b", "redis://a/1/2"})
        BOOST_TEST(url_refused_as(url) != "accepted", url);
    BOOST_TEST(url_refused_as("redis://user:hush%@host").find("hush") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_configuration_that_cannot_work_is_refused_with_the_settings_name) {
    auto const names = [](RedisStoreConfig const& config, std::string_view setting) {
        auto const told = refused_as(config);
        BOOST_TEST(told.find(setting) != std::string::npos, told);
    };
    names(RedisStoreConfig().connect_deadline(0ms), "connect_deadline");
    names(RedisStoreConfig().answer_deadline(61s), "answer_deadline");
    names(RedisStoreConfig().operation_deadline(1ms), "operation_deadline");
    names(RedisStoreConfig().max_outstanding(0), "max_outstanding");
    names(RedisStoreConfig().database(70'000), "database");
    names(RedisStoreConfig().key_prefix("a{b}"), "key_prefix");
    names(RedisStoreConfig().server("a b"), "server");
    names(RedisStoreConfig().server("a", 0), "server");
    names(RedisStoreConfig().server("a").server("b"), "cluster(true) or sentinel");
    names(RedisStoreConfig().cluster(true).sentinel("m"), "exclude");
    names(RedisStoreConfig().cluster(true).database(1), "database");
    names(RedisStoreConfig().user("u"), "password");
    names(RedisStoreConfig().ca_pem("nonsense"), "ca_pem");
    names(RedisStoreConfig().ca_file("/nowhere.pem"), "ca_file");
}

BOOST_AUTO_TEST_SUITE_END()
