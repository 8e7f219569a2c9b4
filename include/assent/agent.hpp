#pragma once

#include <assent/agent_response.hpp>
#include <assent/awaitable.hpp>
#include <assent/model.hpp>
#include <assent/outcome.hpp>
#include <assent/principal.hpp>
#include <assent/resume_parts.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>
#include <assent/session.hpp>
#include <assent/tool.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent {

namespace detail {
class AgentCore;
}

/// What becomes of a tool that fails: of its own failure, an unknown name, an input that does not fit.
enum class ToolErrors {
    to_model = 1,  ///< The model is told, as the tool's output, and may do better.
    fail_run,      ///< The run ends with the failure, when all other calls of the turn have ended.
};

/// How an agent works. Chained setters; each says its range and default.
class AgentOptions {
public:
    AgentOptions() = default;
    /// Part of the keys of its sessions: agents with the same name on one store share them. 1 to 64 bytes. Default "agent".
    AgentOptions& name(std::string value) &
    {
        name_ = std::move(value);
        return *this;
    }
    AgentOptions name(std::string value) && { return std::move(name(std::move(value))); }
    /// The system prompt; before every request, not part of the stored conversation. Default none.
    AgentOptions& system(std::string value) &
    {
        system_ = std::move(value);
        return *this;
    }
    AgentOptions system(std::string value) && { return std::move(system(std::move(value))); }
    /// How often the model may request tools in one run, 1 to 1000; it is asked once more than that. Default 5.
    AgentOptions& max_turns(std::uint32_t value) &
    {
        max_turns_ = value;
        return *this;
    }
    AgentOptions max_turns(std::uint32_t value) && { return std::move(max_turns(value)); }
    /// Default ToolErrors::to_model.
    AgentOptions& tool_errors(ToolErrors value) &
    {
        tool_errors_ = value;
        return *this;
    }
    AgentOptions tool_errors(ToolErrors value) && { return std::move(tool_errors(value)); }
    /// What every request asks of the model. Default nothing.
    AgentOptions& config(ModelConfig value) &
    {
        config_ = std::move(value);
        return *this;
    }
    AgentOptions config(ModelConfig value) && { return std::move(config(std::move(value))); }
    /// A turn is not begun in a session that is larger, bytes of JSON; 1 KiB to 768 KiB. Default 512 KiB. (A store's value has 1 MiB.)
    AgentOptions& max_session_bytes(std::size_t value) &
    {
        max_session_bytes_ = value;
        return *this;
    }
    AgentOptions max_session_bytes(std::size_t value) && { return std::move(max_session_bytes(value)); }
    /// A session lives so long after its last change. 1 minute to 10 years. Default 30 days.
    AgentOptions& session_lifetime(std::chrono::seconds value) &
    {
        session_lifetime_ = value;
        return *this;
    }
    AgentOptions session_lifetime(std::chrono::seconds value) && { return std::move(session_lifetime(value)); }
    /// A handle of an interrupt is good so long. 1 minute to 10 years. Default 1 day.
    AgentOptions& handle_lifetime(std::chrono::seconds value) &
    {
        handle_lifetime_ = value;
        return *this;
    }
    AgentOptions handle_lifetime(std::chrono::seconds value) && { return std::move(handle_lifetime(value)); }
    /// How long a process that died holds its session. It renews meanwhile. 5 s to 1 hour. Default 60 s.
    AgentOptions& lease(std::chrono::seconds value) &
    {
        lease_ = value;
        return *this;
    }
    AgentOptions lease(std::chrono::seconds value) && { return std::move(lease(value)); }

