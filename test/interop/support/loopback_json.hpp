#pragma once

#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace assent::test {

/// A JSON call over plain HTTP to 127.0.0.1, blocking, on sockets of its own: it shares no code with what is
/// tested.
///
/// @param url "http://127.0.0.1:PORT/PATH".
/// @param body null: none is sent.
/// @throws std::runtime_error when there is no answer, or its status is not 2xx; the text has both.
/// @par Concurrency safe from any thread.
boost::json::value loopback_json(std::string_view method, std::string_view url,
                                 boost::json::value const& body = nullptr,
                                 std::chrono::seconds timeout = std::chrono::seconds(10));

}  // namespace assent::test
