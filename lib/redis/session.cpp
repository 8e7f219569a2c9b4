#include "session.hpp"

#include "record.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace assent::redis {

namespace {

constexpr std::size_t kept_output = std::size_t(256) << 10;

std::int64_t microseconds(SteadyTime when)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
}

std::int64_t number(std::string_view text)
{
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

/// "run_id:..." in what INFO says.
std::string run_id_in(std::string_view info)
{
    constexpr std::string_view name = "\nrun_id:";
    auto const at = info.find(name);
    if (at == std::string_view::npos)
        return {};
    info.remove_prefix(at + name.size());
    info = info.substr(0, info.find_first_of("\r\n"));
    bool const good = info.size() <= 64 && std::all_of(info.begin(), info.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    return good ? std::string(info) : std::string();
}

bool is_sha(std::string_view text)
{
    return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Session::Session(Greeting const& greeting, Endpoint const& server, SessionOwner& owner, ReplyBounds bounds)
    : greeting_(greeting), server_(server), owner_(owner), reader_(bounds), places_(64)
{
}

Session::~Session()
{
    wipe(out_);
    for (; first_ != next_; ++first_) {
        if (Command* const command = at(first_).command)
            command->session_ = nullptr;
    }
}

std::uint64_t Session::add(Command* command, Step step)
{
    if (awaited() == places_.size()) {
        std::vector<Place> larger(places_.size() * 2);
        for (auto sequence = first_; sequence != next_; ++sequence)
            larger[sequence & (larger.size() - 1)] = at(sequence);
        places_ = std::move(larger);
    }
    at(next_) = Place{command, begin_ + out_.size(), step};
    return next_++;
}

void Session::say(Step step, std::initializer_list<std::string_view> words)
{
    add(nullptr, step);
    append_command(out_, words);
}

void Session::open()
{
    state_ = State::greeting;
    if (!greeting_.password.empty()) {
        if (greeting_.user.empty())
            say(Step::auth, {"AUTH", greeting_.password.expose()});
        else
            say(Step::auth, {"AUTH", greeting_.user, greeting_.password.expose()});
    }
    if (greeting_.to == Greeting::To::sentinel) {
        say(Step::load, {"PING"});
        return;
    }
    say(Step::ignored, {"CLIENT", "SETNAME", "assent"});
    if (greeting_.database != 0)
        say(Step::select, {"SELECT", std::to_string(greeting_.database)});
    if (greeting_.to == Greeting::To::master)
        say(Step::role, {"ROLE"});
    say(Step::info, {"INFO", "server"});
    say(Step::time, {"TIME"});
    say(Step::load, {"SCRIPT", "LOAD", write_script()});  // the last
}

void Session::load_script(Command const& command)
{
    if (command.sequence_ < loaded_)
        return;
    loaded_ = next_;
    say(Step::ignored, {"SCRIPT", "LOAD", write_script()});
}

void Session::send(Command& command, SteadyTime now)
{
    if (command.ask_)
        say(Step::ignored, {"ASKING"});
    command.ask_ = false;
    command.session_ = this;
    command.sequence_ = add(&command, Step::none);
    if (!command.sent_) {
        command.sent_ = true;
        command.first_sent(facts_, microseconds(now));
    }
    command.append(out_, facts_);
}

void Session::withdraw(Command& command) noexcept
{
    at(command.sequence_).command = nullptr;
    command.session_ = nullptr;
}

void Session::wrote(std::size_t size)
{
    written_ += size;
    if (written_ == out_.size()) {
        begin_ += written_;
        written_ = 0;
        if (out_.capacity() > kept_output) {
            wipe(out_);
            out_ = std::string();
        } else {
            wipe(out_.data(), out_.size());
            out_.clear();
        }
    }
}

bool Session::received(std::string_view bytes, SteadyTime now)
{
    while (!bytes.empty()) {
        reader_.feed(bytes.substr(0, ReplyReader::piece));
        bytes.remove_prefix(std::min(bytes.size(), ReplyReader::piece));
        while (reader_.next(reply_)) {
            if (first_ == next_) {
                reason_ = "an answer to nothing";
                return false;
            }
            if (!take(reply_, now))
                return false;
        }
        if (reader_.broken()) {
            reason_ = reader_.reason();
            return false;
        }
    }
    return true;
}

bool Session::take(Reply& reply, SteadyTime now)
{
    Place const place = std::exchange(at(first_), Place());
    ++first_;
    if (place.step != Step::none)
        return state_ != State::greeting || greeted(place.step, reply, now);
    if (place.command == nullptr)
        return true;
    place.command->session_ = nullptr;
    owner_.on_reply(*place.command, reply);
    return state_ != State::closed;
}

bool Session::refuse(Failure failure, bool for_good)
{
    owner_.on_refused(std::move(failure), for_good);
    return false;
}

bool Session::greeted(Step step, Reply& reply, SteadyTime now)
{
    bool const wrong = reply.is(Reply::Type::error);
    if (wrong && step != Step::ignored && step != Step::info && step != Step::time) {
        bool const for_good = judge(reply.text, server_).kind == Refusal::Kind::final;
        return refuse(explain(reply.text, server_), for_good);
    }
    switch (step) {
    case Step::role:
        if (!reply.is(Reply::Type::array) || reply.elements.empty() || reply.elements[0].string() != "master")
            return refuse(Failure(Errc::store_unavailable, "Redis at " + server_.text() + " is not the master any more, or not yet"),
                          false);
        break;
    case Step::info:
        facts_.run_id = run_id_in(reply.string());
        if (facts_.run_id.empty())  // not permitted: every connection may be to another process
            facts_.run_id = 't' + std::to_string(microseconds(now));
        break;
    case Step::time:
        if (reply.is(Reply::Type::array) && reply.elements.size() == 2) {
            auto const seconds = number(reply.elements[0].string());
            facts_.clock_read = microseconds(now);
            facts_.has_clock = seconds > 0 && seconds < 9'000'000'000;
            facts_.clock = facts_.has_clock ? seconds * 1'000'000 + number(reply.elements[1].string()) - microseconds(now) : 0;
        }
        break;
    case Step::load:
        if (greeting_.to != Greeting::To::sentinel) {
            if (!is_sha(reply.string()))
                return refuse(Failure(Errc::store_unavailable, "Redis at " + server_.text() + " does not know Lua scripts"), true);
            facts_.evalsha = "*6\r\n";
            append_bulk(facts_.evalsha, "EVALSHA");
            append_bulk(facts_.evalsha, reply.string());
            append_bulk(facts_.evalsha, "1");
        }
        state_ = State::ready;
        owner_.on_ready();
        return state_ != State::closed;
    default: break;
    }
    return true;
}

void Session::close(std::vector<Command*>& unanswered)
{
    state_ = State::closed;
    auto const reached = begin_ + written_;
    for (; first_ != next_; ++first_) {
        Place const place = std::exchange(at(first_), Place());
        if (place.command == nullptr)
            continue;
        place.command->session_ = nullptr;
        if (place.start < reached)  // it may have been done
            place.command->repeated_ = true;
        unanswered.push_back(place.command);
    }
    wipe(out_);
}

}  // namespace assent::redis
