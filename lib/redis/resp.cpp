#include "resp.hpp"

#include <assent/secret.hpp>

#include <hiredis/read.h>
#include <hiredis/sds.h>

#include <charconv>
#include <new>
#include <utility>

namespace assent::redis {

namespace {

constexpr std::size_t kept_buffer = std::size_t(256) << 10;

}  // namespace

/// What hiredis calls to make the objects of a reply.
struct ReplyReader::Callbacks {
    /// The place of what was read: the root, or the next element of the array that is being read.
    static Reply* place(redisReadTask const* task)
    {
        auto* const self = static_cast<ReplyReader*>(task->privdata);
        if (task->parent == nullptr)
            return &self->root_;
        if (++self->elements_ > self->bounds_.elements)
            return nullptr;
        return &static_cast<Reply*>(task->parent->obj)->elements.emplace_back();
    }

    static void* text(redisReadTask const* task, char* data, std::size_t size)
    {
        Reply* const reply = place(task);
        if (reply) {
            reply->type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::error
                          : task->type == REDIS_REPLY_STATUS ? Reply::Type::status
                                                             : Reply::Type::text;
            reply->text.assign(data, size);
        }
        return reply;
    }

    template <class Count>  // int or size_t, as hiredis' version has it
    static void* array(redisReadTask const* task, Count)
    {
        // Room is made as elements come, not for as many as are announced.
        Reply* const reply = place(task);
        if (reply)
            reply->type = Reply::Type::array;
        return reply;
    }

    static void* integer(redisReadTask const* task, long long value)
    {
        Reply* const reply = place(task);
        if (reply) {
            reply->type = Reply::Type::integer;
            reply->integer = value;
        }
        return reply;
    }

    static void* nil(redisReadTask const* task)
    {
        Reply* const reply = place(task);
        if (reply)
            reply->type = Reply::Type::nil;
        return reply;
    }

    static void leave(void*) {}  // the reader owns the root

    static redisReplyObjectFunctions* table()
    {
        static redisReplyObjectFunctions functions = [] {
            redisReplyObjectFunctions made{};
            made.createString = &text;
            made.createArray = &array;
            made.createInteger = &integer;
            made.createNil = &nil;
            made.freeObject = &leave;
            return made;
        }();
        return &functions;
    }
};

ReplyReader::ReplyReader(ReplyBounds bounds) : bounds_(bounds)
{
    make();
}

ReplyReader::~ReplyReader()
{
    drop();
}

void ReplyReader::make()
{
    reader_ = redisReaderCreateWithFunctions(Callbacks::table());
    if (!reader_)
        throw std::bad_alloc();
    reader_->privdata = this;
    reader_->maxbuf = 0;  // or it would free, unwiped, every buffer that was of some size
}

void ReplyReader::drop() noexcept
{
    if (reader_->buf)
        wipe(reader_->buf, sdsalloc(reader_->buf));
    redisReaderFree(reader_);
}

void ReplyReader::feed(std::string_view bytes)
{
    if (broken())
        return;
    bytes_ += bytes.size();
    if (bytes_ > bounds_.bytes)
        reason_ = "a reply is longer than " + std::to_string(bounds_.bytes) + " bytes";
    else if (redisReaderFeed(reader_, bytes.data(), bytes.size()) != REDIS_OK)
        throw std::bad_alloc();
}

bool ReplyReader::next(Reply& reply)
{
    if (broken())
        return false;
    void* whole = nullptr;
    if (redisReaderGetReply(reader_, &whole) != REDIS_OK) {
        reason_ = elements_ > bounds_.elements ? "a reply has more than " + std::to_string(bounds_.elements) + " elements"
                                               : "not the Redis protocol";
        return false;
    }
    if (whole == nullptr)
        return false;
    reply.type = std::exchange(root_.type, Reply::Type::nil);
    reply.integer = root_.integer;
    reply.text.swap(root_.text);
    root_.text.clear();
    if (!reply.elements.empty() || !root_.elements.empty())
        reply.elements = std::exchange(root_.elements, {});
    elements_ = 0;
    bytes_ = reader_->len - reader_->pos;
    if (bytes_ == 0 && reader_->buf && sdsalloc(reader_->buf) > kept_buffer) {
        drop();
        make();
    }
    return true;
}

void append_length(std::string& out, char mark, std::size_t length)
{
    char text[24];
    text[0] = mark;
    auto* const end = std::to_chars(text + 1, text + sizeof text - 2, length).ptr;
    end[0] = '\r';
    end[1] = '\n';
    out.append(text, static_cast<std::size_t>(end + 2 - text));
}

void append_bulk(std::string& out, std::string_view text)
{
    append_length(out, '$', text.size());
    out.append(text).append("\r\n", 2);
}

void append_command(std::string& out, std::initializer_list<std::string_view> words)
{
    append_length(out, '*', words.size());
    for (std::string_view const word : words)
        append_bulk(out, word);
}

}  // namespace assent::redis
