#pragma once

#include <assent/awaitable.hpp>
#include <assent/model_message.hpp>
#include <assent/outcome.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace assent {

/// Takes a piece of an answer as it comes. Must not throw. Called on the executor of the coroutine that generates.
using ChunkSink = std::function<void(ModelChunk)>;

/// Port: a language model.
///
/// @par Concurrency Any number of generate() may be outstanding.
class Model {
public:
    virtual ~Model() = default;

    /// As it is asked for, e.g. "gemini-2.0-flash".
    virtual std::string const& name() const noexcept = 0;
    /// Who serves it, by the names of OpenTelemetry's gen_ai.provider.name: "gcp.gemini", "openai", "anthropic"...
    virtual std::string_view provider() const noexcept = 0;

    /// Asks for the next message of a conversation.
    ///
    /// A tool request without an id has an empty ref; whoever runs the tools mints one. What the provider wants back unchanged (thought
    /// signatures, encrypted reasoning) is in the metadata of the parts. A tool request whose input the model wrote as JSON that does
    /// not parse has that text, a string, as its input.
    /// @param on_chunk may be empty. When it is not, the answer is streamed: it is called with each piece, and the whole is in the
    ///                 response all the same.
    ///
    /// @par Completion   with the answer; also with one that was blocked or cut short, see ModelResponse::finish_reason.
    /// @par Errors       temporarily_unavailable (429, 5xx, overloaded; server()->retry_after says when), invalid_client (the API key),
    ///                   invalid_request, server_refused; malformed_response; the HTTP client's. server() has the provider's words.
    /// @par Cancellation terminal. The request may have been sent, and cost. Completes with Errc::cancelled.
    /// @par Lifetime     the model must outlive the operation.
    virtual awaitable<result<ModelResponse>> generate(ModelRequest request, ChunkSink on_chunk) = 0;
};

}  // namespace assent
