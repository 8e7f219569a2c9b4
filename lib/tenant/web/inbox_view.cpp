#include "tenant/web/inbox_view.hpp"

#include "tenant/web/html.hpp"

#include <boost/json/serialize.hpp>

#include <ctime>

namespace assent::tenant {

namespace json = boost::json;

namespace {

constexpr std::size_t most_cards = 50;
constexpr std::size_t most_history = 30;

std::string format_time(Time time, char const* format)
{
    std::time_t const whole = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&whole, &parts);
    char text[40];
    return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

std::string iso(Time time)
{
    return format_time(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::string clock_time(Time time)
{
    return format_time(time, "%H:%M");
}

std::int64_t milliseconds_of(Time time)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// A detail's value as a person reads it.
std::string readable(json::value const& value)
{
    if (value.is_string())
        return std::string(value.get_string());
    if (value.is_bool())
        return value.get_bool() ? "yes" : "no";
    if (value.is_null())
        return "none";
    if (value.is_array()) {
        std::string out;
        for (auto const& one : value.get_array())
            out.append(out.empty() ? "" : ", ").append(readable(one));
        return out.empty() ? "none" : out;
    }
    if (value.is_object()) {
        std::string out;
        for (auto const& member : value.get_object())
            out.append(out.empty() ? "" : "\n").append(member.key()).append(": ").append(readable(member.value()));
        return out.empty() ? "none" : out;
    }
    return json::serialize(value);
}

std::string details_html(json::array const& details)
{
    std::string out;
    for (auto const& detail : details) {
        std::string rows;
        for (auto const& member : detail.get_object()) {
            if (member.key() != "type")
                rows += fill("detail_row.html", {{"name", member.key()}, {"value", readable(member.value())}});
        }
        out += fill("details.html", {{"type", readable(detail.get_object().at("type"))}, {"rows", rows}});
    }
    return out;
}

std::string card_html(OauthCore const& core, Approval const& approval, std::string_view csrf)
{
    std::string const client = core.client_title(approval.grant.client_id);
    std::string const message = approval.binding_message.empty() ? "Approve this request?" : approval.binding_message;
    return fill("card.html", {{"id", approval.id},
                              {"csrf", csrf},
                              {"client", client},
                              {"initial", initial_of(client)},
                              {"message", message},
                              {"details", details_html(approval.asked_details)},
                              {"scopes", scopes_html(approval.asked_scopes, approval.grant.audience, "May use")},
                              {"asked", clock_time(approval.requested_at)},
                              {"asked_iso", iso(approval.requested_at)},
                              {"asked_ms", std::to_string(milliseconds_of(approval.requested_at))},
                              {"expires", clock_time(approval.expires_at)},
                              {"expires_iso", iso(approval.expires_at)},
                              {"expires_ms", std::to_string(milliseconds_of(approval.expires_at))}});
}

std::string history_html(OauthCore const& core, Approval const& approval, Time now)
{
    auto const state = approval.state_at(now);
    std::string const name = state == TenantApprovalState::approved ? "Approved" : state == TenantApprovalState::denied ? "Denied" : "Expired";
    Time const at = state == TenantApprovalState::expired ? approval.expires_at : approval.decided_at;
    std::string scopes;
    for (auto const& scope : approval.asked_scopes) {
        if (scope != "openid")
            scopes.append(scopes.empty() ? ": " : ", ").append(scope);
    }
    std::string const message = approval.binding_message.empty() ? "A request without a message" : approval.binding_message;
    return fill("history_item.html", {{"state", name},
                                      {"message", message},
                                      {"client", core.client_title(approval.grant.client_id)},
                                      {"scopes", scopes},
                                      {"at", clock_time(at)},
                                      {"at_iso", iso(at)}});
}

}  // namespace

std::string initial_of(std::string_view name)
{
    if (name.empty())
        return "?";
    std::size_t size = 1;  // of a UTF-8 character
    while (size < name.size() && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80)
        ++size;
    return std::string(name.substr(0, size));
}

std::string scopes_html(std::vector<std::string> const& scopes, std::string_view audience, std::string_view title)
{
    std::string chips;
    for (auto const& scope : scopes) {
        if (scope != "openid")
            chips.append("<li>").append(escaped(scope)).append("</li>");
    }
    if (chips.empty() && audience.empty())
        return {};
    std::string const at = audience.empty() ? std::string() : "<p class=\"quiet\">at " + escaped(audience) + "</p>";
    return fill("scopes.html", {{"title", title}, {"chips", chips}, {"audience", at}});
}

InboxView::InboxView(OauthCore const& core, std::string_view subject, std::string_view csrf, Time now) : now_(now)
{
    auto const waiting = core.pending(subject, now);
    count_ = waiting.size();
    for (auto const& approval : waiting) {
        if (cards_.size() < most_cards)
            cards_.push_back(Card{approval->id, card_html(core, *approval, csrf)});
        if (next_expiry == Time{} || approval->expires_at < next_expiry)
            next_expiry = approval->expires_at;
    }
    std::size_t shown = 0;
    for (auto const& approval : core.history(subject, now)) {
        if (shown++ < most_history)
            history_ += history_html(core, *approval, now);
    }
}

std::string InboxView::page() const
{
    std::string cards;
    for (auto const& card : cards_)
        cards += card.html;
    return fill("inbox.html", {{"count", std::to_string(count_)},
                               {"count_hidden", count_ == 0 ? "hidden" : ""},
                               {"empty_hidden", count_ == 0 ? "" : "hidden"},
                               {"pending", cards},
                               {"more", std::to_string(count_ - cards_.size()) + " more appear as you decide."},
                               {"more_hidden", count_ > cards_.size() ? "" : "hidden"},
                               {"history", history_},
                               {"history_hidden", history_.empty() ? "" : "hidden"}});
}

std::string InboxView::json() const
{
    json::array pending;
    for (auto const& card : cards_) {
        json::object one;
        one["id"] = card.id;
        one["html"] = card.html;
        pending.push_back(std::move(one));
    }
    json::object out;
    out["now"] = milliseconds_of(now_);
    out["count"] = count_;
    out["pending"] = std::move(pending);
    out["history"] = history_;
    return json::serialize(out);
}

}  // namespace assent::tenant
