#include "client.hpp"

#include "client_question.hpp"

#include "core/digest.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <utility>

namespace assent::redis {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// A connection that was used more recently than this is not looked at before it is used again.
constexpr auto surely_sound = 100ms;
constexpr auto grid = 5ms;
constexpr unsigned most_redirections = 8;

template <class Integer>
Integer random_number()
{
    Integer value;
    random_bytes(std::span(reinterpret_cast<unsigned char*>(&value), sizeof value));
    return value;
}

}  // namespace

Command::~Command()
{
    if (client_)
        client_->withdraw(*this);
    else if (session_)
        session_->withdraw(*this);
}

// --- life ---

Client::Client(asio::any_io_executor executor, RedisStoreConfig config, std::shared_ptr<http::TlsContext const> tls,
               std::shared_ptr<Clock> clock)
    : executor_(std::move(executor)), lot_(detail::ParkingLot::of(executor_)), config_(std::move(config)), tls_(std::move(tls)),
      clock_(std::move(clock)), names_(config_.key_prefix()), timer_(std::in_place, executor_), buffer_(new char[buffer_size]),
      random_(random_number<std::uint32_t>()), write_id_(random_number<std::uint64_t>())
{
    greeting_.to = has_sentinels() ? Greeting::To::master : Greeting::To::server;
    greeting_.user = config_.user();
    greeting_.password = config_.password();
    greeting_.database = config_.database();
    sentinel_greeting_.to = Greeting::To::sentinel;
    sentinel_greeting_.user = config_.sentinel_user();
    sentinel_greeting_.password = config_.sentinel_password();
    auto& given = has_sentinels() ? sentinels_ : nodes_;
    for (auto const& [host, port] : config_.servers()) {
        auto& node = *given.emplace_back(std::make_unique<Node>());
        node.endpoint = Endpoint{host, port};
        node.greeting = has_sentinels() ? &sentinel_greeting_ : &greeting_;
    }
    if (has_sentinels()) {
        auto& master = *nodes_.emplace_back(std::make_unique<Node>());
        master.greeting = &greeting_;
        master.located = false;
    }
}

Client::~Client()
{
    shut_down();
    if (service_)
        service_->remove(*this);
    wipe(buffer_.get(), buffer_size);
}

void Client::attach()
{
    service_ = &asio::use_service<detail::ContextService<Client>>(asio::query(executor_, asio::execution::context));
    service_->add(*this);
}

void Client::shut_down()
{
    if (closed_)
        return;
    closed_ = true;
    slots_question_.reset();
    master_question_.reset();
    std::vector<Command*> ignored;
    for (auto* const list : {&nodes_, &sentinels_}) {
        for (auto const& node : *list) {
            if (auto const link = std::exchange(node->link, nullptr))
                link->close(ignored);
        }
    }
    if (timer_)
        timer_->cancel();
    while (!outstanding_.empty())
        complete(outstanding_.front(), Errc::cancelled);
}

void Client::abandon() noexcept
{
    service_ = nullptr;
    closed_ = true;
    slots_question_.reset();
    master_question_.reset();
    std::vector<Command*> ignored;
    for (auto* const list : {&nodes_, &sentinels_}) {
        for (auto const& node : *list) {
            if (auto const link = std::exchange(node->link, nullptr))
                link->close(ignored);
        }
    }
    timer_.reset();
}

// --- commands ---

void Client::submit(Command& command, std::string_view text, Node* node)
{
    command.client_ = this;
    command.node_ = node;
    auto const time = now();
    command.due_ = time + config_.operation_deadline();
    outstanding_.push_back(command);
    if (closed_ || ++outstanding_count_ > config_.max_outstanding()) {
        outstanding_count_ += closed_ ? 1 : 0;
        complete(command, closed_ ? Failure(Errc::cancelled)
                                  : Failure(Errc::store_unavailable, "max_outstanding() operations are waiting for Redis already"));
        return;
    }
    if (is_cluster() && node == nullptr)
        command.slot_ = slot_of(KeyTag::of(text).view());
    wake_at(command.due_);
    route(command);
}

