#pragma once

#include "settings.hpp"

#include <assent/fga_client.hpp>
#include <assent/fts5_index.hpp>
#include <assent/oauth_client.hpp>
#include <assent/runtime.hpp>
#include <assent/secret.hpp>
#include <assent/tool.hpp>

#include <functional>
#include <string>
#include <vector>

namespace demo {

/// What the tools reach.
struct Surroundings {
    assent::OauthClient agent;         ///< Asks for approvals, exchanges tokens.
    assent::OauthClient device;        ///< A public client.
    assent::FgaConfig fga;
    assent::Fts5Index index;
    std::string calendar_url;
    std::string audience;              ///< Of the API that trades and fetches.
    std::int64_t confirm_above;
    /// Of a person at the tenant, as of their sign-in.
    std::function<assent::awaitable<assent::result<assent::Secret>>(assent::ToolCall)> refresh_token;
};

/// The five tools, each with its authorizer.
std::vector<assent::Tool> make_tools(assent::Runtime runtime, Surroundings surroundings);

}  // namespace demo
