#include "hub.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace asio = boost::asio;

namespace demo {

void Outbox::push(std::string text) {
    if (closed_)
        return;
    if (texts_.size() >= most)
        texts_.pop_front();
    texts_.push_back(std::move(text));
    timer_.cancel();
}

void Outbox::close() {
    closed_ = true;
    timer_.cancel();
}

asio::awaitable<std::optional<std::string>> Outbox::next(std::chrono::milliseconds patience) {
    if (texts_.empty() && !closed_) {
        boost::system::error_code ignored;
        timer_.expires_after(patience);
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    std::optional<std::string> out;
    if (!texts_.empty()) {
        out = std::move(texts_.front());
        texts_.pop_front();
    } else if (!closed_) {
        out.emplace();
    }
    co_return out;
}

std::shared_ptr<void> Hub::subscribe(std::string const& user, std::shared_ptr<Outbox> outbox) {
    std::scoped_lock const lock(state_->mutex);
    auto& theirs = state_->outboxes[user];
    if (theirs.size() >= most)
        return nullptr;
    theirs.insert(outbox);
    auto const leave = [state = state_, user, outbox](void*) {
        std::scoped_lock const its_lock(state->mutex);
        auto const at = state->outboxes.find(user);
        at->second.erase(outbox);
        if (at->second.empty())
            state->outboxes.erase(at);
    };
    return std::shared_ptr<void>(state_.get(), leave);
}

void Hub::tell(std::string const& user, std::string text) {
    std::scoped_lock const lock(state_->mutex);
    auto const at = state_->outboxes.find(user);
    if (at == state_->outboxes.end())
        return;
    for (auto const& outbox : at->second)
        asio::post(outbox->executor(), [outbox, text] { outbox->push(text); });
}

}  // namespace demo