    std::string const& name() const noexcept { return name_; }
    std::string const& system() const noexcept { return system_; }
    std::uint32_t max_turns() const noexcept { return max_turns_; }
    ToolErrors tool_errors() const noexcept { return tool_errors_; }
    ModelConfig const& config() const noexcept { return config_; }
    std::size_t max_session_bytes() const noexcept { return max_session_bytes_; }
    std::chrono::seconds session_lifetime() const noexcept { return session_lifetime_; }
    std::chrono::seconds handle_lifetime() const noexcept { return handle_lifetime_; }
    std::chrono::seconds lease() const noexcept { return lease_; }

private:
    std::string name_ = "agent";
    std::string system_;
    std::uint32_t max_turns_ = 5;
    ToolErrors tool_errors_ = ToolErrors::to_model;
    ModelConfig config_;
    std::size_t max_session_bytes_ = std::size_t{512} << 10;
    std::chrono::seconds session_lifetime_ = std::chrono::hours(24 * 30);
    std::chrono::seconds handle_lifetime_ = std::chrono::hours(24);
    std::chrono::seconds lease_{60};
};

/// How one run goes.
class RunOptions {
public:
    RunOptions() = default;
    /// Streams: takes the model's pieces and the tools' answers as they come; an index counts the messages of this run.
    RunOptions& on_chunk(ChunkSink value) &
    {
        on_chunk_ = std::move(value);
        return *this;
    }
    RunOptions on_chunk(ChunkSink value) && { return std::move(on_chunk(std::move(value))); }
    /// Of the whole run; then it is cancelled, and fails with timed_out. At most a year. Default none.
    RunOptions& deadline(std::chrono::milliseconds value) &
    {
        deadline_ = value;
        return *this;
    }
    RunOptions deadline(std::chrono::milliseconds value) && { return std::move(deadline(value)); }
    /// In place of the agent's.
    RunOptions& config(ModelConfig value) &
    {
        config_ = std::move(value);
        return *this;
    }
    RunOptions config(ModelConfig value) && { return std::move(config(std::move(value))); }
    /// The person's refresh token at the provider, from the host's session: ToolCall::refresh_token() of the calls of this run. Not kept
    /// with the conversation. Default none.
    RunOptions& refresh_token(Secret value) &
    {
        refresh_token_ = std::move(value);
        return *this;
    }
    RunOptions refresh_token(Secret value) && { return std::move(refresh_token(std::move(value))); }
    /// Of the agent's tools, only those of these names are told of and run; what an FgaToolFilter leaves, for example. Default all.
    RunOptions& tools(std::vector<std::string> names) &
    {
        tools_ = std::move(names);
        return *this;
    }
    RunOptions tools(std::vector<std::string> names) && { return std::move(tools(std::move(names))); }
    /// W3C traceparent of the caller. Default none.
    RunOptions& traceparent(std::string value) &
    {
        traceparent_ = std::move(value);
        return *this;
    }
    RunOptions traceparent(std::string value) && { return std::move(traceparent(std::move(value))); }

    ChunkSink const& on_chunk() const noexcept { return on_chunk_; }
    std::optional<std::chrono::milliseconds> deadline() const noexcept { return deadline_; }
    std::optional<ModelConfig> const& config() const noexcept { return config_; }
    Secret const& refresh_token() const noexcept { return refresh_token_; }
    std::optional<std::vector<std::string>> const& tools() const noexcept { return tools_; }
    std::string const& traceparent() const noexcept { return traceparent_; }

private:
    ChunkSink on_chunk_;
    std::optional<std::chrono::milliseconds> deadline_;
    std::optional<ModelConfig> config_;
    Secret refresh_token_;
    std::optional<std::vector<std::string>> tools_;
    std::string traceparent_;
};

/// A conversation that the host keeps itself. What is in it is trusted: it says which tools are run with which input. One that has been in
/// a browser's hands belongs into a Session.
class GenerateRequest {
public:
    GenerateRequest(Principal principal, std::vector<Message> messages) : principal_(std::move(principal)), messages_(std::move(messages)) {}
    /// ToolCall::thread_id of its calls. Default empty.
    GenerateRequest& thread_id(std::string value) &
    {
        thread_id_ = std::move(value);
        return *this;
    }
    GenerateRequest thread_id(std::string value) && { return std::move(thread_id(std::move(value))); }
    /// Resumes the calls that the last message says are interrupted, all of them.
    GenerateRequest& resume(ResumeParts value) &
    {
        resume_ = std::move(value);
        return *this;
    }
    GenerateRequest resume(ResumeParts value) && { return std::move(resume(std::move(value))); }

