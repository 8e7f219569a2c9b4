# Writes a C++ file that holds files as texts: cmake "-DFILES=..." -DOUTPUT=... -P embed.cmake
set(text "#include \"page_files.hpp\"\n\nnamespace demo {\n\nstd::string_view page_file(std::string_view name) noexcept {\n")
foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME)
    file(READ "${file}" content)
    string(APPEND text "    if (name == \"${name}\")\n        return R\"~page~(${content})~page~\";\n")
endforeach()
string(APPEND text "    return {};\n}\n\n}  // namespace demo\n")
file(WRITE "${OUTPUT}" "${text}")
