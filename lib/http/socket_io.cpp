#include "http/socket_io.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace assent::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

bool would_block(boost::system::error_code const& error)
{
    return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

IoResult read_some(tcp::socket& socket, char* data, std::size_t size)
{
    IoResult io;
    io.size = socket.read_some(asio::buffer(data, size), io.error);
    if (!io.error)
        io.status = IoStatus::done;
    else if (would_block(io.error))
        io.status = IoStatus::want_read;
    else
        io.status = io.error == asio::error::eof ? IoStatus::ended : IoStatus::broken;
    return io;
}

IoResult write_some(tcp::socket& socket, char const* data, std::size_t size)
{
    IoResult io;
    io.size = socket.write_some(asio::buffer(data, size), io.error);
    if (!io.error)
        io.status = IoStatus::done;
    else
        io.status = would_block(io.error) ? IoStatus::want_write : IoStatus::broken;
    return io;
}

bool is_quiet(tcp::socket& socket)
{
    char byte;
    boost::system::error_code error;
    socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    return would_block(error);
}

}  // namespace assent::http
