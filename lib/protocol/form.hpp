#pragma once

#include <string>
#include <string_view>

namespace assent {

/// Appends `text` in the encoding of application/x-www-form-urlencoded: unreserved characters as they are, space as '+'.
void append_form_encoded(std::string& out, std::string_view text);
std::string form_encoded(std::string_view text);

/// The body of a form POST. Its memory is wiped when it goes, also when it grows.
class FormBody {
public:
    static constexpr std::string_view content_type = "application/x-www-form-urlencoded";

    FormBody();
    FormBody(FormBody const&) = delete;
    FormBody& operator=(FormBody const&) = delete;
    ~FormBody();

    /// Adds `name=value`, also when value is empty; callers leave absent parameters out.
    FormBody& add(std::string_view name, std::string_view value) &;
    /// Adds text that is encoded already: what another FormBody had.
    FormBody& append(std::string_view encoded) &;
    bool empty() const noexcept { return text_.empty(); }
    /// The encoded text; this is empty afterwards.
    std::string take();

private:
    std::string text_;
};

}  // namespace assent
