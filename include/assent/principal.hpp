#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace assent {

/// For whom a call is made: the authenticated person (and tenant, and acting agent), from the host's session.
///
/// Never build it from a tool's input or from anything a model or a browser sent. Every stored credential and pending
/// approval is bound to all four members.
class Principal {
public:
    Principal() = default;
    /// @param issuer who authenticated the person, e.g. "https://tenant.eu.auth0.com/".
    /// @param subject the person's `sub` at that issuer, e.g. "auth0|123". Without one every authorizer fails closed.
    Principal(std::string issuer, std::string subject) : issuer_(std::move(issuer)), subject_(std::move(subject)) {}

    /// The organisation or tenant of a multi-tenant host; empty when there is one.
    Principal& tenant(std::string value) &
    {
        tenant_ = std::move(value);
        return *this;
    }
    Principal tenant(std::string value) &&
    {
        tenant_ = std::move(value);
        return std::move(*this);
    }
    /// The agent that acts for the person; empty when the host has one agent only.
    Principal& agent(std::string value) &
    {
        agent_ = std::move(value);
        return *this;
    }
    Principal agent(std::string value) &&
    {
        agent_ = std::move(value);
        return std::move(*this);
    }

    std::string const& issuer() const noexcept { return issuer_; }
    std::string const& subject() const noexcept { return subject_; }
    std::string const& tenant() const noexcept { return tenant_; }
    std::string const& agent() const noexcept { return agent_; }
    /// "type:subject", as OpenFGA names users. What OpenFGA would read as something else than a user's id (white space, ':',
    /// '#', '*', and '%') is percent-encoded, so that no subject is a wildcard or a user set. Empty without a subject.
    std::string subject_as(std::string_view type) const;

    friend bool operator==(Principal const&, Principal const&) = default;

private:
    std::string issuer_;
    std::string subject_;
    std::string tenant_;
    std::string agent_;
};

}  // namespace assent
