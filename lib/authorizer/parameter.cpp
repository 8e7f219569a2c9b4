#include <assent/parameter.hpp>

namespace assent::detail {

Failure threw(std::exception_ptr error)
{
    try {
        std::rethrow_exception(std::move(error));
    }
    catch (std::bad_alloc const&) {
        throw;
    }
    catch (std::exception const& thrown) {
        return Failure(Errc::invalid_argument, std::string("a function given to an authorizer threw: ") + thrown.what());
    }
    catch (...) {
        return Failure(Errc::invalid_argument, "a function given to an authorizer threw");
    }
}

}  // namespace assent::detail
