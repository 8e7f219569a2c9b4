#include "redis/session.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace assent;
using namespace assent::redis;

namespace {

class Word final : public Command {
public:
    explicit Word(std::string text) : text_(std::move(text)) {}
    void append(std::string& out, ServerFacts const&) override { out += text_; }
    char const* name() const noexcept override { return "a word"; }

private:
    void answered() override {}
    std::string text_;
};

/// A session whose server is the test.
class SessionFixture : public SessionOwner {
public:
    SessionFixture() { greet(Greeting()); }

    void greet(Greeting with) {
        greeting = std::move(with);
        session = std::make_unique<Session>(greeting, server, *this, ReplyBounds{10'000, 100});
        session->open();
    }
    void on_ready() override { ++readies; }
    void on_refused(Failure failure, bool good) override {
        refused = failure.message();
        for_good = good;
    }
    void on_reply(Command& command, Reply& reply) override {
        replies.emplace_back(&command, reply.text);
        if (close_in_reply)
            session->close(unanswered);
    }
    std::string written() {
        std::string const text(session->output());
        session->wrote(text.size());
        return text;
    }
    bool receive(std::string_view text) { return session->received(text, now); }
    /// Until it is ready.
    void be_greeted() {
        written();
        BOOST_TEST_REQUIRE(receive("+OK\r\n$40\r\n# Server\r\nrun_id:0123456789abcdef\r\nx:y\r\n\r\n*2\r\n$10\r\n1700000000\r\n$3\r\n250\r\n" + sha));
        BOOST_TEST_REQUIRE(session->ready());
    }

    std::string const sha = "$40\r\n0123456789abcdef0123456789abcdef01234567\r\n";
    Greeting greeting;
    Endpoint server{"10.0.0.1", 6379};
    SteadyTime now{1s};
    std::unique_ptr<Session> session;
    int readies = 0;
    std::string refused;
    bool for_good = false;
    bool close_in_reply = false;
    std::vector<std::pair<Command*, std::string>> replies;
    std::vector<Command*> unanswered;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_session, SessionFixture)

BOOST_AUTO_TEST_CASE(the_greeting_is_written_at_once_and_in_order) {
    Greeting full;
    full.to = Greeting::To::master;
    full.user = "agent";
    full.password = Secret("hush");
    full.database = 7;
    greet(std::move(full));
    auto const text = written();
    std::size_t at = 0;
    for (auto const* const part : {"AUTH\r\n$5\r\nagent\r\n$4\r\nhush", "SETNAME", "SELECT\r\n$1\r\n7", "ROLE", "INFO", "TIME", "SCRIPT\r\n$4\r\nLOAD"}) {
        auto const found = text.find(part);
        BOOST_TEST_REQUIRE(found != std::string::npos, part);
        BOOST_TEST(found >= at);
        at = found;
    }
    BOOST_TEST(receive("+OK\r\n+OK\r\n+OK\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n-NOPERM INFO\r\n-NOPERM TIME\r\n"));
    BOOST_TEST(readies == 0);
    BOOST_TEST(receive(sha));
    BOOST_TEST(readies == 1);
    BOOST_TEST(!session->facts().has_clock);
    BOOST_TEST(!session->facts().run_id.empty());
}

BOOST_AUTO_TEST_CASE(the_server_is_known_after_the_greeting) {
    be_greeted();
    BOOST_TEST(session->facts().run_id == "0123456789abcdef");
    BOOST_TEST(session->facts().has_clock);
    BOOST_TEST(session->facts().clock == 1'700'000'000'000'250 - 1'000'000);
    BOOST_TEST(session->facts().evalsha.find("EVALSHA\r\n$40\r\n0123456789abcdef0123456789abcdef01234567\r\n$1\r\n1\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_wrong_password_refuses_for_good_and_loading_does_not) {
    Greeting with;
    with.password = Secret("hush");
    greet(with);
    BOOST_TEST(!receive("-WRONGPASS invalid username-password pair or user is disabled.\r\n"));
    BOOST_TEST(for_good);
    BOOST_TEST(refused.find("check user() and password()") != std::string::npos, refused);
    BOOST_TEST(refused.find("hush") == std::string::npos);
    greet(Greeting());
    BOOST_TEST(!receive("-LOADING x\r\n-LOADING x\r\n-LOADING x\r\n-LOADING Redis is loading the dataset in memory\r\n"));
    BOOST_TEST(!for_good);
}

BOOST_AUTO_TEST_CASE(a_replica_is_refused_where_a_master_was_to_be) {
    Greeting with;
    with.to = Greeting::To::master;
    greet(with);
    BOOST_TEST(!receive("+OK\r\n*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:1\r\n"));
    BOOST_TEST(!for_good);
    BOOST_TEST(refused.find("not the master") != std::string::npos, refused);
}

BOOST_AUTO_TEST_CASE(a_server_without_scripts_or_with_a_hash_that_is_none_is_refused) {
    BOOST_TEST(!receive("+OK\r\n$0\r\n\r\n*0\r\n$40\r\nGGGG456789abcdef0123456789abcdef01234567\r\n"));
    BOOST_TEST(for_good);
}

BOOST_AUTO_TEST_CASE(answers_belong_to_commands_in_their_order_and_withdrawn_ones_are_dropped) {
    be_greeted();
    Word a("a");
    Word b("b");
    auto c = std::make_unique<Word>("c");
    for (Word* const each : {&a, &b, c.get()})
        session->send(*each, now);
    BOOST_TEST(written() == "abc");
    session->withdraw(b);
    BOOST_TEST(session->awaited() == 3u);
    BOOST_TEST(receive("+1\r\n+2\r\n+3\r\n"));
    BOOST_TEST_REQUIRE(replies.size() == 2u);
    BOOST_TEST((replies[0].first == &a && replies[0].second == "1"));
    BOOST_TEST((replies[1].first == c.get() && replies[1].second == "3"));
    BOOST_TEST(session->awaited() == 0u);
}

BOOST_AUTO_TEST_CASE(thousands_may_be_awaited) {
    be_greeted();
    std::vector<std::unique_ptr<Word>> words;
    for (int i = 0; i < 5000; ++i)
        session->send(*words.emplace_back(std::make_unique<Word>("x")), now);
    for (int i = 0; i < 5000; ++i)
        BOOST_TEST_REQUIRE(receive(":1\r\n"));
    BOOST_TEST(replies.size() == 5000u);
    BOOST_TEST((replies.back().first == words.back().get()));
}

BOOST_AUTO_TEST_CASE(after_a_loss_what_was_written_may_have_been_done_and_the_rest_was_not) {
    be_greeted();
    Word a("aaaa");
    Word b("bbbb");
    Word c("cccc");
    for (Word* const each : {&a, &b, &c})
        session->send(*each, now);
    session->wrote(6);
    session->close(unanswered);
    BOOST_TEST((unanswered == std::vector<Command*>{&a, &b, &c}));
    BOOST_TEST(a.repeated());
    BOOST_TEST(b.repeated());  // a part of it
    BOOST_TEST(!c.repeated());
}

BOOST_AUTO_TEST_CASE(what_was_answered_before_the_loss_is_not_given_back) {
    be_greeted();
    Word a("a");
    Word b("b");
    session->send(a, now);
    session->send(b, now);
    written();
    BOOST_TEST(receive("+1\r\n"));
    session->close(unanswered);
    BOOST_TEST((unanswered == std::vector<Command*>{&b}));
    BOOST_TEST(b.repeated());
}

BOOST_AUTO_TEST_CASE(an_owner_may_end_the_session_while_it_is_told_something) {
    be_greeted();
    Word a("a");
    Word b("b");
    session->send(a, now);
    session->send(b, now);
    written();
    close_in_reply = true;
    BOOST_TEST(!receive("+1\r\n+2\r\n"));
    BOOST_TEST(replies.size() == 1u);
    BOOST_TEST((unanswered == std::vector<Command*>{&b}));
}

BOOST_AUTO_TEST_CASE(an_answer_to_nothing_and_an_endless_one_end_the_session) {
    be_greeted();
    BOOST_TEST(!receive("+surprise\r\n"));
    BOOST_TEST(session->reason() == "an answer to nothing");
    greet(Greeting());
    be_greeted();
    Word a("a");
    session->send(a, now);
    BOOST_TEST(receive("$500000000\r\n"));
    BOOST_TEST(!receive(std::string(20'000, 'x')));
    BOOST_TEST(session->reason() == "a reply is longer than 10000 bytes");
}

BOOST_AUTO_TEST_CASE(the_script_is_loaded_once_for_all_that_were_sent_before) {
    be_greeted();
    Word a("a");
    Word b("b");
    session->send(a, now);
    session->send(b, now);
    written();
    BOOST_TEST(receive("-NOSCRIPT x\r\n"));
    session->load_script(a);
    session->send(a, now);
    BOOST_TEST(receive("-NOSCRIPT x\r\n"));
    session->load_script(b);
    session->send(b, now);
    auto const text = written();
    BOOST_TEST(text.find("SCRIPT") == text.rfind("SCRIPT"));
    BOOST_TEST(text.ends_with("ab"));
    BOOST_TEST(receive(sha + "+1\r\n+2\r\n"));
    BOOST_TEST(replies.size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
