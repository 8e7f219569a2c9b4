#include "protocol/action.hpp"

#include "core/digest.hpp"
#include "protocol/canonical_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace assent {
namespace {

namespace json = boost::json;

constexpr std::size_t id_length = 22;     // 132 bits
constexpr std::size_t nonce_length = 22;  // 128 bits
constexpr std::size_t max_name = 512;

std::string digest_of(CanonicalArray& parts) { return sha256_base64url(parts.take()); }

std::string id_of(CanonicalArray& parts)
{
    // As many bytes as have all bits of these characters.
    constexpr std::size_t bytes = (id_length + 3) / 4 * 3;
    auto const digest = sha256(parts.take());
    auto id = base64url_encode(std::string_view(reinterpret_cast<char const*>(digest.data()), bytes));
    id.resize(id_length);
    return id;
}

std::string authorization_id_of(ToolCall const& call, CredentialsContext context, std::string_view action_digest,
                                std::string_view request);

bool is_base64url(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

}  // namespace

result<std::string> action_digest(ToolCall const& call, std::string_view issuer, std::string_view client_id,
                                  json::array const& request)
{
    auto const& principal = call.principal();
    try {
        CanonicalArray parts;
        parts.text("assent action 1").text(call.tool_name()).add(call.input());
        parts.text(principal.issuer()).text(principal.subject()).text(principal.tenant()).text(principal.agent());
        parts.text(issuer).text(client_id).add(request);
        return digest_of(parts);
    }
    catch (NotCanonical const& error) {
        return Failure(Errc::invalid_input, fmt::format("the tool's input has no canonical form: {}", error.what()));
    }
}

CanonicalRequest::CanonicalRequest(json::array const& request) : text_(canonical_json(request)) {}

std::string authorization_id(ToolCall const& call, CredentialsContext context, std::string_view action_digest,
                             json::array const& request)
{
    bool const named_by_request = context != CredentialsContext::tool_call;
    return authorization_id_of(call, context, action_digest, named_by_request ? canonical_json(request) : std::string());
}

std::string authorization_id(ToolCall const& call, CredentialsContext context, std::string_view action_digest,
                             CanonicalRequest const& request)
{
    return authorization_id_of(call, context, action_digest, request.text());
}

namespace {

std::string authorization_id_of(ToolCall const& call, CredentialsContext context, std::string_view action_digest,
                                std::string_view request)
{
    CanonicalArray parts;
    switch (context) {
    case CredentialsContext::tool_call:
        parts.text("call");
        parts.text(call.thread_id());
        parts.text(call.tool_name());
        if (call.call_id().empty()) {
            parts.text("action");
            parts.text(action_digest);
        }
        else {
            parts.text("id");
            parts.text(call.call_id());
        }
        return id_of(parts);
    case CredentialsContext::tool:
        parts.text("tool");
        parts.text(call.thread_id());
        parts.text(call.tool_name());
        break;
    case CredentialsContext::thread:
        parts.text("thread");
        parts.text(call.thread_id());
        break;
    case CredentialsContext::agent: parts.text("agent"); break;
    }
    parts.canonical(request);
    return id_of(parts);
}

}  // namespace

std::string authorizer_id(std::string_view flow, std::string_view issuer, std::string_view client_id, std::string_view name)
{
    CanonicalArray parts;
    parts.text(flow);
    parts.text(issuer);
    parts.text(client_id);
    parts.text(name);
    return id_of(parts);
}

std::string authorizer_id(std::string_view flow, OauthClient const& client, std::string_view name)
{
    auto const id = authorizer_id(flow, client.issuer(), client.client_id(), name);
    if (client.dpop().empty())
        return id;
    CanonicalArray parts;
    parts.text(id);
    parts.text(client.dpop().thumbprint());
    return id_of(parts);
}

result<ResumeHandle> ResumeHandle::parse(std::string_view text)
{
    bool const well_formed = text.size() == id_length + 1 + nonce_length && text[id_length] == '.' &&
                             is_base64url(text.substr(0, id_length)) && is_base64url(text.substr(id_length + 1));
    if (!well_formed)
        return Failure(Errc::invalid_argument, "ToolCall::resumed is not a handle; give Interrupt::handle() unchanged");
    return ResumeHandle(std::string(text.substr(0, id_length)), std::string(text.substr(id_length + 1)));
}

result<void> check(ToolCall const& call)
{
    auto const& principal = call.principal();
    if (principal.subject().empty())
        return Failure(Errc::no_subject, "the call's principal has no subject; set it from the host's authenticated session");
    if (call.tool_name().empty())
        return Failure(Errc::invalid_argument, "the call has no tool_name");
    struct Named {
        std::string_view name;
        std::string const& value;
    };
    for (auto const& [name, value] :
         {Named{"principal.issuer", principal.issuer()}, Named{"principal.subject", principal.subject()},
          Named{"principal.tenant", principal.tenant()}, Named{"principal.agent", principal.agent()},
          Named{"thread_id", call.thread_id()}, Named{"tool_name", call.tool_name()}, Named{"call_id", call.call_id()}}) {
        if (value.size() > max_name)
            return Failure(Errc::invalid_argument, fmt::format("{} is longer than {} bytes", name, max_name));
    }
    return boost::outcome_v2::success();
}

}  // namespace assent
