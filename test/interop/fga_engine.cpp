// The local tenant's FGA engine beside the real OpenFGA server: the same requests, the same answers.
#include "interop/support/openfga_store.hpp"
#include "tenant/fga/server.hpp"

#include <assent/beast_http_client.hpp>

#include <boost/json.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace assent;
namespace json = boost::json;

namespace {

test::OpenFgaProcess const& the_real_server() {
    static test::OpenFgaProcess const server;
    return server;
}

struct BothAnswer {
    int status = 0;
    json::value body;

    std::string code() const {
        auto const* const object = body.if_object();
        auto const* const value = object == nullptr ? nullptr : object->if_contains("code");
        return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
    }
};

/// A store of each, asked the same.
class BothServers {
public:
    BothServers() {
        BeastHttpClientConfig config;
        config.proxy_from_environment(false);
        http_ = make_beast_http_client(io_.get_executor(), config);
        json::object body;
        body["name"] = "both";
        real_store_ = text(ask_real("POST", "/stores", body).body, "id");
        our_store_ = text(ask_ours("POST", "/stores", body).body, "id");
    }

    /// Asks both, of a path below the store; "MODEL" in the body is each one's model.
    std::pair<BothAnswer, BothAnswer> ask(std::string const& method, std::string const& path, json::object const& body) {
        return {ask_real(method, "/stores/" + real_store_ + path, with_model(body, real_model_)),
                ask_ours(method, "/stores/" + our_store_ + path, with_model(body, our_model_))};
    }
    /// Whether both took it. They have to agree.
    bool write_model(json::object const& model) {
        auto const [real, ours] = ask("POST", "/authorization-models", model);
        BOOST_TEST_CONTEXT(json::serialize(model)) {
            BOOST_REQUIRE_MESSAGE(real.status == ours.status && real.code() == ours.code(), described(real, ours));
        }
        if (real.status != 201)
            return false;
        real_model_ = text(real.body, "authorization_model_id");
        our_model_ = text(ours.body, "authorization_model_id");
        return true;
    }
    static std::string described(BothAnswer const& real, BothAnswer const& ours) {
        return "the real server: " + std::to_string(real.status) + " " + json::serialize(real.body) + "; the engine: " + std::to_string(ours.status) +
               " " + json::serialize(ours.body);
    }

private:
    static std::string text(json::value const& value, char const* member) {
        return std::string(value.at(member).as_string());
    }
    static json::object with_model(json::object body, std::string const& model) {
        if (auto* const value = body.if_contains("authorization_model_id"); value != nullptr && *value == "MODEL")
            *value = model;
        return body;
    }
    BothAnswer ask_real(std::string const& method, std::string const& path, json::object const& body) {
        HttpRequest request(method == "GET" ? HttpMethod::get : method == "PUT" ? HttpMethod::put : HttpMethod::post, the_real_server().url() + path);
        if (method != "GET")
            request.body("application/json", json::serialize(body));
        auto const answer = test::run(io_, http_->send(request));
        BOOST_REQUIRE(answer.has_value());
        return {answer.value().status, answer.value().body.empty() ? json::value() : json::parse(answer.value().body)};
    }
    BothAnswer ask_ours(std::string const& method, std::string const& path, json::object const& body) {
        auto const answer = engine_.handle(method, path, method == "GET" ? std::string() : json::serialize(body), std::chrono::system_clock::now());
        return {answer.status, answer.body.empty() ? json::value() : json::parse(answer.body)};
    }

    boost::asio::io_context io_{1};
    std::shared_ptr<HttpClient> http_;
    tenant::FgaServer engine_;
    std::string real_store_, our_store_, real_model_, our_model_;
};

/// Small models, tuples and questions by chance; the same for the same seed.
class Chance {
public:
    /// @param plain without intersections and exclusions
    explicit Chance(unsigned seed, bool plain = false) : random_(seed), plain_(plain) {}

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
    bool once_in(std::size_t n) { return below(n) == 0; }
    template <class T>
    T const& one_of(std::vector<T> const& list) {
        return list[below(list.size())];
    }

