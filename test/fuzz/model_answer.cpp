#include "model/anthropic.hpp"
#include "model/gemini.hpp"
#include "model/gemini_schema.hpp"
#include "model/openai.hpp"
#include "model/refusal.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
namespace models = assent::models;

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

void check(assent::Failure const& failure) {
    if (auto const* const server = failure.server())
        require(server->error.size() <= 128 && server->description.size() <= 1024 && server->request_id.size() <= 128);
}

/// What was read is within our bounds, can be stored, and can be sent back to any provider.
void check(assent::ModelResponse const& response, std::vector<std::unique_ptr<models::Provider>> const& providers) {
    require(response.finish_message.size() <= 1024 && response.id.size() <= 256 && response.model.size() <= 256);
    (void)response.to_json();
    if (!response.message)
        return;
    require(response.message->role() == assent::Role::model);
    auto const stored = assent::Message::parse(response.message->to_json());
    require(stored && stored.value() == *response.message);
    assent::ModelRequest again({assent::Message::user("Hi"), *response.message});
    for (auto const& provider : providers) {
        auto const call = provider->write(again, true);
        require(call.has_value());
        boost::system::error_code error;
        json::parse_options deep;
        deep.max_depth = 200;
        require(json::parse(call.value().body, error, {}, deep).is_object());
    }
}

}  // namespace

/// The first byte says what the rest is: a whole answer of one of the three, a streamed one, a refusal, or a schema.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const providers = [] {
        std::vector<std::unique_ptr<models::Provider>> out;
        out.push_back(models::make_gemini("g"));
        out.push_back(models::make_openai("o", false));
        out.push_back(models::make_anthropic("a", false));
        return out;
    }();
    static auto const names = models::ToolNames::make({assent::ToolDefinition("srv/buy", "")}).value();
    if (size == 0)
        return 0;
    std::string_view const text(reinterpret_cast<char const*>(data + 1), size - 1);
    unsigned const kind = data[0] % 8;
    if (kind < 3) {
        auto const response = providers[kind]->reader(names)->read(text);
        if (response)
            check(response.value(), providers);
        else
            check(response.failure());
    } else if (kind < 6) {
        auto const reader = providers[kind - 3]->reader(names);
        assent::SseReader events(1 << 14);
        assent::SseReader::Sink const sink = [&reader](assent::SseEvent const& event) {
            auto const pieces = reader->read_event(event);
            if (!pieces)
                check(pieces.failure());
            return pieces.has_value();
        };
        bool const whole = events.add(text, sink);
        if (whole && reader->is_complete())
            check(reader->take(), providers);
    } else if (kind == 6) {
        constexpr int statuses[] = {200, 307, 400, 401, 403, 404, 429, 500, 501, 503, 529, 0};
        assent::HttpResponse response(statuses[text.size() % std::size(statuses)], std::string(text));
        response.headers.add("Retry-After", std::string(text.substr(0, 20)));
        response.headers.add("retry-after-ms", std::string(text.substr(0, 20)));
        auto const refusal = models::read_refusal(response, std::chrono::sys_days(std::chrono::year(2026) / 1 / 1));
        check(refusal.failure);
        require(!refusal.wait || (refusal.wait->count() >= 0 && *refusal.wait <= std::chrono::hours(24)));
        check(models::told_by("who", refusal.failure, text.substr(0, 10)));
        (void)models::parse_duration(text);
    } else {
        auto const schema = models::parse_object(text);
        if (schema)
            (void)models::gemini_schema(schema.value());
    }
    return 0;
}
