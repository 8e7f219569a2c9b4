// Whatever a server sends, or has stored: read without a crash, within its bounds, and the same however it is cut.
#include "redis/record.hpp"
#include "redis/refusal.hpp"
#include "redis/resp.hpp"
#include "redis/session.hpp"
#include "redis/slots.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace assent::redis;

void require(bool good) {
    if (!good)
        std::abort();
}

constexpr ReplyBounds bounds{20'000, 500};

std::size_t elements_of(Reply const& reply) {
    std::size_t count = 1;
    for (auto const& each : reply.elements)
        count += elements_of(each);
    return count;
}

std::vector<Reply> read(std::string_view text, std::size_t piece, bool& broken) {
    ReplyReader reader(bounds);
    std::vector<Reply> found;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        reader.feed(text.substr(0, piece));
        for (Reply reply; reader.next(reply);)
            found.push_back(std::move(reply));
    }
    broken = reader.broken();
    return found;
}

class Nobody final : public SessionOwner {
public:
    void on_ready() override {}
    void on_refused(assent::Failure failure, bool) override { require(failure.message().size() < 600); }
    void on_reply(Command&, Reply&) override {}
};

class Question final : public Command {
public:
    void append(std::string& out, ServerFacts const&) override { out += "?"; }
    char const* name() const noexcept override { return "a question"; }

private:
    void answered() override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    Endpoint const server{"10.0.0.1", 6379};
    bool broken = false;
    auto const whole = read(text, 4096, broken);
    bool broken_in_pieces = false;
    auto const pieces = read(text, 1 + size % 7, broken_in_pieces);
    require(size > 4096 || (whole.size() == pieces.size() && broken == broken_in_pieces));
    for (auto const& reply : whole) {
        require(elements_of(reply) <= bounds.elements + 1);
        if (reply.is(Reply::Type::error)) {
            auto const refusal = judge(reply.text, server);
            require(refusal.slot < 16384 && refusal.failure.message().size() < 600);
        }
        if (auto const slots = read_slots(reply, server)) {
            for (auto const& range : *slots)
                require(range.first <= range.last && range.last < 16384 && is_host(range.master.host) && range.master.port != 0);
        }
        if (auto const master = read_master(reply))
            require(is_host(master->host) && master->port != 0);
        if (auto const header = RecordHeader::parse(reply.string()))
            require(header->version != 0 && header->size <= reply.text.size());
    }
    if (auto const header = RecordHeader::parse(text))
        require(header->version != 0 && header->size <= size);
    KeyNames const names("p:");
    if (auto const key = names.text(text))
        require(text.ends_with(*key));
    static_cast<void>(KeyTag::of(text));

    Greeting greeting;
    greeting.to = static_cast<Greeting::To>(1 + size % 3);
    Nobody nobody;
    Question question;
    Session session(greeting, server, nobody, bounds);
    session.open();
    if (session.received(text, SteadyTime()) && session.ready()) {
        session.send(question, SteadyTime());
        session.received(text, SteadyTime());
    }
    std::vector<Command*> unanswered;
    session.close(unanswered);
    require(unanswered.size() <= 1);
    return 0;
}
