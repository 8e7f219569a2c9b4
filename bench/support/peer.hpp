#pragma once

// Other programs that a benchmark compares with.

#include <array>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

struct Ended {
    std::string output;
    double cpu_us = 0;
};

/// Runs a program on this process's CPU to its end.
inline Ended run(std::vector<std::string> const& command)
{
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0)
        throw std::runtime_error("pipe");
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    ::posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::vector<char*> arguments;
    for (auto const& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    ::pid_t child = -1;
    int const error = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    Ended result;
    std::array<char, 4096> piece;
    for (::ssize_t size; error == 0 && (size = ::read(ends[0], piece.data(), piece.size())) > 0;)
        result.output.append(piece.data(), static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = -1;
    ::rusage usage{};
    if (error != 0 || ::wait4(child, &status, 0, &usage) != child || status != 0)
        throw std::runtime_error(command[0] + " failed");
    auto const part = [](::timeval const& time) { return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec); };
    result.cpu_us = part(usage.ru_utime) + part(usage.ru_stime);
    return result;
}

/// The number before `label` or, when it has a colon, behind it.
inline double number_at(std::string const& text, std::string_view label)
{
    auto const at = text.find(label);
    if (at == text.npos)
        throw std::runtime_error("unexpected output: " + text);
    if (label.ends_with(':'))
        return std::strtod(text.c_str() + at + label.size(), nullptr);
    auto const begin = text.find_last_not_of("0123456789.", at - 1);
    return std::strtod(text.c_str() + (begin == text.npos ? 0 : begin + 1), nullptr);
}

/// CPU microseconds per request of undici, the HTTP client of Node.js, with `in_flight` connections. @param peers bench/peers
inline double undici(std::string const& peers, std::string const& url, std::string const& ca_file, std::size_t in_flight, std::size_t requests,
                     std::string const& body, std::vector<std::pair<std::string, std::string>> const& headers)
{
    std::string list = R"({"content-type":"application/x-www-form-urlencoded")";
    for (auto const& [name, value] : headers)
        list += ",\"" + name + "\":\"" + value + '"';
    auto const ended = run({"node", peers + "/undici.mjs", url, ca_file, std::to_string(in_flight), std::to_string(requests), body, list + '}'});
    return number_at(ended.output, "\"cpu_us\":") / static_cast<double>(requests);
}

}  // namespace bench
