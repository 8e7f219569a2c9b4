#include "client.hpp"

#include "slots.hpp"

#include "core/digest.hpp"
#include "core/sip_hash.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

namespace assent::redis {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// A connection that was used more recently than this is not looked at before it is used again.
constexpr auto surely_sound = 100ms;
constexpr auto grid = 5ms;
constexpr std::size_t most_nodes = 4096;
constexpr unsigned most_redirections = 8;

Failure trouble_of(Node const& node)
{
    return node.trouble ? *node.trouble : Failure(Errc::store_unavailable, "Redis at " + node.endpoint.text() + " closed the connection");
}

template <class Integer>
Integer random_number()
{
    Integer value;
    random_bytes(std::span(reinterpret_cast<unsigned char*>(&value), sizeof value));
    return value;
}

}  // namespace

/// Tells clients that their io_context goes, so that sockets and timers go before it.
class ClientService : public asio::execution_context::service {
public:
    using key_type = ClientService;
    static inline asio::execution_context::id id;

    explicit ClientService(asio::execution_context& context) : service(context) {}

    void add(Client& client)
    {
        std::lock_guard const lock(mutex_);
        clients_.push_back(&client);
    }
    void remove(Client& client)
    {
        std::lock_guard const lock(mutex_);
        std::erase(clients_, &client);
    }

private:
    void shutdown() override
    {
        std::vector<Client*> clients;
        {
            std::lock_guard const lock(mutex_);
            clients.swap(clients_);
        }
        for (auto* const client : clients)
            client->abandon();
    }

    std::mutex mutex_;
    std::vector<Client*> clients_;
};

/// A command of the client's own.
class Client::Question final : public Command {
public:
    Question(std::string text, std::function<void(result<Reply> const&)> told) : text_(std::move(text)), told_(std::move(told)) {}
    void append(std::string& out, ServerFacts const&) override { out += text_; }
    char const* name() const noexcept override { return "a look-up"; }

private:
    void answered() override { told_(answer); }

    std::string text_;
    std::function<void(result<Reply> const&)> told_;
};

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
    service_ = &asio::use_service<ClientService>(asio::query(executor_, asio::execution::context));
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

// --- connections ---

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
