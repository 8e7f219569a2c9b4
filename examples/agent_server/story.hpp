#pragma once

#include "home.hpp"
#include "metrics.hpp"
#include "moved_clock.hpp"

#include <assent/http_client.hpp>
#include <assent/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace demo {

/// What a scripted run needs: the server under way, and the tenant where the scripted person decides.
struct Stage {
    Home& home;
    Metrics& metrics;
    std::shared_ptr<assent::HttpClient> http;
    std::uint16_t port;
    Settings const& settings;
    std::shared_ptr<assent::Store> store;
    std::shared_ptr<MovedClock> clock;
};

/// Tells the whole story in the terminal: everything a person can be asked, approved, refused, and kept from others.
/// @return whether all went as it should.
assent::awaitable<bool> tell_story(Stage& stage);

/// That many people ask at once, are all approved, and get what they asked for; and again, with the wall's clock moved on by as long as
/// anything is kept, so that what stays behind for good shows.
/// @return whether nothing was lost, nothing done twice, and memory has not grown from the second round on.
assent::awaitable<bool> run_load(Stage& stage);

}  // namespace demo
