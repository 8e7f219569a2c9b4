#include "support/fake_fga.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <set>
#include <utility>

namespace assent::test {

namespace json = boost::json;

FakeFga::FakeFga()
    : verdict([](Item const& item) -> json::value {
          auto const& object = item.at("tuple_key").at("object").as_string();
          return object.find("secret") == json::string::npos;
      }) {}

HttpResponse FakeFga::refuse(int status, std::string_view code, std::string_view message) const {
    json::object const body{{"code", code}, {"message", message}};
    return HttpResponse(status, json::serialize(body));
}

HttpResponse FakeFga::answer_batch(Item const& body) {
    auto const& asked = body.at("checks").as_array();
    if (asked.empty() || asked.size() > max_checks)
        return refuse(400, "validation_error", "batchCheck received a wrong number of checks");
    std::set<std::string> ids;
    json::object answers;
    for (auto const& element : asked) {
        auto const& item = element.as_object();
        std::string const id(item.at("correlation_id").as_string());
        if (id.empty() || id.size() > 36 || !ids.insert(id).second)
            return refuse(400, "validation_error", "received duplicate correlation id");
        items.push_back(item);
        auto const said = verdict(item);
        json::object answer;
        if (said.is_bool())
            answer["allowed"] = said;
        else
            answer["error"] = json::object{{"input_error", said}, {"message", "about " + id}};
        answers[id] = std::move(answer);
    }
    ++batches;
    // The order is not the request's, as with the real one.
    json::object reversed;
    for (auto it = ids.rbegin(); it != ids.rend(); ++it)
        reversed[*it] = answers[*it];
    json::object const whole{{"result", std::move(reversed)}};
    return HttpResponse(200, json::serialize(whole));
}

result<HttpResponse> FakeFga::answer(HttpRequest const& request) {
    if (before) {
        if (auto own = before(request))
            return std::move(*own);
    }
    auto const& url = request.url();
    if (url.ends_with("/batch-check")) {
        if (!has_batch_check)
            return refuse(404, "undefined_endpoint", "Not Found");
        return answer_batch(json::parse(request.body()).as_object());
    }
    if (url.ends_with("/check")) {
        auto const item = json::parse(request.body()).as_object();
        items.push_back(item);
        ++checks;
        auto const said = verdict(item);
        if (!said.is_bool())
            return refuse(400, said.as_string(), "refused");
        json::object const body{{"allowed", said}, {"resolution", ""}};
        return HttpResponse(200, json::serialize(body));
    }
    return refuse(404, "undefined_endpoint", "Not Found");
}

FgaFixture::FgaFixture() {
    http->otherwise([this](HttpRequest const& request) { return server.answer(request); });
}

Runtime FgaFixture::runtime() {
    Runtime made(io.get_executor());
    made.http(http).clock(clock);
    return made;
}

FgaConfig FgaFixture::config() {
    return FgaConfig("http://localhost:8080", fga_store);
}

FgaClient FgaFixture::client(FgaConfig settings) {
    return FgaClient(runtime(), std::move(settings));
}

std::string body_of(HttpRequest const& request) {
    return request.body();
}

std::vector<Check> checks_of(std::size_t count, std::string_view user) {
    std::vector<Check> checks;
    checks.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        checks.emplace_back(std::string(user), "viewer", "doc:" + std::to_string(i));
    return checks;
}

}  // namespace assent::test
