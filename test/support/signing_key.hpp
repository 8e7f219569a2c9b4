#pragma once

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace assent::test {

/// A key pair made when asked for, which signs JWTs as a provider does.
class SigningKey {
public:
    static SigningKey rsa(std::string kid, std::size_t bits = 2048);
    /// @param curve "P-256", "P-384" or "P-521"
    static SigningKey ec(std::string kid, std::string_view curve);
    /// A symmetric key.
    static SigningKey secret(std::string kid, std::string_view bytes);

    /// With kid, use and alg as a provider publishes it; `changes` are put over it, null removes.
    boost::json::object public_jwk(std::string_view alg, boost::json::object const& changes = {}) const;
    /// A compact JWS of `payload`; header members other than alg and kid come from `header`, null removes.
    std::string sign(std::string_view alg, std::string_view payload,
                     boost::json::object const& header = {}) const;

private:
    struct Impl;
    std::shared_ptr<Impl const> impl_;
};

/// {"keys": [...]}
std::string key_set(std::initializer_list<boost::json::object> keys);

}  // namespace assent::test
