#pragma once

#include "tenant/fga/message.hpp"

#include <assent/http_message.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assent::tenant {

/// A request to the FGA server, read but not understood.
struct FgaRequest {
    std::string_view method;
    std::vector<std::string> path;  ///< Its segments.
    std::map<std::string, std::string, std::less<>> query;
    boost::json::object body;
    std::size_t body_bytes = 0;
    std::chrono::system_clock::time_point now;

    std::string_view store_id() const { return path[1]; }
    std::string_view parameter(std::string_view name) const {
        auto const at = query.find(name);
        return at == query.end() ? std::string_view() : std::string_view(at->second);
    }
    Message message() const { return Message(body); }
};

HttpResponse json_answer(int status, boost::json::object const& body);

}  // namespace assent::tenant
