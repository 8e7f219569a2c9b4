#pragma once

#include "client.hpp"

#include <functional>
#include <string>
#include <utility>

namespace assent::redis {

/// A command of the client's own.
class Client::Question final : public Command {
public:
    Question(std::string text, std::function<void(result<Reply> const&)> told) : text_(std::move(text)), told_(std::move(told)) {}
    void append(std::string& out, ServerFacts const&) override { out += text_; }
    char const* name() const noexcept override { return "a look-up"; }

private:
    void answered() override { told_(answer); }

    std::string text_;
    std::function<void(result<Reply> const&)> told_;
};

}  // namespace assent::redis
