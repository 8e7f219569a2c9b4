#pragma once

#include <string>

namespace assent::tenant {

/// PEM texts.
struct ServerIdentity {
    std::string certificate;
    std::string key;
    std::string authority;  ///< To be trusted by clients.
};

/// A certificate for localhost, 127.0.0.1 and ::1, issued by an authority that nobody else has: its key is forgotten at once.
/// Throws std::runtime_error when OpenSSL fails.
ServerIdentity make_loopback_identity();

}  // namespace assent::tenant
