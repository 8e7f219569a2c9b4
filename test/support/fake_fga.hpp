#pragma once

#include <assent/fga_client.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>
#include <assent/testing/run_coroutine.hpp>
#include <assent/testing/scripted_http_client.hpp>

#include <boost/json/object.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::test {

inline constexpr char const* fga_store = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
inline constexpr char const* fga_model = "01BX5ZZKBKACTAV9WEVGEMMVRZ";

/// Checks, as an OpenFGA server answers them: the limits and the correlation of batch checks are the server's, the verdicts the test's.
class FakeFga {
public:
    /// One check as it arrived: a check's body, or one of a batch check's "checks".
    using Item = boost::json::object;
    /// True, false, or (as a text) the input_error of this item.
    using Verdict = std::function<boost::json::value(Item const&)>;

    FakeFga();

    /// Default: allowed when the object's text has no "secret" in it.
    Verdict verdict;
    bool has_batch_check = true;
    std::size_t max_checks = 50;
    /// Called first with every request; an answer of its own replaces the server's.
    std::function<std::optional<result<HttpResponse>>(HttpRequest const&)> before;

    result<HttpResponse> answer(HttpRequest const& request);

    std::size_t batches = 0;           ///< Batch checks answered.
    std::size_t checks = 0;            ///< Single checks answered.
    std::vector<Item> items;           ///< What was asked, in the order it came.

private:
    HttpResponse answer_batch(Item const& body);
    HttpResponse refuse(int status, std::string_view code, std::string_view message) const;
};

/// An io_context, a manual clock, and a client of a FakeFga.
class FgaFixture : public testing::IoContextFixture {
public:
    FgaFixture();

    Runtime runtime();
    /// No credentials, the fake's store.
    static FgaConfig config();
    FgaClient client(FgaConfig settings = config());

    FakeFga server;
    std::shared_ptr<testing::ScriptedHttpClient> http = std::make_shared<testing::ScriptedHttpClient>(clock);
};

std::string body_of(HttpRequest const& request);
std::vector<Check> checks_of(std::size_t count, std::string_view user = "user:anne");

}  // namespace assent::test
