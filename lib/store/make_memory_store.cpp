#include <assent/memory_store.hpp>

#include <utility>

namespace assent {

std::shared_ptr<Store> make_memory_store(std::shared_ptr<Clock> clock) {
    return std::make_shared<MemoryStore>(std::move(clock));
}

}  // namespace assent
