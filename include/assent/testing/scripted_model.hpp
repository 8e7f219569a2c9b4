#pragma once

#include <assent/model.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assent::testing {

/// A Model that answers from a script, or by rules on what the user said last, and remembers what it was asked. For tests and
/// demonstrations without a provider.
///
/// Each generate() takes the script's next answer. At its end the first rule applies whose words are in the last message, when that is
/// the user's; an answer of tools is told in words. What is left is answered by otherwise(), or else fails with invalid_argument. A
/// streamed answer comes word by word. It never completes before it was suspended once.
/// @par Concurrency Single-threaded. @par Lifetime must outlive its operations.
class ScriptedModel final : public Model {
public:
    using Reply = std::function<Message(ModelRequest const&)>;
    using Responder = std::function<result<ModelResponse>(ModelRequest const&)>;

    explicit ScriptedModel(std::string name = "scripted");

    /// Appends an answer: text.
    ScriptedModel& say(std::string text);
    /// Appends an answer: a request for one tool. @param ref empty for none, as Gemini has it.
    ScriptedModel& call(std::string tool, boost::json::value input, std::string ref = {});
    /// Appends an answer as it is.
    ScriptedModel& answer(ModelResponse response);
    ScriptedModel& answer(Message message);
    ScriptedModel& fail(Failure failure);
    /// Answers nothing; completes when cancelled only.
    ScriptedModel& hang();

    /// A rule: when the user's message has `words` in it, in any case.
    ScriptedModel& when(std::string words, Reply reply);
    /// The same: then it requests `tool`. @param input of the user's text.
    ScriptedModel& when(std::string words, std::string tool, std::function<boost::json::value(std::string_view)> input);
    ScriptedModel& otherwise(Responder responder);
    /// Whether requests() keeps what it was asked. Default true.
    ScriptedModel& remember(bool value);

    std::string const& name() const noexcept override { return name_; }
    std::string_view provider() const noexcept override { return "scripted"; }
    awaitable<result<ModelResponse>> generate(ModelRequest request, ChunkSink on_chunk) override;

    /// In the order they came.
    std::vector<ModelRequest> const& requests() const noexcept { return requests_; }
    /// Answers of the script that were not used yet.
    std::size_t remaining() const noexcept { return script_.size(); }

private:
    struct Hang {};
    result<ModelResponse> decide(ModelRequest const& request);

    std::string name_;
    std::deque<std::variant<ModelResponse, Failure, Hang>> script_;
    std::vector<std::pair<std::string, Reply>> rules_;
    Responder otherwise_;
    std::vector<ModelRequest> requests_;
    std::size_t calls_ = 0;
    bool remember_ = true;
};

}  // namespace assent::testing
