#pragma once

#include <assent/model.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assent::models {

/// How a provider of models is reached, and how patiently. Every setting has a default that is right for most programs.
///
/// Setters do not check; the functions that make a model do.
/// @par Concurrency Distinct objects: safe. Shared objects: safe to read.
class Options {
public:
    Options() = default;

    /// Default: from the environment, see the functions below.
    Options& api_key(Secret value) {
        api_key_ = std::move(value);
        return *this;
    }
    /// Where the API is, for servers that speak its language. https; http only on a loopback host. Default: from the environment, or the
    /// provider's own.
    Options& base_url(std::string value) {
        base_url_ = std::move(value);
        return *this;
    }
    /// Sent with every request.
    Options& header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// For each try, from sending to the last byte of the answer. 1 ms to 24 h; default 10 min.
    Options& deadline(std::chrono::milliseconds value) {
        deadline_ = value;
        return *this;
    }
    /// Longest silence of the server: a model that thinks without streaming says nothing meanwhile. 1 ms to 24 h; default 5 min.
    Options& read_deadline(std::chrono::milliseconds value) {
        read_deadline_ = value;
        return *this;
    }
    /// Most tries after the first: for 408, 409, 429, 5xx, overloaded and broken connections, and never once a piece of a streamed answer
    /// was handed out. 0 to 15; default 3.
    Options& max_retries(unsigned value) {
        max_retries_ = value;
        return *this;
    }
    /// The first wait is between this and twice this, the next ones twice as long each, up to 120 s; or what the server asks for
    /// (Retry-After, retry-after-ms, google.rpc.RetryInfo). 1 ms to 1 min; default 500 ms.
    Options& min_retry_wait(std::chrono::milliseconds value) {
        min_retry_wait_ = value;
        return *this;
    }
    /// Most time that one generate() spends waiting between tries; a server that asks for more is not waited for, and the failure says how
    /// long. 0 to 1 h; default 1 min.
    Options& retry_budget(std::chrono::milliseconds value) {
        retry_budget_ = value;
        return *this;
    }
    /// Largest answer, bytes on the wire. 1 KiB to 1 GiB; default 16 MiB.
    Options& max_answer(std::size_t bytes) {
        max_answer_ = bytes;
        return *this;
    }

    std::optional<Secret> const& api_key() const noexcept { return api_key_; }
    std::string const& base_url() const noexcept { return base_url_; }
    std::vector<std::pair<std::string, std::string>> const& headers() const noexcept { return headers_; }
    std::chrono::milliseconds deadline() const noexcept { return deadline_; }
    std::chrono::milliseconds read_deadline() const noexcept { return read_deadline_; }
    unsigned max_retries() const noexcept { return max_retries_; }
    std::chrono::milliseconds min_retry_wait() const noexcept { return min_retry_wait_; }
    std::chrono::milliseconds retry_budget() const noexcept { return retry_budget_; }
    std::size_t max_answer() const noexcept { return max_answer_; }

private:
    std::optional<Secret> api_key_;
    std::string base_url_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::chrono::milliseconds deadline_{600'000};
    std::chrono::milliseconds read_deadline_{300'000};
    unsigned max_retries_ = 3;
    std::chrono::milliseconds min_retry_wait_{500};
    std::chrono::milliseconds retry_budget_{60'000};
    std::size_t max_answer_ = 16 * 1024 * 1024;
};

// The models of all functions behave alike: the runtime's HTTP client sends, its clock times the waits. The key goes to base_url's origin
// and nowhere else; redirects are not followed; no failure has it, whatever the server repeats. Names of tools are written as the provider
// takes them. Parts that only another provider understands (its reasoning, its own custom parts) are not sent, media within the limits of
// each API. ModelConfig::provider() reaches everything else, e.g. Gemini's {"generationConfig":{"thinkingConfig":{...}}}.

/// A model of Google's Gemini API.
///
/// Environment: GEMINI_API_KEY, GOOGLE_API_KEY or GOOGLE_GENAI_API_KEY, the first that is there; GOOGLE_GEMINI_BASE_URL (default
/// https://generativelanguage.googleapis.com). Tools' schemas are translated into Gemini's dialect; what it cannot say is left out. Thought
/// signatures are kept in the metadata of the parts ("thoughtSignature", as in Genkit) and sent back.
/// @par Exceptions ConfigurationError: no key; a setting out of range.
std::shared_ptr<Model> gemini(Runtime runtime, std::string model = "gemini-2.0-flash", Options options = Options());

/// A model of OpenAI's chat completions, or of a server that speaks them (vLLM, llama.cpp, Ollama, OpenRouter...).
///
/// Environment: OPENAI_API_KEY; a server on a loopback host needs none. OPENAI_BASE_URL (default https://api.openai.com/v1).
/// @par Exceptions ConfigurationError: no key; a setting out of range.
std::shared_ptr<Model> openai(Runtime runtime, std::string model, Options options = Options());

/// A model of Anthropic's messages API.
///
/// Environment: ANTHROPIC_API_KEY, or ANTHROPIC_AUTH_TOKEN, which is sent as a bearer token; ANTHROPIC_BASE_URL (default
/// https://api.anthropic.com). Without ModelConfig::max_output_tokens() the limit is 4096, because the API demands one. Thinking is kept
/// with its signature, in the metadata member "anthropic", and sent back. An answer that the provider paused (pause_turn) ends with
/// FinishReason::other.
/// @par Exceptions ConfigurationError: no key; a setting out of range.
std::shared_ptr<Model> anthropic(Runtime runtime, std::string model, Options options = Options());

}  // namespace assent::models
