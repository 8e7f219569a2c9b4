#include <assent/credentials.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace assent {

TokenSet::TokenSet() = default;
TokenSet::TokenSet(TokenSet const&) = default;
TokenSet::TokenSet(TokenSet&&) noexcept = default;
TokenSet& TokenSet::operator=(TokenSet const&) = default;
TokenSet& TokenSet::operator=(TokenSet&&) noexcept = default;
TokenSet::~TokenSet() = default;

boost::json::value const& TokenSet::authorization_details() const noexcept {
    static boost::json::value const none;
    return details_ ? *details_ : none;
}

void TokenSet::authorization_details(boost::json::value details) {
    details_ = std::make_shared<boost::json::value const>(std::move(details));
}

bool TokenSet::has_scope(std::string_view scope) const noexcept {
    return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

bool TokenSet::valid_at(std::chrono::system_clock::time_point now, std::chrono::seconds skew) const noexcept {
    return !access_token.empty() && (!expires_at || *expires_at - skew > now);
}

struct Credentials::Data {
    std::vector<std::pair<std::string, TokenSet>> tokens;
    std::vector<Decision> decisions;

    TokenSet* find(std::string_view name) {
        auto const at = std::find_if(tokens.begin(), tokens.end(),
                                     [name](auto const& entry) { return entry.first == name; });
        return at == tokens.end() ? nullptr : &at->second;
    }
};

Credentials::Credentials(std::string name, TokenSet tokens) {
    auto data = std::make_shared<Data>();
    data->tokens.emplace_back(std::move(name), std::move(tokens));
    data_ = std::move(data);
}

Credentials::Credentials(Decision decision) {
    auto data = std::make_shared<Data>();
    data->decisions.push_back(std::move(decision));
    data_ = std::move(data);
}

TokenSet const* Credentials::find(std::string_view name) const noexcept {
    if (data_ == nullptr)
        return nullptr;
    for (auto const& [key, tokens] : data_->tokens) {
        if (key == name)
            return &tokens;
    }
    return nullptr;
}

TokenSet const& Credentials::tokens() const {
    if (data_ == nullptr || data_->tokens.empty())
        throw std::logic_error("Credentials::tokens(): these credentials hold no token set");
    if (data_->tokens.size() > 1)
        throw std::logic_error(
            "Credentials::tokens(): these credentials hold several token sets; use find(name)");
    return data_->tokens.front().second;
}

std::vector<std::string_view> Credentials::names() const {
    std::vector<std::string_view> names;
    if (data_ != nullptr) {
        for (auto const& entry : data_->tokens)
            names.push_back(entry.first);
    }
    return names;
}

std::vector<Decision> const& Credentials::decisions() const noexcept {
    static std::vector<Decision> const none;
    return data_ == nullptr ? none : data_->decisions;
}

Credentials Credentials::merged_with(Credentials const& other) const {
    if (data_ == nullptr || data_ == other.data_)
        return other;
    if (other.data_ == nullptr)
        return *this;
    auto data = std::make_shared<Data>(*data_);
    for (auto const& [name, tokens] : other.data_->tokens) {
        if (TokenSet* const mine = data->find(name))
            *mine = tokens;
        else
            data->tokens.emplace_back(name, tokens);
    }
    data->decisions.insert(data->decisions.end(), other.data_->decisions.begin(),
                           other.data_->decisions.end());
    Credentials merged;
    merged.data_ = std::move(data);
    return merged;
}

}  // namespace assent
