#pragma once

#include <assent/secret.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace assent {

/// The two texts of an authorization in hand, the end of its key and its request id, in one allocation. The request id is wiped.
class FlowText {
public:
    FlowText() noexcept = default;
    FlowText(std::string_view key_end, std::string_view request_id);
    FlowText(FlowText&& other) noexcept
        : text_(std::move(other.text_)), key_size_(std::exchange(other.key_size_, 0)), id_size_(std::exchange(other.id_size_, 0))
    {
    }
    FlowText& operator=(FlowText&& other) noexcept
    {
        FlowText moved(std::move(other));
        std::swap(text_, moved.text_);
        std::swap(key_size_, moved.key_size_);
        std::swap(id_size_, moved.id_size_);
        return *this;
    }
    ~FlowText() { wipe(text_.get() + key_size_, id_size_); }

    std::string_view key_end() const noexcept { return {text_.get(), key_size_}; }
    /// Empty when nothing is pending.
    std::string_view request_id() const noexcept { return {text_.get() + key_size_, id_size_}; }
    void request_id(std::string_view id)
    {
        if (id_size_ != 0 || !id.empty())
            *this = FlowText(key_end(), id);
    }

private:
    std::unique_ptr<char[]> text_;
    std::uint16_t key_size_ = 0;  ///< At most 8 KiB: a store's keys are bounded.
    std::uint16_t id_size_ = 0;   ///< At most 4 KiB.
};

}  // namespace assent
