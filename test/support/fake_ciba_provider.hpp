#pragma once

#include "support/fake_provider.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace assent::test {

/// A provider of CIBA. The person who decides is the one the request names.
class FakeCibaProvider final : public FakeProvider {
public:
    explicit FakeCibaProvider(std::shared_ptr<Clock> clock);

    std::size_t pushes() const { return starts(); }

private:
    HttpResponse start(std::map<std::string, std::string> form) override;
    void add_claims(boost::json::object& claims, std::string const& id) const override;

    std::size_t ids_ = 0;
};

}  // namespace assent::test
