#pragma once

#include <string>

namespace assent::sqlite {

/// Creates the file when it is missing, so that only its owner can read it and what SQLite puts beside it; one that others can read is made so.
///
/// An existing file is not opened: closing it would end the locks that other connections of this process hold on it.
/// @throws ConfigurationError
void make_private_file(std::string const& path);

}  // namespace assent::sqlite
