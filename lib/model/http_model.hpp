#pragma once

#include <assent/model.hpp>
#include <assent/models.hpp>
#include <assent/runtime.hpp>

#include "model/provider.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace assent::models {

/// A model behind an HTTP API. @par Concurrency Belongs to the runtime's executor.
class HttpModel final : public Model {
public:
    /// @param options checked, with key and base URL.
    HttpModel(Runtime runtime, std::string name, std::unique_ptr<Provider const> provider, Options options);

    std::string const& name() const noexcept override { return name_; }
    std::string_view provider() const noexcept override { return provider_->id(); }
    awaitable<result<ModelResponse>> generate(ModelRequest request, ChunkSink on_chunk) override;

private:
    HttpRequest make_request(Call const& call, bool streamed, std::string const& traceparent) const;
    std::string_view key() const noexcept;

    Runtime runtime_;
    std::string name_;
    std::unique_ptr<Provider const> provider_;
    Options options_;
    std::string who_;  ///< In front of what is told of a failure.
};

}  // namespace assent::models
