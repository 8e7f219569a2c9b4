#include "core/secret_file.hpp"

#include <fstream>
#include <utility>

namespace assent {

std::optional<Secret> read_secret_file(std::string const& path, std::size_t limit) {
    std::ifstream file;
    file.rdbuf()->pubsetbuf(nullptr, 0);  // straight into our memory
    file.open(path, std::ios::binary);
    if (!file)
        return std::nullopt;
    std::string text(limit + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad())
        return std::nullopt;
    text.resize(static_cast<std::size_t>(file.gcount()));
    return Secret(std::move(text));
}

}  // namespace assent
