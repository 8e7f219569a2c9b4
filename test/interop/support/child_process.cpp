#include "interop/support/child_process.hpp"

#include <spawn.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace assent::test {
namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw std::runtime_error(std::string("pipe2: ") + std::strerror(errno));
        read = ends[0];
        write = ends[1];
    }
    int read;
    int write;
};

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
        command_.append(command_.empty() ? "" : " ").append(argument);
    }
    argv.push_back(nullptr);

    Pipe const in;
    Pipe const out;
    Pipe const err;
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
    int const failed = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in.read);
    ::close(out.write);
    ::close(err.write);
    input_ = in.write;
    output_ = out.read;
    error_ = err.read;
    if (failed != 0) {
        ::close(input_);
        ::close(output_);
        ::close(error_);
        throw std::runtime_error("cannot start \"" + command_ + "\": " + std::strerror(failed));
    }
    error_reader_ = std::thread([this] {
        char buffer[4096];
        for (::ssize_t n; (n = ::read(error_, buffer, sizeof(buffer))) > 0;) {
            std::lock_guard const lock(mutex_);
            errors_.append(buffer, static_cast<std::size_t>(n));
        }
    });
}

ChildProcess::~ChildProcess() {
    ::close(input_);
    if (!ended_) {
        ::kill(pid_, SIGKILL);
        wait();
    }
    error_reader_.join();
    ::close(output_);
    ::close(error_);
}

std::string ChildProcess::read_line(std::chrono::milliseconds timeout) {
    auto const deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        if (auto const end = pending_output_.find('\n'); end != std::string::npos) {
            std::string line = pending_output_.substr(0, end);
            pending_output_.erase(0, end + 1);
            return line;
        }
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        ::pollfd watched = {.fd = output_, .events = POLLIN, .revents = 0};
        int const ready = left > 0 ? ::poll(&watched, 1, static_cast<int>(left)) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            throw std::runtime_error("no line from \"" + command_ + "\" in time; its errors:\n" + errors());
        char buffer[4096];
        ::ssize_t const n = ::read(output_, buffer, sizeof(buffer));
        if (n <= 0) {
            int const status = wait();
            throw std::runtime_error("\"" + command_ + "\" ended with " + std::to_string(status) +
                                     "; its errors:\n" + errors());
        }
        pending_output_.append(buffer, static_cast<std::size_t>(n));
    }
}

std::string ChildProcess::errors() const {
    std::lock_guard const lock(mutex_);
    return errors_;
}

int ChildProcess::wait() {
    while (!ended_ && ::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {}
    ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool ChildProcess::running() {
    if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_)
        ended_ = true;
    return !ended_;
}

}  // namespace assent::test
