#include <assent/encrypted_store.hpp>
#include <assent/memory_store.hpp>
#include <assent/testing/manual_clock.hpp>
#include <assent/testing/store_conformance.hpp>

#include "core/digest.hpp"
#include "store/key_derivation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <set>
#include <thread>

namespace {

using namespace assent;
using namespace std::chrono_literals;
using assent::testing::ManualClock;

using SealedTime = Store::time_point;

template <class T>
T sealed_run(awaitable<T> operation)
{
    boost::asio::io_context context;
    auto future = boost::asio::co_spawn(context, std::move(operation), boost::asio::use_future);
    context.run();
    return future.get();
}

awaitable<void> sealed_advance_to(std::shared_ptr<ManualClock> clock, SealedTime when)
{
    if (when > clock->now())
        clock->advance(when - clock->now());
    co_return;
}

Secret key_of(char first)
{
    std::string text = "0123456789abcdef0123456789ABCDEF";
    text.front() = first;
    return Secret(std::move(text));
}

struct SealedFixture {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::shared_ptr<MemoryStore> backend = std::make_shared<MemoryStore>(clock);
    StoreKey const alice{"authorization", "https://issuer", "alice", "", "", "ciba", "one"};
    StoreKey const bob{"authorization", "https://issuer", "bob", "", "", "ciba", "one"};

    std::shared_ptr<Store> make(EncryptionKeys const& keys = EncryptionKeys(key_of('a'), "1")) { return make_encrypted_store(backend, keys); }

