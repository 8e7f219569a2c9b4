#include <assent/qr_code.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace assent;

namespace {

/// The modules of a code as it is printed: true is what the terminal draws. Throws away nothing.
std::vector<std::vector<bool>> drawn(std::string const& text)
{
    std::vector<std::vector<bool>> rows;
    std::size_t at = 0;
    while (at < text.size()) {
        std::vector<bool> upper, lower;
        for (; text[at] != '\n';) {
            auto const size = text[at] == ' ' ? 1U : 3U;
            auto const cell = text.substr(at, size);
            upper.push_back(cell == "\u2580" || cell == "\u2588");
            lower.push_back(cell == "\u2584" || cell == "\u2588");
            at += size;
        }
        ++at;
        rows.push_back(std::move(upper));
        rows.push_back(std::move(lower));
    }
    return rows;
}

/// The pattern in three corners of every code, by which it is found: dark, light, and a dark square of three.
bool has_finder(std::vector<std::vector<bool>> const& modules, std::size_t row, std::size_t column, bool dark)
{
    constexpr char const* pattern[] = {"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"};
    for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 7; ++j) {
            if ((pattern[i][j] == '#') != (modules[row + i][column + j] == dark))
                return false;
        }
    }
    return true;
}

Interrupt interrupt_with(std::string uri, std::string complete)
{
    DeviceAuthorizationResponse device;
    device.device_code = Secret("device-code-secret");
    device.verification_uri = std::move(uri);
    device.verification_uri_complete = std::move(complete);
    Interrupt out(Flow::device, InterruptKind::pending, "m");
    out.device(std::move(device));
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(qr_code)

BOOST_AUTO_TEST_CASE(a_short_text_is_the_smallest_code_with_its_quiet_zone)
{
    auto const code = terminal_qr_code("assent");
    BOOST_REQUIRE(code.has_value());
    auto const modules = drawn(code.value());
    BOOST_REQUIRE(modules.size() == 30u);  // 21 + 2 * 4, and half a line
    for (auto const& row : modules)
        BOOST_REQUIRE(row.size() == 29u);
    for (std::size_t i = 0; i < 29; ++i) {
        for (std::size_t border : {0u, 1u, 2u, 3u, 25u, 26u, 27u, 28u}) {
            BOOST_TEST(modules[border][i]);  // light, drawn
            BOOST_TEST(modules[i][border]);
        }
        BOOST_TEST(!modules[29][i]);  // no part of it
    }
    BOOST_TEST(has_finder(modules, 4, 4, false));
    BOOST_TEST(has_finder(modules, 4, 18, false));
    BOOST_TEST(has_finder(modules, 18, 4, false));
    BOOST_TEST(!has_finder(modules, 18, 18, false));
}

BOOST_AUTO_TEST_CASE(on_a_light_terminal_the_dark_modules_are_drawn)
{
    auto const on_dark = drawn(terminal_qr_code("assent").value());
    auto const on_light = drawn(terminal_qr_code("assent", TerminalColors::dark_on_light).value());
    for (std::size_t row = 0; row < 29; ++row) {
        for (std::size_t column = 0; column < 29; ++column)
            BOOST_TEST(on_dark[row][column] != on_light[row][column]);
    }
    BOOST_TEST(has_finder(on_light, 4, 4, true));
}

BOOST_AUTO_TEST_CASE(different_texts_are_different_codes)
{
    BOOST_TEST(terminal_qr_code("https://a.example/").value() != terminal_qr_code("https://b.example/").value());
    BOOST_TEST(terminal_qr_code(std::string("a\0b", 3)).has_value());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused)
{
    BOOST_TEST((terminal_qr_code("").failure() == Errc::invalid_argument));
    BOOST_TEST((terminal_qr_code(std::string(1025, 'x')).failure() == Errc::invalid_argument));
    BOOST_TEST(terminal_qr_code(std::string(1024, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(the_address_with_the_user_code_comes_first)
{
    auto const both = terminal_qr_code(interrupt_with("https://a.example/", "https://a.example/?user_code=X"));
    BOOST_TEST(both.value() == terminal_qr_code("https://a.example/?user_code=X").value());
    auto const one = terminal_qr_code(interrupt_with("https://a.example/", ""));
    BOOST_TEST(one.value() == terminal_qr_code("https://a.example/").value());
}

BOOST_AUTO_TEST_CASE(an_address_with_the_device_code_is_not_shown)
{
    auto const refused = terminal_qr_code(interrupt_with("https://a.example/", "https://a.example/?c=device-code-secret"));
    BOOST_TEST((refused.failure() == Errc::invalid_argument));
    BOOST_TEST(refused.failure().message().find("device-code-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_interrupt_of_another_flow_has_no_code)
{
    BOOST_TEST((terminal_qr_code(Interrupt(Flow::ciba, InterruptKind::pending, "m")).failure() == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
