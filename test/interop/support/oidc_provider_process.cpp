#include "interop/support/oidc_provider_process.hpp"

#include "interop/support/loopback_json.hpp"
#include "support/paths.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace assent::test {
namespace {

std::string interop_folder() {
    return std::string(source_dir()) + "/test/interop";
}

std::vector<std::string> command(std::vector<std::string> const& flags) {
    if (!std::filesystem::exists(interop_folder() + "/node_modules/oidc-provider"))
        throw std::runtime_error("node-oidc-provider is not installed: run `npm ci` in " + interop_folder());
    std::vector<std::string> result = {"node", interop_folder() + "/oidc_provider.mjs", "--watch-stdin"};
    result.insert(result.end(), flags.begin(), flags.end());
    if (std::find(flags.begin(), flags.end(), "--tls") != flags.end()) {
        result.push_back("--certs");
        result.push_back(certificates());
    }
    return result;
}

}  // namespace

std::string const& certificates() {
    static std::string const folder = [] {
        std::string const made = std::string(build_dir()) + "/interop-certificates";
        ChildProcess script({"sh", interop_folder() + "/make_certs.sh", made});
        if (script.wait() != 0)
            throw std::runtime_error("make_certs.sh failed:\n" + script.errors());
        return made;
    }();
    return folder;
}

std::string secret_of(std::string_view client_id) {
    return std::string(client_id) + "-secret-0123456789abcdef0123456789";
}

void ProviderAdmin::approve(std::string_view id, boost::json::value const& options) const {
    call("POST", "ciba/" + std::string(id) + "/approve", options);
}

void ProviderAdmin::deny(std::string_view id, boost::json::value const& options) const {
    call("POST", "ciba/" + std::string(id) + "/deny", options);
}

void ProviderAdmin::expire(std::string_view id) const {
    call("POST", "ciba/" + std::string(id) + "/expire");
}

void ProviderAdmin::forget(std::string_view id) const {
    call("POST", "ciba/" + std::string(id) + "/forget");
}

void ProviderAdmin::config(boost::json::value const& changes) const {
    call("POST", "config", changes);
}

void ProviderAdmin::decide_automatically(std::string_view decision, std::string_view when, int count) const {
    boost::json::object automatic;
    automatic["decision"] = decision;
    automatic[when] = count;
    boost::json::object settings;
    settings["auto"] = std::move(automatic);
    config(settings);
}

void ProviderAdmin::fault(boost::json::value const& fault) const {
    call("POST", "faults", fault);
}

void ProviderAdmin::reset() const {
    call("POST", "reset");
}

boost::json::array ProviderAdmin::requests() const {
    return call("GET", "ciba").as_array();
}

boost::json::array ProviderAdmin::log() const {
    return call("GET", "log").as_array();
}

boost::json::array ProviderAdmin::log(std::string_view path) const {
    boost::json::array all = log();
    boost::json::array found;
    for (boost::json::value& entry : all)
        if (entry.at("path").as_string() == path)
            found.push_back(std::move(entry));
    return found;
}

boost::json::array ProviderAdmin::faults() const {
    return call("GET", "faults").as_array();
}

boost::json::object ProviderAdmin::pings() const {
    return call("GET", "pings").as_object();
}

boost::json::array ProviderAdmin::events() const {
    return call("GET", "events").as_array();
}

boost::json::value ProviderAdmin::call(std::string_view method, std::string_view what,
                                       boost::json::value const& body) const {
    return loopback_json(method, url_ + "/" + std::string(what), body);
}

OidcProviderProcess::OidcProviderProcess(std::vector<std::string> flags)
    : process_(command(flags)), admin_("") {
    boost::json::value const ready = boost::json::parse(process_.read_line(std::chrono::seconds(60)));
    issuer_ = ready.at("issuer").as_string();
    admin_ = ProviderAdmin(std::string(ready.at("admin").as_string()));
    auth0_ = ready.at("routes").as_string() == "auth0";
}

std::string OidcProviderProcess::domain() const {
    std::string_view text = issuer_;
    text.remove_prefix(text.find("//") + 2);
    if (text.ends_with('/'))
        text.remove_suffix(1);
    return std::string(text);
}

std::size_t OidcProviderProcess::pushes() const {
    std::size_t count = 0;
    for (boost::json::value const& entry : admin_.log(backchannel_path())) {
        boost::json::value const* const status = entry.as_object().if_contains("status");
        if (status != nullptr && status->to_number<int>() == 200)
            ++count;
    }
    return count;
}

}  // namespace assent::test
