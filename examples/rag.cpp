// "Show me forecast for ZEKO?": retrieval in which everybody finds what they may see, and nothing else.
//
// The documents are in a full-text index in memory (SQLite FTS5), who may see them is in an OpenFGA store that the example makes.
//
//   FGA_API_URL=http://localhost:8080 rag [QUESTION]
//
// Ends with 0 when Alice and Bob found what is theirs. For a server to try it with: test/support/with_openfga.sh rag
#include <assent/assent.hpp>
#include <assent/beast_http_client.hpp>
#include <assent/fga_retriever.hpp>
#include <assent/fts5_index.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace json = boost::json;

// ---------------------------------------------------------------------------------------------------- the company

assent::Document document(std::string id, std::string title, std::string text) {
    json::object metadata;
    metadata["title"] = std::move(title);
    return assent::Document(std::move(id), std::move(text), std::move(metadata));
}

assent::Documents library() {
    assent::Documents all;
    all.push_back(document("public-doc", "Press release",
                           "ZEKO reported revenue of 4.2 billion. The public forecast for ZEKO is growth of 8 percent."));
    all.push_back(document("private-doc", "Analyst's note, confidential",
                           "Confidential forecast for ZEKO: a loss is expected in Q3, the public forecast will not hold."));
    all.push_back(document("other-doc", "Canteen", "The forecast for lunch: rice, and on Thursday rice."));
    // Nobody may see these, and they fit the question as well.
    for (int i = 0; i < 60; ++i)
        all.push_back(document(fmt::format("draft-{}", i), "Draft", fmt::format("Draft {}: forecast for ZEKO", i)));
    for (int i = 0; i < 200; ++i)
        all.push_back(document(fmt::format("minutes-{}", i), "Minutes", fmt::format("Minutes of meeting {}: nothing was decided.", i)));
    return all;
}

json::object model() {
    return json::parse(R"({"schema_version": "1.1", "type_definitions": [
        {"type": "user"},
        {"type": "doc", "relations": {"viewer": {"this": {}}}, "metadata": {"relations": {"viewer": {
            "directly_related_user_types": [{"type": "user"}, {"type": "user", "wildcard": {}}]}}}}]})")
        .as_object();
}

/// What a program does once, or somebody else has done.
assent::awaitable<assent::FgaClient> set_up(assent::FgaClient server, assent::Fts5Index index) {
    auto documents = library();
    (co_await index.put(std::move(documents))).value();

    auto const store = (co_await server.create_store("rag example")).value();
    auto its_model = model();
    auto fga = server.with_store(store.id);
    auto const model_id = (co_await fga.write_authorization_model(std::move(its_model))).value();
    assent::Write grants;
    grants.write(assent::TupleKey("user:*", "viewer", "doc:public-doc"))
        .write(assent::TupleKey("user:*", "viewer", "doc:other-doc"))
        .write(assent::TupleKey("user:alice", "viewer", "doc:private-doc"));
    (co_await fga.write(std::move(grants))).value();
    co_return server.with_store(store.id, model_id);
}

// ---------------------------------------------------------------------------------------------------- the retriever

assent::FgaRetriever make_retriever(assent::FgaClient fga, assent::Fts5Index index) {
    return assent::FgaRetriever(std::move(fga), std::move(index))
        .build_query([](assent::Document const& document, assent::Principal const& principal) {
            return assent::Check(principal.subject_as("user"), "viewer", "doc:" + document.id());
        });
}

/// What would be put into the model's prompt. True when the confidential note was in it.
assent::awaitable<bool> ask(assent::FgaRetriever retriever, std::string who, std::string question) {
    // Who asks comes from the host's session, never from the model.
    assent::Principal const principal("https://idp.example/", who);
    auto const found = (co_await retriever.retrieve(principal, question, 4)).value();
    fmt::print("\n{} asks: {}\n", who, question);
    bool confidential = false;
    for (assent::Document const& each : found) {
        fmt::print("  {:<12} {:5.2f}  {}: {}\n", each.id(), each.score(), each.metadata().at("title").as_string().c_str(), each.text());
        confidential = confidential || each.id() == "private-doc";
    }
    fmt::print("  ({} allowed, {} denied, {} errors; {} checks)\n", found.report.allowed, found.report.denied,
               found.report.errored, found.report.checks);
    co_return confidential;
}

assent::awaitable<void> story(assent::FgaClient server, assent::Fts5Index index, std::string question, bool& fine) {
    auto const fga = co_await set_up(server, index);
    auto const retriever = make_retriever(fga, index);
    bool const alice = co_await ask(retriever, "alice", question);
    bool const bob = co_await ask(retriever, "bob", question);
    fine = alice && !bob;
}

int main(int argc, char** argv) {
    try {
        char const* const url = std::getenv("FGA_API_URL");
        if (url == nullptr)
            throw std::invalid_argument("set FGA_API_URL to the address of an OpenFGA server");
        std::string const question = argc > 1 ? argv[1] : "Show me forecast for ZEKO?";

        asio::io_context context;
        asio::thread_pool pool(1);  // for the index; joined before the io_context goes
        assent::Runtime runtime(context.get_executor());
        runtime.http(assent::make_beast_http_client(context.get_executor(), assent::BeastHttpClientConfig()));
        assent::FgaClient const server(runtime, assent::FgaConfig(url));
        assent::Fts5Index const index(":memory:", pool.get_executor());

        bool fine = false;
        asio::co_spawn(context, story(server, index, question, fine), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
        context.run();
        fmt::print("\n{}\n", fine ? "Alice found the confidential note, Bob did not." : "That is not as it should be.");
        return fine ? 0 : 1;
    } catch (std::exception const& error) {
        fmt::print(stderr, "rag: {}\n", error.what());
        return 2;
    }
}
