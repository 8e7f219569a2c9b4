// Connections of a client: when they are made, and what becomes of the commands on one that is lost.

#include "client.hpp"

#include <algorithm>
#include <utility>

namespace assent::redis {

using std::chrono::milliseconds;

namespace {

Failure trouble_of(Node const& node)
{
    return node.trouble ? *node.trouble : Failure(Errc::store_unavailable, "Redis at " + node.endpoint.text() + " closed the connection");
}

}  // namespace

void Client::reach(Node& node)
{
    if (closed_ || node.link)
        return;
    if (auto const time = now(); time < node.not_before) {
        wake_at(node.not_before);
    } else if (!node.located) {
        find_master();
    } else {
        auto const link = node.link = std::make_shared<Link>(*this, node);
        wake_at(time + config_.connect_deadline());
        link->open(time);
    }
}

void Client::ready(Link& link)
{
    pump(link);
    link.flush_soon();
}

void Client::lost(Link& link, Failure failure)
{
    drop(link, std::move(failure));
}

void Client::refused(Link& link, Failure failure, bool for_good)
{
    Node& node = link.node();
    drop(link, failure);
    if (!for_good)
        return;
    while (!closed_ && !node.waiting.empty())
        complete(node.waiting.front(), failure);
}

void Client::drop(Link& link, std::optional<Failure> why)
{
    Node& node = link.node();
    if (node.link.get() != &link)
        return;
    auto const keep = std::exchange(node.link, nullptr);
    bool const was_ready = link.session().ready();
    std::vector<Command*> unanswered;
    link.close(unanswered);
    for (auto at = unanswered.rbegin(); at != unanswered.rend(); ++at)
        node.waiting.push_front(**at);
    if (why) {
        node.trouble = std::move(why);
        // The first time a connection that was good is made again at once.
        if (++node.failures > 1 || !was_ready)
            node.not_before = std::max(node.not_before, now() + jittered(milliseconds(25 << std::min(node.failures, 5U))));
    }
    if (!nodes_.empty() && has_sentinels() && &node == nodes_.front().get())
        node.located = false;

    std::vector<Command*> impatient;
    WaitingList others;
    while (!node.waiting.empty()) {
        Command& command = node.waiting.front();
        node.waiting.pop_front();
        command.ask_ = false;
        command.detour_ = nullptr;
        if (command.impatient_)
            impatient.push_back(&command);
        else
            others.push_back(command);
    }
    if (is_cluster()) {
        slots_stale_ = true;
        while (!others.empty()) {
            Command& command = others.front();
            others.pop_front();
            delay(command, trouble_of(node));
        }
        if (!delayed_.empty())
            refresh_slots();
    } else {
        node.waiting.swap(others);
        if (!node.waiting.empty() && why)
            reach(node);
    }
    for (Command* const command : impatient)  // there is one at most
        complete(*command, trouble_of(node));
}

}  // namespace assent::redis
