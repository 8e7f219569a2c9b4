#pragma once

#include <assent/authorization_options.hpp>
#include <assent/authorizer.hpp>
#include <assent/awaitable.hpp>
#include <assent/credentials.hpp>
#include <assent/outcome.hpp>
#include <assent/runtime.hpp>
#include <assent/token_refusal.hpp>
#include <assent/tool_call.hpp>

#include "authorizer/grant_cache.hpp"
#include "authorizer/pending_conclusion.hpp"
#include "authorizer/pending_engine.hpp"
#include "authorizer/provider.hpp"
#include "authorizer/withdrawals.hpp"
#include "protocol/action.hpp"

#include <boost/json/array.hpp>

#include <memory>
#include <string>
#include <utility>

namespace assent {

/// What all authorizers do that ask a person and wait for the decision, whatever the flow: from a call to its credentials, its interrupt
/// or its failure. A flow derives its own, which says what a call asks for.
/// @par Concurrency Belongs to the runtime's executor. Any number of calls may be outstanding.
class PendingAuthorizer : public std::enable_shared_from_this<PendingAuthorizer> {
public:
    virtual ~PendingAuthorizer() = default;

    awaitable<outcome<Credentials>> authorize(ToolCall call);
    awaitable<outcome<Grant>> prepare(ToolCall call);
    /// Null when the call must go the long way.
    Credentials const* cached(ToolCall const& call) const;
    static awaitable<result<bool>> cancel(std::shared_ptr<PendingAuthorizer> self, ToolCall call);
    static awaitable<result<bool>> withdraw(std::shared_ptr<PendingAuthorizer> self, ToolCall call);
    static awaitable<outcome<Grant>> renew(std::shared_ptr<PendingAuthorizer> self, ToolCall call, TokenRefusal refusal);
    RefusalHandler const* on_unauthorized() const { return options_.on_unauthorized ? &options_.on_unauthorized : nullptr; }
    Runtime const& runtime() const noexcept { return provider_->runtime(); }
    std::string const& id() const noexcept { return id_; }
    Dpop const* dpop() const noexcept { return provider_->client().dpop().empty() ? nullptr : &provider_->client().dpop(); }

protected:
    /// What distinguishes one authorization from the others, and how it begins.
    class Seed {
    public:
        Seed(StoreKey its_key, PendingRecord its_record) : key(std::move(its_key)), record(std::move(its_record)) {}

        StoreKey key;
        PendingRecord record;
        bool resuming = false;
    };
    using Intent = std::shared_ptr<PendingIntent>;

    /// @param constant no parameter is a function of the call.
    /// @par Exceptions ConfigurationError when the runtime has no HttpClient or the name is out of range.
    PendingAuthorizer(std::shared_ptr<Provider> provider, std::unique_ptr<PendingProtocol> protocol, Flow flow,
                      detail::CommonOptions options, bool constant);

    /// What a call asks for. Nothing is sent yet.
    virtual awaitable<result<Intent>> resolve(ToolCall call) const = 0;
    /// Before anybody is told of, or waits for, what is pending. Only asked when remembers_pending_.
    virtual awaitable<result<void>> remember(PendingSnapshotPtr pending);

    /// The handle that a call resumes; empty when it resumes none. @par Errors what a call cannot be decided without.
    result<ResumeHandle> admit(ToolCall const& call) const;
    /// @param handle as admit() gave it. @param request what is asked for, for digests.
    result<Seed> seed_of(ToolCall const& call, ResumeHandle handle, boost::json::array const& request) const;

    Provider& provider() const noexcept { return *provider_; }
    PendingEngine& engine() const noexcept { return *engine_; }

    bool remembers_pending_ = false;

private:
    struct Question;

    static awaitable<std::unique_ptr<Question>> ask(std::shared_ptr<PendingAuthorizer> self, ToolCall call);
    /// The one frame that stays while a call waits for its person, hence nothing is in it that can be elsewhere.
    /// @tparam T Credentials: claims what was granted; Grant: leaves that to the caller.
    template <class T>
    static awaitable<outcome<T>> run(awaitable<std::unique_ptr<Question>> asked);
    template <class T>
    static awaitable<std::unique_ptr<outcome<T>>> answer(std::unique_ptr<Question> question);
    awaitable<void> look_into(Question& question, ToolCall call);
    template <class T>
    awaitable<outcome<T>> concluded(Question& question);
    awaitable<outcome<Grant>> renewed(ToolCall call, TokenRefusal refusal);
    awaitable<result<PendingSnapshotPtr>> tell_and_wait(PendingSnapshotPtr pending, ExpectedAction const& expected);
    awaitable<result<PendingSnapshotPtr>> wait_on(PendingSnapshotPtr snapshot);
    static awaitable<outcome<Credentials>> eventually(std::shared_ptr<PendingAuthorizer> self, PendingSnapshotPtr pending,
                                                      ExpectedAction expected);
    Grant grant(PendingSnapshotPtr const& snapshot, TokenSet tokens, Question const& question);

    std::shared_ptr<Provider> provider_;
    detail::CommonOptions options_;
    Flow flow_;
    std::string id_;
    bool constant_;
    std::string audience_;  ///< Known from the first call on, when constant_.
    std::shared_ptr<PendingEngine> engine_;
    GrantCache cache_;
    std::shared_ptr<WithdrawalListener> listener_;
};

}  // namespace assent
