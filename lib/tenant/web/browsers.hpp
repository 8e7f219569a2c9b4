#pragma once

#include "tenant/oauth/messages.hpp"

#include <map>
#include <string>
#include <string_view>

namespace assent::tenant {

/// A browser that has been here, and who signed in with it.
struct Browser {
    std::string cookie;
    std::string csrf;     ///< In every form of its pages.
    std::string subject;  ///< Empty until somebody signs in.
    Time used_at{};
};

/// The browsers that are known by their cookie. Bounded: the one that was away longest is forgotten first.
class Browsers {
public:
    /// Null when there is none.
    Browser* find(std::string_view cookie, Time now);
    Browser& make(Time now);
    /// The cookie is another one from now on, so that one that was known before is worth nothing.
    Browser& renew(Browser& browser, std::string subject);

private:
    std::map<std::string, Browser, std::less<>> all_;
};

}  // namespace assent::tenant