    json::object model() {
        json::array types;
        json::object user;
        user["type"] = "user";
        types.push_back(std::move(user));
        for (auto const& type : {"group", "folder", "doc"})
            types.push_back(type_definition(type));
        json::object out;
        out["schema_version"] = "1.1";
        out["type_definitions"] = std::move(types);
        model_ = out;
        return out;
    }

    std::string object() { return one_of(types_) + ":" + std::to_string(below(3)); }
    std::string user() {
        switch (below(8)) {
        case 0:
            return "user:*";
        case 1:
            return object() + "#" + one_of(relations_);
        case 2:
            return object();
        default:
            return "user:" + std::to_string(below(3));
        }
    }
    /// Usually one that the model takes.
    json::object tuple() {
        auto const& definition = one_of_types();
        auto const relation = once_in(4) ? std::string("parent") : one_of(relations_);
        json::object out;
        out["user"] = user();
        out["relation"] = relation;
        out["object"] = std::string(definition.at("type").as_string()) + ":" + std::to_string(below(3));
        auto const& restrictions = definition.at("metadata").at("relations").at(relation).at("directly_related_user_types").as_array();
        if (restrictions.empty() || once_in(10))
            return out;
        auto const& restriction = restrictions[below(restrictions.size())].as_object();
        std::string name(restriction.at("type").as_string());
        name += restriction.contains("wildcard") ? ":*" : ":" + std::to_string(below(3));
        if (auto const* const its_relation = restriction.if_contains("relation"))
            name += "#" + std::string(its_relation->get_string());
        out["user"] = name;
        return out;
    }
    json::object question() {
        json::object out;
        out["user"] = user();
        out["relation"] = once_in(20) ? std::string("parent") : one_of(relations_);
        out["object"] = object();
        if (once_in(40))
            out["user"] = one_of(std::vector<std::string>{"user", "nobody:1", "user:", "group:1#", "group:1#none", "*", "group:*#member", "user:1 2"});
        if (once_in(40))
            out["object"] = one_of(std::vector<std::string>{"doc", "planet:1", "doc:*", "doc:1#viewer", ":1", "doc:1:2"});
        if (once_in(40))
            out["relation"] = one_of(std::vector<std::string>{"none", "a b", "x#y", ""});
        return out;
    }
    json::object const& last_model() const { return model_; }
    std::string relation() { return one_of(relations_); }
    std::string type() { return one_of(types_); }
    json::array contextual() {
        json::array out;
        for (auto n = once_in(3) ? below(3) : 0; n > 0; --n)
            out.push_back(tuple());
        return out;
    }

private:
    json::object const& one_of_types() {
        auto const& list = model_.at("type_definitions").as_array();
        return list[1 + below(list.size() - 1)].as_object();
    }
    json::object type_definition(std::string const& type) {
        json::object relations;
        json::object metadata;
        add(relations, metadata, "parent", "this", {});
        json::array parents;
        for (auto const& container : containers_) {
            if (once_in(2))
                parents.push_back(restriction(container, {}, false));
        }
        if (parents.empty())
            parents.push_back(restriction("folder", {}, false));
        metadata["parent"].as_object()["directly_related_user_types"] = std::move(parents);
        for (std::size_t i = 0; i < relations_.size(); ++i) {
            level_ = i;
            bool assignable = false;
            relations[relations_[i]] = rewrite(0, assignable);
            json::object related;
            json::array list;
            if (assignable || once_in(200)) {
                list.push_back(restriction("user", {}, false));
                if (once_in(3))
                    list.push_back(restriction("user", {}, true));
                if (once_in(2))
                    list.push_back(restriction(one_of(containers_), one_of(relations_), false));
                if (once_in(3))
                    list.push_back(restriction(type, relations_[i], false));
            }
            related["directly_related_user_types"] = std::move(list);
            metadata[relations_[i]] = std::move(related);
        }
        json::object about;
        about["relations"] = std::move(metadata);
        json::object out;
        out["type"] = type;
        out["relations"] = std::move(relations);
        out["metadata"] = std::move(about);
        return out;
    }
    static void add(json::object& relations, json::object& metadata, std::string const& name, char const* kind, json::object value) {
        json::object rewrite;
        rewrite[kind] = std::move(value);
        relations[name] = std::move(rewrite);
        metadata[name] = json::object();
    }
    static json::object restriction(std::string const& type, std::string const& relation, bool wildcard) {
        json::object out;
        out["type"] = type;
        if (wildcard)
            out["wildcard"] = json::object();
        else if (!relation.empty())
            out["relation"] = relation;
        return out;
    }
    static json::object named(std::string const& relation) {
        json::object out;
        out["relation"] = relation;
        return out;
    }
    json::object rewrite(int depth, bool& assignable) {
        json::object out;
        auto const kind = below(depth < 2 ? 9 : 4);
        if (kind == 2 && (level_ > 0 || once_in(10))) {
            // Usually of what was defined before, so that few models lead to themselves.
            out["computedUserset"] = named(once_in(30) ? one_of(relations_) : relations_[level_ == 0 ? 1 : below(level_)]);
        } else if (kind == 3) {
            json::object from;
            from["tupleset"] = named("parent");
            from["computedUserset"] = named(one_of(relations_));
            out["tupleToUserset"] = std::move(from);
        } else if (kind >= 4) {
            json::array children;
            for (std::size_t n = 2 + below(2); n > 0; --n)
                children.push_back(rewrite(depth + 1, assignable));
            json::object inner;
            if (kind == 7 && !plain_) {
                inner["base"] = children[0];
                inner["subtract"] = children[1];
                out["difference"] = std::move(inner);
            } else {
                inner["child"] = std::move(children);
                out[kind == 8 && !plain_ ? "intersection" : "union"] = std::move(inner);
            }
        } else {
            out["this"] = json::object();
            assignable = true;
        }
        return out;
    }

