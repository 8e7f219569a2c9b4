// Time and allocations for one batch check of 50 questions: writing its request, reading its answer.

#include "harness.hpp"
#include "support/allocations.hpp"

#include "protocol/fga_batch.hpp"
#include "protocol/fga_codec.hpp"

#include <chrono>
#include <cstddef>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace assent;
using Clock = std::chrono::steady_clock;

/// Fifty questions as they are in use: ids of a provider, a contextual tuple for each fifth.
std::vector<Check> questions(std::size_t count) {
    std::vector<Check> checks;
    for (std::size_t i = 0; i < count; ++i) {
        checks.emplace_back("user:auth0|6500f0e1c2a3b4d5e6f70811", "viewer",
                            "doc:0195f2c4-7b1a-7c3e-9d52-3f1e8a64b" + std::to_string(100 + i));
        if (i % 5 == 0)
            checks.back().contextual_tuple(TupleKey("user:auth0|6500f0e1c2a3b4d5e6f70811", "member", "team:engineering"));
    }
    return checks;
}

std::string answer(std::size_t count) {
    std::string text = R"({"result":{)";
    for (std::size_t i = 0; i < count; ++i) {
        auto const number = (i * 7) % count;  // the server keeps no order
        text += (i == 0 ? "\"" : ",\"") + std::to_string(number) + (number % 4 == 3 ? R"(":{"allowed":false})" : R"(":{"allowed":true})");
    }
    return text + "}}";
}

struct Measured {
    double us = 0;
    double allocations = 0;
};

template <class F>
Measured measure(std::size_t rounds, F work) {
    for (std::size_t i = 0; i < 50; ++i)
        work();
    auto const before = bench::allocations();
    auto const begun = Clock::now();
    for (std::size_t i = 0; i < rounds; ++i)
        work();
    std::chrono::duration<double, std::micro> const used = Clock::now() - begun;
    return {used.count() / static_cast<double>(rounds), static_cast<double>(bench::allocations() - before) / static_cast<double>(rounds)};
}

}  // namespace

int main(int argc, char** argv) {
    bench::Options const options(argc, argv, {{"checks", 50}, {"rounds", 5'000}, {"samples", 9}});
    auto const count = options.count("checks");
    auto const checks = questions(count);
    auto const body = answer(count);
    std::string const model = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    std::string request;
    fga::BatchReader reader;
    fga::BatchPlan plan;
    std::size_t allowed = 0;
    std::vector<double> write_us;
    std::vector<double> plan_us;
    std::vector<double> read_us;
    double allocations = 0;
    double plan_allocations = 0;
    for (std::size_t sample = 0; sample < options.count("samples"); ++sample) {
        auto const planned = measure(options.count("rounds"), [&] {
            plan.assign(checks);
            bench::keep(plan);
        });
        auto const written = measure(options.count("rounds"), [&] {
            plan.assign(checks);
            request.clear();
            plan.write_batch(request, 0, plan.distinct(), model, Consistency::higher_consistency);
            bench::keep(request);
        });
        auto const read = measure(options.count("rounds"), [&] {
            if (!reader.read(body, count))
                throw std::runtime_error("the answer was not read");
            for (std::size_t i = 0; i < count; ++i)
                allowed += reader.verdict(i) == fga::BatchReader::Verdict::allowed;
        });
        plan_us.push_back(planned.us);
        write_us.push_back(written.us);
        read_us.push_back(read.us);
        allocations = std::max(allocations, written.allocations + read.allocations);
        plan_allocations = std::max(plan_allocations, planned.allocations);
    }
    bench::keep(allowed);
    bench::Report report("fga_codec");
    report.add("write_us", bench::summarize(write_us))
        .add("plan_us", bench::summarize(plan_us))
        .add("read_us", bench::summarize(read_us))
        .add("allocations", allocations)
        .add("request_bytes", static_cast<double>(request.size()))
        .add("answer_bytes", static_cast<double>(body.size()))
        .print();
}
