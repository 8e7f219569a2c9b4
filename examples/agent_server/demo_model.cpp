#include "demo_model.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace demo {

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

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_of_word(char c) { return is_digit(c) || is_capital(c) || is_small(c) || c == '-'; }

/// What stands between spaces and punctuation.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = static_cast<std::size_t>(std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_of_word) - text.begin());
        if (end != at)
            words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

/// The first word of such characters only, and of such a length.
std::optional<std::string_view> word_of(std::vector<std::string_view> const& words, bool (*fits)(char), std::size_t least, std::size_t most) {
    auto const found = std::find_if(words.begin(), words.end(), [&](std::string_view word) {
        return word.size() >= least && word.size() <= most && std::all_of(word.begin(), word.end(), fits);
    });
    return found == words.end() ? std::nullopt : std::optional(*found);
}

/// "Buy 10 ZEKO", "buy ZEKO": how many, of what.
assent::Part purchase(std::string const& said) {
    auto const words = words_of(said);
    int quantity = 1;
    if (auto const number = word_of(words, is_digit, 1, 6))
        std::from_chars(number->data(), number->data() + number->size(), quantity);
    json::object input;
    input["qty"] = quantity;
    input["ticker"] = word_of(words, is_capital, 2, 5).value_or("ZEKO");
    return request("buy_stock", std::move(input));
}

/// The first that is written 2026-12-01.
std::string date_in(std::string const& said) {
    constexpr std::string_view shape = "2000-00-00";
    auto const is_date = [&](std::string_view word) {
        return word.size() == shape.size() && word.starts_with("20") && std::equal(word.begin(), word.end(), shape.begin(), [](char c, char like) {
                   return like == '-' ? c == '-' : is_digit(c);
               });
    };
    auto const words = words_of(said);
    auto const found = std::find_if(words.begin(), words.end(), is_date);
    return found == words.end() ? std::string("2026-12-01") : std::string(*found);
}

/// "Read the document forecast": which.
std::optional<std::string> document_in(std::string const& said) {
    auto const words = words_of(said);
    auto at = std::find_if(words.begin(), words.end(), [](std::string_view word) { return word == "read" || word == "open"; });
    if (at == words.end())
        return std::nullopt;
    for (std::string_view const skipped : {"the", "document"}) {
        if (at + 1 != words.end() && *(at + 1) == skipped && at + 2 != words.end())
            ++at;
    }
    if (++at == words.end() || at->size() < 3 || at->size() > 41 || !is_small(at->front()))
        return std::nullopt;
    return std::string(*at);
}

std::string topic_in(std::string const& words) {
    auto const at = words.find("about ");
    auto topic = at == std::string::npos ? std::string("orders") : words.substr(at + 6);
    topic.resize(std::min<std::size_t>(topic.find_first_of(".?!,\n"), topic.size()));
    return topic.substr(0, 60);
}

assent::Message ask(std::string const& said) {
    auto const words = lower(said);
    std::vector<assent::Part> parts;
    if (has(words, {"buy", "purchase"}))
        parts.push_back(purchase(said));
    if (has(words, {"calendar", "free on", "am i free", "appointment"})) {
        json::object input;
        input["date"] = date_in(said);
        parts.push_back(request("check_user_calendar", std::move(input)));
    }
    if (has(words, {"fetch", "my records", "my data"})) {
        json::object input;
        input["topic"] = topic_in(words);
        parts.push_back(request("fetch_data", std::move(input)));
    }
    if (auto const document = document_in(words)) {
        json::object input;
        input["id"] = *document;
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
    auto answer = last.role() == assent::Role::tool ? tell(last) : ask(last.text());
    if (on_chunk)
        stream(answer.text(), on_chunk);
    co_return assent::ModelResponse(std::move(answer));
}

}  // namespace demo