void Client::locate(Command& command, std::string_view text)
{
    command.client_ = this;
    auto const tag = KeyTag::of(text);
    command.slot_ = slot_of(tag.view());
    command.all_slots_ = !tag.complete;
    command.due_ = now() + config_.operation_deadline();
    outstanding_.push_back(command);
    ++outstanding_count_;
    if (closed_ || !is_cluster()) {
        complete(command, closed_ ? result<Reply>(Errc::cancelled) : result<Reply>(Reply()));
        return;
    }
    slots_stale_ = true;
    locating_.push_back(command);
    wake_at(command.due_);
    refresh_slots();
}

void Client::withdraw(Command& command) noexcept
{
    if (command.session_)
        command.session_->withdraw(command);
    command.client_ = nullptr;
    if (command.CommandHook<InWaiting>::is_linked())
        command.CommandHook<InWaiting>::unlink();
    if (command.CommandHook<InOutstanding>::is_linked()) {
        command.CommandHook<InOutstanding>::unlink();
        --outstanding_count_;
    }
}

void Client::complete(Command& command, result<Reply> answer)
{
    withdraw(command);
    command.answer = std::move(answer);
    command.answered();
}

Node* Client::owner_of(std::uint16_t slot) const noexcept
{
    if (!is_cluster())
        return nodes_.front().get();
    return slots_.empty() ? nullptr : slots_[slot];
}

void Client::route(Command& command)
{
    Node* node = command.detour_ ? command.detour_ : command.node_;
    if (node == nullptr)
        node = owner_of(command.slot_);
    if (node == nullptr) {
        unrouted_.push_back(command);
        refresh_slots();
        return;
    }
    if (Link* link = node->link.get()) {
        auto& session = link->session();
        if (session.has_room() && node->waiting.empty()) {
            if (session.awaited() != 0 || now() - link->heard() < surely_sound || link->is_sound()) {
                send(*link, command);
                return;
            }
            drop(*link, std::nullopt);
        }
    }
    node->waiting.push_back(command);
    reach(*node);
}

void Client::send(Link& link, Command& command)
{
    auto const time = now();
    if (link.session().awaited() == 0) {
        link.expect(time);
        wake_at(time + config_.answer_deadline());
    }
    command.detour_ = nullptr;
    link.session().send(command, time);
    link.flush_soon();
}

bool Client::pump(Link& link)
{
    Node& node = link.node();
    bool sent = false;
    while (!node.waiting.empty() && link.session().has_room()) {
        Command& command = node.waiting.front();
        node.waiting.pop_front();
        send(link, command);
        sent = true;
    }
    return sent;
}

void Client::replied(Link& link, Command& command, Reply& reply)
{
    Node& node = link.node();
    if (!reply.is(Reply::Type::error)) {
        node.failures = 0;
        complete(command, std::move(reply));
        rest_when_idle();
        return;
    }
    Refusal refusal = judge(reply.text, node.endpoint);
    switch (refusal.kind) {
    case Refusal::Kind::final: complete(command, std::move(refusal.failure)); break;
    case Refusal::Kind::no_script:
        if (++command.redirected_ > most_redirections) {
            complete(command, std::move(refusal.failure));
        } else {
            link.session().load_script(command);
            send(link, command);
        }
        break;
    case Refusal::Kind::moved:
    case Refusal::Kind::ask: {
        Node* const target = is_cluster() ? node_at(refusal.target) : nullptr;
        if (target == nullptr) {
            complete(command, std::move(refusal.failure));
            break;
        }
        command.trouble_.reset();
        if (refusal.kind == Refusal::Kind::moved) {
            if (slots_.empty())
                slots_.resize(16384);
            slots_[refusal.slot] = target;
            slots_stale_ = true;
        } else {
            command.ask_ = true;
            command.detour_ = target;
        }
        if (++command.redirected_ > most_redirections) {
            command.redirected_ = 0;
            delay(command, Failure(Errc::store_unavailable, "the nodes of the Redis cluster send each other's keys around: see CLUSTER NODES"));
        } else {
            route(command);
        }
        if (slots_stale_)
            refresh_slots();
        break;
    }
    case Refusal::Kind::later: delay(command, std::move(refusal.failure)); break;
    case Refusal::Kind::elsewhere:
        if (is_cluster()) {
            slots_stale_ = true;
            delay(command, std::move(refusal.failure));
            refresh_slots();
        } else {
            command.trouble_ = refusal.failure;
            node.waiting.push_front(command);
            node.not_before = now() + jittered(100ms);
            drop(link, std::move(refusal.failure));
        }
        break;
    }
}

