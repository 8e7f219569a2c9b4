// Who is asked: the master that the sentinels name, the masters of a cluster's slots.

#include "client_question.hpp"

#include "slots.hpp"

#include "core/sip_hash.hpp"

#include <algorithm>
#include <utility>

namespace assent::redis {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_nodes = 4096;

}  // namespace

// --- who is the master ---

void Client::find_master()
{
    if (master_question_ || closed_)
        return;
    Node& sentinel = *sentinels_[next_asked_ % sentinels_.size()];
    std::string text;
    append_command(text, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", config_.master_name()});
    master_question_ = std::make_unique<Question>(
        std::move(text), [this, &sentinel](result<Reply> const& answer) { master_found(sentinel, answer); });
    master_question_->client_ = this;
    master_question_->node_ = &sentinel;
    master_question_->impatient_ = true;
    master_question_->due_ = now() + config_.connect_deadline();
    wake_at(master_question_->due_);
    sentinel.not_before = {};
    route(*master_question_);
}

void Client::master_found(Node& sentinel, result<Reply> const& answer)
{
    auto const question = std::move(master_question_);  // until its own function is over
    Node& master = *nodes_.front();
    std::optional<Endpoint> found;
    if (answer)
        found = read_master(answer.value());
    if (found) {
        sentinels_tried_ = 0;
        master.endpoint = std::move(*found);
        master.located = true;
        reach(master);
        return;
    }
    master.trouble = answer ? Failure(Errc::store_unavailable, "the sentinel at " + sentinel.endpoint.text() + " does not know a master \"" +
                                                                   config_.master_name() + "\": check sentinel()")
                            : answer.failure();
    ++next_asked_;
    if (++sentinels_tried_ % sentinels_.size() == 0)
        master.not_before = now() + jittered(100ms);
    if (!master.waiting.empty())
        reach(master);
}

// --- who has which slots ---

Node* Client::node_at(Endpoint const& endpoint)
{
    for (auto const& node : nodes_) {
        if (node->endpoint == endpoint)
            return node.get();
    }
    if (nodes_.size() >= most_nodes)
        return nullptr;
    auto& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.endpoint = endpoint;
    node.greeting = &greeting_;
    return &node;
}

void Client::refresh_slots()
{
    if (!is_cluster() || slots_question_ || closed_)
        return;
    if (auto const time = now(); time < refresh_at_) {
        wake_at(refresh_at_);
        return;
    }
    // One that is there, or else any, in turn.
    Node* asked = nullptr;
    for (std::size_t i = 0; i < nodes_.size() && !asked; ++i) {
        Node& node = *nodes_[(next_asked_ + i) % nodes_.size()];
        if (node.link && node.link->session().ready())
            asked = &node;
    }
    for (std::size_t i = 0; i < nodes_.size() && !asked; ++i) {
        Node& node = *nodes_[(next_asked_ + i) % nodes_.size()];
        if (node.failures == 0)
            asked = &node;
    }
    if (!asked)
        asked = nodes_[next_asked_ % nodes_.size()].get();
    ++next_asked_;
    refresh_at_ = now() + 50ms;
    std::string text;
    append_command(text, {"CLUSTER", "SLOTS"});
    slots_question_ =
        std::make_unique<Question>(std::move(text), [this, asked](result<Reply> const& answer) { slots_told(*asked, answer); });
    slots_question_->client_ = this;
    slots_question_->node_ = asked;
    slots_question_->impatient_ = true;
    slots_question_->due_ = now() + config_.connect_deadline();
    wake_at(slots_question_->due_);
    asked->not_before = {};
    route(*slots_question_);
}

void Client::slots_told(Node& node, result<Reply> const& answer)
{
    auto const question = std::move(slots_question_);  // until its own function is over
    std::optional<std::vector<SlotRange>> ranges;
    if (answer)
        ranges = read_slots(answer.value(), node.endpoint);
    if (!ranges || ranges->empty()) {
        Failure const why =
            answer ? Failure(Errc::store_unavailable, "Redis at " + node.endpoint.text() + " has no slots of a cluster: see CLUSTER SLOTS")
                   : answer.failure();
        for (auto* const list : {&unrouted_, &locating_}) {
            for (Command& command : *list)
                command.trouble_ = why;
        }
        wake_at(refresh_at_);
        return;
    }
    slots_.assign(16384, nullptr);
    std::uint64_t layout = 14695981039346656037U;
    for (auto const& range : *ranges) {
        Node* const master = node_at(range.master);
        std::fill(slots_.begin() + range.first, slots_.begin() + range.last + 1, master);
    }
    for (Node const* const master : slots_)
        layout = (layout ^ (master ? sip_hash({}, master->endpoint.text()) : 0)) * 1099511628211U;
    layout_ = layout;
    slots_stale_ = false;
    route_again();
    bool const has_all = std::find(slots_.begin(), slots_.end(), nullptr) == slots_.end();
    WaitingList located;
    for (auto at = locating_.begin(); at != locating_.end();) {
        Command& command = *at++;
        if (command.all_slots_ ? has_all : slots_[command.slot_] != nullptr) {
            command.CommandHook<InWaiting>::unlink();
            located.push_back(command);
        } else {
            command.trouble_ = Failure(Errc::store_unavailable, "nobody in the Redis cluster serves some slots: see CLUSTER INFO");
        }
    }
    if (!locating_.empty())
        wake_at(refresh_at_);
    while (!located.empty())
        complete(located.front(), Reply());
}

/// What waits for a master that is not there may have another one now.
void Client::route_again()
{
    WaitingList again;
    again.splice(again.end(), unrouted_);
    for (auto const& node : nodes_) {
        if (node->link && node->link->session().ready())
            continue;
        for (auto at = node->waiting.begin(); at != node->waiting.end();) {
            Command& command = *at++;
            if (command.node_ != nullptr || command.detour_ != nullptr || owner_of(command.slot_) == node.get())
                continue;
            command.CommandHook<InWaiting>::unlink();
            again.push_back(command);
        }
    }
    while (!again.empty()) {
        Command& command = again.front();
        again.pop_front();
        if (command.node_ == nullptr && owner_of(command.slot_) == nullptr)
            delay(command, Failure(Errc::store_unavailable, "nobody in the Redis cluster serves slot " + std::to_string(command.slot_) +
                                                                ": see CLUSTER INFO"));
        else
            route(command);
    }
}

std::vector<Node*> Client::masters(std::string_view text) const
{
    std::vector<Node*> found;
    if (!is_cluster()) {
        found.push_back(nodes_.front().get());
    } else if (auto const tag = KeyTag::of(text); slots_.empty()) {
    } else if (tag.complete) {
        if (Node* const owner = owner_of(slot_of(tag.view())))
            found.push_back(owner);
    } else {
        found = slots_;
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        if (found.front() == nullptr)
            return {};
        std::sort(found.begin(), found.end(), [](Node const* a, Node const* b) { return a->endpoint.text() < b->endpoint.text(); });
    }
    return found;
}

}  // namespace assent::redis
