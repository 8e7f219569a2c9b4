#pragma once

#include "interop/support/openfga_process.hpp"
#include "interop/support/run.hpp"

#include <assent/fga_client.hpp>
#include <assent/principal.hpp>
#include <assent/runtime.hpp>

#include <boost/asio/io_context.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::test {

/// user: a person. group: member. doc: owner; viewer (a user, everybody, members of a group, the owner). tool: can_use. stock: can_buy, under
/// the condition is_open (current_time < closes_at).
std::string_view openfga_model();

/// A new store of a server, with openfga_model(). Everything throws std::runtime_error when the server refuses.
class OpenFgaStore {
public:
    explicit OpenFgaStore(OpenFgaProcess const& server);

    std::string const& id() const noexcept { return id_; }
    std::string const& model_id() const noexcept { return model_id_; }
    void write(std::vector<TupleKey> const& tuples) const;
    void write(std::string user, std::string relation, std::string object) const;

private:
    std::string url_;
    std::string id_;
    std::string model_id_;
};

/// A store of that server, and a client of it on real sockets.
class OpenFgaFixture {
public:
    explicit OpenFgaFixture(OpenFgaProcess const& its_server);

    FgaConfig config() const;
    FgaClient client() const { return FgaClient(runtime, config()); }
    static Principal alice() { return Principal("https://idp.example.test/", "alice"); }
    static Principal bob() { return Principal("https://idp.example.test/", "bob"); }
    template <class T>
    T run(awaitable<T> operation) {
        return test::run(context, std::move(operation));
    }

    OpenFgaProcess const& server;
    OpenFgaStore store{server};
    asio::io_context context;
    Runtime runtime{context.get_executor()};
};

}  // namespace assent::test