    std::mt19937 random_;
    bool plain_;
    json::object model_;
    std::size_t level_ = 0;
    std::vector<std::string> types_{"group", "folder", "doc"};
    std::vector<std::string> containers_{"group", "folder"};
    std::vector<std::string> relations_{"member", "editor", "viewer", "blocked"};
};

json::object keys_of(json::array tuples) {
    json::object out;
    out["tuple_keys"] = std::move(tuples);
    return out;
}

std::vector<std::string> sorted_list(json::value const& body, char const* member) {
    std::vector<std::string> out;
    for (auto const& value : body.at(member).as_array())
        out.push_back(json::serialize(value));
    std::sort(out.begin(), out.end());
    return out;
}

/// In their order, without the times.
std::string tuples_of(json::value const& body) {
    std::string out;
    for (auto const& tuple : body.at("tuples").as_array())
        out += json::serialize(tuple.at("key")) + "\n";
    return out + (body.at("continuation_token").as_string().empty() ? "" : "more");
}

struct Tally {
    int wavering = 0;
    int contradictions = 0;  // of the real server to itself
    int models = 0, refused_models = 0, checks = 0, allowed = 0, failed_checks = 0, lists = 0, found = 0, writes = 0, refused_writes = 0;
};

void compare_writes(BothServers& both, Chance& chance, Tally& tally) {
    for (int i = 0; i < 25; ++i) {
        json::array tuples;
        for (std::size_t n = 1 + chance.below(3); n > 0; --n)
            tuples.push_back(chance.tuple());
        json::object body;
        body[chance.once_in(10) ? "deletes" : "writes"] = keys_of(std::move(tuples));
        body["authorization_model_id"] = "MODEL";
        auto const [real, ours] = both.ask("POST", "/write", body);
        BOOST_TEST_CONTEXT(json::serialize(body)) {
            BOOST_REQUIRE_MESSAGE(real.status == ours.status && real.code() == ours.code(), BothServers::described(real, ours));
        }
        ++tally.writes;
        tally.refused_writes += real.status != 200;
    }
}

void compare_checks(BothServers& both, Chance& chance, Tally& tally) {
    json::array checks;
    std::set<std::string> wavering;
    for (int i = 0; i < 40; ++i) {
        json::object check;
        check["tuple_key"] = chance.question();
        check["correlation_id"] = std::to_string(i);
        if (auto tuples = chance.contextual(); !tuples.empty())
            check["contextual_tuples"] = keys_of(std::move(tuples));
        json::object alone = check;
        alone["authorization_model_id"] = "MODEL";
        auto [real, ours] = both.ask("POST", "/check", alone);
        // Where an answer depends on itself, the real server says what it comes to first: not the same every time.
        for (int again = 0; again < 30 && real.status == 200 && ours.status == 200 && real.body != ours.body; ++again) {
            tally.wavering += again == 0;
            wavering.insert(std::to_string(i));
            real = both.ask("POST", "/check", alone).first;
        }
        BOOST_TEST_CONTEXT(json::serialize(alone)) {
            BOOST_REQUIRE_MESSAGE(real.status == ours.status && real.code() == ours.code(), BothServers::described(real, ours));
            if (real.status == 200)
                BOOST_REQUIRE_MESSAGE(real.body.at("allowed") == ours.body.at("allowed"), BothServers::described(real, ours));
        }
        ++tally.checks;
        tally.failed_checks += real.status != 200;
        tally.allowed += real.status == 200 && real.body.at("allowed").as_bool();
        // A question that breaks a pattern spoils its batch.
        if (real.status == 200 || std::string_view(real.body.at("message").as_string()).find("regex") == std::string_view::npos)
            checks.push_back(std::move(check));
    }
    json::object batch;
    batch["checks"] = std::move(checks);
    batch["authorization_model_id"] = "MODEL";
    auto [real, ours] = both.ask("POST", "/batch-check", batch);
    BOOST_REQUIRE_MESSAGE(real.status == 200 && ours.status == 200, BothServers::described(real, ours));
    // One may waver here that did not when it was asked alone.
    auto const differ = [&] {
        auto const& list = real.body.at("result").as_object();
        return std::any_of(list.begin(), list.end(), [&](auto const& one) {
            auto const* const allowed = one.value().as_object().if_contains("allowed");
            auto const* const ours_allows = ours.body.at("result").at(one.key()).as_object().if_contains("allowed");
            return allowed != nullptr && (ours_allows == nullptr || *allowed != *ours_allows) && !wavering.contains(std::string(one.key()));
        });
    };
    for (int again = 0; again < 30 && differ(); ++again) {
        tally.wavering += again == 0;
        real = both.ask("POST", "/batch-check", batch).first;
        BOOST_REQUIRE_MESSAGE(real.status == 200, BothServers::described(real, ours));
    }
    for (auto const& [id, result] : real.body.at("result").as_object()) {
        auto const& our_result = ours.body.at("result").at(id).as_object();
        ++tally.checks;
        if (wavering.contains(std::string(id)))
            continue;
        BOOST_TEST_CONTEXT(id << " of " << json::serialize(batch)) {
            if (auto const* const error = result.as_object().if_contains("error")) {
                BOOST_REQUIRE_MESSAGE(our_result.contains("error"), json::serialize(result) << json::serialize(our_result));
                BOOST_REQUIRE_EQUAL(error->at("input_error"), our_result.at("error").at("input_error"));
            } else {
                BOOST_REQUIRE_MESSAGE(our_result.contains("allowed"), json::serialize(result) << json::serialize(our_result));
                BOOST_REQUIRE_EQUAL(result.at("allowed"), our_result.at("allowed"));
            }
        }
    }
}

/// Whether the real server's own check says of every object that only one of them lists what our list says.
bool check_takes_our_side(BothServers& both, json::object const& asked, json::value const& real, json::value const& ours) {
    auto const of_real = sorted_list(real, "objects");
    auto const of_ours = sorted_list(ours, "objects");
    std::vector<std::string> disputed;
    std::set_symmetric_difference(of_real.begin(), of_real.end(), of_ours.begin(), of_ours.end(), std::back_inserter(disputed));
    return std::all_of(disputed.begin(), disputed.end(), [&](std::string const& object) {
        json::object key;
        key["user"] = asked.at("user");
        key["relation"] = asked.at("relation");
        key["object"] = json::parse(object);
        json::object check;
        check["tuple_key"] = std::move(key);
        if (auto const* const tuples = asked.if_contains("contextual_tuples"))
            check["contextual_tuples"] = *tuples;
        check["authorization_model_id"] = "MODEL";
        auto const [real_check, our_check] = both.ask("POST", "/check", check);
        bool const listed = std::binary_search(of_ours.begin(), of_ours.end(), object);
        return real_check.status == 200 && our_check.status == 200 && real_check.body.at("allowed") == listed && our_check.body.at("allowed") == listed;
    });
}

void compare_list(BothServers& both, char const* path, json::object body, char const* member, Tally& tally) {
    body["authorization_model_id"] = "MODEL";
    auto [real, ours] = both.ask("POST", path, body);
    auto const same = [&] { return real.status == ours.status && (real.status != 200 || sorted_list(real.body, member) == sorted_list(ours.body, member)); };
    auto const given_up = [&] { return real.code() == "deadline_exceeded"; };
    for (int again = 0; again < 30 && !same() && !given_up(); ++again) {
        tally.wavering += again == 0;
        real = both.ask("POST", path, body).first;
    }
    if (given_up())
        return;  // The real server gives some models up after its 3 seconds.
    BOOST_TEST_CONTEXT(path << " " << json::serialize(body)) {
        BOOST_REQUIRE_MESSAGE(real.status == ours.status && real.code() == ours.code(), BothServers::described(real, ours));
        ++tally.lists;
        if (real.status != 200)
            return;
        if (!same() && std::string_view(path) == "/list-objects" && check_takes_our_side(both, body, real.body, ours.body)) {
            ++tally.contradictions;
            return;
        }
        BOOST_REQUIRE_MESSAGE(sorted_list(real.body, member) == sorted_list(ours.body, member), BothServers::described(real, ours));
        tally.found += static_cast<int>(sorted_list(real.body, member).size());
    }
}

void compare_searches(BothServers& both, Chance& chance, Tally& tally) {
    for (int i = 0; i < 10; ++i) {
        json::object objects;
        objects["user"] = chance.user();
        objects["relation"] = chance.once_in(20) ? std::string("none") : chance.relation();
        objects["type"] = chance.once_in(20) ? std::string("planet") : chance.type();
        if (auto tuples = chance.contextual(); !tuples.empty())
            objects["contextual_tuples"] = keys_of(std::move(tuples));
        compare_list(both, "/list-objects", std::move(objects), "objects", tally);
    }
    for (int i = 0; i < 4; ++i) {
        json::object key;
        key["object"] = chance.object();
        key["relation"] = chance.relation();
        json::object body;
        body["tuple_key"] = std::move(key);
        body["authorization_model_id"] = "MODEL";
        auto const [real, ours] = both.ask("POST", "/expand", body);
        BOOST_REQUIRE_MESSAGE(real.status == ours.status && real.body == ours.body, BothServers::described(real, ours));
    }
    auto const [real, ours] = both.ask("POST", "/read", {});
    BOOST_REQUIRE_EQUAL(tuples_of(real.body), tuples_of(ours.body));
}

void compare_users(BothServers& both, Chance& chance, Tally& tally) {
    for (int i = 0; i < 15; ++i) {
        json::object users;
        json::object object;
        object["type"] = chance.type();
        object["id"] = std::to_string(chance.below(3));
        users["object"] = std::move(object);
        users["relation"] = chance.relation();
        json::object filter;
        filter["type"] = chance.once_in(3) ? chance.type() : std::string("user");
        if (filter["type"] != "user" && chance.once_in(2))
            filter["relation"] = chance.relation();
        users["user_filters"] = json::array{std::move(filter)};
        compare_list(both, "/list-users", std::move(users), "users", tally);
    }
}

json::object object_of(std::string_view text) {
    return json::parse(text).as_object();
}

/// The model of the other tests, without its condition.
json::object plain_model() {
    auto model = object_of(test::openfga_model());
    model.erase("conditions");
    model["type_definitions"].as_array().pop_back();
    return model;
}

void must_agree(BothServers& both, std::string const& method, std::string const& path, json::object const& body, int status) {
    auto const [real, ours] = both.ask(method, path, body);
    BOOST_TEST_CONTEXT(method << " " << path << " " << json::serialize(body)) {
        BOOST_TEST((real.status == ours.status && real.code() == ours.code()), BothServers::described(real, ours));
        BOOST_TEST(real.status == status, BothServers::described(real, ours));
    }
}

int fga_engine_setting(char const* variable, int otherwise) {
    char const* const given = std::getenv(variable);
    return given == nullptr ? otherwise : std::max(0, std::atoi(given));
}

/// Each is eight models. ASSENT_FGA_PARTS: so many; ASSENT_FGA_FIRST: the first one's number. A failure tells its seed, its model and its
/// question.
int fga_engine_parts() {
    return std::max(1, fga_engine_setting("ASSENT_FGA_PARTS", 4));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fga_engine, *boost::unit_test::precondition(assent::test::openfga_is_there))

BOOST_DATA_TEST_CASE(models_tuples_and_questions_by_chance_are_answered_as_the_real_server_does, boost::unit_test::data::xrange(fga_engine_parts()), part) {
    Tally tally;
    auto const first = static_cast<unsigned>(part + fga_engine_setting("ASSENT_FGA_FIRST", 0)) * 1000;
    for (unsigned seed = first; tally.models < 8; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            Chance chance(seed);
            BothServers both;
            if (!both.write_model(chance.model())) {
                ++tally.refused_models;
                continue;
            }
            ++tally.models;
            BOOST_TEST_CONTEXT(json::serialize(chance.last_model())) {
            compare_writes(both, chance, tally);
            compare_checks(both, chance, tally);
            compare_searches(both, chance, tally);
            }
        }
    }
    BOOST_TEST_MESSAGE("models " << tally.models << " (" << tally.refused_models << " refused), writes " << tally.writes << " (" << tally.refused_writes
                                 << " refused), checks " << tally.checks << " (" << tally.allowed << " allowed, " << tally.failed_checks
                                 << " errors, " << tally.wavering << " wavering), contradictions " << tally.contradictions << ", lists " << tally.lists << " (" << tally.found << " found)");
    BOOST_TEST(tally.checks >= 320);
    BOOST_TEST(tally.wavering <= 3);
    BOOST_TEST(tally.contradictions <= 1);
    BOOST_TEST(tally.allowed >= 5);
    BOOST_TEST(tally.failed_checks >= 5);
    BOOST_TEST(tally.found >= 5);
    BOOST_TEST(tally.refused_writes >= 20);
}

