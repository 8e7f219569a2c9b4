// Whatever an OpenFGA server answers: read without a crash, within bounds, and never as a yes that is not there.
#include "protocol/fga_batch.hpp"
#include "protocol/fga_codec.hpp"
#include "protocol/fga_messages.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace json = boost::json;
namespace fga = assent::fga;

constexpr std::size_t asked = 4;

void require(bool good) {
    if (!good)
        std::abort();
}

/// The same answer read the slow way.
bool says_yes(std::string_view body, std::size_t index) {
    json::error_code error;
    auto const value = json::parse(json::string_view(body.data(), body.size()), error);
    if (error || !value.is_object())
        return false;
    auto const* const result = value.get_object().if_contains("result");
    if (result == nullptr || !result->is_object())
        return false;
    auto const* const item = result->get_object().if_contains(std::to_string(index));
    if (item == nullptr || !item->is_object())
        return false;
    auto const* const allowed = item->get_object().if_contains("allowed");
    auto const* const failed = item->get_object().if_contains("error");
    return allowed != nullptr && allowed->is_bool() && allowed->get_bool() && (failed == nullptr || failed->is_null());
}

void check(assent::Failure const& failure) {
    if (auto const* const server = failure.server()) {
        require(server->error.size() <= 128 && server->description.size() <= 1024 && server->request_id.size() <= 128);
        // What we say of it is ours alone: the same whatever the server's words were.
        auto const ours = failure.detail();
        require(ours == "the server could not answer this check of the batch" ||
                ours == "the server ended its list of objects with an error" ||
                ours == "the server answered with status " + std::to_string(server->status));
        require(failure.message() == assent::Failure(failure.code(), std::string(ours)).message());
    }
}

}  // namespace

/// The first byte chooses the status, the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace std::chrono_literals;
    constexpr int statuses[] = {200, 400, 401, 403, 404, 409, 429, 422, 500, 501, 503, 0};
    if (size == 0)
        return 0;
    std::string_view const text(reinterpret_cast<char const*>(data + 1), size - 1);
    assent::HttpResponse response(statuses[data[0] % std::size(statuses)], std::string(text));
    response.headers.add("X-Request-Id", std::string(text.substr(0, 200)));
    std::chrono::system_clock::time_point const now(1'700'000'000s);

    static fga::BatchReader reader;
    if (reader.read(text, asked)) {
        for (std::size_t i = 0; i < asked; ++i) {
            auto const verdict = reader.verdict(i);
            if (verdict == fga::BatchReader::Verdict::allowed)
                require(says_yes(text, i));
            else if (verdict != fga::BatchReader::Verdict::denied)
                check(reader.failure_of(i));
        }
    }
    check(fga::read_error(response, now));
    auto const answer = fga::read_check(response);
    require(answer.resolution().size() <= 1024 && answer.request_id().size() <= 128);
    require(!answer.allowed() || text.find("true") != text.npos);

    auto const bounded = [](std::vector<std::string> const& texts) {
        for (auto const& one : texts)
            require(!one.empty() && one.size() <= 4096);
    };
    if (auto const objects = fga::read_objects(response))
        bounded(objects.value());
    if (auto const users = fga::read_users(response))
        bounded(users.value());
    (void)fga::read_tree(response);
    (void)fga::read_tuples(response);
    (void)fga::read_changes(response);
    (void)fga::read_store(response);
    (void)fga::read_stores(response);
    (void)fga::read_model_id(response);
    (void)fga::read_model(response);
    (void)fga::read_models(response);
    if (auto const assertions = fga::read_assertions(response))
        (void)fga::assertions_body(assertions.value());

    fga::Lines lines(256);
    std::size_t total = 0;
    auto const on_line = [&total](std::string_view line) {
        require(line.size() <= 256);
        total += line.size();
        if (auto const object = fga::read_streamed_object(line); !object)
            check(object.failure());
        return true;
    };
    for (std::size_t at = 0; at < text.size(); at += 7) {
        if (!lines.add(text.substr(at, 7), on_line))
            break;
    }
    require(total <= text.size() && lines.rest().size() <= 256);
    if (auto const time = fga::parse_time(text))
        require(fga::parse_time(fga::format_time(*time)).has_value());
    return 0;
}
