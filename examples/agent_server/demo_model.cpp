#include "demo_model.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <regex>
#include <vector>

namespace demo {

/// Made once for each model: making a std::regex is not safe beside another thread that makes one.
struct DemoModel::Patterns {
    std::regex number{"\\b([0-9]{1,6})\\b"};
    std::regex ticker{"\\b([A-Z]{2,5})\\b"};
    std::regex date{"\\b(20[0-9]{2}-[01][0-9]-[0-3][0-9])\\b"};
    std::regex document{"\\b(?:read|open)\\s+(?:the\\s+)?(?:document\\s+)?([a-z][a-z-]{2,40})"};
};

DemoModel::DemoModel() : patterns_(std::make_shared<Patterns>()) {}

namespace {

namespace json = boost::json;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool has(std::string const& text, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

assent::Part request(char const* tool, json::object input) {
    return assent::Part::tool_request(assent::ToolRequest({}, tool, json::value(std::move(input))));
}

/// "Buy 10 ZEKO", "buy ZEKO": how many, of what.
assent::Part purchase(std::string const& said, std::regex const& number, std::regex const& ticker) {
    std::smatch found;
    json::object input;
    input["qty"] = 1;
    input["ticker"] = "ZEKO";
    if (std::regex_search(said, found, number))
        input["qty"] = std::stoi(found[1]);
    if (std::regex_search(said, found, ticker))
        input["ticker"] = found[1].str();
    return request("buy_stock", std::move(input));
}

std::string date_in(std::string const& said, std::regex const& date) {
    std::smatch found;
    return std::regex_search(said, found, date) ? found[1].str() : std::string("2026-12-01");
}

std::string topic_in(std::string const& words) {
    auto const at = words.find("about ");
    auto topic = at == std::string::npos ? std::string("orders") : words.substr(at + 6);
    topic.resize(std::min<std::size_t>(topic.find_first_of(".?!,\n"), topic.size()));
    return topic.substr(0, 60);
}

template <class Patterns>
assent::Message ask(std::string const& said, Patterns const& patterns) {
    auto const words = lower(said);
    std::vector<assent::Part> parts;
    if (has(words, {"buy", "purchase"}))
        parts.push_back(purchase(said, patterns.number, patterns.ticker));
    if (has(words, {"calendar", "free on", "am i free", "appointment"})) {
        json::object input;
        input["date"] = date_in(said, patterns.date);
        parts.push_back(request("check_user_calendar", std::move(input)));
    }
    if (has(words, {"fetch", "my records", "my data"})) {
        json::object input;
        input["topic"] = topic_in(words);
        parts.push_back(request("fetch_data", std::move(input)));
    }
    std::smatch found;
    if (std::regex_search(words, found, patterns.document)) {
        json::object input;
        input["id"] = found[1].str();
        parts.push_back(request("read_document", std::move(input)));
    } else if (parts.empty() && has(words, {"forecast", "roadmap", "vacation", "report", "document", "what", "how", "when", "zeko"})) {
        json::object input;
        input["question"] = said;
        parts.push_back(request("ask_documents", std::move(input)));
    }
    if (parts.empty())
        return assent::Message::model("I can buy stock, look at your calendar, fetch your data, and answer from the documents you may read. "
                                      "Try “Buy 100 ZEKO”.");
    return assent::Message(assent::Role::model, std::move(parts));
}

std::string told(assent::ToolResponse const& answer) {
    json::value const output = answer.output.value_or(json::value());
    if (output.is_string())
        return std::string(output.get_string());
    auto const* const object = output.if_object();
    auto const* const message = object == nullptr ? nullptr : object->if_contains("message");
    auto const* const kind = object == nullptr ? nullptr : object->if_contains("kind");
    if (kind != nullptr && *kind == "denied")
        return answer.name == "buy_stock" ? "You refused the purchase, so I did not make it." : "I am not allowed to do that for you.";
    if (kind != nullptr && *kind == "expired")
        return "Nobody decided in time, so I did nothing.";
    return message != nullptr && message->is_string() ? std::string(message->get_string()) : json::serialize(output);
}

assent::Message tell(assent::Message const& answers) {
    std::string text;
    for (auto const& part : answers.content()) {
        if (auto const* const answer = part.if_tool_response())
            text += (text.empty() ? "" : "\n") + told(*answer);
    }
    return assent::Message::model(std::move(text));
}

/// Word by word.
void stream(std::string const& text, assent::ChunkSink const& on_chunk) {
    for (std::size_t at = 0; at < text.size();) {
        auto const end = std::min(text.find(' ', at), text.size() - 1) + 1;
        on_chunk(assent::ModelChunk(assent::Role::model, {assent::Part::text(text.substr(at, end - at))}));
        at = end;
    }
}

}  // namespace

assent::awaitable<assent::result<assent::ModelResponse>> DemoModel::generate(assent::ModelRequest request, assent::ChunkSink on_chunk) {
    if (request.messages.empty())
        co_return assent::Errc::invalid_argument;
    auto const& last = request.messages.back();
    auto answer = last.role() == assent::Role::tool ? tell(last) : ask(last.text(), *patterns_);
    if (on_chunk)
        stream(answer.text(), on_chunk);
    co_return assent::ModelResponse(std::move(answer));
}

}  // namespace demo
