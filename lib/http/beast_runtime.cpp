#include <assent/beast_runtime.hpp>

#include <utility>

namespace assent {

Runtime make_runtime(asio::any_io_executor executor, BeastHttpClientConfig config)
{
    Runtime runtime(executor);
    runtime.http(make_beast_http_client(std::move(executor), std::move(config)));
    return runtime;
}

}  // namespace assent
