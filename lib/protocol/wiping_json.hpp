#pragma once

#include <assent/outcome.hpp>

#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assent {

/// Memory for JSON that holds secrets: overwritten before it is given back, when the last value in it goes.
boost::json::storage_ptr wiping_storage();

/// Parses `text` as one JSON object into wiping storage. @par Errors malformed_response.
result<boost::json::object> parse_wiping(std::string_view text);

/// Writes JSON that holds secrets, leaving no copies behind but the one it returns; wipe() that.
///
/// Values follow each other in their order; a name comes before each value of an object.
class WipingJsonWriter {
public:
    /// @param size about what will be written, in bytes: saves copies.
    explicit WipingJsonWriter(std::size_t size);
    WipingJsonWriter(WipingJsonWriter const&) = delete;
    WipingJsonWriter& operator=(WipingJsonWriter const&) = delete;
    ~WipingJsonWriter();

    WipingJsonWriter& begin_object();
    WipingJsonWriter& end_object();
    WipingJsonWriter& begin_array();
    WipingJsonWriter& end_array();
    /// @pre needs no escaping.
    WipingJsonWriter& name(std::string_view name);
    WipingJsonWriter& text(std::string_view text);
    WipingJsonWriter& number(std::int64_t number);
    WipingJsonWriter& flag(bool flag);
    /// @pre is the text of one JSON value.
    WipingJsonWriter& json(std::string_view json);

    /// What was written; nothing is left here.
    std::string take();

private:
    void separate();

    std::string text_;
};

}  // namespace assent
