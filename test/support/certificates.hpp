#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace assent::test {

/// A certificate and its key, PEM text.
struct Identity {
    std::string certificate;
    std::string key;
};

/// A certification authority that lives as long as the object.
class Authority {
public:
    explicit Authority(std::string const& name = "assent test CA");

    std::string const& pem() const { return identity_.certificate; }
    /// @param names subjectAltName entries as OpenSSL writes them: "DNS:localhost", "IP:127.0.0.1".
    Identity issue(std::vector<std::string> const& names, std::chrono::hours valid_from = std::chrono::hours(-1),
                   std::chrono::hours valid_to = std::chrono::hours(24)) const;

private:
    Identity identity_;
};

/// A certificate that vouches for itself.
Identity make_self_signed(std::vector<std::string> const& names);

}  // namespace assent::test
