#include "tools.hpp"

#include <assent/ciba_authorizer.hpp>
#include <assent/compose.hpp>
#include <assent/device_authorizer.hpp>
#include <assent/fga_authorizer.hpp>
#include <assent/fga_retriever.hpp>
#include <assent/token_vault_authorizer.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace demo {

namespace json = boost::json;

struct BuyStock {
    std::string ticker;
    int qty = 0;
};
BOOST_DESCRIBE_STRUCT(BuyStock, (), (ticker, qty))

struct CheckCalendar {
    std::string date;
};
BOOST_DESCRIBE_STRUCT(CheckCalendar, (), (date))

struct FetchData {
    std::string topic;
};
BOOST_DESCRIBE_STRUCT(FetchData, (), (topic))

struct AskDocuments {
    std::string question;
};
BOOST_DESCRIBE_STRUCT(AskDocuments, (), (question))

struct ReadDocument {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ReadDocument, (), (id))

namespace {

constexpr char const* free_busy_scope = "https://www.googleapis.com/auth/calendar.freebusy";

/// Dollars. There is no exchange here: every stock has a price of its own that does not change.
int price_of(std::string const& ticker) {
    int sum = 0;
    for (char const c : ticker)
        sum += static_cast<unsigned char>(c);
    return 10 + sum % 90;
}

assent::awaitable<std::string> execute_purchase(BuyStock order, assent::ToolContext&) {
    co_return fmt::format("Purchased {} shares of {} at ${} each", order.qty, order.ticker, price_of(order.ticker));
}

assent::Tool buy_stock(assent::Runtime const& runtime, Surroundings const& around) {
    auto confirmation = assent::AsyncAuthorization()
                            .scopes({"stock:trade"})
                            .audience(around.audience)
                            .binding_message([](BuyStock const& order) { return fmt::format("Buy {} {}", order.qty, order.ticker); })
                            .authorization_details([](BuyStock const& order) {
                                json::object details;
                                details["type"] = "trade_authorization";
                                details["ticker"] = order.ticker;
                                details["qty"] = order.qty;
                                details["amount"] = fmt::format("${}", std::int64_t{price_of(order.ticker)} * order.qty);
                                return json::array{std::move(details)};
                            });
    auto const is_large = [limit = around.confirm_above](BuyStock const& order) {
        return std::int64_t{price_of(order.ticker)} * order.qty > limit;
    };
    auto tool = assent::tool<BuyStock>("buy_stock", "Execute a stock purchase given stock ticker and quantity", execute_purchase);
    return protect(std::move(tool), assent::require_when(is_large, assent::CibaAuthorizer(runtime, around.agent, confirmation), "confirm_large"));
}

assent::awaitable<std::string> look_at_calendar(std::string url, CheckCalendar question, assent::ToolContext& context) {
    json::object query;
    query["timeMin"] = question.date + "T00:00:00Z";
    query["timeMax"] = question.date + "T23:59:59Z";
    query["items"] = json::array{json::object{{"id", "primary"}}};
    auto const address = url + "/calendar/v3/freeBusy";
    auto const answer = co_await context.http().post_json(address, query);
    if (!answer.ok())
        co_return answer.explain();
    auto const body = answer.json();
    boost::system::error_code error;
    auto const* const busy = body ? body.value().find_pointer("/calendars/primary/busy", error) : nullptr;
    if (busy == nullptr || !busy->is_array())
        co_return "The calendar gave no answer that makes sense";
    if (busy->get_array().empty())
        co_return question.date + " is free";
    co_return fmt::format("{} has {} appointment(s)", question.date, busy->get_array().size());
}

assent::Tool check_calendar(assent::Runtime const& runtime, Surroundings const& around) {
    assent::TokenVault google;
    google.connection("google-oauth2").scopes({free_busy_scope}).refresh_token(around.refresh_token);
    auto const check = [url = around.calendar_url](CheckCalendar question, assent::ToolContext& context) {
        return look_at_calendar(url, std::move(question), context);
    };
    auto tool = assent::tool<CheckCalendar>("check_user_calendar", "Check whether the user is free on a day, given as 2026-03-02", check)
                    .calls("google-oauth2", around.calendar_url);
    return protect(std::move(tool), assent::TokenVaultAuthorizer(runtime, around.agent, google));
}

assent::awaitable<std::string> fetch_records(FetchData wanted, assent::ToolContext& context) {
    auto const granted = context.credentials().tokens().scopes.size();
    co_return fmt::format("3 records about {} (fetched with a token of {} scope(s))", wanted.topic, granted);
}

assent::Tool fetch_data(assent::Runtime const& runtime, Surroundings const& around) {
    assent::DeviceAuthorization sign_in;
    sign_in.scopes({"read:data"}).audience(around.audience);
    auto tool = assent::tool<FetchData>("fetch_data", "Fetch the user's records about a topic from the data service", fetch_records);
    return protect(std::move(tool), assent::DeviceAuthorizer(runtime, around.device, sign_in));
}

assent::awaitable<std::string> search_documents(assent::FgaRetriever retriever, AskDocuments asked, assent::ToolContext& context) {
    auto principal = context.call().principal();
    auto question = std::move(asked.question);
    auto const found = co_await retriever.retrieve(std::move(principal), std::move(question), 2);
    if (!found)
        co_return found.failure().message();
    std::string out;
    for (auto const& document : found.value())
        out += fmt::format("[{}] {}\n", document.id(), document.text());
    co_return out.empty() ? std::string("No document that you may read says anything about it") : out;
}

assent::Tool ask_documents(assent::FgaClient const& fga, Surroundings const& around) {
    auto const retriever = assent::FgaRetriever(fga, around.index)
                               .build_query([](assent::Document const& document, assent::Principal const& who) {
                                   return assent::Check(who.subject_as("user"), "can_view", "doc:" + document.id());
                               });
    auto const ask = [retriever](AskDocuments question, assent::ToolContext& context) {
        return search_documents(retriever, std::move(question), context);
    };
    return assent::tool<AskDocuments>("ask_documents", "Answer a question from the company's documents that the user may read", ask);
}

assent::awaitable<std::string> find_document(assent::Fts5Index index, std::string id) {
    std::string words = id;
    std::replace(words.begin(), words.end(), '-', ' ');
    std::vector<std::string> ids(1, id);
    auto const found = co_await index.retrieve_within(std::move(words), 1, std::move(ids));
    if (!found)
        co_return found.failure().message();
    co_return found.value().empty() ? "There is no document of that name" : found.value().front().text();
}

assent::Tool read_document(assent::FgaClient const& fga, Surroundings const& around) {
    assent::Fga may_read;
    may_read.build_query([](ReadDocument const& document, assent::ToolCall const& call) {
        return assent::Check(call.principal().subject_as("user"), "can_view", "doc:" + document.id);
    });
    auto const read = [index = around.index](ReadDocument document, assent::ToolContext&) { return find_document(index, std::move(document.id)); };
    auto tool = assent::tool<ReadDocument>("read_document", "Read one document by its id", read);
    return protect(std::move(tool), assent::FgaAuthorizer(fga, may_read));
}

}  // namespace

std::vector<assent::Tool> make_tools(assent::Runtime runtime, Surroundings around) {
    assent::FgaClient const fga(runtime, around.fga);
    std::vector<assent::Tool> tools;
    tools.push_back(buy_stock(runtime, around));
    tools.push_back(check_calendar(runtime, around));
    tools.push_back(fetch_data(runtime, around));
    tools.push_back(ask_documents(fga, around));
    tools.push_back(read_document(fga, around));
    return tools;
}

}  // namespace demo
