#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <utility>

namespace assent {

/// A piece of text that a retriever found: what it says, what it is called, and how well it fits.
class Document {
public:
    Document() = default;
    Document(std::string id, std::string text) : id_(std::move(id)), text_(std::move(text)) {}
    Document(std::string id, std::string text, boost::json::object metadata)
        : id_(std::move(id)), text_(std::move(text)), metadata_(std::move(metadata))
    {
    }

    /// May be empty: not every index names its documents. What is authorized is what a query names, not the id.
    std::string const& id() const noexcept { return id_; }
    std::string const& text() const noexcept { return text_; }
    boost::json::object const& metadata() const noexcept { return metadata_; }
    /// The larger, the better; the scale is the index's own. Default 0.
    double score() const noexcept { return score_; }

    Document& id(std::string value) { id_ = std::move(value); return *this; }
    Document& text(std::string value) { text_ = std::move(value); return *this; }
    Document& metadata(boost::json::object value) { metadata_ = std::move(value); return *this; }
    Document& score(double value) noexcept { score_ = value; return *this; }

private:
    std::string id_;
    std::string text_;
    boost::json::object metadata_;
    double score_ = 0;
};

}  // namespace assent
