#pragma once

#include <assent/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace demo {

/// What the command line and the environment say.
struct Settings {
    std::uint16_t port = 8787;
    std::uint16_t tenant_port = 8788;
    std::size_t threads = 1;
    std::string model = "scripted";       ///< or "gemini", "openai", "anthropic"
    std::string model_name;               ///< Empty: the provider's usual one.
    std::string state = "memory";         ///< or the path of a SQLite file
    bool real_tenant = false;             ///< AUTH0_DOMAIN is set.
    bool script = false;                  ///< Tells the story in the terminal and ends.
    std::size_t load = 0;                 ///< That many people at once, and ends.
    std::size_t rounds = 4;               ///< So often, of the load.
    std::chrono::hours conversations{24 * 30};  ///< Kept so long after their last change.
    std::chrono::seconds notice{0};             ///< From when /healthz says that it ends, until it takes no more.
    std::shared_ptr<assent::Clock> clock = assent::make_system_clock();
    std::chrono::seconds interval{1};     ///< Between two polls of the local tenant.
    std::int64_t confirm_above = 1000;    ///< Dollars that a purchase may cost without asking.
};

/// @throws std::invalid_argument naming what is wrong.
Settings read_settings(int count, char** arguments);
char const* usage();

}  // namespace demo
