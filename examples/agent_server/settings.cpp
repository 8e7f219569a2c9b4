#include "settings.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace demo {
namespace {

template <class T>
T number(std::string_view option, std::string_view text, T least, T most) {
    T out{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out < least || out > most)
        throw std::invalid_argument(std::string(option) + " needs a number from " + std::to_string(least) + " to " + std::to_string(most));
    return out;
}

}  // namespace

char const* usage() {
    return "agent_server [OPTION...]\n\n"
           "  --port N            of the chat (8787); 0 for any that is free\n"
           "  --tenant-port N     of the local tenant (8788)\n"
           "  --threads N         each with an io_context, a server and an agent of its own (1)\n"
           "  --model WHICH       scripted (the default), gemini, openai or anthropic; the keys come from the environment\n"
           "  --model-name NAME   e.g. gemini-2.0-flash\n"
           "  --state FILE        keeps conversations and approvals in a SQLite file; without it they are in memory\n"
           "  --confirm-above N   dollars that a purchase may cost without asking (1000)\n"
           "  --script            tells the whole story in the terminal, with a scripted person, and ends\n"
           "  --notice SECONDS    before it ends it answers on for so long, while /healthz says 503, so that a load balancer sees it (0)\n"
           "  --keep HOURS        a conversation lives so long after its last change (720)\n"
           "  --load N            N people ask at once and are all approved; prints figures and ends\n"
           "  --rounds N          of the load (4), each after everything of the one before has expired\n\n"
           "With AUTH0_DOMAIN (AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, AUTH0_PUBLIC_CLIENT_ID) it talks to that tenant in place of the local\n"
           "one. Whoever signs in gives their user id there; AUTH0_REFRESH_TOKEN is for the calendar. FGA_STORE_ID and the other\n"
           "variables of FgaClient choose a real OpenFGA store.\n";
}

Settings read_settings(int count, char** arguments) {
    Settings out;
    char const* const domain = std::getenv("AUTH0_DOMAIN");
    out.real_tenant = domain != nullptr && *domain != '\0';
    for (int i = 1; i < count; ++i) {
        std::string_view const option = arguments[i];
        auto const value = [&]() -> std::string_view {
            if (++i >= count)
                throw std::invalid_argument(std::string(option) + " needs a value");
            return arguments[i];
        };
        if (option == "--port")
            out.port = number<std::uint16_t>(option, value(), 0, 65535);
        else if (option == "--tenant-port")
            out.tenant_port = number<std::uint16_t>(option, value(), 0, 65535);
        else if (option == "--threads")
            out.threads = number<std::size_t>(option, value(), 1, 64);
        else if (option == "--model")
            out.model = value();
        else if (option == "--model-name")
            out.model_name = value();
        else if (option == "--state")
            out.state = value();
        else if (option == "--confirm-above")
            out.confirm_above = number<std::int64_t>(option, value(), 0, 1000000000);
        else if (option == "--script")
            out.script = true;
        else if (option == "--load")
            out.load = number<std::size_t>(option, value(), 1, 1000000);
        else if (option == "--rounds")
            out.rounds = number<std::size_t>(option, value(), 1, 1000);
        else if (option == "--notice")
            out.notice = std::chrono::seconds(number<std::int64_t>(option, value(), 0, 600));
        else if (option == "--keep")
            out.conversations = std::chrono::hours(number<std::int64_t>(option, value(), 1, 24 * 3650));
        else
            throw std::invalid_argument("unknown option " + std::string(option) + "; --help tells what there is");
    }
    if (out.model != "scripted" && out.model != "gemini" && out.model != "openai" && out.model != "anthropic")
        throw std::invalid_argument("--model is scripted, gemini, openai or anthropic");
    if (out.real_tenant && (out.script || out.load != 0))
        throw std::invalid_argument("--script and --load need the local tenant: unset AUTH0_DOMAIN");
    return out;
}

}  // namespace demo
