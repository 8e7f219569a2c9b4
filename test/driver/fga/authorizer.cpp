#include "support/background.hpp"
#include "support/fake_openfga.hpp"
#include "support/recording_observer.hpp"

#include <assent/fga_authorizer.hpp>
#include <assent/tool.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace json = boost::json;
using namespace assent;

namespace fga_authorizer_test {

struct ReadDoc {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ReadDoc, (), (id))

}  // namespace fga_authorizer_test

namespace {

using fga_authorizer_test::ReadDoc;
using Answer = outcome<Credentials>;

Check viewer(ReadDoc const& doc, ToolCall const& call)
{
    return Check(call.principal().subject_as("user"), "viewer", "doc:" + doc.id);
}

int runs = 0;
awaitable<std::string> content(ReadDoc doc, ToolContext& context)
{
    BOOST_TEST(context.credentials().decisions().size() == 1U);
    ++runs;
    co_return "content of " + doc.id;
}

class Fixture : public test::FakeOpenFgaFixture {
public:
    static ToolCall read(std::string const& id = "1", Principal principal = alice())
    {
        json::object input;
        input["id"] = id;
        return ToolCall(std::move(principal), "read_doc", std::move(input));
    }
    static Fga options() { return Fga().build_query(viewer); }
    FgaAuthorizer authorizer(Fga its_options = options()) { return FgaAuthorizer(client(), std::move(its_options)); }
    Answer ask(Fga its_options, ToolCall call = read()) { return run(authorizer(std::move(its_options)).authorize(std::move(call))); }
    Answer ask() { return ask(options()); }

    static Fga several(Checks::Rule rule)
    {
        return Fga().build_query([rule](ReadDoc const& doc, ToolCall const& call) {
            std::vector<Check> all;
            for (char const* relation : {"viewer", "editor", "owner"})
                all.emplace_back(call.principal().subject_as("user"), relation, "doc:" + doc.id);
            return rule == Checks::Rule::any ? Checks::any(std::move(all)) : Checks::all(std::move(all));
        });
    }
    void error_for(std::string const& which)
    {
        server->verdict = [which](std::string const& question) -> std::optional<json::object> {
            if (question.find(which) == std::string::npos)
                return std::nullopt;
            return json::parse(R"({"error":{"internal_error":"internal_error","message":"oops"}})").as_object();
        };
    }
    std::string complaint(Fga its_options)
    {
        try {
            authorizer(std::move(its_options));
        }
        catch (ConfigurationError const& error) {
            return error.what();
        }
        return {};
    }
};

bool is_pending(Answer const& answer) { return answer.has_interrupt() && answer.interrupt().resumable(); }

bool denied(Answer const& answer)
{
    return answer.has_interrupt() && answer.interrupt().kind() == InterruptKind::denied && answer.interrupt().flow() == Flow::fga;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fga_authorizer, Fixture)

BOOST_AUTO_TEST_CASE(what_is_allowed_leaves_a_decision_and_no_token)
{
    server->allow("user:alice", "viewer", "doc:1");
    auto const answer = ask();
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer.value().names().empty());
    BOOST_REQUIRE(answer.value().decisions().size() == 1U);
    auto const& decision = answer.value().decisions().front();
    BOOST_TEST(decision.authorizer == "fga");
    BOOST_TEST(decision.subject == "user:alice");
    BOOST_TEST(decision.action == "viewer doc:1");
    BOOST_TEST(decision.reason == "request-1");
}

BOOST_AUTO_TEST_CASE(what_is_not_is_a_final_interrupt_with_the_decision)
{
    auto const answer = ask();
    BOOST_REQUIRE(denied(answer));
    auto const& interrupt = answer.interrupt();
    BOOST_TEST(!interrupt.resumable());
    BOOST_TEST(interrupt.code() == "FGA_ACCESS_DENIED");
    BOOST_TEST(interrupt.message() == "The user is not allowed to perform the action.");
    BOOST_REQUIRE(interrupt.decisions().size() == 1U);
    BOOST_TEST(interrupt.decisions().front().subject == "user:alice");
    BOOST_TEST(interrupt.decisions().front().action == "viewer doc:1");
    // Trusted storage keeps it, a browser or a model does not see it.
    auto const again = Interrupt::parse(interrupt.to_json());
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(again.value().decisions().front().action == "viewer doc:1");
    BOOST_TEST(json::serialize(interrupt.to_public_json()).find("doc:1") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(answers_must_be_fresh_unless_said_otherwise)
{
    BOOST_TEST(!is_pending(ask()));
    BOOST_TEST(server->bodies.back().at("consistency").as_string() == "HIGHER_CONSISTENCY");
    BOOST_TEST(!is_pending(ask(options().consistency(Consistency::minimize_latency))));
    BOOST_TEST(server->bodies.back().at("consistency").as_string() == "MINIMIZE_LATENCY");
    BOOST_TEST(!is_pending(ask(options().authorization_model_id("01HVMMBCMGZNT3SED4Z17ECXCM"))));
    BOOST_TEST(server->bodies.back().at("authorization_model_id").as_string() == "01HVMMBCMGZNT3SED4Z17ECXCM");
}

BOOST_AUTO_TEST_CASE(the_user_is_the_principal_of_the_call)
{
    server->allow("user:alice", "viewer", "doc:1");
    BOOST_TEST(ask(options(), read("1", alice())).has_value());
    BOOST_TEST(denied(ask(options(), read("1", bob()))));
    // A subject that would be a wildcard or a user set is a name like others.
    server->allow("user:*", "viewer", "doc:1");
    BOOST_TEST(denied(ask(options(), read("1", Principal("https://idp.example/", "*")))));
}

BOOST_AUTO_TEST_CASE(without_a_subject_nothing_is_asked)
{
    auto const answer = ask(options(), read("1", Principal()));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::no_subject));
    BOOST_TEST(server->paths.empty());
}

