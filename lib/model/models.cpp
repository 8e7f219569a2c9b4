#include <assent/models.hpp>

#include "model/anthropic.hpp"
#include "model/gemini.hpp"
#include "model/http_model.hpp"
#include "model/openai.hpp"
#include "protocol/fga_codec.hpp"
#include "protocol/provider_metadata.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

namespace assent::models {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void invalid(std::string detail) {
    throw ConfigurationError(Failure(Errc::invalid_argument, std::move(detail)));
}

/// The first of these variables that is set and not empty.
std::string_view environment(std::initializer_list<char const*> variables) {
    for (auto const* variable : variables) {
        char const* const value = std::getenv(variable);
        if (value != nullptr && *value != '\0')
            return value;
    }
    return {};
}

bool is_loopback(std::string const& url) {
    auto const parsed = boost::urls::parse_uri(url);
    return parsed && is_loopback_host(parsed->encoded_host());
}

void check_key(Secret const& key, std::string_view name) {
    auto const text = key.expose();
    if (text.empty() || text.size() > 8192 || !std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; }))
        invalid(fmt::format("api_key ({}) is not a printable text of 1 to 8192 bytes; is there a line end in it?", name));
}

template <class T>
void check_range(std::string_view name, T value, T least, T most, std::string_view range) {
    if (value < least || value > most)
        invalid(fmt::format("{} must be from {}", name, range));
}

void check_settings(Options const& options, std::string_view base_url_name) {
    auto const field = fmt::format("base_url ({})", base_url_name);
    if (auto const checked = check_endpoint(options.base_url(), field, true); !checked)
        invalid(std::string(checked.failure().detail()));
    if (options.base_url().find('?') != std::string::npos)
        invalid(fmt::format("{} has a query, which is not allowed", field));
    for (auto const& [name, value] : options.headers()) {
        // "Authorization" is the key's place in some of the APIs, and a proxy may want it.
        if (!fga::is_header_value(value) || (!fga::is_header_name(name) && name != "Authorization"))
            invalid("header has a name or value that HTTP does not allow, or a name that the client sets itself");
    }
    constexpr milliseconds day{86'400'000};
    check_range("deadline", options.deadline(), milliseconds(1), day, "1 ms to 24 h");
    check_range("read_deadline", options.read_deadline(), milliseconds(1), day, "1 ms to 24 h");
    check_range("max_retries", options.max_retries(), 0U, 15U, "0 to 15");
    check_range("min_retry_wait", options.min_retry_wait(), milliseconds(1), milliseconds(60'000), "1 ms to 1 min");
    check_range("retry_budget", options.retry_budget(), milliseconds(0), milliseconds(3'600'000), "0 to 1 h");
    check_range("max_answer", options.max_answer(), std::size_t(1024), std::size_t(1) << 30, "1 KiB to 1 GiB");
}

void check_model(std::string_view model, std::string_view marks) {
    auto const allowed = [marks](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
    };
    if (model.empty() || model.size() > 256 || !std::all_of(model.begin(), model.end(), allowed) ||
        model.find("..") != model.npos)
        invalid(fmt::format("the model's name is not 1 to 256 letters, digits and {}", marks));
}

/// What the environment says where the options do not.
void complete(Options& options, char const* base_url_variable, std::string_view default_base_url,
              std::initializer_list<char const*> key_variables) {
    if (options.base_url().empty()) {
        auto const url = environment({base_url_variable});
        options.base_url(std::string(url.empty() ? default_base_url : url));
    }
    auto base = options.base_url();
    while (base.ends_with('/'))
        base.pop_back();
    options.base_url(std::move(base));
    check_settings(options, base_url_variable);
    if (!options.api_key()) {
        if (auto const key = environment(key_variables); !key.empty())
            options.api_key(Secret(key));
    }
    if (options.api_key())
        check_key(*options.api_key(), *key_variables.begin());
    else if (!is_loopback(options.base_url()))
        throw ConfigurationError(
            Failure(Errc::missing_configuration, fmt::format("{} is missing: set it, or Options::api_key()", *key_variables.begin())));
}

}  // namespace

std::shared_ptr<Model> gemini(Runtime runtime, std::string model, Options options) {
    check_model(model, "-._/");
    complete(options, "GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com",
             {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_API_KEY"});
    auto provider = make_gemini(model);
    return std::make_shared<HttpModel>(std::move(runtime), std::move(model), std::move(provider), std::move(options));
}

std::shared_ptr<Model> openai(Runtime runtime, std::string model, Options options) {
    check_model(model, "-._/:@");
    constexpr std::string_view own = "https://api.openai.com/v1";
    complete(options, "OPENAI_BASE_URL", own, {"OPENAI_API_KEY"});
    auto provider = make_openai(model, options.base_url().starts_with("https://api.openai.com/"));
    return std::make_shared<HttpModel>(std::move(runtime), std::move(model), std::move(provider), std::move(options));
}

std::shared_ptr<Model> anthropic(Runtime runtime, std::string model, Options options) {
    check_model(model, "-._/:@");
    bool const bearer =
        !options.api_key() && environment({"ANTHROPIC_API_KEY"}).empty() && !environment({"ANTHROPIC_AUTH_TOKEN"}).empty();
    complete(options, "ANTHROPIC_BASE_URL", "https://api.anthropic.com", {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"});
    auto provider = make_anthropic(model, bearer);
    return std::make_shared<HttpModel>(std::move(runtime), std::move(model), std::move(provider), std::move(options));
}

}  // namespace assent::models
