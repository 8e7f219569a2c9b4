#include <assent/outcome.hpp>

#include <string>

namespace assent::detail {

void throw_bad_access(Failure const& failure) { throw BadAccess(failure.message()); }

void throw_bad_access(Interrupt const& interrupt)
{
    throw BadAccess(std::string(interrupt.code()) + ": " + interrupt.message());
}

void throw_bad_access(char const* what) { throw BadAccess(what); }

}  // namespace assent::detail
