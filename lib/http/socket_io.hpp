#pragma once

#include "http/stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>

namespace assent::http {

/// What can be read now from a socket that does not block, as TlsStream::read() tells it.
IoResult read_some(boost::asio::ip::tcp::socket& socket, char* data, std::size_t size);
/// What can be written now.
IoResult write_some(boost::asio::ip::tcp::socket& socket, char const* data, std::size_t size);
/// The peer has neither sent anything nor closed the connection.
bool is_quiet(boost::asio::ip::tcp::socket& socket);

}  // namespace assent::http
