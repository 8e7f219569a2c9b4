#pragma once

#include <memory>

namespace assent {

/// True when nobody else shares `data`, so that it may be written in place. What former owners read has then happened before.
template <class T>
bool sole_owner(std::shared_ptr<T> const& data) noexcept {
    if (data.use_count() != 1)
        return false;
    // use_count() orders nothing; lock() is a read-modify-write that acquires what the last release left behind.
    return std::weak_ptr<T>(data).lock() != nullptr;
}

}  // namespace assent
