#pragma once

#include <assent/outcome.hpp>

#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
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

    WipingJsonWriter& begin_object() { return begin('{'); }
    WipingJsonWriter& end_object() { return end('}'); }
    WipingJsonWriter& begin_array() { return begin('['); }
    WipingJsonWriter& end_array() { return end(']'); }
    /// @pre needs no escaping.
    WipingJsonWriter& name(std::string_view name)
    {
        separate(name.size() + 4);
        *at_++ = '"';
        put(name);
        *at_++ = '"';
        *at_++ = ':';
        follows_ = false;
        return *this;
    }
    WipingJsonWriter& text(std::string_view text);
    WipingJsonWriter& number(std::int64_t number);
    WipingJsonWriter& flag(bool flag) { return json(flag ? "true" : "false"); }
    /// @pre is the text of one JSON value.
    WipingJsonWriter& json(std::string_view json)
    {
        separate(json.size() + 1);
        put(json);
        return *this;
    }

    /// What was written; nothing is left here.
    std::string take();

private:
    /// Makes room for that many bytes, and writes a comma where a value or a name follows another value.
    void separate(std::size_t size)
    {
        if (static_cast<std::size_t>(end_ - at_) < size)
            grow(size);
        if (follows_)
            *at_++ = ',';
        follows_ = true;
    }
    /// @pre there is room.
    void put(std::string_view bytes) noexcept
    {
        if (!bytes.empty())
            std::memcpy(at_, bytes.data(), bytes.size());
        at_ += bytes.size();
    }
    WipingJsonWriter& begin(char bracket)
    {
        separate(2);
        *at_++ = bracket;
        follows_ = false;
        return *this;
    }
    WipingJsonWriter& end(char bracket)
    {
        follows_ = false;
        separate(1);
        *at_++ = bracket;
        return *this;
    }
    void grow(std::size_t more);
    void put_escaped(std::string_view text);

    std::string text_;  ///< As long as there is room; what is written ends at at_.
    char* at_;
    char* end_;
    bool follows_ = false;  ///< A value ends at at_.
};

}  // namespace assent
