// A user's test of a client of theirs against the local tenant.
#include <assent/testing/tenant.hpp>

#include <boost/asio/io_context.hpp>

int main()
{
    boost::asio::io_context io(1);
    assent::testing::TenantConfig config;
    config.tls(true).signing(assent::SignatureAlgorithm::es256);
    assent::testing::LocalTenant tenant(io.get_executor(), config);
    tenant.client().validate();
    return tenant.principal("alice").issuer() == tenant.issuer() && !tenant.ca_pem().empty() ? 0 : 1;
}
