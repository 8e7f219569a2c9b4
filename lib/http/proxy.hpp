#pragma once

#include <assent/outcome.hpp>
#include <assent/secret.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::http {

/// Where to connect instead of the origin, and what to tell it.
struct Proxy {
    std::string host;
    std::uint16_t port = 0;
    Secret authorization;  ///< Value of Proxy-Authorization; empty for none.
};

/// Which proxy serves which origin.
class ProxyRules {
public:
    using Lookup = std::function<std::optional<std::string>(std::string const&)>;

    ProxyRules() = default;
    /// From settings, each of which wins over `environment`'s variable. Failures name the setting or variable.
    static result<ProxyRules> make(std::optional<std::string> const& http, std::optional<std::string> const& https,
                                   std::optional<std::string> const& no_proxy, Lookup const& environment);

    /// Null for a direct connection. @param host in lower case, without brackets.
    Proxy const* select(bool tls, std::string_view host, std::uint16_t port) const;

private:
    struct Exception {
        std::string host;  ///< In lower case; empty for every host.
        bool is_network = false;
        std::uint16_t port = 0;  ///< 0 for every port.
    };
    std::optional<Proxy> http_;
    std::optional<Proxy> https_;
    std::vector<Exception> exceptions_;
};

}  // namespace assent::http
