#pragma once

#include <assent/beast_http_client.hpp>
#include <assent/runtime.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace assent {

/// A runtime that sends with a BeastHttpClient of its own: everything that a program needs to begin.
/// @param executor of the io_context, or a strand.
Runtime make_runtime(asio::any_io_executor executor, BeastHttpClientConfig config = {});

}  // namespace assent
