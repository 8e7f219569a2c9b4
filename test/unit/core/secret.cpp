#include <assent/secret.hpp>

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>

using assent::Secret;

namespace {

template <class T>
concept Streamable = requires(std::ostream& stream, T const& value) { stream << value; };
template <class T>
concept WideStreamable = requires(std::wostream& stream, T const& value) { stream << value; };

static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(!WideStreamable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!std::is_convertible_v<char const*, Secret>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(std::is_nothrow_move_assignable_v<Secret>);

/// Short enough that the text lies within the object.
constexpr char text[] = "s3cr3t-token";

/// Storage whose bytes stay readable when the object in it is gone.
class Storage {
public:
    template <class... Arguments>
    Secret& make(Arguments&&... arguments) {
        return *new (bytes_) Secret(std::forward<Arguments>(arguments)...);
    }
    bool contains(std::string_view what) const {
        return std::string_view(reinterpret_cast<char const*>(bytes_), sizeof(bytes_)).find(what) !=
               std::string_view::npos;
    }

private:
    alignas(Secret) unsigned char bytes_[sizeof(Secret)] = {};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core_secret)

BOOST_AUTO_TEST_CASE(it_gives_its_value_to_the_one_who_asks) {
    Secret const secret("value");
    BOOST_TEST(secret.expose() == "value");
    BOOST_TEST(!secret.empty());
    BOOST_TEST(Secret().empty());
    BOOST_TEST(Secret(std::string("a\0b", 3)).expose().size() == 3u);
}

BOOST_AUTO_TEST_CASE(its_memory_is_wiped_when_it_goes) {
    Storage storage;
    Secret& secret = storage.make(text);
    BOOST_REQUIRE(storage.contains(text));  // else this test shows nothing
    secret.~Secret();
    BOOST_TEST(!storage.contains("s3cr3t"));
    BOOST_TEST(!storage.contains("token"));
}

BOOST_AUTO_TEST_CASE(what_was_moved_from_is_wiped) {
    Storage storage;
    Secret& secret = storage.make(text);
    Secret const moved(std::move(secret));
    BOOST_TEST(moved.expose() == text);
    BOOST_TEST(!storage.contains("3cr3t"));
    BOOST_TEST(secret.empty());
    secret = Secret(text);
    BOOST_REQUIRE(storage.contains(text));
    Secret assigned;
    assigned = std::move(secret);
    BOOST_TEST(assigned.expose() == text);
    BOOST_TEST(!storage.contains("3cr3t"));
    secret.~Secret();
}

BOOST_AUTO_TEST_CASE(what_is_assigned_to_forgets_all_of_its_old_value) {
    Storage storage;
    Secret& secret = storage.make(text);
    Secret const brief("x");
    secret = brief;
    BOOST_TEST(secret.expose() == "x");
    BOOST_TEST(!storage.contains("3cr3t"));
    secret = Secret(text);
    secret = Secret("y");
    BOOST_TEST(secret.expose() == "y");
    BOOST_TEST(!storage.contains("3cr3t"));
    secret.~Secret();
}

BOOST_AUTO_TEST_CASE(assigning_it_to_itself_keeps_it) {
    Secret secret(text);
    Secret& same = secret;
    secret = same;
    BOOST_TEST(secret.expose() == text);
    secret = std::move(same);
    BOOST_TEST(secret.expose() == text);
}

BOOST_AUTO_TEST_CASE(wiping_a_string_clears_its_whole_capacity) {
    std::string string(200, 'k');
    string.resize(3);
    BOOST_REQUIRE(string.capacity() >= 200u);
    char const* const data = string.data();
    std::size_t const capacity = string.capacity();
    assent::wipe(string);
    BOOST_TEST(string.empty());
    BOOST_REQUIRE(string.data() == data);
    string.resize(capacity, 'n');  // within the capacity; only here may its bytes be read
    string.clear();
    std::string other(64, 'k');
    assent::wipe(other.data(), other.size());
    BOOST_TEST(other == std::string(64, '\0'));
}

BOOST_AUTO_TEST_CASE(wiping_nothing_is_allowed) {
    assent::wipe(nullptr, 0);
    std::string empty;
    assent::wipe(empty);
    BOOST_TEST(empty.empty());
}

BOOST_AUTO_TEST_CASE(it_compares_by_value) {
    BOOST_TEST((Secret("abc") == Secret("abc")));
    BOOST_TEST((Secret("abc") != Secret("abd")));
    BOOST_TEST((Secret("abc") != Secret("bbc")));
    BOOST_TEST((Secret("abc") != Secret("ab")));
    BOOST_TEST((Secret("ab") != Secret("abc")));
    BOOST_TEST((Secret() == Secret("")));
    BOOST_TEST(assent::equal_in_constant_time("", ""));
    BOOST_TEST(!assent::equal_in_constant_time("", "a"));
    BOOST_TEST(assent::equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
    BOOST_TEST(!assent::equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

BOOST_AUTO_TEST_SUITE_END()
