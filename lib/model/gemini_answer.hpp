#pragma once

#include "model/answer.hpp"
#include "model/wire.hpp"

#include <memory>

namespace assent::models {

/// Reads answers of Gemini. @param names outlive it.
std::unique_ptr<AnswerReader> make_gemini_reader(ToolNames const& names);

}  // namespace assent::models