// The real server lists users by a walk of its own, which sees exclusions of everybody otherwise than its check does.
BOOST_AUTO_TEST_CASE(users_are_listed_as_by_the_real_server_where_nothing_is_excluded) {
    Tally tally;
    for (unsigned seed = 1; tally.models < 12; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            Chance chance(seed, true);
            BothServers both;
            if (!both.write_model(chance.model()))
                continue;
            ++tally.models;
            BOOST_TEST_CONTEXT(json::serialize(chance.last_model())) {
                compare_writes(both, chance, tally);
                compare_users(both, chance, tally);
            }
        }
    }
    BOOST_TEST(tally.found >= 20);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_request_is_told_by_the_same_code) {
    BothServers both;
    must_agree(both, "POST", "/check", object_of(R"({"tuple_key":{"user":"user:a","relation":"viewer","object":"doc:1"}})"), 400);
    BOOST_REQUIRE(both.write_model(plain_model()));
    std::string const long_id(260, 'x');
    struct Wrong {
        char const* path;
        std::string body;
    };
    std::string const at = R"("tuple_key":{"user":"user:a","relation":"viewer","object":"doc:1"})";
    std::vector<Wrong> const wrong{
        {"/check", "{}"},
        {"/check", R"({"tuple_key":null})"},
        {"/check", R"({"tuple_key":{}})"},
        {"/check", R"({"tuple_key":5})"},
        {"/check", R"({"tuple_key":{"user":7,"relation":"viewer","object":"doc:1"}})"},
        {"/check", R"({"tuple_key":{"user":"u","relation":"viewer","object":"doc:1"}})"},
        {"/check", R"({"tuple_key":{"user":"user:a","relation":"viewer","object":"doc:)" + long_id + R"("}})"},
        {"/check", R"({"tuple_key":{"user":"user:a","relation":")" + long_id + R"(","object":"doc:1"}})"},
        {"/check", "{" + at + R"(,"authorization_model_id":"nonsense"})"},
        {"/check", "{" + at + R"(,"authorization_model_id":"01ARZ3NDEKTSV4RRFFQ69G5FAV"})"},
        {"/check", "{" + at + R"(,"consistency":7})"},
        {"/check", "{" + at + R"(,"contextual_tuples":{"tuple_keys":[{"user":"doc:1","relation":"viewer","object":"doc:1"}]}})"},
        {"/check", "{" + at + R"(,"contextual_tuples":{"tuple_keys":[{"user":"","relation":"","object":""}]}})"},
        {"/check", "{" + at + R"(,"contextual_tuples":{"tuple_keys":[{"user":"user:a","relation":"viewer","object":"doc:1","condition":{"name":"none"}}]}})"},
        {"/check", "{" + at + R"(,"contextual_tuples":[]})"},
        {"/batch-check", "{}"},
        {"/batch-check", R"({"checks":[]})"},
        {"/batch-check", R"({"checks":[{}]})"},
        {"/batch-check", R"({"checks":[{)" + at + "}]}"},
        {"/batch-check", R"({"checks":[{)" + at + R"(,"correlation_id":"a b"}]})"},
        {"/batch-check", R"({"checks":[{)" + at + R"(,"correlation_id":"a"},{)" + at + R"(,"correlation_id":"a"}]})"},
        {"/list-objects", "{}"},
        {"/list-objects", R"({"type":"doc","relation":"viewer"})"},
        {"/list-objects", R"({"type":"d c","relation":"viewer","user":"user:a"})"},
        {"/list-objects", R"({"type":"planet","relation":"viewer","user":"user:a"})"},
        {"/list-objects", R"({"type":"doc","relation":"none","user":"user:a"})"},
        {"/list-objects", R"({"type":"doc","relation":"viewer","user":"planet:a"})"},
        {"/list-objects", R"({"type":"doc","relation":"viewer","user":"user:a","contextual_tuples":{"tuple_keys":[{"user":"doc:1","relation":"viewer","object":"doc:1"}]}})"},
        {"/list-users", "{}"},
        {"/list-users", R"({"object":{"type":"doc","id":"1"},"relation":"viewer"})"},
        {"/list-users", R"({"object":{"type":"doc","id":"1"},"relation":"none","user_filters":[{"type":"user"}]})"},
        {"/list-users", R"({"object":{"type":"doc","id":"1"},"relation":"viewer","user_filters":[{"type":"planet"}]})"},
        {"/list-users", R"({"object":{"type":"planet","id":"1"},"relation":"viewer","user_filters":[{"type":"user"}]})"},
        {"/expand", "{}"},
        {"/expand", R"({"tuple_key":{"relation":"viewer","object":"planet:1"}})"},
        {"/expand", R"({"tuple_key":{"relation":"none","object":"doc:1"}})"},
        {"/write", "{}"},
        {"/write", R"({"writes":{}})"},
        {"/write", R"({"writes":{"tuple_keys":[]}})"},
        {"/write", R"({"writes":{"tuple_keys":[{"user":"user:a","relation":"viewer","object":"doc:1"}],"on_duplicate":"maybe"}})"},
        {"/write", R"({"writes":{"tuple_keys":[{"user":"user:a","relation":"viewer","object":"doc:1"},{"user":"user:a","relation":"viewer","object":"doc:1"}]}})"},
        {"/write", R"({"writes":{"tuple_keys":[{"user":"doc:1#viewer","relation":"viewer","object":"doc:1"}]}})"},
        {"/write", R"({"writes":{"tuple_keys":[{"user":"user:a","relation":"viewer","object":"doc:1","condition":{"name":"none"}}]}})"},
        {"/write", R"({"deletes":{"tuple_keys":[{"user":"user:a","relation":"viewer","object":"doc:9"}]}})"},
        {"/write", R"({"deletes":{"tuple_keys":[{"user":"a b","relation":"viewer","object":"doc:9"}]}})"},
        {"/read", R"({"tuple_key":{}})"},
        {"/read", R"({"tuple_key":{"object":"doc:"}})"},
        {"/read", R"({"tuple_key":{"user":"user:a"}})"},
        {"/read", R"({"page_size":0})"},
        {"/read", R"({"page_size":101})"},
        {"/read", R"({"continuation_token":"%"})"},
        {"/authorization-models", "{}"},
        {"/authorization-models", R"({"type_definitions":[]})"},
        {"/authorization-models", R"({"type_definitions":[{"type":"a"}]})"},
        {"/authorization-models", R"({"schema_version":"3.0","type_definitions":[{"type":"user"}]})"},
        {"/authorization-models", R"({"schema_version":"1.0","type_definitions":[{"type":"user"}]})"},
        {"/authorization-models", R"({"type_definitions":[{"type":"a b"}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"self"}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user"},{"type":"user"}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a:b":{"this":{}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"this":{"this":{}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"this":{}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"this":{},"union":{}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"difference":{"base":{"this":{}}}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"difference":{"subtract":{"this":{}}}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"tupleToUserset":{}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"computedUserset":{"relation":"a"}}}}]})"},
        {"/authorization-models", R"({"schema_version":"1.1","type_definitions":[{"type":"user","relations":{"a":{"this":{}}},"metadata":{"relations":{"a":{"directly_related_user_types":[{"type":"user","condition":"none"}]}}}}]})"},
    };
    for (auto const& each : wrong)
        must_agree(both, "POST", each.path, object_of(each.body), 400);
    must_agree(both, "POST", "/nothing", {}, 404);
    must_agree(both, "GET", "/check", {}, 404);
    must_agree(both, "GET", "/authorization-models/nonsense", {}, 400);
    must_agree(both, "GET", "/authorization-models/01ARZ3NDEKTSV4RRFFQ69G5FAV", {}, 400);
    must_agree(both, "GET", "/authorization-models?page_size=0", {}, 400);
    must_agree(both, "GET", "/changes?page_size=x", {}, 400);
    must_agree(both, "GET", "/changes?type=a%20b", {}, 400);
}

