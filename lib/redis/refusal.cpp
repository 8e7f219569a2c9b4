#include "refusal.hpp"

#include "record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace assent::redis {

namespace {

using Kind = Refusal::Kind;

struct Known {
    std::string_view code;
    Kind kind;
    Errc errc;
    char const* remedy;
};

constexpr std::array known_errors{
    Known{"OOM", Kind::final, Errc::store_full,
          "has reached maxmemory: raise it, or let maxmemory-policy evict what is not assent's (volatile-* policies evict approvals)"},
    Known{"READONLY", Kind::elsewhere, Errc::store_unavailable,
          "is a read-only replica: give the master, or configure sentinel() so that it is found"},
    Known{"LOADING", Kind::later, Errc::store_unavailable, "is still loading its data: it will serve when it has"},
    Known{"BUSY", Kind::later, Errc::store_unavailable,
          "is busy with somebody's script: see SCRIPT KILL and busy-reply-threshold"},
    Known{"CLUSTERDOWN", Kind::later, Errc::store_unavailable,
          "says that the cluster is down: see CLUSTER INFO for the slots that nobody serves"},
    Known{"MASTERDOWN", Kind::elsewhere, Errc::store_unavailable,
          "is a replica without its master: give the master, or configure sentinel()"},
    Known{"TRYAGAIN", Kind::later, Errc::store_unavailable, "is moving this slot"},
    Known{"NOREPLICAS", Kind::later, Errc::store_unavailable,
          "has fewer good replicas than min-replicas-to-write demands: mend the replicas"},
    Known{"MISCONF", Kind::final, Errc::store_unavailable,
          "refuses writes because it cannot save: see its log and its disk, or stop-writes-on-bgsave-error"},
    Known{"NOAUTH", Kind::final, Errc::store_unavailable, "demands a password: configure password(), and user() for an ACL user"},
    Known{"WRONGPASS", Kind::final, Errc::store_unavailable, "refuses user and password: check user() and password()"},
    Known{"NOPERM", Kind::final, Errc::store_unavailable,
          "does not let this user do that: allow +get +set +getrange +evalsha +script|load +scan +time and ~PREFIX* in its ACL"},
    Known{"NOSCRIPT", Kind::no_script, Errc::store_unavailable, "forgets scripts while they are in use: who sends SCRIPT FLUSH?"},
    Known{"WRONGTYPE", Kind::final, Errc::record_corrupt,
          "has something else under one of assent's keys: give assent a key_prefix() or a database of its own"},
    Known{corrupt_error, Kind::final, Errc::record_corrupt,
          "has a value under one of assent's keys that assent has not written: give it a key_prefix() or a database of its own"},
    Known{lost_error, Kind::final, Errc::store_unavailable,
          "may or may not have done the write whose answer was lost; too much was written since to tell"},
};

std::string_view first_word(std::string_view text) noexcept
{
    return text.substr(0, text.find_first_of(" \r\n"));
}

/// What the server said, made fit to be shown.
ServerReply said(std::string_view error)
{
    ServerReply reply;
    auto const code = first_word(error);
    reply.error = std::string(code.substr(0, 128));
    reply.description = std::string(error.substr(0, 1024));
    return reply;
}

std::optional<Refusal> redirection(std::string_view error, Endpoint const& server)
{
    bool const moved = error.starts_with("MOVED ");
    if (!moved && !error.starts_with("ASK "))
        return std::nullopt;
    error.remove_prefix(error.find(' ') + 1);
    unsigned slot = 0;
    auto const [end, wrong] = std::from_chars(error.data(), error.data() + error.size(), slot);
    auto const space = static_cast<std::size_t>(end - error.data());
    if (wrong != std::errc() || slot > 16383 || space >= error.size() || error[space] != ' ')
        return std::nullopt;
    auto target = parse_endpoint(first_word(error.substr(space + 1)), server.host);
    if (!target)
        return std::nullopt;
    Refusal refusal;
    refusal.kind = moved ? Kind::moved : Kind::ask;
    refusal.slot = static_cast<std::uint16_t>(slot);
    refusal.target = std::move(*target);
    refusal.failure = Failure(Errc::store_unavailable, "Redis at " + server.text() + " is a node of a cluster: configure cluster()");
    return refusal;
}

Failure unknown(std::string_view error, Endpoint const& server)
{
    return Failure(Errc::store_unavailable, "Redis at " + server.text() + " refuses a command of assent's; see what it said")
        .with_server(said(error));
}

}  // namespace

std::string Endpoint::text() const
{
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

bool is_host(std::string_view text) noexcept
{
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._:%").find(c) != std::string_view::npos;
    });
}

std::optional<Endpoint> parse_endpoint(std::string_view text, std::string_view same_host)
{
    text = text.substr(0, text.find(','));  // "address:port,name" of CLUSTER NODES
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    auto host = text.substr(0, colon);
    auto const digits = text.substr(colon + 1);
    Endpoint endpoint;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (error != std::errc() || end != digits.data() + digits.size() || endpoint.port == 0)
        return std::nullopt;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (host.empty())
        host = same_host;
    if (!is_host(host))
        return std::nullopt;
    endpoint.host = std::string(host);
    return endpoint;
}

Failure explain(std::string_view error, Endpoint const& server)
{
    auto const code = first_word(error);
    for (auto const& each : known_errors) {
        if (each.code == code)
            return Failure(each.errc, "Redis at " + server.text() + ' ' + each.remedy).with_server(said(error));
    }
    if (error.find("without any password configured") != std::string_view::npos ||
        error.find("no password is set") != std::string_view::npos)
        return Failure(Errc::store_unavailable, "Redis at " + server.text() + " has no password: remove password(), or set requirepass")
            .with_server(said(error));
    if (error.find("DB index") != std::string_view::npos || error.find("SELECT is not allowed") != std::string_view::npos)
        return Failure(Errc::store_unavailable, "Redis at " + server.text() + " does not have that database: check database()")
            .with_server(said(error));
    return unknown(error, server);
}

Refusal judge(std::string_view error, Endpoint const& server)
{
    if (auto redirected = redirection(error, server))
        return std::move(*redirected);
    Refusal refusal;
    refusal.failure = explain(error, server);
    auto const code = first_word(error);
    auto const* const found = std::find_if(known_errors.begin(), known_errors.end(), [code](Known const& each) { return each.code == code; });
    if (found != known_errors.end())
        refusal.kind = found->kind;
    return refusal;
}

}  // namespace assent::redis
