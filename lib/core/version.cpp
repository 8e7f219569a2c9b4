#include <assent/version.hpp>

namespace assent {

#define ASSENT_TEXT(x) #x
#define ASSENT_JOINED(major, minor, patch) ASSENT_TEXT(major) "." ASSENT_TEXT(minor) "." ASSENT_TEXT(patch)

std::string_view version() noexcept {
    return ASSENT_JOINED(ASSENT_VERSION_MAJOR, ASSENT_VERSION_MINOR, ASSENT_VERSION_PATCH);
}

} // namespace assent
