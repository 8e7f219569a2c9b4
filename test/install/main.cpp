#include <assent/memory_store.hpp>
#include <assent/outcome.hpp>
#include <assent/version.hpp>

#include <iostream>

int main() {
    assent::result<int> const nothing;
    if (nothing.has_value()) {
        return 1;
    }
    std::cout << "assent " << assent::version() << '\n';
}
