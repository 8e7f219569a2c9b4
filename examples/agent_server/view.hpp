#pragma once

#include <assent/message.hpp>
#include <assent/session.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace demo {

/// A conversation as the page shows it: what was said, which tools ran, and a card for each call that waits for the person. No secrets.
boost::json::object conversation_view(std::vector<assent::Message> const& messages, std::vector<assent::AgentInterrupt> const& waiting,
                                      std::chrono::system_clock::time_point now);

}  // namespace demo
