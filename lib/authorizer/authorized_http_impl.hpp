#pragma once

#include <assent/authorized_http.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent {

struct AuthorizedHttp::Impl {
    std::optional<Runtime> runtime;
    Credentials credentials;
    std::vector<std::pair<std::string, std::string>> declared;  ///< Names and origins.
    std::vector<std::pair<std::string, Dpop>> keys;
    Renew renew;
    /// Told when a request may have changed something.
    std::function<void()> changed;

    /// True when the token set of that name may go to that origin.
    bool may_go(std::string_view name, std::string_view origin) const;
    /// The name of the token set to use, or why there is none.
    result<std::string> choose(std::string_view wanted, std::string_view origin) const;
    Dpop key_of(std::string_view name) const;
};

/// The origin of a URL to which a token may go. @par Errors invalid_argument, naming `what` and not the URL, which may hold anything.
result<std::string> checked_origin(std::string_view url, std::string_view what, bool loopback_http_allowed);

}  // namespace assent
