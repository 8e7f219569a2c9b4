#pragma once

#include <assent/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

/// How fresh an answer of an OpenFGA server must be.
enum class Consistency {
    minimize_latency = 1,  ///< The server may answer from its caches. The server's own default.
    higher_consistency,    ///< The server looks: what was just written counts.
};

/// A relationship: `user` has `relation` to `object`, perhaps under a condition.
///
/// Users are "user:anne", "user:*" or "team:eng#member"; objects are "doc:roadmap". At most 512, 50 and 256 characters, no white space.
class TupleKey {
public:
    TupleKey() = default;
    TupleKey(std::string user, std::string relation, std::string object)
        : user_(std::move(user)), relation_(std::move(relation)), object_(std::move(object)) {}

    /// The name of a condition of the authorization model, and the part of its context that is known when the tuple is written.
    TupleKey& condition(std::string name, boost::json::object context = {}) &;
    TupleKey condition(std::string name, boost::json::object context = {}) &&;

    std::string const& user() const noexcept { return user_; }
    std::string const& relation() const noexcept { return relation_; }
    std::string const& object() const noexcept { return object_; }
    /// Empty when there is none.
    std::string const& condition_name() const noexcept;
    boost::json::object const& condition_context() const noexcept;

    friend bool operator==(TupleKey const& a, TupleKey const& b) noexcept;

private:
    struct Condition {
        std::string name;
        boost::json::object context;
    };
    std::string user_;
    std::string relation_;
    std::string object_;
    std::shared_ptr<Condition const> condition_;
};

/// A question: has `user` that `relation` to `object`?
///
/// Cheap to move; copies share contextual tuples and context.
/// @par Concurrency Distinct objects: safe, also when they share data. Shared objects: safe to read.
class Check {
public:
    Check() = default;
    /// @param user e.g. principal.subject_as("user"); never from the model. @param relation e.g. "viewer". @param object e.g. "doc:1".
    Check(std::string user, std::string relation, std::string object)
        : user_(std::move(user)), relation_(std::move(relation)), object_(std::move(object)) {}

    /// Adds a tuple that holds for this question only. At most 100.
    Check& contextual_tuple(TupleKey tuple) &;
    Check contextual_tuple(TupleKey tuple) && { return std::move(contextual_tuple(std::move(tuple))); }
    /// Replaces them.
    Check& contextual_tuples(std::vector<TupleKey> tuples) &;
    Check contextual_tuples(std::vector<TupleKey> tuples) && {
        return std::move(contextual_tuples(std::move(tuples)));
    }
    /// What the model's conditions are evaluated with.
    Check& context(boost::json::object value) &;
    Check context(boost::json::object value) && { return std::move(context(std::move(value))); }

    std::string const& user() const noexcept { return user_; }
    std::string const& relation() const noexcept { return relation_; }
    std::string const& object() const noexcept { return object_; }
    std::vector<TupleKey> const& contextual_tuples() const noexcept;
    boost::json::object const& context() const noexcept;

private:
    struct Extra {
        std::vector<TupleKey> contextual_tuples;
        boost::json::object context;
    };
    Extra& own();

    std::string user_;
    std::string relation_;
    std::string object_;
    std::shared_ptr<Extra> extra_;
};

/// The answer to one Check: allowed, denied, or no answer and why. Only what a server answered with "allowed" is allowed.
///
/// Default-constructed it is the failure Errc::no_result.
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class CheckResult {
public:
    CheckResult() noexcept = default;
    CheckResult(Failure failure);
    /// @param request_id the server's, for its log; empty when it gave none.
    static CheckResult make_allowed(std::string request_id = {}, std::string resolution = {});
    static CheckResult make_denied(std::string request_id = {}, std::string resolution = {});

    /// The server said yes.
    bool allowed() const noexcept { return state_ == State::allowed; }
    /// The server said no; false when it did not answer.
    bool denied() const noexcept { return state_ == State::denied; }
    bool has_failure() const noexcept { return state_ == State::failed; }
    /// As allowed().
    explicit operator bool() const noexcept { return allowed(); }
    /// Why there is no answer. Throws BadAccess when there is one.
    Failure const& failure() const;
    /// The server's id of the request that was answered, or empty. Untrusted, at most 128 bytes.
    std::string_view request_id() const noexcept;
    /// How the server came to its answer, when it says; usually empty. Untrusted, at most 1024 bytes.
    std::string_view resolution() const noexcept;

private:
    enum class State : unsigned char { failed, allowed, denied };
    struct Details {
        std::optional<Failure> failure;
        std::string request_id;
        std::string resolution;
    };
    CheckResult(State state, std::shared_ptr<Details const> details) noexcept
        : details_(std::move(details)), state_(state) {}

    std::shared_ptr<Details const> details_;
    State state_ = State::failed;
};

/// How one request is made; what is not set here is the client's (FgaConfig).
class FgaRequestOptions {
public:
    FgaRequestOptions() = default;

    /// Asks by this model instead of the client's.
    FgaRequestOptions& authorization_model_id(std::string id) {
        model_id_ = std::move(id);
        return *this;
    }
    FgaRequestOptions& consistency(Consistency value) {
        consistency_ = value;
        return *this;
    }
    /// Added to the client's; replaces the one of that name.
    FgaRequestOptions& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// For each try.
    FgaRequestOptions& deadline(std::chrono::milliseconds value) {
        deadline_ = value;
        return *this;
    }
    /// Most checks in one request of batch_check().
    FgaRequestOptions& max_checks_per_batch(std::size_t value) {
        max_checks_per_batch_ = value;
        return *this;
    }
    /// Most requests of one batch_check() at a time.
    FgaRequestOptions& max_parallel_requests(std::size_t value) {
        max_parallel_requests_ = value;
        return *this;
    }

    std::string const& authorization_model_id() const noexcept { return model_id_; }
    std::optional<Consistency> consistency() const noexcept { return consistency_; }
    std::vector<std::pair<std::string, std::string>> const& headers() const noexcept { return headers_; }
    std::optional<std::chrono::milliseconds> deadline() const noexcept { return deadline_; }
    std::optional<std::size_t> max_checks_per_batch() const noexcept { return max_checks_per_batch_; }
    std::optional<std::size_t> max_parallel_requests() const noexcept { return max_parallel_requests_; }

private:
    std::string model_id_;
    std::optional<Consistency> consistency_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::optional<std::chrono::milliseconds> deadline_;
    std::optional<std::size_t> max_checks_per_batch_;
    std::optional<std::size_t> max_parallel_requests_;
};

}  // namespace assent
