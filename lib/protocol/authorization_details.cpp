#include "protocol/authorization_details.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace assent {
namespace {

namespace json = boost::json;

constexpr std::size_t most_elements = 64;
/// RFC 9396 2.2: each of these says more may be done.
constexpr std::array<std::string_view, 5> widening{"locations", "actions", "datatypes", "identifier",
                                                   "privileges"};

bool is_scalar(json::value const& value) noexcept {
    return !value.is_array() && !value.is_object();
}

bool is_scalar_array(json::value const& value) noexcept {
    return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                           [](auto const& e) { return is_scalar(e); });
}

/// Numbers compare by value: 10 and 10.0 are the same JSON number.
bool same_scalar(json::value const& a, json::value const& b) noexcept {
    if (a.is_number() && b.is_number() && (a.is_double() || b.is_double())) {
        auto const as_double = [](json::value const& value) {
            if (value.is_double())
                return value.get_double();
            return value.is_int64() ? static_cast<double>(value.get_int64())
                                    : static_cast<double>(value.get_uint64());
        };
        return as_double(a) == as_double(b);
    }
    return a == b;
}

bool within(json::value const& requested, json::value const& granted, int depth);

/// Same members with the same values; the server may add some, except at the top those that widen.
bool object_within(json::object const& requested, json::object const& granted, int depth) {
    for (auto const& [name, value] : requested) {
        auto const* given = granted.if_contains(name);
        if (given == nullptr || !within(value, *given, depth + 1))
            return false;
    }
    if (depth > 0)
        return true;
    return std::none_of(widening.begin(), widening.end(), [&](std::string_view name) {
        auto const* given = granted.if_contains(name);
        return given != nullptr && !given->is_null() && !requested.contains(name);
    });
}

bool within(json::value const& requested, json::value const& granted, int depth) {
    if (depth > 32)
        return false;
    if (requested.is_object() && granted.is_object())
        return object_within(requested.get_object(), granted.get_object(), depth);
    if (is_scalar_array(requested) && is_scalar_array(granted)) {
        auto const& allowed = requested.get_array();
        // "None of it" is not what was approved either.
        if (granted.get_array().empty() && !allowed.empty())
            return false;
        return std::all_of(
            granted.get_array().begin(), granted.get_array().end(), [&](json::value const& element) {
                return std::any_of(allowed.begin(), allowed.end(),
                                   [&](json::value const& one) { return same_scalar(one, element); });
            });
    }
    if (requested.is_array() && granted.is_array()) {
        auto const& wanted = requested.get_array();
        auto const& given = granted.get_array();
        if (wanted.size() != given.size())
            return false;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (!within(wanted[i], given[i], depth + 1))
                return false;
        }
        return true;
    }
    return is_scalar(requested) && is_scalar(granted) && same_scalar(requested, granted);
}

bool element_within(json::value const& requested, json::value const& granted) {
    auto const* wanted = requested.if_object();
    auto const* given = granted.if_object();
    if (wanted == nullptr || given == nullptr)
        return false;
    auto const* wanted_type = wanted->if_contains("type");
    auto const* given_type = given->if_contains("type");
    if (wanted_type == nullptr || given_type == nullptr || !wanted_type->is_string() ||
        *wanted_type != *given_type)
        return false;
    return object_within(*wanted, *given, 0);
}

/// Gives `granted` a requested element of its own, moving others over when that helps (augmenting path).
class Assignment {
public:
    Assignment(json::array const& requested, json::array const& granted)
        : requested_(requested), granted_(granted), owner_(requested.size(), none) {}
    bool complete() {
        for (std::size_t i = 0; i < granted_.size(); ++i) {
            std::vector<bool> seen(requested_.size(), false);
            if (!place(i, seen))
                return false;
        }
        return true;
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    bool place(std::size_t element, std::vector<bool>& seen) {
        for (std::size_t i = 0; i < requested_.size(); ++i) {
            if (seen[i] || !element_within(requested_[i], granted_[element]))
                continue;
            seen[i] = true;
            if (owner_[i] == none || place(owner_[i], seen)) {
                owner_[i] = element;
                return true;
            }
        }
        return false;
    }

    json::array const& requested_;
    json::array const& granted_;
    std::vector<std::size_t> owner_;
};

/// The elements; null is none of them. False when it is something else.
bool elements_of(json::value const& details, json::array const*& elements,
                 json::array const& empty) noexcept {
    if (details.is_null()) {
        elements = &empty;
        return true;
    }
    elements = details.if_array();
    return elements != nullptr && elements->size() <= most_elements;
}

}  // namespace

bool granted_within_requested(json::value const& requested, json::value const& granted) {
    json::array const empty;
    json::array const* wanted = nullptr;
    json::array const* given = nullptr;
    if (!elements_of(requested, wanted, empty) || !elements_of(granted, given, empty))
        return false;
    // As many as were requested, each with a request of its own: then every request is granted, too.
    return wanted->size() == given->size() && Assignment(*wanted, *given).complete();
}

}  // namespace assent
