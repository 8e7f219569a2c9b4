#include "sqlite/store_file.hpp"

#include <assent/error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assent::sqlite {
namespace {

constexpr mode_t owner_only = S_IRUSR | S_IWUSR;
constexpr mode_t others = S_IRWXG | S_IRWXO;

[[noreturn]] void refuse(std::string const& path, char const* what, int error)
{
    throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the store \"{}\" {}: {}", path, what,
                                                                         std::generic_category().message(error))));
}

/// So that a new file's name survives the loss of power.
void sync_folder(std::string const& path)
{
    auto const slash = path.rfind('/');
    auto const folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
    int const descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;  // not every file system lets a folder be opened
    ::fsync(descriptor);
    ::close(descriptor);
}

void make_private(std::string const& path)
{
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || (found.st_mode & others) == 0)
        return;
    if (::chmod(path.c_str(), found.st_mode & ~others & 07777) != 0)
        refuse(path, "can be read by others and that cannot be changed (chmod 600 it)", errno);
}

}  // namespace

void make_private_file(std::string const& path)
{
    if (::mknod(path.c_str(), S_IFREG | owner_only, 0) == 0)
        sync_folder(path);
    else if (errno != EEXIST)
        refuse(path, "cannot be created", errno);
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0)
        refuse(path, "cannot be read", errno);
    if (!S_ISREG(found.st_mode))
        throw ConfigurationError(Failure(Errc::invalid_argument, fmt::format("the store \"{}\" is not a regular file", path)));
    for (auto const* suffix : {"", "-wal", "-shm"})
        make_private(path + suffix);
}

}  // namespace assent::sqlite
