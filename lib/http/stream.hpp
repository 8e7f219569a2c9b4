#pragma once

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string>

namespace assent::http {

enum class IoStatus {
    done = 1,    ///< At least one byte was moved, or the handshake is over.
    want_read,   ///< Call again when the socket is readable.
    want_write,  ///< Call again when the socket is writable.
    ended,       ///< The peer has ended its stream in an orderly way.
    broken,      ///< The transport failed or was cut off; `error` has why.
    failed,      ///< TLS failed; `reason` has why.
};

/// What one non-blocking step on a stream came to.
struct IoResult {
    IoStatus status = IoStatus::broken;
    std::size_t size = 0;
    boost::system::error_code error{};
    std::string reason{};
};

}  // namespace assent::http
