#pragma once

#include "home.hpp"
#include "metrics.hpp"

#include <assent/http_client.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace demo {

/// What a scripted run needs: the server under way, and the tenant where the scripted person decides.
struct Stage {
    Home& home;
    Metrics& metrics;
    std::shared_ptr<assent::HttpClient> http;
    std::uint16_t port;
    std::size_t people;  ///< Of the load.
};

/// Tells the whole story in the terminal: everything a person can be asked, approved, refused, and kept from others.
/// @return whether all went as it should.
assent::awaitable<bool> tell_story(Stage& stage);

/// That many people ask at once, are all approved, and get what they asked for; twice, so that what stays behind shows.
/// @return whether nothing was lost and nothing done twice.
assent::awaitable<bool> run_load(Stage& stage);

}  // namespace demo
