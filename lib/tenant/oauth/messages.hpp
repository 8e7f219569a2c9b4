#pragma once

#include <assent/http_message.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::tenant {

using Time = std::chrono::system_clock::time_point;

/// The parameters of a request, each at most once. Wiped when they go.
class Parameters {
public:
    Parameters() = default;
    Parameters(Parameters const&) = default;
    Parameters(Parameters&&) noexcept = default;
    Parameters& operator=(Parameters const&) = default;
    Parameters& operator=(Parameters&&) noexcept = default;
    ~Parameters();

    /// Of application/x-www-form-urlencoded text: a body or a query. Nothing when it is not that, or one is given twice.
    static std::optional<Parameters> from_form(std::string_view text);
    /// Of a JSON object: texts, numbers and booleans; objects and arrays as their JSON text.
    static std::optional<Parameters> from_json(std::string_view text);

    /// Empty when there is none.
    std::string_view get(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;
    std::vector<std::pair<std::string, std::string>> const& all() const noexcept { return all_; }

private:
    bool add(std::string name, std::string value);

    std::vector<std::pair<std::string, std::string>> all_;
};

/// A request to an endpoint for programs.
struct ApiRequest {
    std::string method;
    std::string path;
    Parameters parameters;
    std::string authorization;  ///< The header.
};

/// An answer with a JSON object, or without a body.
struct ApiAnswer {
    ApiAnswer() = default;
    explicit ApiAnswer(int code) : status(code) {}
    ApiAnswer(int code, boost::json::object value) : status(code), body(std::move(value)) {}

    int status = 500;
    std::optional<boost::json::object> body;
    HttpHeaders headers;
};

/// {"error", "error_description"}
ApiAnswer oauth_error(int status, std::string_view error, std::string_view description);

/// The words of a text that spaces separate, each once.
std::vector<std::string> words_of(std::string_view text);
std::string joined(std::vector<std::string> const& words);
bool has_word(std::vector<std::string> const& words, std::string_view word) noexcept;

}  // namespace assent::tenant
