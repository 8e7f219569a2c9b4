#pragma once

#include <assent/fga_error.hpp>

#include <exception>
#include <string>

namespace assent::tenant {

/// A request that the FGA server refuses: thrown inside it, and made an answer by it.
class Refusal final : public std::exception {
public:
    Refusal(FgaErrc code, std::string message);
    Refusal(FgaErrc code, int status, std::string message) : code_(code), status_(status), message_(std::move(message)) {}

    FgaErrc code() const noexcept { return code_; }
    /// HTTP's.
    int status() const noexcept { return status_; }
    char const* what() const noexcept override { return message_.c_str(); }
    std::string const& message() const noexcept { return message_; }

private:
    FgaErrc code_;
    int status_;
    std::string message_;
};

}  // namespace assent::tenant
