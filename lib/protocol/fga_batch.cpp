#include "protocol/fga_batch.hpp"

#include "core/sip_hash.hpp"
#include "protocol/fga_codec.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

namespace assent::fga {
namespace {

constexpr std::size_t usual_text = 160;
constexpr std::size_t usual_frame = 64;
constexpr std::size_t id_frame = 32;

}  // namespace

BatchPlan::BatchPlan(std::vector<Check> const& questions) {
    texts_.reserve(questions.size() * usual_text);
    items_.reserve(questions.size());
    item_of_.reserve(questions.size());
    // Open addressing; the encoded text is the key, so questions are equal only when everything about them is.
    auto const key = random_sip_key();
    std::vector<std::uint32_t> slots(std::bit_ceil(questions.size() * 2 + 1), not_sent);
    auto const mask = slots.size() - 1;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        Item item{texts_.size(), 0, i};
        if (auto failure = append_check(texts_, questions[i])) {
            item_of_.push_back(not_sent);
            refused_.push_back({i, std::move(*failure)});
            continue;
        }
        item.size = texts_.size() - item.begin;
        auto slot = static_cast<std::size_t>(sip_hash(key, text(item))) & mask;
        while (slots[slot] != not_sent && text(items_[slots[slot]]) != text(item))
            slot = (slot + 1) & mask;
        if (slots[slot] == not_sent) {
            slots[slot] = static_cast<std::uint32_t>(items_.size());
            items_.push_back(item);
        } else {
            texts_.resize(item.begin);
        }
        item_of_.push_back(slots[slot]);
    }
}

std::optional<std::size_t> BatchPlan::item_of(std::size_t question) const noexcept {
    if (item_of_[question] == not_sent)
        return std::nullopt;
    return item_of_[question];
}

Failure const& BatchPlan::failure_of(std::size_t question) const noexcept {
    auto const before = [](Refused const& refused, std::size_t q) { return refused.question < q; };
    return std::lower_bound(refused_.begin(), refused_.end(), question, before)->failure;
}

void BatchPlan::write_batch(std::string& out, std::size_t first, std::size_t last, std::string_view model_id,
                            std::optional<Consistency> consistency) const {
    auto const bytes = last == first ? 0 : items_[last - 1].begin + items_[last - 1].size - items_[first].begin;
    out.reserve(out.size() + bytes + (last - first) * id_frame + usual_frame + model_id.size());
    out += "{\"checks\":[";
    for (std::size_t i = first; i < last; ++i) {
        char id[20];
        auto const end = std::to_chars(id, id + sizeof id, i - first).ptr;
        out += i == first ? "{" : ",{";
        out.append(text(items_[i])).append(",\"correlation_id\":\"").append(id, end).append("\"}");
    }
    out += ']';
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
}

void BatchPlan::write_check(std::string& out, std::size_t item, std::string_view model_id,
                            std::optional<Consistency> consistency) const {
    out += '{';
    out += text(items_[item]);
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
}

std::optional<Failure> write_check(std::string& out, Check const& check, std::string_view model_id,
                                   std::optional<Consistency> consistency) {
    out += '{';
    if (auto failure = append_check(out, check))
        return failure;
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
    return std::nullopt;
}

}  // namespace assent::fga
