#include "support/fake_device_provider.hpp"

#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent::test {

namespace json = boost::json;

FakeDeviceProvider::FakeDeviceProvider(std::shared_ptr<Clock> clock)
    : FakeProvider(std::move(clock), "/oauth/device/code", "device_code")
{
}

HttpResponse FakeDeviceProvider::start(std::map<std::string, std::string> form)
{
    Pending request;
    request.subject = person;
    request.parameters = std::move(form);
    request.expires_at = now() + expires_in;
    auto code = fmt::format("device-code-secret-{}", ++codes_);
    auto const user_code = fmt::format("QTZL-MCB{}", codes_);
    json::object body;
    body.emplace("device_code", code);
    body.emplace("user_code", user_code);
    body.emplace("verification_uri", fmt::format("https://{}/activate", domain));
    body.emplace("verification_uri_complete", fmt::format("https://{}/activate?user_code={}", domain, user_code));
    body.emplace("expires_in", expires_in.count());
    if (interval)
        body.emplace("interval", *interval);
    if (alter_start)
        alter_start(body);
    pending.emplace_back(std::move(code), std::move(request));
    return json_response(200, body);
}

int FakeDeviceProvider::error_status(std::string_view error) const
{
    return error == "slow_down" ? 429 : 403;
}

}  // namespace assent::test
