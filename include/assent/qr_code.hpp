#pragma once

#include <assent/interrupt.hpp>
#include <assent/outcome.hpp>

#include <string>
#include <string_view>

namespace assent {

/// How a terminal shows text. A QR code is read dark on light: the light parts are drawn where text is light, left out where it is dark.
enum class TerminalColors {
    light_on_dark = 1,  ///< Light text on a dark background.
    dark_on_light,      ///< Dark text on a light background.
};

/// A QR code for a terminal that shows UTF-8: lines of half blocks, two modules high, each line ending in a line feed, with the quiet zone
/// of 4 modules. The lowest error correction, for the smallest code.
/// @param text 1 to 1024 bytes.
/// @par Errors invalid_argument.
result<std::string> terminal_qr_code(std::string_view text, TerminalColors colors = TerminalColors::light_on_dark);

/// The code that leads a person to their sign-in: verification_uri_complete, or verification_uri when the server gave no other. Never
/// contains the device code.
/// @par Errors invalid_argument when the interrupt is none of the device flow or its address is too long; the address can be shown as
///             text then.
result<std::string> terminal_qr_code(Interrupt const& interrupt, TerminalColors colors = TerminalColors::light_on_dark);

}  // namespace assent
