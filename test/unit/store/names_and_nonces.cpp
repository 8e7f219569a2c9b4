#include "core/digest.hpp"
#include "core/random_pool.hpp"
#include "store/name_hash.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace assent;

Secret const names_secret(std::string("0123456789abcdefghijklmnopqrstuv"));

/// What a name is by its definition, with nothing remembered.
std::string hidden_by_definition(std::vector<std::string> const& components)
{
    StoreKey hidden;
    hidden.add(components.front());
    std::string before(16, '\0');
    for (std::size_t place = 1; place < components.size(); ++place) {
        if (components[place].empty()) {
            hidden.add("");
            continue;
        }
        std::string said{static_cast<char>(place >> 8), static_cast<char>(place)};
        before = hmac_sha256(names_secret.expose(), said + before + components[place]).substr(0, 16);
        hidden.add(base64url_encode(before));
    }
    return hidden.text();
}

StoreKey key_of(std::vector<std::string> const& components)
{
    StoreKey key;
    for (auto const& component : components)
        key.add(component);
    return key;
}

constexpr std::size_t nonce_size = 12;

std::string drawn(RandomPool& pool)
{
    std::array<unsigned char, nonce_size> nonce{};
    pool.fill(nonce);
    return std::string(nonce.begin(), nonce.end());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_names_and_nonces)

BOOST_AUTO_TEST_CASE(a_name_is_the_hmac_of_its_components_whatever_was_hidden_before_it)
{
    NameHash names(names_secret);
    std::vector<std::vector<std::string>> const keys = {
        {"authorization"},
        {"authorization", "https://a.example/", "alice", "", "", "tool", "digest"},
        {"authorization", "https://a.example/", "alice", "", "", "tool", "digest 2"},
        {"authorization", "https://a.example/", "alice", "", "", "tool"},
        {"authorization", "https://a.example/", "alice", "", "", "tool", "digest", "more"},
        {"authorization", "https://a.example/", "alice2", "", "", "tool", "digest"},
        {"authorization", "https://a.example/", "alic", "e", "", "tool", "digest"},
        {"authorization", "https://a.example/", "", "alice", "", "tool", "digest"},
        {"session", "https://a.example/", "alice", "", "", "tool", "digest"},
        {"authorization", "https://a.example/alice", "", "", "", "tool", "digest"},
    };
    std::set<std::string> all;
    for (int round = 0; round < 2; ++round) {
        for (auto const& first : keys) {
            for (auto const& then : keys) {
                BOOST_TEST(names.hide(key_of(first)).value().text() == hidden_by_definition(first));
                BOOST_TEST(names.hide(key_of(then)).value().text() == hidden_by_definition(then));
                all.insert(hidden_by_definition(then));
            }
        }
    }
    BOOST_TEST(all.size() == keys.size());
}

BOOST_AUTO_TEST_CASE(many_names_do_not_push_each_other_into_errors)
{
    NameHash names(names_secret);
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 3000; ++i) {
            std::vector<std::string> const key{"authorization", "https://a.example/", "user " + std::to_string(i * 7 % 3000), "tool"};
            BOOST_REQUIRE(names.hide(key_of(key)).value().text() == hidden_by_definition(key));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_is_refused_leaves_the_next_as_it_is)
{
    NameHash names(names_secret);
    std::vector<std::string> const good{"authorization", "https://a.example/", "alice"};
    StoreKey many;
    for (int i = 0; i < 200; ++i)
        many.add("x");
    BOOST_TEST(names.hide(key_of(good)).has_value());
    BOOST_TEST((names.hide(many).failure() == Errc::invalid_argument));
    BOOST_TEST(names.hide(key_of({"x", "x", "x"})).value().text() == hidden_by_definition({"x", "x", "x"}));
    BOOST_TEST(names.hide(key_of(good)).value().text() == hidden_by_definition(good));
}

BOOST_AUTO_TEST_CASE(no_nonce_is_given_twice)
{
    RandomPool pool;
    RandomPool other;
    std::set<std::string> seen;
    for (int i = 0; i < 5000; ++i) {
        BOOST_REQUIRE(seen.insert(drawn(pool)).second);
        BOOST_REQUIRE(seen.insert(drawn(other)).second);
    }
}

BOOST_AUTO_TEST_CASE(a_pool_gives_any_number_of_bytes)
{
    RandomPool pool;
    std::set<std::string> seen;
    for (std::size_t const size : {16U, 1000U, 4000U, 4092U, 4093U, 10000U, 16U}) {
        std::string bytes(size, '\0');
        pool.fill(std::span(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()));
        BOOST_TEST(seen.insert(bytes.substr(0, 16)).second);
        BOOST_TEST(seen.insert(bytes.substr(size - 8)).second);
    }
    BOOST_TEST(pool.base64url(16).size() == 22u);
    BOOST_TEST(base64url_decode(pool.base64url(1024)).value().size() == 1024u);
    BOOST_CHECK_THROW(static_cast<void>(pool.base64url(0)), std::invalid_argument);
    BOOST_CHECK_THROW(static_cast<void>(pool.base64url(1025)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(both_sides_of_a_fork_draw_nonces_of_their_own)
{
    RandomPool pool;
    static_cast<void>(drawn(pool));  // the rest of what was drawn is in memory now, for both
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe(ends.data()) == 0);
    auto const child = ::fork();
    if (child == 0) {
        std::string text;
        for (int i = 0; i < 400; ++i)
            text += drawn(pool);
        bool const told = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
        ::_exit(told ? 0 : 1);
    }
    ::close(ends[1]);
    std::string theirs;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
        theirs.append(buffer.data(), static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST(status == 0);
    BOOST_REQUIRE(theirs.size() == 400 * nonce_size);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < theirs.size(); i += nonce_size)
        BOOST_REQUIRE(seen.insert(theirs.substr(i, nonce_size)).second);
    for (int i = 0; i < 400; ++i)
        BOOST_REQUIRE(seen.insert(drawn(pool)).second);
}

BOOST_AUTO_TEST_SUITE_END()
