#include "slots.hpp"

#include <charconv>
#include <utility>

namespace assent::redis {

std::optional<std::vector<SlotRange>> read_slots(Reply const& reply, Endpoint const& asked)
{
    if (!reply.is(Reply::Type::array))
        return std::nullopt;
    std::vector<SlotRange> ranges;
    for (Reply const& range : reply.elements) {
        if (!range.is(Reply::Type::array) || range.elements.size() < 3)
            return std::nullopt;
        Reply const& first = range.elements[0];
        Reply const& last = range.elements[1];
        Reply const& master = range.elements[2];
        if (!first.is(Reply::Type::integer) || !last.is(Reply::Type::integer) || first.integer < 0 || last.integer > 16383 ||
            first.integer > last.integer || !master.is(Reply::Type::array) || master.elements.size() < 2)
            return std::nullopt;
        Reply const& port = master.elements[1];
        if (!port.is(Reply::Type::integer) || port.integer < 1 || port.integer > 65535)
            return std::nullopt;
        auto const host = master.elements[0].string();
        if (host == "?")
            continue;
        if (!host.empty() && !is_host(host))
            return std::nullopt;
        SlotRange made;
        made.first = static_cast<std::uint16_t>(first.integer);
        made.last = static_cast<std::uint16_t>(last.integer);
        made.master.host = host.empty() ? asked.host : std::string(host);
        made.master.port = static_cast<std::uint16_t>(port.integer);
        ranges.push_back(std::move(made));
    }
    return ranges;
}

std::optional<Endpoint> read_master(Reply const& reply)
{
    if (!reply.is(Reply::Type::array) || reply.elements.size() != 2)
        return std::nullopt;
    auto const host = reply.elements[0].string();
    auto const digits = reply.elements[1].string();
    Endpoint endpoint;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (!is_host(host) || error != std::errc() || end != digits.data() + digits.size() || endpoint.port == 0)
        return std::nullopt;
    endpoint.host = std::string(host);
    return endpoint;
}

}  // namespace assent::redis
