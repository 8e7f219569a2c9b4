#include "interop/support/device_fixture.hpp"

#include <vector>

namespace assent::test {

OauthClient RealDeviceFixture::public_client() const {
    return OauthClient::standard(provider.issuer(), "public").allow_plain_http(true);
}

DeviceAuthorization RealDeviceFixture::device_options() const {
    DeviceAuthorization result;
    result.scopes(std::vector<std::string>{"read"});
    result.audience(std::string("https://api.example.test/"));
    return result;
}

std::string RealDeviceFixture::browse(std::string_view uri, std::string_view decision, std::string_view subject,
                                  std::string_view user_code) const {
    boost::json::object body;
    body["uri"] = uri;
    body["decision"] = decision;
    body["sub"] = subject;
    if (!user_code.empty())
        body["userCode"] = user_code;
    return std::string(admin.call("POST", "browse", body).at("title").as_string());
}

std::string RealDeviceFixture::browse(Interrupt const& pending, std::string_view decision,
                                  std::string_view subject) const {
    return browse(pending.device()->verification_uri_complete, decision, subject);
}

}  // namespace assent::test
