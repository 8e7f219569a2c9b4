// A user's program with a document index.
#include <assent/fts5_index.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <iostream>

assent::awaitable<void> search(assent::Fts5Index index, std::size_t& found) {
    assent::Documents documents(1, assent::Document("1", "The forecast for ZEKO"));
    (co_await index.put(std::move(documents))).value();
    found = (co_await index.retrieve("Show me forecast for ZEKO?", 4)).value().size();
}

int main() {
    boost::asio::io_context context;
    boost::asio::thread_pool pool(1);
    assent::Fts5Index const index(":memory:", pool.get_executor());
    std::size_t found = 0;
    boost::asio::co_spawn(context, search(index, found), boost::asio::detached);
    context.run();
    std::cout << found << '\n';
    return found == 1 ? 0 : 1;
}
