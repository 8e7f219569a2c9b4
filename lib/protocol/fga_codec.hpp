#pragma once

#include <assent/error.hpp>
#include <assent/fga_error.hpp>
#include <assent/fga_types.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::fga {

// The server's limits.
inline constexpr std::size_t max_user = 512;
inline constexpr std::size_t max_object = 256;
inline constexpr std::size_t max_relation = 50;
inline constexpr std::size_t max_type = 254;
inline constexpr std::size_t max_contextual_tuples = 100;
inline constexpr std::size_t max_condition_context = 32 * 1024;

// --- writing ---

/// Appends `text` as a JSON string.
void append_json(std::string& out, std::string_view text);

/// Appends `"tuple_key":{...}` and, when there are any, `,"contextual_tuples":{...}` and `,"context":{...}`: what a check and an item of
/// a batch check have in common. Different questions give different texts.
/// @return why the server would refuse it; nothing was appended then.
std::optional<Failure> append_check(std::string& out, Check const& check);
std::optional<Failure> append_tuple_key(std::string& out, TupleKey const& tuple);

/// What follows in every request that asks: `,"authorization_model_id":"..."` and `,"consistency":"..."`, when given.
void append_model_and_consistency(std::string& out, std::string_view model_id,
                                  std::optional<Consistency> consistency);

// --- checking ---

/// `text` is a valid id of a store or model: a ULID.
bool is_ulid(std::string_view text) noexcept;
/// Nothing, or what the server would refuse.
std::optional<Failure> check_user(std::string_view user);
std::optional<Failure> check_object(std::string_view object);
std::optional<Failure> check_relation(std::string_view relation);
std::optional<Failure> check_type(std::string_view type);
bool is_utf8(std::string_view text) noexcept;
/// A header that a caller may add: not one that the client writes itself.
bool is_header_name(std::string_view name) noexcept;
bool is_header_value(std::string_view value) noexcept;

// --- reading ---

/// Reads an error answer. Never fails: what says nothing clear is told by its status. A transient one is Condition::retryable.
Failure read_error(HttpResponse const& response, std::chrono::system_clock::time_point now);
/// The value of the server's name for an error, or nothing.
std::optional<FgaErrc> errc_from_name(std::string_view name) noexcept;
/// The server's id of the request, at most 128 bytes, or empty.
std::string_view request_id(HttpHeaders const& headers) noexcept;

/// Reads the answer to one check.
CheckResult read_check(HttpResponse const& response);

/// Reads answers to batch checks whose correlation ids are "0", "1" and so on. Used again, it does not allocate.
class BatchReader {
public:
    enum class Verdict : std::uint8_t {
        missing,   ///< The server says nothing about it.
        allowed,
        denied,
        failed,    ///< The server could not tell; failure_of() says why.
        unusable,  ///< What the server says is ambiguous.
    };

    BatchReader();
    BatchReader(BatchReader const&) = delete;
    BatchReader& operator=(BatchReader const&) = delete;
    ~BatchReader();

    /// @param count how many were asked. False when `body` is not an answer to a batch check; then no verdict counts.
    bool read(std::string_view body, std::size_t count);
    Verdict verdict(std::size_t index) const noexcept;
    /// Why there is neither a yes nor a no.
    Failure failure_of(std::size_t index) const;

private:
    class Handler;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assent::fga