    Principal const& principal() const noexcept { return principal_; }
    std::vector<Message> const& messages() const noexcept { return messages_; }
    std::string const& thread_id() const noexcept { return thread_id_; }
    std::optional<ResumeParts> const& resume() const noexcept { return resume_; }

private:
    Principal principal_;
    std::vector<Message> messages_;
    std::string thread_id_;
    std::optional<ResumeParts> resume_;
};

/// A model with tools: it is asked, the tools that it requests are run, and it is asked again, until it answers or a call has to wait for a
/// person. A cheap handle; copies share the agent.
///
/// The tools of a turn run at once; their answers go back in the order of the requests. A final refusal goes to the model as what the
/// authorizer's on_unauthorized says, or as {"error":"authorization_denied","code","kind","message"}; a tool's failure as {"error","message"}
/// with our own words only. A call that waits is an interrupt, not an error, and the others of its turn are still brought to their end.
///
/// @par Errors       (AgentResponse::failure()) the model's; server_refused: blocked, or more than max_turns; a tool's with
///                   ToolErrors::fail_run; cancelled, timed_out; the store's.
/// @par Cancellation terminal, as is a deadline. The model's request and the tools that run are cancelled, and waited for. A tool that
///                   was running is told to the model as cancelled in what messages() and the session keep; one that was resumed stays
///                   interrupted. An approval that was claimed stays claimed.
/// @par Concurrency  Belongs to the runtime's executor. Any number of runs may be outstanding; of one session only one.
/// @par Lifetime     the agent may be destroyed while its runs are outstanding.
class Agent {
public:
    /// @par Exceptions ConfigurationError: no model, two tools of one name, an option out of its range.
    Agent(Runtime runtime, std::shared_ptr<Model> model, std::vector<Tool> tools, AgentOptions options = AgentOptions());

    /// One run over a conversation that the host keeps. The request's messages are not changed; the response has the whole conversation.
    awaitable<AgentResponse> generate(GenerateRequest request, RunOptions options = RunOptions()) const;

    /// One turn of a session: what the user says is answered, and kept. When the run fails before a tool has run, the session stays as it
    /// was.
    /// @par Errors also no_subject; conflict: another turn of the session runs, or calls wait for resume(); invalid_argument: the
    ///             session is larger than max_session_bytes().
    awaitable<AgentResponse> generate(Session session, Turn turn, RunOptions options = RunOptions()) const;

    /// Goes on with interrupted calls of a session, in this process or another. Those that are not named stay interrupted. Too early is not
    /// an error: the answer is the same interrupt with another handle. With nothing to resume, the model is asked again when an earlier
    /// run ended between its tools and its answer.
    /// @par Errors as generate(); invalid_argument: a handle that is none of this session's, or has expired; already_used: one that was used.
    awaitable<AgentResponse> resume(Session session, Resume resume, RunOptions options = RunOptions()) const;

    /// The calls of a session that wait, with handles that are good now.
    awaitable<result<std::vector<AgentInterrupt>>> interrupts(Session session) const;
    /// The conversation so far; empty when there is none.
    awaitable<result<std::vector<Message>>> messages(Session session) const;
    /// Forgets a session. What waits for a person is not withdrawn at the provider. Completes with whether there was one.
    awaitable<result<bool>> forget(Session session) const;

    std::string const& name() const noexcept;
    Runtime const& runtime() const noexcept;

private:
    friend class Resumer;
    std::shared_ptr<detail::AgentCore> core_;
};

}  // namespace assent
