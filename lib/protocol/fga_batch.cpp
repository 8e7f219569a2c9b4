#include "protocol/fga_batch.hpp"

#include "core/sip_hash.hpp"
#include "protocol/fga_codec.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace assent::fga {
namespace {

constexpr std::size_t usual_text = 160;
constexpr std::size_t usual_frame = 64;
constexpr std::size_t id_frame = 32;
/// Of the questions of one request; the server refuses more.
constexpr std::size_t max_request = 500 * 1024;

__extension__ using Product = unsigned __int128;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
    auto const product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A hash with a secret key, several times as fast as SipHash on texts of this length. It only finds candidates: equal means equal bytes.
std::uint64_t hash(std::array<std::uint64_t, 2> const& key, std::string_view text) noexcept {
    std::uint64_t state = key[0] ^ text.size();
    std::uint64_t words[2];
    while (text.size() > sizeof words) {
        std::memcpy(words, text.data(), sizeof words);
        state = mixed(words[0] ^ key[1], words[1] ^ state);
        text.remove_prefix(sizeof words);
    }
    words[0] = words[1] = 0;
    std::memcpy(words, text.data(), text.size());
    state = mixed(words[0] ^ key[1], words[1] ^ state);
    return mixed(state ^ key[0], key[1]);
}

}  // namespace

BatchPlan::BatchPlan() : key_(random_sip_key()) {}

void BatchPlan::assign(std::vector<Check> const& questions) {
    texts_.clear();
    items_.clear();
    item_of_.clear();
    refused_.clear();
    texts_.reserve(questions.size() * usual_text);
    items_.reserve(questions.size());
    item_of_.reserve(questions.size());
    // Open addressing; the encoded text is the key, so questions are equal only when everything about them is.
    slots_.assign(std::bit_ceil(questions.size() * 2 + 1), not_sent);
    auto const mask = slots_.size() - 1;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        Item item{texts_.size(), 0, i};
        if (auto failure = append_check(texts_, questions[i])) {
            item_of_.push_back(not_sent);
            refused_.push_back({i, std::move(*failure)});
            continue;
        }
        item.size = texts_.size() - item.begin;
        if (item.size > max_request) {
            texts_.resize(item.begin);
            item_of_.push_back(not_sent);
            refused_.push_back({i, Failure(Errc::invalid_argument, "the check, with its context and contextual tuples, is "
                                                                   "larger than 500 KiB; OpenFGA takes no more")});
            continue;
        }
        auto slot = static_cast<std::size_t>(hash(key_, text(item))) & mask;
        while (slots_[slot] != not_sent && text(items_[slots_[slot]]) != text(item))
            slot = (slot + 1) & mask;
        if (slots_[slot] == not_sent) {
            slots_[slot] = static_cast<std::uint32_t>(items_.size());
            items_.push_back(item);
        } else {
            texts_.resize(item.begin);
        }
        item_of_.push_back(slots_[slot]);
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

std::size_t BatchPlan::end_of_batch(std::size_t first, std::size_t most) const noexcept {
    auto const end = std::min(first + most, items_.size());
    auto last = first + 1;
    while (last < end && items_[last].begin + items_[last].size - items_[first].begin + (last - first) * id_frame <= max_request)
        ++last;
    return last;
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

result<std::string> check_body(Check const& check, std::string_view model_id, std::optional<Consistency> consistency) {
    std::string out = "{";
    if (auto failure = append_check(out, check))
        return std::move(*failure);
    append_model_and_consistency(out, model_id, consistency);
    out += '}';
    return out;
}

}  // namespace assent::fga
