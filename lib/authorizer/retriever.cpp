#include <assent/retriever.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <new>

namespace assent::detail {

Failure retriever_threw(std::exception_ptr error)
{
    try {
        std::rethrow_exception(std::move(error));
    }
    catch (std::bad_alloc const&) {
        throw;
    }
    catch (boost::system::system_error const& thrown) {
        if (thrown.code() == asio::error::operation_aborted)
            return Errc::cancelled;
        return Failure(Errc::invalid_argument, std::string("the retriever threw: ") + thrown.what());
    }
    catch (std::exception const& thrown) {
        return Failure(Errc::invalid_argument, std::string("the retriever threw: ") + thrown.what());
    }
    catch (...) {
        return Failure(Errc::invalid_argument, "the retriever threw");
    }
}

}  // namespace assent::detail

namespace assent {
namespace {

awaitable<result<Documents>> cannot_filter_by_id()
{
    co_return Failure(Errc::invalid_argument, "the retriever has no retrieve_within(): it cannot search among given ids");
}

}  // namespace

awaitable<result<Documents>> AnyRetriever::retrieve_within(std::string query, std::size_t k, std::vector<std::string> ids)
{
    if (!filters_by_id())
        return cannot_filter_by_id();
    return functions_->retrieve_within(std::move(query), k, std::move(ids));
}

}  // namespace assent
