#pragma once

#include <assent/fga_types.hpp>
#include <assent/outcome.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::fga {

/// Many questions as few: each encoded once, equal ones found, ready to be put into requests.
class BatchPlan {
public:
    BatchPlan();
    explicit BatchPlan(std::vector<Check> const& questions) : BatchPlan() { assign(questions); }
    /// Plans anew, with the memory of the plan before.
    void assign(std::vector<Check> const& questions);

    /// How many different questions there are to send.
    std::size_t distinct() const noexcept { return items_.size(); }
    /// What becomes of question `i`: the number of the distinct one that it equals, or nothing when it is not sent.
    std::optional<std::size_t> item_of(std::size_t question) const noexcept;
    /// The first question that is the distinct one `item`.
    std::size_t question_of(std::size_t item) const noexcept { return items_[item].question; }
    /// Why a question is not sent. @pre !item_of(question)
    Failure const& failure_of(std::size_t question) const noexcept;

    /// Where a batch ends that begins with `first`: at most `most` questions, and no more than a request may have bytes.
    std::size_t end_of_batch(std::size_t first, std::size_t most) const noexcept;
    /// The body of a batch check of the distinct questions [first, last), whose correlation ids are "0", "1" and so on.
    void write_batch(std::string& out, std::size_t first, std::size_t last, std::string_view model_id,
                     std::optional<Consistency> consistency) const;
    /// The body of a check of one.
    void write_check(std::string& out, std::size_t item, std::string_view model_id,
                     std::optional<Consistency> consistency) const;

private:
    struct Item {
        std::size_t begin;
        std::size_t size;
        std::size_t question;
    };
    struct Refused {
        std::size_t question;
        Failure failure;
    };
    static constexpr std::uint32_t not_sent = std::uint32_t(-1);

    std::string_view text(Item const& item) const noexcept { return {texts_.data() + item.begin, item.size}; }

    std::array<std::uint64_t, 2> key_;
    std::vector<std::uint32_t> slots_;
    std::string texts_;
    std::vector<Item> items_;
    std::vector<std::uint32_t> item_of_;
    std::vector<Refused> refused_;
};

/// The body of a check.
result<std::string> check_body(Check const& check, std::string_view model_id, std::optional<Consistency> consistency);

}  // namespace assent::fga
