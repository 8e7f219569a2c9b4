#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace assent::redis {

/// One reply in RESP 2.
struct Reply {
    enum class Type { nil = 1, status, error, integer, text, array };

    bool is(Type asked) const noexcept { return type == asked; }
    /// The text of a bulk or simple string, or nothing.
    std::string_view string() const noexcept
    {
        return type == Type::text || type == Type::status ? std::string_view(text) : std::string_view();
    }

    Type type = Type::nil;
    std::int64_t integer = 0;
    std::string text;  ///< Of text, status and error.
    std::vector<Reply> elements;
};

/// What a server may send for one reply.
struct ReplyBounds {
    std::size_t bytes = std::size_t(32) << 20;
    std::size_t elements = 262'144;  ///< All arrays of a reply together.
};

/// Takes a stream of replies apart, by hiredis' reader. What it was fed is wiped when it goes.
class ReplyReader {
public:
    explicit ReplyReader(ReplyBounds bounds = {});
    ReplyReader(ReplyReader const&) = delete;
    ReplyReader& operator=(ReplyReader const&) = delete;
    ~ReplyReader();

    /// Best given small pieces, for what is left of one is moved with each reply.
    void feed(std::string_view bytes);
    /// True when there is a whole reply; moves it to `reply`.
    bool next(Reply& reply);
    /// Nothing more can be read. Why: reason().
    bool broken() const noexcept { return !reason_.empty(); }
    std::string const& reason() const noexcept { return reason_; }

    static constexpr std::size_t piece = 4096;

private:
    struct Callbacks;
    friend struct Callbacks;
    void make();
    void drop() noexcept;

    ReplyBounds bounds_;
    redisReader* reader_ = nullptr;
    Reply root_;
    std::size_t bytes_ = 0;     ///< Fed since the last whole reply.
    std::size_t elements_ = 0;  ///< Of the reply that is being read.
    std::string reason_;
};

/// Appends what says how long a string ('$') or a command ('*') is.
void append_length(std::string& out, char mark, std::size_t length);
/// Appends a bulk string as it stands in a command.
void append_bulk(std::string& out, std::string_view text);
/// Appends a whole command.
void append_command(std::string& out, std::initializer_list<std::string_view> words);

}  // namespace assent::redis
