#pragma once

#include <assent/agent.hpp>
#include <assent/async.hpp>

#include <utility>

namespace assent {

/// Agent::generate() with a completion token, for callers that are no coroutines of Asio's.
///
/// `void(boost::system::error_code, AgentResponse)`, on the executor of the agent's runtime. The code is that of AgentResponse::failure(),
/// if there is one; interrupts are no errors. Everything else as async_operation() and the agent have it.
template <class Token>
auto async_generate(Agent agent, Session session, Turn turn, RunOptions options, Token&& token)
{
    auto executor = agent.runtime().executor();
    auto start = [](Agent& its_agent, Session& its_session, Turn& its_turn, RunOptions& its_options) {
        return its_agent.generate(its_session, its_turn, its_options);
    };
    return async_operation(std::move(executor), std::forward<Token>(token), start, std::move(agent), std::move(session), std::move(turn),
                           std::move(options));
}

/// The same over a conversation that the host keeps.
template <class Token>
auto async_generate(Agent agent, GenerateRequest request, RunOptions options, Token&& token)
{
    auto executor = agent.runtime().executor();
    auto start = [](Agent& its_agent, GenerateRequest& its_request, RunOptions& its_options) {
        return its_agent.generate(its_request, its_options);
    };
    return async_operation(std::move(executor), std::forward<Token>(token), start, std::move(agent), std::move(request), std::move(options));
}

/// Agent::resume(), likewise.
template <class Token>
auto async_resume(Agent agent, Session session, Resume resume, RunOptions options, Token&& token)
{
    auto executor = agent.runtime().executor();
    auto start = [](Agent& its_agent, Session& its_session, Resume& its_resume, RunOptions& its_options) {
        return its_agent.resume(its_session, its_resume, its_options);
    };
    return async_operation(std::move(executor), std::forward<Token>(token), start, std::move(agent), std::move(session), std::move(resume),
                           std::move(options));
}

}  // namespace assent
