#pragma once

#include "model/provider.hpp"

#include <memory>
#include <string>

namespace assent::models {

/// Anthropic's messages.
/// @param bearer the key is sent as a bearer token (ANTHROPIC_AUTH_TOKEN) rather than as x-api-key.
std::unique_ptr<Provider> make_anthropic(std::string model, bool bearer);

/// Reads answers of Anthropic's. @param names outlive it.
std::unique_ptr<AnswerReader> make_anthropic_reader(ToolNames const& names);

}  // namespace assent::models