    /// All that the backend holds.
    std::vector<std::pair<StoreKey, StoreEntry>> held()
    {
        return sealed_run(backend->scan(StoreKey(), "", 1000)).value().entries;
    }
    std::pair<StoreKey, StoreEntry> sole()
    {
        auto all = held();
        BOOST_REQUIRE(all.size() == 1u);
        return std::move(all.front());
    }
    static StoreVersion put(Store& store, StoreKey key, std::string value)
    {
        return sealed_run(store.put(std::move(key), std::move(value), std::nullopt)).value();
    }
    static std::string get(Store& store, StoreKey key)
    {
        auto const entry = sealed_run(store.get(std::move(key)));
        if (!entry)
            return entry.failure().message();
        return entry.value() ? entry.value()->value : "(absent)";
    }
    static Failure failure(Store& store, StoreKey key)
    {
        auto const entry = sealed_run(store.get(std::move(key)));
        return entry.has_failure() ? entry.failure() : Failure();
    }
};

std::string refused_keys(std::function<void()> make)
{
    try {
        make();
    }
    catch (ConfigurationError const& error) {
        return error.what();
    }
    return "(taken)";
}

bool says(std::string_view text, std::string_view part)
{
    BOOST_TEST_INFO(text);
    return text.find(part) != std::string_view::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store_encrypted, SealedFixture)

BOOST_AUTO_TEST_CASE(it_conforms_to_everything_a_store_must_do)
{
    assent::testing::StoreConformanceConfig config(make());
    config.other_store(make());
    config.now([this] { return clock->now(); });
    config.sleep_until([this](SealedTime when) { return sealed_advance_to(clock, when); });
    auto const report = sealed_run(assent::testing::run_store_conformance(std::move(config)));
    for (auto const& text : report.failed)
        BOOST_ERROR(text);
    BOOST_TEST(report.examined.size() >= 24u);
    BOOST_TEST(held().empty());
}

BOOST_AUTO_TEST_CASE(the_backend_sees_neither_names_nor_values)
{
    auto const store = make();
    put(*store, alice, "a secret token");
    auto const [name, entry] = sole();
    BOOST_TEST(says(name.text(), "a113:authorization"), "the namespace stays readable");
    for (auto const* part : {"alice", "issuer", "ciba", "one"})
        BOOST_TEST(name.text().find(part) == std::string::npos, part);
    for (auto const* part : {"alice", "issuer", "secret", "token"})
        BOOST_TEST(entry.value.find(part) == std::string::npos, part);
    BOOST_TEST(get(*store, alice) == "a secret token");
    auto const page = sealed_run(store->scan(StoreKey{"authorization", "https://issuer"}, "", 10)).value();
    BOOST_REQUIRE(page.entries.size() == 1u);
    BOOST_TEST((page.entries.front().first == alice));
    BOOST_TEST(page.entries.front().second.value == "a secret token");
}

BOOST_AUTO_TEST_CASE(equal_components_have_different_names_in_different_places)
{
    auto const store = make();
    put(*store, StoreKey{"n", "x", "x"}, "v");
    put(*store, StoreKey{"n", "y", "x"}, "v");
    put(*store, StoreKey{"n", "x", "", "x"}, "v");
    put(*store, StoreKey{"n", "", "x"}, "v");
    std::set<std::string> seen;
    for (auto const& [name, entry] : held()) {
        auto const components = StoreKey::parse(name.text()).value();
        seen.insert(components.begin(), components.end());
    }
    // n, "", then: x at 1, x below it, y at 1, x below it, x at 3, x at 2.
    BOOST_TEST(seen.size() == 2u + 6u);
}

BOOST_AUTO_TEST_CASE(the_same_value_is_never_sealed_the_same_way)
{
    auto const store = make();
    std::set<std::string> sealed;
    for (int i = 0; i < 500; ++i) {
        put(*store, alice, "v");
        sealed.insert(sole().second.value);
    }
    BOOST_TEST(sealed.size() == 500u);
}

BOOST_AUTO_TEST_CASE(a_value_that_was_copied_to_another_name_does_not_open)
{
    auto const store = make();
    put(*store, alice, "granted to alice");
    auto const stolen = sole();
    put(*store, bob, "denied to bob");
    for (auto const& [name, entry] : held()) {
        if (!(name == stolen.first))
            put(*backend, name, stolen.second.value);
    }
    BOOST_TEST(get(*store, alice) == "granted to alice");
    auto const refused = failure(*store, bob);
    BOOST_TEST((refused == Errc::record_corrupt), refused.message());
    auto const scanned = sealed_run(store->scan(StoreKey{"authorization"}, "", 10));
    BOOST_TEST((scanned.has_failure() && scanned.failure() == Errc::record_corrupt));
}

BOOST_AUTO_TEST_CASE(every_changed_byte_and_every_cut_is_noticed)
{
    auto const store = make();
    put(*store, alice, "granted");
    auto const [name, entry] = sole();
    for (std::size_t at = 0; at < entry.value.size(); ++at) {
        for (int const bit : {0, 7}) {
            auto changed = entry.value;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            put(*backend, name, changed);
            auto const refused = failure(*store, alice);
            BOOST_TEST_INFO(at);
            // A changed fingerprint names a key that is not there.
            BOOST_TEST((refused == Errc::record_corrupt || refused == Errc::missing_configuration), refused.message());
        }
        put(*backend, name, entry.value.substr(0, at));
        BOOST_TEST((failure(*store, alice) == Errc::record_corrupt), at);
    }
    put(*backend, name, entry.value + "x");
    BOOST_TEST((failure(*store, alice) == Errc::record_corrupt));
    put(*backend, name, entry.value);
    BOOST_TEST(get(*store, alice) == "granted");
}

BOOST_AUTO_TEST_CASE(a_value_that_was_never_encrypted_is_refused)
{
    auto const store = make();
    put(*store, alice, "v");
    put(*backend, sole().first, R"({"v":1,"state":"granted"})");
    BOOST_TEST((failure(*store, alice) == Errc::record_corrupt));
}

BOOST_AUTO_TEST_CASE(another_key_opens_nothing_and_the_failure_says_which_is_missing)
{
    put(*make(EncryptionKeys(key_of('a'), "2026-01")), alice, "v");
    // With the names of the first, so that it finds the entry.
    auto const stranger = make(EncryptionKeys(key_of('b'), "2026-02").names(key_of('a')));
    auto const refused = failure(*stranger, alice);
    BOOST_TEST((refused == Errc::missing_configuration));
    BOOST_TEST(says(refused.message(), "the key \"2026-01\" ("));
    BOOST_TEST(says(refused.message(), "(\"2026-02\" ("));
    BOOST_TEST(get(*make(EncryptionKeys(key_of('b'))), alice) == "(absent)", "other names");
}

BOOST_AUTO_TEST_CASE(keys_rotate_old_values_are_read_and_written_anew_with_the_newest)
{
    EncryptionKeys const first(key_of('a'), "1");
    put(*make(first), alice, "old");
    put(*make(first), bob, "old");
    EncryptionKeys both(key_of('b'), "2");
    both.older(first);
    auto const rotated = make(both);
    BOOST_TEST(get(*rotated, alice) == "old");
    auto const version = sealed_run(rotated->get(alice)).value()->version;
    BOOST_TEST(sealed_run(rotated->compare_exchange(alice, version, "new", std::nullopt)).value() > version);

    // The old key has gone, but for the names.
    auto const afterwards = make(EncryptionKeys(key_of('b'), "renamed").names(key_of('a')));
    BOOST_TEST(get(*afterwards, alice) == "new");
    BOOST_TEST((failure(*afterwards, bob) == Errc::missing_configuration));
    // A process that has the new key as an older one already reads what the others write.
    EncryptionKeys rolling(key_of('a'), "1");
    rolling.older(EncryptionKeys(key_of('b'), "2"));
    rolling.names(key_of('a'));
    BOOST_TEST(get(*make(rolling), alice) == "new");
}

BOOST_AUTO_TEST_CASE(keys_that_cannot_be_meant_are_refused)
{
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(Secret("")); }), "is empty"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(Secret("short")); }), "has 5 bytes"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(Secret(std::string(33, 'k'))); }), "has 33 bytes"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(Secret(std::string(32, '\0'))); }), "one byte repeated"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(key_of('a'), "a b"); }), "id of an encryption key"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(key_of('a'), std::string(33, 'x')); }), "id of an encryption key"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(key_of('a')).older(EncryptionKeys(key_of('a'))); }), "given twice"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys(key_of('a'), "1").older(EncryptionKeys(key_of('b'), "1")); }), "have the id \"1\""));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys::from_passphrase(Secret("fifteen bytes.."), "0123456789abcdef"); }), "passphrase"));
    BOOST_TEST(says(refused_keys([] { EncryptionKeys::from_passphrase(Secret("sixteen bytes..."), "short"); }), "salt"));
    BOOST_CHECK_THROW(make_encrypted_store(nullptr, EncryptionKeys(key_of('a'))), ConfigurationError);
}

