#pragma once

#include <assent/fga_requests.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::fga {

inline constexpr std::size_t max_tuples_per_write = 100;
inline constexpr std::size_t max_assertions = 100;
inline constexpr std::size_t max_assertion_tuples = 20;
inline constexpr std::size_t max_page_size = 100;
inline constexpr std::size_t max_continuation_token = 5120;
inline constexpr std::size_t max_model_bytes = 256 * 1024;
inline constexpr std::size_t max_model_types = 100;
inline constexpr std::size_t max_model_conditions = 25;

// --- bodies; a failure is invalid_argument: what the server would refuse ---

result<std::string> list_objects_body(ListObjects const& request, std::string_view model_id,
                                      std::optional<Consistency> consistency);
result<std::string> list_users_body(ListUsers const& request, std::string_view model_id,
                                    std::optional<Consistency> consistency);
result<std::string> expand_body(Expand const& request, std::string_view model_id,
                                std::optional<Consistency> consistency);
result<std::string> write_body(Write const& request, std::string_view model_id);
result<std::string> read_body(ReadFilter const& filter, FgaPage const& page, std::optional<Consistency> consistency);
result<std::string> create_store_body(std::string_view name);
result<std::string> model_body(boost::json::object const& model);
result<std::string> assertions_body(std::vector<Assertion> const& assertions);

// --- query strings: "" or "?..." ---

result<std::string> page_query(FgaPage const& page);
result<std::string> stores_query(FgaPage const& page, std::string_view name);
result<std::string> changes_query(ChangeFilter const& filter, FgaPage const& page);

// --- answers; a failure is malformed_response ---

result<std::vector<std::string>> read_objects(HttpResponse const& response);
result<std::vector<std::string>> read_users(HttpResponse const& response);
result<boost::json::object> read_tree(HttpResponse const& response);
result<FgaPageOf<StoredTuple>> read_tuples(HttpResponse const& response);
result<FgaPageOf<TupleChange>> read_changes(HttpResponse const& response);
result<FgaStore> read_store(HttpResponse const& response);
result<FgaPageOf<FgaStore>> read_stores(HttpResponse const& response);
result<std::string> read_model_id(HttpResponse const& response);
result<AuthorizationModel> read_model(HttpResponse const& response);
result<FgaPageOf<AuthorizationModel>> read_models(HttpResponse const& response);
result<std::vector<Assertion>> read_assertions(HttpResponse const& response);

// --- streams ---

/// One line of a streamed list of objects: the object, or why the server stopped.
result<std::string> read_streamed_object(std::string_view line);

/// Cuts a text that comes in pieces into lines, within a bound.
class Lines {
public:
    explicit Lines(std::size_t max_line) : max_line_(max_line) {}

    /// Adds a piece; calls `on_line(std::string_view)` for every line that is complete and not empty, without its end, until it returns
    /// false.
    /// False when it did, or when a line is too long.
    template <class F>
    bool add(std::string_view piece, F&& on_line) {
        while (!piece.empty()) {
            auto const end = piece.find('\n');
            auto const part = piece.substr(0, end);
            if (part.size() > max_line_ - rest_.size()) {
                too_long_ = true;
                return false;
            }
            if (end == piece.npos) {
                rest_.append(part);
                return true;
            }
            std::string_view line = part;
            if (!rest_.empty()) {
                rest_.append(part);
                line = rest_;
            }
            if (line.ends_with('\r'))
                line.remove_suffix(1);
            bool const more = line.empty() || on_line(line);
            rest_.clear();
            if (!more)
                return false;
            piece.remove_prefix(end + 1);
        }
        return true;
    }
    /// What came after the last line's end.
    std::string_view rest() const noexcept { return rest_; }
    bool too_long() const noexcept { return too_long_; }

private:
    std::size_t max_line_;
    std::string rest_;
    bool too_long_ = false;
};

// --- times (RFC 3339) ---

std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text) noexcept;
std::string format_time(std::chrono::system_clock::time_point time);

}  // namespace assent::fga
