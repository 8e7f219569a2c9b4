#pragma once

#include <assent/fga_types.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent {

namespace detail {

/// Contextual tuples and context, of the requests that take them.
template <class Request>
class WithContext {
public:
    /// Adds a tuple that holds for this request only. At most 100.
    Request& contextual_tuple(TupleKey tuple) {
        contextual_tuples_.push_back(std::move(tuple));
        return self();
    }
    Request& contextual_tuples(std::vector<TupleKey> tuples) {
        contextual_tuples_ = std::move(tuples);
        return self();
    }
    /// What the model's conditions are evaluated with.
    Request& context(boost::json::object value) {
        context_ = std::move(value);
        return self();
    }
    std::vector<TupleKey> const& contextual_tuples() const noexcept { return contextual_tuples_; }
    boost::json::object const& context() const noexcept { return context_; }

private:
    Request& self() { return static_cast<Request&>(*this); }

    std::vector<TupleKey> contextual_tuples_;
    boost::json::object context_;
};

}  // namespace detail

/// To which objects of a type has `user` that relation?
class ListObjects : public detail::WithContext<ListObjects> {
public:
    ListObjects(std::string user, std::string relation, std::string type)
        : user_(std::move(user)), relation_(std::move(relation)), type_(std::move(type)) {}

    std::string const& user() const noexcept { return user_; }
    std::string const& relation() const noexcept { return relation_; }
    std::string const& type() const noexcept { return type_; }

private:
    std::string user_;
    std::string relation_;
    std::string type_;
};

/// Which users have that relation to `object`?
class ListUsers : public detail::WithContext<ListUsers> {
public:
    /// @param user_type what kind of users: "user", or "team#member" for user sets.
    ListUsers(std::string object, std::string relation, std::string user_type)
        : object_(std::move(object)), relation_(std::move(relation)), user_type_(std::move(user_type)) {}

    std::string const& object() const noexcept { return object_; }
    std::string const& relation() const noexcept { return relation_; }
    std::string const& user_type() const noexcept { return user_type_; }

private:
    std::string object_;
    std::string relation_;
    std::string user_type_;
};

/// Why has anybody that relation to `object`? One level of the tree of reasons.
class Expand : public detail::WithContext<Expand> {
public:
    Expand(std::string relation, std::string object) : relation_(std::move(relation)), object_(std::move(object)) {}

    std::string const& relation() const noexcept { return relation_; }
    std::string const& object() const noexcept { return object_; }

private:
    std::string relation_;
    std::string object_;
};

/// Relationships to write and to delete, all or none. At most 100 together.
class Write {
public:
    Write() = default;

    Write& write(TupleKey tuple) {
        writes_.push_back(std::move(tuple));
        return *this;
    }
    Write& writes(std::vector<TupleKey> tuples) {
        writes_ = std::move(tuples);
        return *this;
    }
    /// A condition is not part of what is deleted.
    Write& remove(TupleKey tuple) {
        deletes_.push_back(std::move(tuple));
        return *this;
    }
    Write& deletes(std::vector<TupleKey> tuples) {
        deletes_ = std::move(tuples);
        return *this;
    }
    /// What happens to a tuple that exists already (with the same condition): false, the default: the write fails; true: nothing.
    Write& ignore_duplicates(bool value) {
        ignore_duplicates_ = value;
        return *this;
    }
    /// The same for a tuple to delete that is not there.
    Write& ignore_missing(bool value) {
        ignore_missing_ = value;
        return *this;
    }

    std::vector<TupleKey> const& writes() const noexcept { return writes_; }
    std::vector<TupleKey> const& deletes() const noexcept { return deletes_; }
    bool ignore_duplicates() const noexcept { return ignore_duplicates_; }
    bool ignore_missing() const noexcept { return ignore_missing_; }

private:
    std::vector<TupleKey> writes_;
    std::vector<TupleKey> deletes_;
    bool ignore_duplicates_ = false;
    bool ignore_missing_ = false;
};

/// Which of many to read next.
class FgaPage {
public:
    FgaPage() = default;
    /// 1 to 100. Default: the server's, 50.
    FgaPage& size(std::size_t value) {
        size_ = value;
        return *this;
    }
    /// As the page before said. Default: from the beginning.
    FgaPage& continuation_token(std::string value) {
        token_ = std::move(value);
        return *this;
    }
    std::optional<std::size_t> size() const noexcept { return size_; }
    std::string const& continuation_token() const noexcept { return token_; }

private:
    std::optional<std::size_t> size_;
    std::string token_;
};

/// A part of many.
template <class T>
class FgaPageOf {
public:
    FgaPageOf() = default;
    std::vector<T> items;
    /// For FgaPage::continuation_token(); empty after the last page (but never empty in changes, which go on).
    std::string continuation_token;
};

/// Which tuples to read: all, or those of an object (or a type, as "doc:"), a relation and a user. Without an object the others are empty.
class ReadFilter {
public:
    ReadFilter() = default;
    ReadFilter& user(std::string value) {
        user_ = std::move(value);
        return *this;
    }
    ReadFilter& relation(std::string value) {
        relation_ = std::move(value);
        return *this;
    }
    ReadFilter& object(std::string value) {
        object_ = std::move(value);
        return *this;
    }
    std::string const& user() const noexcept { return user_; }
    std::string const& relation() const noexcept { return relation_; }
    std::string const& object() const noexcept { return object_; }

private:
    std::string user_;
    std::string relation_;
    std::string object_;
};

/// A tuple as it is stored.
class StoredTuple {
public:
    StoredTuple() = default;
    TupleKey key;
    std::chrono::system_clock::time_point written_at{};
};

/// Which changes to read: all, or those of one type of object, from a moment on.
class ChangeFilter {
public:
    ChangeFilter() = default;
    ChangeFilter& type(std::string value) {
        type_ = std::move(value);
        return *this;
    }
    ChangeFilter& start_time(std::chrono::system_clock::time_point value) {
        start_time_ = value;
        return *this;
    }
    std::string const& type() const noexcept { return type_; }
    std::optional<std::chrono::system_clock::time_point> start_time() const noexcept { return start_time_; }

private:
    std::string type_;
    std::optional<std::chrono::system_clock::time_point> start_time_;
};

class TupleChange {
public:
    TupleChange() = default;
    TupleKey key;
    bool deleted = false;
    std::chrono::system_clock::time_point at{};
};

/// A store at the server; not this library's Store.
class FgaStore {
public:
    FgaStore() = default;
    std::string id;
    std::string name;
    std::chrono::system_clock::time_point created_at{};
    std::chrono::system_clock::time_point updated_at{};
};

class AuthorizationModel {
public:
    AuthorizationModel() = default;
    std::string id;
    std::string schema_version;
    /// As the server gave it: type_definitions and conditions.
    boost::json::object document;
};

/// A check with the answer that it should have, kept beside a model. At most 100 of a model.
class Assertion : public detail::WithContext<Assertion> {
public:
    Assertion() = default;
    Assertion(std::string user, std::string relation, std::string object, bool expectation)
        : user_(std::move(user)), relation_(std::move(relation)), object_(std::move(object)),
          expectation_(expectation) {}

    std::string const& user() const noexcept { return user_; }
    std::string const& relation() const noexcept { return relation_; }
    std::string const& object() const noexcept { return object_; }
    bool expectation() const noexcept { return expectation_; }

private:
    std::string user_;
    std::string relation_;
    std::string object_;
    bool expectation_ = false;
};

}  // namespace assent