BOOST_AUTO_TEST_CASE(keys_come_from_the_environment_and_mistakes_there_are_named)
{
    auto const with = [](char const* value, bool required = true) {
        if (value == nullptr)
            ::unsetenv("ASSENT_ENCRYPTION_KEY");
        else
            ::setenv("ASSENT_ENCRYPTION_KEY", value, 1);
        return refused_keys([&] { static_cast<void>(required ? EncryptionKeys::from_env().size() : EncryptionKeys::find_in_env()->size()); });
    };
    auto const base64 = base64_encode(key_of('a').expose());
    auto const url = base64url_encode(key_of('b').expose());
    BOOST_TEST(says(with(nullptr), "set the environment variable ASSENT_ENCRYPTION_KEY"));
    BOOST_TEST(!EncryptionKeys::find_in_env().has_value());
    BOOST_TEST(says(with("", false), "ASSENT_ENCRYPTION_KEY is empty"));
    BOOST_TEST(says(with(" \n"), "ASSENT_ENCRYPTION_KEY is empty"));
    BOOST_TEST(says(with("no base64!"), "ASSENT_ENCRYPTION_KEY, key 1: it is not base64"));
    BOOST_TEST(says(with("c2hvcnQ="), "key 1: an encryption key has 5 bytes"));
    BOOST_TEST(says(with(("1:" + base64 + ",2:").c_str()), "key 2: an encryption key is empty"));
    BOOST_TEST(says(with(("1:" + base64 + ",1:" + url).c_str()), "key 2: two encryption keys have the id"));
    BOOST_TEST(says(with(("names:" + base64).c_str()), "for names only"));
    BOOST_TEST(says(with((base64 + "," + base64.substr(4)).c_str()), "key 2"));
    BOOST_TEST(with((base64 + "\n").c_str()) == "(taken)");
    BOOST_TEST(EncryptionKeys::from_env().size() == 1u);
    BOOST_TEST(with(("2:" + url + ", 1:" + base64).c_str()) == "(taken)");
    auto const keys = EncryptionKeys::from_env();
    BOOST_TEST(keys.size() == 2u);
    put(*make(EncryptionKeys(key_of('a'))), alice, "by the old key");
    BOOST_TEST(get(*make(keys), alice) == "by the old key");
    BOOST_TEST(with(("2:" + url + ",names:" + base64).c_str()) == "(taken)");
    BOOST_TEST((failure(*make(EncryptionKeys::from_env()), alice) == Errc::missing_configuration));
    ::unsetenv("ASSENT_ENCRYPTION_KEY");
}

