#include "support/fake_ciba_provider.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <utility>

namespace assent::test {

namespace json = boost::json;

FakeCibaProvider::FakeCibaProvider(std::shared_ptr<Clock> clock) : FakeProvider(std::move(clock), "/bc-authorize", "auth_req_id") {}

HttpResponse FakeCibaProvider::start(std::map<std::string, std::string> form)
{
    auto const hint = json::parse(form.at("login_hint"));
    Pending request;
    request.subject = std::string(hint.at("sub").as_string());
    request.parameters = std::move(form);
    request.expires_at = now() + expires_in;
    auto id = fmt::format("auth-req-secret-{}", ++ids_);
    json::object body;
    body.emplace("auth_req_id", id);
    body.emplace("expires_in", expires_in.count());
    if (interval)
        body.emplace("interval", *interval);
    pending.emplace_back(std::move(id), std::move(request));
    return json_response(200, body);
}

void FakeCibaProvider::add_claims(json::object& claims, std::string const& id) const
{
    claims.emplace("urn:openid:params:jwt:claim:auth_req_id", id);
}

}  // namespace assent::test
