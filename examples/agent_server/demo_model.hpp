#pragma once

#include <assent/model.hpp>

#include <string>
#include <string_view>

namespace demo {

/// Plays a language model, without one: it knows the tools of this program, takes what it needs out of the user's words, and tells what
/// the tools answered. The same words, the same answer.
class DemoModel final : public assent::Model {
public:
    std::string const& name() const noexcept override { return name_; }
    std::string_view provider() const noexcept override { return "scripted"; }
    assent::awaitable<assent::result<assent::ModelResponse>> generate(assent::ModelRequest request, assent::ChunkSink on_chunk) override;

private:
    std::string name_ = "scripted";
};

}  // namespace demo