BOOST_AUTO_TEST_CASE(the_question_may_take_a_coroutine)
{
    server->allow("user:alice", "viewer", "doc:1");
    auto const later = [](ReadDoc doc, ToolCall call) -> awaitable<Check> { co_return viewer(doc, call); };
    BOOST_TEST(ask(Fga().build_query(later)).has_value());
    BOOST_TEST(denied(ask(Fga().build_query(later), read("2"))));
    auto const failing = [](ToolCall const&) -> awaitable<result<Checks>> { co_return Failure(Errc::temporarily_unavailable, "no directory"); };
    auto const answer = ask(Fga().build_query(failing));
    BOOST_REQUIRE(answer.has_failure());
    BOOST_TEST((answer.failure() == Errc::temporarily_unavailable));
}

BOOST_AUTO_TEST_CASE(with_all_every_check_must_be_allowed)
{
    auto const all = several(Checks::Rule::all);
    server->allow("user:alice", "viewer", "doc:1");
    server->allow("user:alice", "editor", "doc:1");
    auto const two = ask(all);
    BOOST_REQUIRE(denied(two));
    BOOST_REQUIRE(two.interrupt().decisions().size() == 1U);
    BOOST_TEST(two.interrupt().decisions().front().action == "owner doc:1");
    BOOST_TEST(server->paths.size() == 1U);
    server->allow("user:alice", "owner", "doc:1");
    auto const three = ask(all);
    BOOST_REQUIRE(three.has_value());
    BOOST_TEST(three.value().decisions().size() == 3U);
}

BOOST_AUTO_TEST_CASE(with_any_one_is_enough)
{
    auto const any = several(Checks::Rule::any);
    auto const none = ask(any);
    BOOST_REQUIRE(denied(none));
    BOOST_TEST(none.interrupt().decisions().size() == 3U);
    server->allow("user:alice", "editor", "doc:1");
    auto const one = ask(any);
    BOOST_REQUIRE(one.has_value());
    BOOST_REQUIRE(one.value().decisions().size() == 1U);
    BOOST_TEST(one.value().decisions().front().action == "editor doc:1");
}

BOOST_AUTO_TEST_CASE(an_error_decides_nothing_that_the_other_answers_do_not)
{
    server->allow("user:alice", "viewer", "doc:1");
    error_for("editor");
    // all: the denial of owner decides.
    BOOST_TEST(denied(ask(several(Checks::Rule::all))));
    // any: the yes to viewer decides.
    BOOST_TEST(ask(several(Checks::Rule::any)).has_value());
    server->allow("user:alice", "owner", "doc:1");
    BOOST_TEST(ask(several(Checks::Rule::all)).has_failure());
    server->allowed.clear();
    BOOST_TEST(ask(several(Checks::Rule::any)).has_failure());
}

BOOST_AUTO_TEST_CASE(nothing_but_the_servers_allowed_is_a_yes)
{
    server->allow("user:alice", "viewer", "doc:1");
    for (auto const* body : {"", "{}", "[]", "null", "true", R"({"allowed":"true"})", R"({"allowed":1})", R"({"allowed":null})",
                             R"({"result":{"allowed":true}})", R"({"Allowed":true})", R"({"allowed":true)"}) {
        server->fault = [body](HttpRequest const&) { return HttpResponse(200, body); };
        BOOST_TEST(ask().has_failure(), body);
    }
    for (int const status : {201, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 501, 503}) {
        server->fault = [status](HttpRequest const&) { return HttpResponse(status, R"({"code":"x","message":"allowed"})"); };
        BOOST_TEST(ask().has_failure(), status);
    }
    for (auto const code : {Errc::connection_reset, Errc::timed_out, Errc::tls_failed}) {
        server->fault = [code](HttpRequest const&) { return result<HttpResponse>(code); };
        auto const answer = ask();
        BOOST_REQUIRE(answer.has_failure());
        BOOST_TEST((answer.failure() == code));
    }
    // A batch without an answer to one of its questions.
    server->fault = nullptr;
    server->allow("user:alice", "editor", "doc:1");
    server->allow("user:alice", "owner", "doc:1");
    server->verdict = [](std::string const& question) -> std::optional<json::object> {
        if (question.find("owner") == std::string::npos)
            return std::nullopt;
        return json::object();
    };
    BOOST_TEST(ask(several(Checks::Rule::all)).has_failure());
}

