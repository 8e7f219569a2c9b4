// Runs a fuzz target where libFuzzer is not available: every seed as it is, then mutations of the seeds, in an order
// that is the same in every run, until the time is over. On a crash the input is left in the file crash-NAME.
//
// usage: fuzz_NAME SECONDS FOLDER_OF_SEEDS | fuzz_NAME 0 FILE

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

// Sanitizers end the process without a signal, through this hook. Weak: absent in builds without one.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t largest_input = 1 << 16;
constexpr std::string_view tokens[] = {
    "{",     "}",      "[",          "]",     "\"",   ":",    ",",     "\\",    "null",    "true",
    "false", "0",      "-1",         "1e400", "\\u0000", "\\ud800", "\r\n", "\r\n\r\n", "%00", "%",
    "&",     "=",      "9223372036854775808", "18446744073709551616", "-0", "1.5", "\xff", "\xc0\x80", "{\"\":", "[[[[[[[[",
};

std::string current;
std::string crash_file = "crash-input";

void save_current() {
    int const file = ::open(crash_file.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (file < 0) {
        return;
    }
    auto const written = ::write(file, current.data(), current.size());
    static_cast<void>(written);
    ::close(file);
}

void save_and_abort(int signal) {
    save_current();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void run_current() {
    // A heap copy of the exact size, so that AddressSanitizer sees a read past the end.
    std::vector<std::uint8_t> const bytes(current.begin(), current.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string read_file(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Mutator {
public:
    explicit Mutator(std::vector<std::string> const& seeds) : seeds_(seeds) {}

    std::string next() {
        std::string text = seeds_[below(seeds_.size())];
        for (std::size_t count = 1 + below(6); count > 0; --count) {
            change(text);
        }
        text.resize(std::min(text.size(), largest_input));
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

    void change(std::string& text) {
        std::size_t const at = below(text.size() + 1);
        std::size_t const length = below(std::min<std::size_t>(text.size() - at, 32) + 1);
        switch (below(8)) {
        case 0:
            text.erase(at, length);
            break;
        case 1:
            text.insert(at, tokens[below(std::size(tokens))]);
            break;
        case 2:
            text.replace(at, length, tokens[below(std::size(tokens))]);
            break;
        case 3:
            if (at < text.size()) {
                text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << below(8)));
            }
            break;
        case 4:
            if (at < text.size()) {
                text[at] = static_cast<char>(below(256));
            }
            break;
        case 5:
            text.insert(at, text.substr(at, length));
            break;
        case 6: {
            std::string const& other = seeds_[below(seeds_.size())];
            text.replace(at, std::string::npos, other.substr(below(other.size() + 1)));
            break;
        }
        default:
            text.resize(at);
            break;
        }
    }

    std::vector<std::string> const& seeds_;
    std::mt19937_64 random_{20240917};
};

int run(std::chrono::seconds budget, std::filesystem::path const& where) {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_regular_file(where)) {
        files.push_back(where);
    } else {
        for (auto const& entry : std::filesystem::directory_iterator(where)) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> seeds;
    for (auto const& file : files) {
        seeds.push_back(read_file(file));
        current = seeds.back();
        run_current();
    }
    if (seeds.empty()) {
        std::cerr << where << " has no seeds\n";
        return EXIT_FAILURE;
    }
    Mutator mutator(seeds);
    auto const end = std::chrono::steady_clock::now() + budget;
    std::uint64_t runs = 0;
    while (std::chrono::steady_clock::now() < end) {
        current = mutator.next();
        run_current();
        ++runs;
    }
    std::cout << seeds.size() << " seeds and " << runs << " mutations in " << budget.count() << " s\n";
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " SECONDS FOLDER_OF_SEEDS\n";
        return EXIT_FAILURE;
    }
    crash_file = "crash-" + std::filesystem::path(argv[0]).filename().string();
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(save_current);
    } else {
        std::signal(SIGSEGV, save_and_abort);
    }
    std::signal(SIGABRT, save_and_abort);
    try {
        return run(std::chrono::seconds(std::strtol(argv[1], nullptr, 10)), argv[2]);
    } catch (std::exception const& error) {
        save_current();
        std::cerr << "the fuzz target let an exception out: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
