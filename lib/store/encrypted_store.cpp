#include <assent/encrypted_store.hpp>

#include "store/envelope.hpp"
#include "store/key_derivation.hpp"
#include "store/name_hash.hpp"

#include <utility>

namespace assent {
namespace {

constexpr std::size_t max_value = std::size_t(1) << 20;

}  // namespace

class EncryptedStore::Impl {
public:
    Impl(std::shared_ptr<Store> its_backend, std::vector<Envelope::Key> const& keys, Secret const& names)
        : backend(std::move(its_backend)), names_(derive_key(names, "assent store names 1")), envelope_(keys)
    {
    }

    result<StoreKey> hide(StoreKey const& key) { return names_.hide(key); }
    result<std::string> seal(StoreKey const& place, StoreKey const& key, std::string& value)
    {
        auto sealed = value.size() <= max_value
                          ? envelope_.seal(place.text(), key.text(), value)
                          : result<std::string>(Failure(Errc::invalid_argument, "a value of the store may have 1 MiB"));
        wipe(value);
        return sealed;
    }
    /// Opens an entry in place. @param key whose it must be, or null: then it is told.
    result<StoreKey> open(StoreKey const& place, StoreEntry& entry, StoreKey const* key)
    {
        BOOST_OUTCOME_TRY(auto opened, envelope_.open(place.text(), std::move(entry.value)));
        if (key != nullptr && opened.name() != key->text()) {
            opened.forget();
            return Failure(Errc::record_corrupt, "an encrypted value belongs to another entry");
        }
        auto name = key != nullptr ? result<StoreKey>(StoreKey()) : StoreKey::from_text(std::string(opened.name()));
        entry.value = std::move(opened).take_value();
        return name;
    }

    static awaitable<result<std::optional<StoreEntry>>> get(std::shared_ptr<Impl> self, StoreKey key)
    {
        BOOST_OUTCOME_CO_TRY(auto const place, self->hide(key));
        auto found = co_await self->backend->get(place);
        if (!found || !found.value())
            co_return found;
        auto const opened = self->open(place, *found.value(), &key);
        if (!opened)
            co_return opened.failure();
        co_return found;
    }

    static awaitable<result<StoreVersion>> put(std::shared_ptr<Impl> self, StoreKey key, std::string value,
                                               std::optional<time_point> expires_at)
    {
        BOOST_OUTCOME_CO_TRY(auto place, self->hide(key));
        BOOST_OUTCOME_CO_TRY(auto sealed, self->seal(place, key, value));
        co_return co_await self->backend->put(std::move(place), std::move(sealed), expires_at);
    }

    static awaitable<result<bool>> erase(std::shared_ptr<Impl> self, StoreKey key)
    {
        BOOST_OUTCOME_CO_TRY(auto place, self->hide(key));
        co_return co_await self->backend->erase(std::move(place));
    }

    static awaitable<result<StoreVersion>> exchange(std::shared_ptr<Impl> self, StoreKey key, StoreVersion expected, std::string value,
                                                    std::optional<time_point> expires_at)
    {
        BOOST_OUTCOME_CO_TRY(auto place, self->hide(key));
        BOOST_OUTCOME_CO_TRY(auto sealed, self->seal(place, key, value));
        co_return co_await self->backend->compare_exchange(std::move(place), expected, std::move(sealed), expires_at);
    }

    static awaitable<result<StorePage>> scan(std::shared_ptr<Impl> self, StoreKey prefix, std::string cursor, std::size_t limit)
    {
        BOOST_OUTCOME_CO_TRY(auto hidden, self->hide(prefix));
        auto page = co_await self->backend->scan(std::move(hidden), std::move(cursor), limit);
        if (!page)
            co_return page;
        for (auto& [key, entry] : page.value().entries) {
            BOOST_OUTCOME_CO_TRY(auto original, self->open(key, entry, nullptr));
            key = std::move(original);
        }
        co_return page;
    }

    std::shared_ptr<Store> backend;

private:
    NameHash names_;
    Envelope envelope_;
};

EncryptedStore::EncryptedStore(std::shared_ptr<Store> backend, EncryptionKeys const& keys)
{
    if (backend == nullptr)
        throw ConfigurationError(Failure(Errc::missing_configuration, "EncryptedStore needs a store to keep its values in"));
    std::vector<Envelope::Key> all;
    for (auto const& key : keys.keys_)
        all.emplace_back(key.secret, key.id);
    auto const& names = keys.names_.empty() ? keys.keys_.back().secret : keys.names_;
    impl_ = std::make_shared<Impl>(std::move(backend), all, names);
}

EncryptedStore::~EncryptedStore() = default;

awaitable<result<std::optional<StoreEntry>>> EncryptedStore::get(StoreKey key) { return Impl::get(impl_, std::move(key)); }

awaitable<result<StoreVersion>> EncryptedStore::put(StoreKey key, std::string value, std::optional<time_point> expires_at)
{
    return Impl::put(impl_, std::move(key), std::move(value), expires_at);
}

awaitable<result<bool>> EncryptedStore::erase(StoreKey key) { return Impl::erase(impl_, std::move(key)); }

awaitable<result<StoreVersion>> EncryptedStore::compare_exchange(StoreKey key, StoreVersion expected, std::string value,
                                                                 std::optional<time_point> expires_at)
{
    return Impl::exchange(impl_, std::move(key), expected, std::move(value), expires_at);
}

awaitable<result<StorePage>> EncryptedStore::scan(StoreKey prefix, std::string cursor, std::size_t limit)
{
    return Impl::scan(impl_, std::move(prefix), std::move(cursor), limit);
}

std::shared_ptr<Store> make_encrypted_store(std::shared_ptr<Store> store, EncryptionKeys const& keys)
{
    return std::make_shared<EncryptedStore>(std::move(store), keys);
}

}  // namespace assent
