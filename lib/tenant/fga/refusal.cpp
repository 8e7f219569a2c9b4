#include "tenant/fga/refusal.hpp"

namespace assent::tenant {
namespace {

/// As the real server maps its codes.
int status_of(FgaErrc code) {
    auto const number = static_cast<int>(code);
    if (number < 2000)
        return 401;
    if (number < 3500)
        return 400;
    if (number < 4000)
        return 422;
    return number < 5000 ? 500 : 404;
}

}  // namespace

Refusal::Refusal(FgaErrc code, std::string message) : Refusal(code, status_of(code), std::move(message)) {}

}  // namespace assent::tenant
