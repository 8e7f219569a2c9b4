#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace demo {

/// Who a browser is. A signed cookie, so that every worker knows it: nothing is kept. For development: a name is enough to sign in.
/// @par Concurrency safe from any thread; does not change.
class SignIn {
public:
    SignIn();

    /// The cookie of a person, and what it says.
    std::string cookie_for(std::string_view user) const;
    std::optional<std::string> user_of(std::string_view cookie) const;
    /// What a page has to send with everything that changes something; another site cannot know it.
    std::string csrf_of(std::string_view cookie) const;
    bool is_csrf_of(std::string_view cookie, std::string_view token) const;

    /// 1 to 64 letters, digits or ".@|_-".
    static bool is_name(std::string_view text);

private:
    std::string signature(std::string_view purpose, std::string_view text) const;

    std::string key_;
};

}  // namespace demo
