#pragma once

#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace assent::http {

/// Reads HTTP/1.x answers from bytes that come in any pieces, within bounds. Used again for every answer on a connection.
///
/// Interim answers (1xx) are skipped; 101 is refused. Everything in its buffer is wiped once read.
class ResponseReader {
public:
    enum class Status { need_more, complete, failed };
    enum class Kind { answer, tunnel };  ///< tunnel: the answer to CONNECT, of which only the header is read.

    ResponseReader();
    ~ResponseReader();

    /// Forgets the last answer; what is left in the buffer stays. max_header may not grow between answers.
    /// @param sink takes the body of a 2xx answer in place of answer(); outlives the reading of this answer. When it wants no more, the
    ///             answer is complete and the connection not reusable.
    void start(std::size_t max_header, std::size_t max_body, Kind kind = Kind::answer, BodySink const* sink = nullptr);
    /// Where to put the next bytes. Never empty after need_more.
    std::span<char> space();
    /// That many bytes were put into space().
    Status received(std::size_t size);
    /// The peer has ended its stream in an orderly way.
    Status ended();
    /// True when a byte of this answer has come.
    bool begun() const noexcept;
    /// After complete: the connection may carry another request, and nothing came behind the answer.
    bool reusable() const noexcept;
    /// After complete: bytes that came behind the answer.
    std::size_t extra() const noexcept;
    /// After complete: the answer, to be moved away.
    HttpResponse& answer() noexcept;
    /// After failed.
    Failure failure() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assent::http
