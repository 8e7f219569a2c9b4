#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

/// What every benchmark needs: options, CPU time, memory, robust statistics and the line of JSON.
namespace bench {

/// `--name value` pairs of the command line; a name without a value is 1. Ends the program with a message when one is malformed or unknown.
class Options {
public:
    Options(int argc, char** argv, std::map<std::string, double> defaults) : values_(std::move(defaults)) {
        for (int index = 1; index < argc; ++index) {
            std::string_view const name = argv[index];
            auto const known = values_.find(std::string(name.substr(std::min<std::size_t>(2, name.size()))));
            if (!name.starts_with("--") || known == values_.end()) {
                usage(argv[0]);
            }
            if (index + 1 == argc || std::string_view(argv[index + 1]).starts_with("--")) {
                known->second = 1;
                continue;
            }
            std::string_view const text = argv[++index];
            auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), known->second);
            if (error != std::errc() || end != text.data() + text.size()) {
                usage(argv[0]);
            }
        }
    }

    [[nodiscard]] double number(std::string const& name) const { return values_.at(name); }
    [[nodiscard]] std::size_t count(std::string const& name) const {
        return static_cast<std::size_t>(values_.at(name));
    }

private:
    [[noreturn]] void usage(char const* program) const {
        std::cerr << "usage: " << program;
        for (auto const& [name, value] : values_) {
            std::cerr << " [--" << name << " NUMBER (" << value << ")]";
        }
        std::cerr << '\n';
        std::exit(2);
    }

    std::map<std::string, double> values_;
};

/// User and system time that a process (RUSAGE_SELF), a thread (RUSAGE_THREAD) or its ended children used.
inline std::chrono::duration<double, std::micro> cpu_time(int who = RUSAGE_SELF) {
    rusage usage{};
    ::getrusage(static_cast<decltype(RUSAGE_SELF)>(who), &usage);
    auto const part = [](timeval const& time) {
        return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    return part(usage.ru_utime) + part(usage.ru_stime);
}

/// User and system time that another, running process has used so far (10 ms resolution).
inline std::chrono::duration<double, std::micro> cpu_time_of(pid_t process) {
    std::ifstream in("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    std::getline(in, line);
    auto const name_end = line.rfind(')'); // the command's name may contain anything
    if (name_end == std::string::npos) {
        throw std::runtime_error("process " + std::to_string(process) + " does not run");
    }
    std::istringstream fields(line.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return std::chrono::duration<double>((user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

/// Resident memory of this process in bytes.
inline std::size_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    in >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

struct Summary {
    double median = 0;
    double mad = 0; ///< Median absolute deviation.
    std::size_t samples = 0;
};

inline double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    std::size_t const middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

inline Summary summarize(std::vector<double> const& values) {
    double const center = median(values);
    std::vector<double> distances;
    distances.reserve(values.size());
    for (double const value : values) {
        distances.push_back(std::abs(value - center));
    }
    return {center, median(std::move(distances)), values.size()};
}

/// Runs `sample`, which returns one measurement, `count` times after one run that is not counted.
template <class Sample>
Summary repeat(std::size_t count, Sample sample) {
    static_cast<void>(sample());
    std::vector<double> values;
    values.reserve(count);
    for (std::size_t index = 0; index < count; ++index) {
        values.push_back(static_cast<double>(sample()));
    }
    return summarize(values);
}

/// Keeps the optimiser from removing the computation of a value.
template <class T>
void keep(T const& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

/// The one line of JSON that a benchmark prints.
class Report {
public:
    explicit Report(std::string_view name) { add_text("bench", name); }

    Report& add(std::string_view name, double value) {
        std::ostringstream text;
        text.precision(9);
        text << value;
        return add_raw(name, std::isfinite(value) ? text.str() : "null");
    }

    Report& add(std::string_view name, Summary const& summary) {
        add(name, summary.median);
        return add(std::string(name) + "_mad", summary.mad);
    }

    Report& add_text(std::string_view name, std::string_view value) {
        std::string quoted = "\"";
        for (char const letter : value) {
            if (letter == '"' || letter == '\\') {
                quoted += '\\';
            }
            quoted += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
        }
        return add_raw(name, quoted + '"');
    }

    /// Prints the line; nothing else of a benchmark goes to standard output.
    void print() const { std::cout << '{' << members_ << "}" << std::endl; }

private:
    Report& add_raw(std::string_view name, std::string_view value) {
        if (!members_.empty()) {
            members_ += ',';
        }
        members_.append("\"").append(name).append("\":").append(value);
        return *this;
    }

    std::string members_;
};

} // namespace bench
