#pragma once

#include <assent/agent.hpp>
#include <assent/model.hpp>
#include <assent/runtime.hpp>
#include <assent/store.hpp>
#include <assent/tool.hpp>

#include "protocol/generation.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assent::detail {

/// Is told of sessions that have calls which wait.
class SessionWatcher {
public:
    virtual ~SessionWatcher() = default;
    virtual void on_interrupted(Session const& session, std::chrono::system_clock::time_point due) = 0;
};

/// What all runs of an agent share.
class AgentCore {
public:
    AgentCore(Runtime its_runtime, std::shared_ptr<Model> its_model, std::vector<Tool> its_tools, AgentOptions its_options);

    /// Null when there is none of that name.
    Tool const* tool(std::string_view name) const;
    /// With the tools of a run only.
    std::shared_ptr<GenerationConfig const> config_for(RunOptions const& options) const;

    Runtime runtime;
    std::shared_ptr<Model> model;
    AgentOptions options;
    std::shared_ptr<GenerationConfig const> config;
    std::vector<std::weak_ptr<SessionWatcher>> watchers;

private:
    std::map<std::string, Tool, std::less<>> tools_;
};

}  // namespace assent::detail
