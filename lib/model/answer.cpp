#include "model/answer.hpp"

#include <utility>

namespace assent::models {
namespace {

constexpr std::size_t max_parts = 4096;
constexpr std::size_t max_name = 256;

}  // namespace

void AnswerBuilder::add(Part part) {
    end_text();
    if (auto const* const request = part.if_tool_request())
        too_long_ = too_long_ || request->name.size() > max_name || request->ref.size() > max_name;
    parts_.push_back(std::move(part));
}

void AnswerBuilder::append(Part part) {
    auto const kind = part.kind();
    if (!part.metadata().empty() || (kind != PartKind::text && kind != PartKind::reasoning))
        add(std::move(part));
    else
        append(kind, kind == PartKind::text ? *part.if_text() : *part.if_reasoning());
}

void AnswerBuilder::append(PartKind kind, std::string_view piece) {
    if (kind_ != kind) {
        end_text();
        kind_ = kind;
    }
    text_.append(piece);
}

void AnswerBuilder::end_text() {
    if (kind_ && !text_.empty())
        parts_.push_back(*kind_ == PartKind::text ? Part::text(std::move(text_)) : Part::reasoning(std::move(text_)));
    text_.clear();
    kind_.reset();
}

std::optional<Failure> AnswerBuilder::check() const {
    if (parts_.size() > max_parts)
        return Failure(Errc::malformed_response, "the model's answer has more than 4096 parts");
    if (too_long_)
        return Failure(Errc::malformed_response, "the model calls a tool by a name or id of more than 256 bytes");
    return std::nullopt;
}

ModelResponse AnswerBuilder::take() {
    end_text();
    if (!parts_.empty() || response.finish_reason == FinishReason::stop)
        response.message = Message(Role::model, std::exchange(parts_, {}));
    return std::move(response);
}

}  // namespace assent::models
