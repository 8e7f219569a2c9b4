#include "asio/handler_memory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>

using assent::detail::HandlerAllocator;
using assent::detail::HandlerMemory;

BOOST_AUTO_TEST_SUITE(asio_handler_memory)

BOOST_AUTO_TEST_CASE(one_operation_after_the_other_has_the_same_memory)
{
    HandlerMemory memory;
    void* const first = memory.allocate(64);
    memory.deallocate(first);
    void* const second = memory.allocate(128);
    BOOST_TEST(first == second);
    memory.deallocate(second);
}

BOOST_AUTO_TEST_CASE(a_second_operation_and_one_that_is_too_large_have_their_own)
{
    HandlerMemory memory;
    void* const large = memory.allocate(sizeof(HandlerMemory) + 1);
    void* const first = memory.allocate(64);
    void* const second = memory.allocate(64);
    auto const inside = [&memory](void* at) {
        auto const* const begin = reinterpret_cast<std::byte const*>(&memory);
        return at >= begin && at < begin + sizeof memory;
    };
    BOOST_TEST(!inside(large));
    BOOST_TEST(inside(first));
    BOOST_TEST(!inside(second));
    memory.deallocate(second);
    memory.deallocate(large);  // frees nothing of the first
    void* const third = memory.allocate(64);
    BOOST_TEST(!inside(third));
    memory.deallocate(third);
    memory.deallocate(first);
}

BOOST_AUTO_TEST_CASE(a_handler_runs_from_it_and_gives_it_back_before)
{
    struct Handler {
        using allocator_type = HandlerAllocator<void>;
        HandlerMemory* memory;
        bool* was_free;
        allocator_type get_allocator() const noexcept { return allocator_type(*memory); }
        void operator()() const
        {
            void* const at = memory->allocate(1);
            auto const* const begin = reinterpret_cast<std::byte const*>(memory);
            *was_free = at >= begin && at < begin + sizeof *memory;
            memory->deallocate(at);
        }
    };
    HandlerMemory memory;
    bool was_free = false;
    boost::asio::io_context io(1);
    boost::asio::post(io, Handler{&memory, &was_free});
    io.run();
    BOOST_TEST(was_free);
}

BOOST_AUTO_TEST_SUITE_END()
