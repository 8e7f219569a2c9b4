#include <assent/grant_options.hpp>

#include <fmt/format.h>

namespace assent::detail {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::chrono::seconds longest_skew{3600};

}  // namespace

void check(GrantSettings const& settings)
{
    auto const refuse = [](std::string what) { throw ConfigurationError(Failure(Errc::invalid_argument, std::move(what))); };
    if (settings.name.empty() || settings.name.size() > longest_name)
        refuse("name() must have 1 to 64 bytes");
    if (settings.refresh_skew < std::chrono::seconds(0) || settings.refresh_skew > longest_skew)
        refuse(fmt::format("refresh_skew() is {} s; give 0 to {} s", settings.refresh_skew.count(), longest_skew.count()));
}

}  // namespace assent::detail
