#include <assent/async.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <fmt/format.h>

#include <new>

namespace assent::detail {

void start_operation(asio::any_io_executor executor, awaitable<void> operation, OperationHandler handler)
{
    asio::co_spawn(std::move(executor), std::move(operation), std::move(handler));
}

Failure thrown_failure(std::exception_ptr error)
{
    try {
        std::rethrow_exception(std::move(error));
    }
    catch (boost::system::system_error const& thrown) {
        if (thrown.code() == asio::error::operation_aborted)
            return Errc::cancelled;
        return Failure(thrown.code(), fmt::format("an operation threw: {}", thrown.what()));
    }
    catch (std::exception const& thrown) {
        return Failure(Errc::no_result, fmt::format("an operation threw: {}", thrown.what()));
    }
    catch (...) {
        return Failure(Errc::no_result, "an operation threw");
    }
}

}  // namespace assent::detail
