#pragma once

#include <assent/awaitable.hpp>
#include <assent/http_message.hpp>
#include <assent/outcome.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/intrusive/list.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace assent::http {

class Connection;
class Pool;
struct Lookup;
struct Origin;

using SteadyTime = std::chrono::steady_clock::time_point;
using Hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
struct InQueue;
using QueueHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<InQueue>, boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Where an operation is; names the deadline that it misses.
enum class Phase { waiting = 1, connecting, proxy, handshake, exchange };

/// One send(): lives in its coroutine's frame, and in the pool's lists while it is outstanding.
struct Operation : Hook, QueueHook {
    explicit Operation(HttpRequest& sent) : request(sent) {}
    Operation(Operation const&) = delete;
    Operation& operator=(Operation const&) = delete;
    ~Operation();

    HttpRequest& request;
    std::string_view target;           ///< Into request.url().
    Origin* origin = nullptr;
    Pool* pool = nullptr;              ///< While outstanding.
    Connection* connection = nullptr;  ///< The one that works for it; null while it waits.
    Phase phase = Phase::waiting;
    bool sent_again = false;
    bool resumes_inline = false;       ///< Its coroutine runs on the pool's executor.
    SteadyTime total_due;
    SteadyTime due;                    ///< The earlier of total_due and the phase's.
    std::chrono::milliseconds read_deadline{0};
    std::size_t max_body = 0;
    result<HttpResponse> answer;
    asio::any_completion_handler<void()> handler;
};

using OperationList = boost::intrusive::list<Operation, boost::intrusive::base_hook<Hook>, boost::intrusive::constant_time_size<false>>;
using OperationQueue =
    boost::intrusive::list<Operation, boost::intrusive::base_hook<QueueHook>, boost::intrusive::constant_time_size<false>>;

}  // namespace assent::http
