#pragma once

#include "model/provider.hpp"

#include <memory>
#include <string>

namespace assent::models {

/// Google's Gemini API: generateContent and streamGenerateContent.
/// @param model e.g. "gemini-2.0-flash", or with its collection, "tunedModels/mine".
std::unique_ptr<Provider> make_gemini(std::string model);

}  // namespace assent::models
