#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace assent::test {

/// A program started for a test. Its standard input stays open, and is closed first when the object goes;
/// then it is killed.
class ChildProcess {
public:
    /// @param arguments the program, found by PATH, and its arguments.
    /// @throws std::runtime_error when it cannot be started.
    explicit ChildProcess(std::vector<std::string> arguments);
    ChildProcess(ChildProcess const&) = delete;
    ChildProcess& operator=(ChildProcess const&) = delete;
    ~ChildProcess();

    /// The next line of its standard output.
    /// @throws std::runtime_error with its standard error, when it ends or the time is over before a line is
    /// there.
    std::string read_line(std::chrono::milliseconds timeout);
    /// What it wrote to standard error until now.
    std::string errors() const;
    /// Waits for its end: the exit status, or 128 + signal.
    int wait();
    /// Whether it has not ended yet.
    bool running();
    ::pid_t pid() const noexcept { return pid_; }

private:
    ::pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    int error_ = -1;
    bool ended_ = false;
    int status_ = 0;
    std::string command_;
    std::string pending_output_;
    mutable std::mutex mutex_;
    std::string errors_;
    std::thread error_reader_;
};

}  // namespace assent::test
