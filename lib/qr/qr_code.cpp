#include <assent/qr_code.hpp>

#include <fmt/format.h>

#include <qrencode.h>

#include <cstddef>
#include <memory>
#include <new>

namespace assent {
namespace {

constexpr std::size_t max_bytes = 1024;
constexpr int quiet_zone = 4;

struct FreeCode {
    void operator()(QRcode* code) const noexcept { QRcode_free(code); }
};
using Code = std::unique_ptr<QRcode, FreeCode>;

bool is_dark(QRcode const& code, int row, int column)
{
    if (row < 0 || column < 0 || row >= code.width || column >= code.width)
        return false;
    return (code.data[row * code.width + column] & 1) != 0;
}

}  // namespace

result<std::string> terminal_qr_code(std::string_view text, TerminalColors colors)
{
    if (text.empty() || text.size() > max_bytes)
        return Failure(Errc::invalid_argument, fmt::format("a QR code holds 1 to {} bytes here, not {}", max_bytes, text.size()));
    auto const* data = reinterpret_cast<unsigned char const*>(text.data());
    Code const code(QRcode_encodeData(static_cast<int>(text.size()), data, 0, QR_ECLEVEL_L));
    if (!code)
        throw std::bad_alloc();  // the only other reason

    bool const draw_light = colors == TerminalColors::light_on_dark;
    auto const drawn = [&](int row, int column) { return is_dark(*code, row, column) != draw_light; };
    // By what is drawn above and below.
    constexpr std::string_view halves[] = {" ", "\u2584", "\u2580", "\u2588"};
    std::string out;
    int const end = code->width + quiet_zone;
    for (int row = -quiet_zone; row < end; row += 2) {
        for (int column = -quiet_zone; column < end; ++column) {
            // A row too many is no part of the code: nothing is drawn there.
            bool const below = row + 1 < end && drawn(row + 1, column);
            out += halves[(drawn(row, column) ? 2 : 0) + (below ? 1 : 0)];
        }
        out += '\n';
    }
    return out;
}

result<std::string> terminal_qr_code(Interrupt const& interrupt, TerminalColors colors)
{
    auto const* device = interrupt.device();
    if (device == nullptr)
        return Failure(Errc::invalid_argument, "the interrupt has no address to open: it is none of the device flow");
    auto const& complete = device->verification_uri_complete;
    auto const& uri = complete.empty() ? device->verification_uri : complete;
    if (!device->device_code.empty() && uri.find(device->device_code.expose()) != std::string::npos)
        return Failure(Errc::invalid_argument, "the provider's address contains the device code, which is not shown");
    return terminal_qr_code(std::string_view(uri), colors);
}

}  // namespace assent