BOOST_AUTO_TEST_CASE(a_passphrase_gives_the_same_key_again_and_another_salt_another_one)
{
    Secret const words("correct horse battery staple");
    put(*make(EncryptionKeys::from_passphrase(words, "salt of the deployment")), alice, "v");
    BOOST_TEST(get(*make(EncryptionKeys::from_passphrase(words, "salt of the deployment")), alice) == "v");
    BOOST_TEST(get(*make(EncryptionKeys::from_passphrase(words, "another deployment's")), alice) == "(absent)");
}

BOOST_AUTO_TEST_CASE(derived_keys_are_those_of_the_standard)
{
    // RFC 5869 A.3: no salt; the first 32 bytes of its output, whose info is empty.
    Secret const input(std::string(22, '\x0b'));
    BOOST_TEST(base64_encode(derive_key(input, "").expose()) == "jaTndaVjwY9xX4AqBjxaMbihH1xe4Yeew0VOXzxzjS0=");
    BOOST_TEST(!(derive_key(input, "a") == derive_key(input, "b")));
}

BOOST_AUTO_TEST_CASE(keys_and_values_beyond_the_limits_are_refused)
{
    auto const store = make();
    auto const long_key = sealed_run(store->get(StoreKey{std::string(4096, 'k')}));
    BOOST_TEST((long_key.has_failure() && long_key.failure() == Errc::invalid_argument));
    StoreKey many;
    for (int i = 0; i < 129; ++i)
        many.add("x");
    BOOST_TEST((failure(*store, many) == Errc::invalid_argument));
    auto const large = sealed_run(store->put(alice, std::string((1 << 20) + 1, 'v'), std::nullopt));
    BOOST_TEST((large.has_failure() && large.failure() == Errc::invalid_argument));
    BOOST_TEST(held().empty());
}

BOOST_AUTO_TEST_CASE(threads_share_an_encrypted_store)
{
    auto const store = make();
    std::vector<std::thread> crowd;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t)
        crowd.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                auto const value = std::to_string(t) + ":" + std::to_string(i);
                put(*store, StoreKey{"n", std::to_string(t)}, value);
                wrong += get(*store, StoreKey{"n", std::to_string(t)}) == value ? 0 : 1;
            }
        });
    for (auto& thread : crowd)
        thread.join();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()