void Client::delay(Command& command, Failure why)
{
    command.trouble_ = std::move(why);
    command.detour_ = nullptr;
    command.ask_ = false;
    delayed_.push_back(command);
    delayed_until_ = std::min(delayed_until_, now() + jittered(50ms));
    wake_at(delayed_until_);
}

// --- time ---

milliseconds Client::jittered(milliseconds value)
{
    std::uniform_int_distribution<std::int64_t> part(value.count() / 2, value.count());
    return milliseconds(part(random_));
}

void Client::wake_at(SteadyTime when)
{
    if (when >= wake_ || !timer_ || closed_)
        return;
    wake_ = when;
    timer_->expires_at(when + grid);
    timer_->async_wait([weak = weak_from_this()](boost::system::error_code const& error) {
        if (error)
            return;
        if (auto const self = weak.lock())
            self->sweep();
    });
}

/// A timer that is set would keep the io_context running. Looked at a moment later, when who was answered has not asked again.
void Client::rest_when_idle()
{
    if (outstanding_count_ != 0 || rest_posted_ || closed_)
        return;
    rest_posted_ = true;
    asio::post(executor_, [weak = weak_from_this()] {
        auto const self = weak.lock();
        if (!self)
            return;
        self->rest_posted_ = false;
        if (self->outstanding_count_ == 0 && self->timer_ && !self->closed_) {
            self->timer_->cancel();
            self->sweep();
        }
    });
}

Failure Client::overdue(Command const& command) const
{
    Failure why(Errc::store_unavailable, "Redis did not answer in time");
    Node const* const node = command.node_ ? command.node_ : owner_of(command.slot_);
    if (command.trouble_)
        why = *command.trouble_;
    else if (node && !command.session_ && node->trouble)
        why = *node->trouble;
    else if (node && node->located)
        why = Failure(Errc::store_unavailable, "Redis at " + node->endpoint.text() + " did not answer in time");
    if (command.session_ == nullptr && !command.repeated_)
        return why;
    Failure told(why.code(), std::string(why.detail()) + "; " + command.name() + " may or may not have been done");
    return why.server() ? told.with_server(*why.server()) : told;
}

void Client::sweep()
{
    wake_ = SteadyTime::max();
    auto const time = now();
    while (!outstanding_.empty() && outstanding_.front().due_ <= time) {
        Command& command = outstanding_.front();
        complete(command, overdue(command));
    }
    for (auto* const question : {&master_question_, &slots_question_}) {
        if (*question && (*question)->due_ <= time)
            complete(**question, overdue(**question));
    }
    if (time >= delayed_until_) {
        delayed_until_ = SteadyTime::max();
        WaitingList delayed;
        delayed.swap(delayed_);
        while (!delayed.empty()) {
            Command& command = delayed.front();
            delayed.pop_front();
            route(command);
        }
    }
    SteadyTime next = delayed_until_;
    for (auto* const list : {&nodes_, &sentinels_}) {
        for (std::size_t i = 0; i < list->size(); ++i) {  // more may come meanwhile
            Node& node = *(*list)[i];
            if (auto const link = node.link)
                link->expire(time);
            if (!node.link && !node.waiting.empty())
                reach(node);
            if (node.link)
                next = std::min(next, node.link->due());
            else if (!node.waiting.empty() && node.not_before > time)
                next = std::min(next, node.not_before);
        }
    }
    if (!unrouted_.empty() || !locating_.empty()) {
        refresh_slots();
        next = std::min(next, std::max(refresh_at_, time + grid));
    }
    for (auto* const question : {&master_question_, &slots_question_}) {
        if (*question)
            next = std::min(next, (*question)->due_);
    }
    if (!outstanding_.empty())
        next = std::min(next, outstanding_.front().due_);
    wake_at(next);
}

}  // namespace assent::redis
