#pragma once

#include "model/provider.hpp"

#include <memory>
#include <string>

namespace assent::models {

/// OpenAI's chat completions, and the many servers that speak them.
/// @param at_openai it is OpenAI's own API, which calls the limit of tokens by another name than the rest.
std::unique_ptr<Provider> make_openai(std::string model, bool at_openai);

/// Reads answers of chat completions. @param names outlive it.
std::unique_ptr<AnswerReader> make_openai_reader(ToolNames const& names);

}  // namespace assent::models
