#pragma once

#include "authorizer/pending_engine.hpp"
#include "authorizer/provider.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace assent {

/// What the flows have in common that ask a token endpoint until a person has decided.
class PollingProtocol : public PendingProtocol {
public:
    awaitable<result<HttpResponse>> send_poll(std::string_view request_id) final;
    PollAnswer read_poll(result<HttpResponse> const& response) final;
    awaitable<RefreshAnswer> refresh(std::shared_ptr<PendingIntent const> intent, PendingRecord const& record) final;

protected:
    /// @param grant_type, id_parameter literals: what the token endpoint is asked with.
    PollingProtocol(std::shared_ptr<Provider> provider, std::string_view grant_type, std::string_view id_parameter);

    /// The provider's metadata, unless reading it takes longer than the lease of who asks may last.
    awaitable<result<std::shared_ptr<ProviderMetadata const>>> metadata_in_time();
    static StartAnswer not_started(Failure failure);
    Provider& provider() const noexcept { return *provider_; }

private:
    awaitable<result<HttpResponse>> send_poll_later(Secret request_id);
    awaitable<result<HttpResponse>> post_poll(std::string const& endpoint, std::string_view request_id) const;

    std::shared_ptr<Provider> provider_;
    std::string form_begin_;  ///< The same for every poll, encoded.
    std::string_view id_parameter_;
};

}  // namespace assent
