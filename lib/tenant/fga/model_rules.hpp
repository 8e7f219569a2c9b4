#pragma once

#include "tenant/fga/model.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace assent::tenant {

/// The rules that a model has to keep; each broken one is a Refusal with invalid_authorization_model.
class ModelRules {
public:
    explicit ModelRules(Model& model) : model_(model) {}

    /// Also notes the model's tuplesets.
    void check();

private:
    /// By type: the relations that were looked at, and whether they have an entry point. Shared between the branches of a search, as the
    /// real server shares it: a branch sees what its elder siblings saw in types that were known before.
    using Visited = std::map<std::string, std::shared_ptr<std::map<std::string, bool>>>;
    struct Entry {
        bool found = false;
        bool loop = false;
    };

    void check_names() const;
    void check_relation(std::string const& type, std::string const& name, Relation const& relation);
    void check_rewrite(std::string const& type, std::string const& name, Rewrite const& rewrite) const;
    void check_restrictions(std::string const& type, std::string const& name, Relation const& relation) const;
    Entry entry_point(std::string const& type, std::string const& name, Rewrite const& rewrite, Visited const& visited);
    bool has_cycle(std::string const& type, std::string const& name, Rewrite const& rewrite, std::set<std::string>& visited);
    void note_tuplesets(std::string const& type, Rewrite const& rewrite);
    void step();

    Model& model_;
    std::size_t steps_ = 0;
};

}  // namespace assent::tenant
