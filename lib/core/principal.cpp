#include <assent/principal.hpp>

namespace assent {

std::string Principal::subject_as(std::string_view type) const {
    std::string user;
    if (subject_.empty())
        return user;
    user.reserve(type.size() + 1 + subject_.size());
    user.append(type).append(1, ':');
    for (char const c : subject_) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == ':' || c == '#' || c == '*' || c == '%') {
            constexpr char digits[] = "0123456789ABCDEF";
            user.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        } else {
            user += c;
        }
    }
    return user;
}

}  // namespace assent