BOOST_AUTO_TEST_CASE(chains_are_followed_as_far_as_by_the_real_server) {
    BothServers both;
    BOOST_REQUIRE(both.write_model(object_of(R"({"schema_version":"1.1","type_definitions":[{"type":"user"},{"type":"group","relations":{"member":{"this":{}}},
        "metadata":{"relations":{"member":{"directly_related_user_types":[{"type":"user"},{"type":"group","relation":"member"}]}}}}]})")));
    json::array tuples;
    for (int i = 0; i < 40; ++i) {
        json::object tuple;
        tuple["user"] = i == 39 ? std::string("group:0#member") : "group:" + std::to_string(i + 1) + "#member";
        tuple["relation"] = "member";
        tuple["object"] = "group:" + std::to_string(i);
        tuples.push_back(std::move(tuple));
    }
    json::object body;
    body["writes"] = keys_of(std::move(tuples));
    must_agree(both, "POST", "/write", body, 200);
    // A userset is asked for: no shortcut that the real server may or may not take.
    for (int last : {1, 10, 24, 25, 26, 39}) {
        json::object key;
        key["user"] = "group:" + std::to_string(last) + "#member";
        key["relation"] = "member";
        key["object"] = "group:0";
        json::object question;
        question["tuple_key"] = std::move(key);
        must_agree(both, "POST", "/check", question, last <= 25 ? 200 : 400);
    }
}

BOOST_AUTO_TEST_CASE(a_model_with_conditions_is_refused_clearly) {
    tenant::FgaServer engine;
    auto const now = std::chrono::system_clock::now();
    auto const store = json::parse(engine.handle("POST", "/stores", R"({"name":"test"})", now).body).at("id").as_string();
    auto const answer = engine.handle("POST", "/stores/" + std::string(store) + "/authorization-models", test::openfga_model(), now);
    BOOST_TEST(answer.status == 501);
    BOOST_TEST(answer.body.find("conditions") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
