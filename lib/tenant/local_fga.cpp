#include <assent/testing/local_fga.hpp>

#include "tenant/fga/server.hpp"

#include <utility>

namespace assent::testing {

struct LocalFga::Impl {
    explicit Impl(std::shared_ptr<Clock> its_clock) : clock(std::move(its_clock)) {}

    std::shared_ptr<Clock> clock;
    tenant::FgaServer engine;

    static awaitable<HttpServerResponse> answer(std::shared_ptr<Impl> self, HttpServerRequest request) {
        auto const target = request.query_string.empty() ? request.path : request.path + "?" + request.query_string;
        auto const done = self->engine.handle(request.method, target, request.body, self->clock->now());
        HttpServerResponse out(done.status);
        out.headers = done.headers;
        out.body = done.body;
        co_return out;
    }
};

LocalFga::LocalFga(std::shared_ptr<Clock> clock) : impl_(std::make_shared<Impl>(std::move(clock))) {}

LocalFgaStore LocalFga::make_store(std::string_view name, boost::json::object const& model, std::vector<TupleKey> const& tuples) {
    std::vector<tenant::RelationTuple> relations;
    relations.reserve(tuples.size());
    for (auto const& tuple : tuples)
        relations.push_back({tuple.user(), tuple.relation(), tuple.object()});
    auto const seed = impl_->engine.make_store(name, model, relations, impl_->clock->now());
    LocalFgaStore out;
    out.id = seed.store_id;
    out.model_id = seed.model_id;
    return out;
}

HttpHandler LocalFga::handler() const {
    return [impl = impl_](HttpServerRequest request) { return Impl::answer(impl, std::move(request)); };
}

FgaConfig LocalFga::config(std::string api_url, LocalFgaStore const& store) {
    FgaConfig out(std::move(api_url), store.id);
    out.authorization_model_id(store.model_id);
    return out;
}

}  // namespace assent::testing