BOOST_AUTO_TEST_CASE(a_query_that_asks_nothing_or_throws_allows_nothing)
{
    auto const none = ask(Fga().build_query([](ToolCall const&) { return Checks(); }));
    BOOST_REQUIRE(none.has_failure());
    BOOST_TEST((none.failure() == Errc::invalid_argument));
    BOOST_TEST(ask(Fga().build_query([](ToolCall const&) { return Checks::all({}); })).has_failure());
    BOOST_TEST(ask(Fga().build_query([](ToolCall const&) { return Checks::any({}); })).has_failure());
    BOOST_TEST(ask(Fga().build_query([](ToolCall const&) { return std::vector<Check>(101, Check("user:a", "b", "c:d")); })).has_failure());
    auto const threw = ask(Fga().build_query([](ToolCall const&) -> Check { throw std::runtime_error("no such department"); }));
    BOOST_REQUIRE(threw.has_failure());
    BOOST_TEST(threw.failure().detail().find("no such department") != std::string_view::npos);
    ToolCall wrong = read();
    wrong.input(json::parse(R"({"id":7})"));
    auto const input = ask(options(), wrong);
    BOOST_REQUIRE(input.has_failure());
    BOOST_TEST((input.failure() == Errc::invalid_input));
    // What the server would refuse is not sent.
    BOOST_TEST(ask(options(), read("two words")).has_failure());
    BOOST_TEST(server->paths.empty());
    BOOST_TEST(ask(options(), read("")).has_failure());
}

BOOST_AUTO_TEST_CASE(options_that_cannot_work_are_refused_and_named)
{
    BOOST_TEST(complaint(options()) == "");
    BOOST_TEST(complaint(Fga()).find("build_query()") != std::string::npos);
    BOOST_TEST(complaint(options().name("")).find("name()") != std::string::npos);
    BOOST_TEST(complaint(options().name(std::string(65, 'a'))).find("name()") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_protected_tool_runs_when_allowed_and_answers_as_told_when_not)
{
    runs = 0;
    auto const handler = content;
    auto const plain = protect(tool<ReadDoc>("read_doc", "Reads", handler), authorizer());
    auto told = options();
    told.on_unauthorized([](Refusal refusal, ToolCall call) {
        auto const& interrupt = std::get<Interrupt>(refusal);
        return "no " + interrupt.decisions().front().action + " for " + call.principal().subject();
    });
    auto const polite = protect(tool<ReadDoc>("read_doc", "Reads", handler), authorizer(told));

    auto const refused = run(plain.call(read()));
    BOOST_REQUIRE(refused.has_interrupt());
    BOOST_TEST((refused.interrupt().kind() == InterruptKind::denied));
    auto const answered = run(polite.call(read()));
    BOOST_REQUIRE(answered.has_value());
    BOOST_TEST((answered.value() == json::value("no viewer doc:1 for alice")));
    BOOST_TEST(runs == 0);
    server->allow("user:alice", "viewer", "doc:1");
    BOOST_TEST((run(polite.call(read())).value() == json::value("content of 1")));
    BOOST_TEST(runs == 1);

    // A failure is refused too, and is told as what it is.
    auto failing = options();
    failing.on_unauthorized([](Refusal refusal, ToolCall) {
        return std::holds_alternative<Failure>(refusal) ? json::value("try later") : json::value("no");
    });
    server->fault = [](HttpRequest const&) { return result<HttpResponse>(Errc::connect_failed); };
    BOOST_TEST((run(protect(tool<ReadDoc>("read_doc", "Reads", handler), authorizer(failing)).call(read())).value() ==
                json::value("try later")));
    BOOST_TEST(runs == 1);
}

BOOST_AUTO_TEST_CASE(every_decision_is_audited)
{
    test::RecordingObserver observer;
    runtime.observer(std::shared_ptr<Observer>(std::shared_ptr<void>(), &observer));
    server->allow("user:alice", "viewer", "doc:1");
    BOOST_TEST(!is_pending(ask()));
    BOOST_TEST(!is_pending(ask(options(), read("2"))));
    server->fault = [](HttpRequest const&) { return result<HttpResponse>(Errc::timed_out); };
    BOOST_TEST(!is_pending(ask()));
    BOOST_TEST(observer.events == (std::vector<std::string>{"granted", "denied", "failed"}), boost::test_tools::per_element());
    BOOST_TEST(observer.counters["assent.authorizations authz.method=fga authz.outcome=denied"] == 1U);
    BOOST_TEST(observer.audits[1].starts_with("denied fga https://idp.example/ alice"));
    BOOST_TEST(observer.audits[0].find("read_doc") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cancelled_question_allows_nothing)
{
    server->allow("user:alice", "viewer", "doc:1");
    test::Background<Answer> asking(io, authorizer().authorize(read()));
    poll();
    asking.cancel();
    poll();
    if (!asking.done())
        BOOST_TEST(!is_pending(ask()));
    BOOST_REQUIRE(asking.done());
    BOOST_TEST((asking.value().has_value() || asking.value().failure() == Errc::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
