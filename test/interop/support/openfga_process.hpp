#pragma once

#include "interop/support/child_process.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

/// The real OpenFGA server as a child process on loopback, everything in memory, ready to answer. It is killed when the object
/// goes, and also when this process dies.
class OpenFgaProcess {
public:
    /// Whether the server is on this machine: at ASSENT_OPENFGA, or where test/run.sh puts it.
    static bool installed();

    /// Without authentication. @param flags more flags of `openfga run`. @throws std::runtime_error when it does not start.
    explicit OpenFgaProcess(std::vector<std::string> flags = {});
    /// Accepts these keys as API tokens.
    static std::unique_ptr<OpenFgaProcess> with_preshared_key(std::string const& key);
    /// Accepts the tokens of that issuer for that audience.
    static std::unique_ptr<OpenFgaProcess> with_oidc(std::string const& issuer, std::string const& audience);

    /// "http://127.0.0.1:PORT"
    std::string const& url() const noexcept { return url_; }
    std::string errors() const { return process_->errors(); }
    ::pid_t pid() const noexcept { return process_->pid(); }

    /// A new store without a model: its id. Only where there is no authentication.
    std::string make_store() const;

private:
    std::string url_;
    std::unique_ptr<ChildProcess> process_;
};

/// For BOOST_AUTO_TEST_SUITE(name, *boost::unit_test::precondition(openfga_is_there)): skips the suite, saying so, where the server is
/// not installed; but not in CI, where it has to be.
boost::test_tools::assertion_result openfga_is_there(boost::unit_test::test_unit_id);

}  // namespace assent::test
