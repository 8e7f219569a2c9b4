#include "support/fake_openfga.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <stdexcept>

namespace assent::test {
namespace {

namespace json = boost::json;

std::string text(json::value const& value) { return std::string(value.as_string()); }

}  // namespace

FakeOpenFga::FakeOpenFga(std::shared_ptr<testing::ManualClock> clock) : clock_(std::move(clock)), http_(clock_)
{
    http_.otherwise([this](HttpRequest const& request) { return answer(request); });
}

bool FakeOpenFga::ask(json::object const& check, std::optional<json::object>& special)
{
    auto const& key = check.at("tuple_key").as_object();
    auto const question = text(key.at("user")) + ' ' + text(key.at("relation")) + ' ' + text(key.at("object"));
    questions.push_back(question);
    if (verdict)
        special = verdict(question);
    else if (question.ends_with(':'))  // an object without an id
        special = json::parse(R"({"error":{"input_error":"validation_error","message":"invalid 'object' field format"}})").as_object();
    return allowed.count(question) != 0;
}

result<HttpResponse> FakeOpenFga::answer(HttpRequest const& request)
{
    auto const& url = request.url();
    paths.push_back(url.substr(url.rfind('/') + 1));
    bodies.push_back(request.body().empty() ? json::object() : json::parse(request.body()).as_object());
    if (fault) {
        if (auto injected = fault(request))
            return *std::move(injected);
    }
    auto const& body = bodies.back();
    json::object out;
    std::optional<json::object> special;
    if (paths.back() == "check") {
        out["allowed"] = ask(body, special);
        if (special && special->contains("error"))
            return HttpResponse(400, R"({"code":"validation_error","message":"said the fake"})");
        if (special)
            out = *special;
    }
    else if (paths.back() == "batch-check") {
        json::object results;
        for (auto const& each : body.at("checks").as_array()) {
            special.reset();
            json::object one;
            one["allowed"] = ask(each.as_object(), special);
            results[each.at("correlation_id").as_string()] = special ? *special : one;
        }
        out["result"] = std::move(results);
    }
    else if (paths.back() == "streamed-list-objects" || paths.back() == "list-objects") {
        auto const prefix = text(body.at("user")) + ' ' + text(body.at("relation")) + ' ';
        auto const type = text(body.at("type")) + ':';
        clock_->advance(list_time);
        std::string stream;
        json::array objects;
        for (auto const& each : allowed) {
            if (objects.size() == list_limit)
                break;
            if (!each.starts_with(prefix) || each.compare(prefix.size(), type.size(), type) != 0)
                continue;
            json::object line;
            json::object inner;
            inner["object"] = each.substr(prefix.size());
            objects.push_back(inner["object"]);
            line["result"] = std::move(inner);
            stream += json::serialize(line) + '\n';
        }
        if (paths.back() == "streamed-list-objects")
            return HttpResponse(200, stream);
        out["objects"] = std::move(objects);
    }
    else
        throw std::logic_error("the fake has no " + url);
    HttpResponse response(200, json::serialize(out));
    response.headers.add("Content-Type", "application/json");
    response.headers.add("X-Request-Id", "request-" + std::to_string(paths.size()));
    return response;
}

FgaConfig FakeOpenFgaFixture::config()
{
    FgaConfig out("http://127.0.0.1:8080", "01HVMMBCMGZNT3SED4Z17ECXCA");
    out.max_retries(0);
    return out;
}

FakeOpenFgaFixture::FakeOpenFgaFixture() { runtime.http(server).clock(clock); }

}  // namespace assent::test
