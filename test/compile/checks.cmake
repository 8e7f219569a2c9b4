# Checks of the source text and of what the headers cost. Included by test/CMakeLists.txt.

function(assent_add_check name)
    add_test(NAME check/${name} COMMAND ${ARGN})
    set_tests_properties(check/${name} PROPERTIES LABELS check TIMEOUT 120 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endfunction()

assent_add_check(tree Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/tree.py")
assent_add_check(layering Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/layering.py")
assent_add_check(layering_self_test Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/layering.py" --self-test)
assent_add_check(co_await_lint Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/co_await_lint.py")
assent_add_check(co_await_lint_self_test Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/co_await_lint.py" --self-test)

assent_add_check(odr Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/odr.py")
assent_add_check(odr_self_test Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/odr.py" --self-test)

assent_add_check(readme_commands Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/readme_commands.py")
assent_add_check(readme_commands_self_test Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/readme_commands.py" --self-test)

# Every public header compiles alone and twice.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/*.hpp")
set(header_sources)
foreach(header IN LISTS headers)
    cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/include" OUTPUT_VARIABLE included)
    string(MAKE_C_IDENTIFIER "${included}" identifier)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${identifier}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include <@included@>\n#include <@included@>\n" @ONLY)
    list(APPEND header_sources "${source}")
endforeach()
add_library(assent_header_check OBJECT EXCLUDE_FROM_ALL ${header_sources})
target_link_libraries(assent_header_check PRIVATE
    assent::assent assent::http assent::testing assent_build_flags)
set_target_properties(assent_header_check PROPERTIES CXX_EXTENSIONS OFF)
assent_add_check(headers_compile_alone
    ${CMAKE_COMMAND} --build "${PROJECT_BINARY_DIR}" --target assent_header_check)
set_tests_properties(check/headers_compile_alone PROPERTIES PROCESSORS 2 TIMEOUT 600 RESOURCE_LOCK build)

# The README's C++, all blocks in their order as one program.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/README.md")
file(READ "${PROJECT_SOURCE_DIR}/README.md" readme)
string(REPLACE ";" "<semicolon>" readme "${readme}")
string(REGEX MATCHALL "```cpp\n[^`]*```" blocks "${readme}")
set(program "")
foreach(block IN LISTS blocks)
    string(REGEX REPLACE "^```cpp\n|```$" "" block "${block}")
    string(APPEND program "${block}\n")
endforeach()
string(REPLACE "<semicolon>" ";" program "${program}")
file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/readme/readme.cpp" CONTENT "${program}" @ONLY)
add_executable(assent_readme EXCLUDE_FROM_ALL "${CMAKE_CURRENT_BINARY_DIR}/readme/readme.cpp")
target_link_libraries(assent_readme PRIVATE assent::assent assent::http assent::tenant fmt::fmt)
assent_add_check(readme_compiles ${CMAKE_COMMAND} --build "${PROJECT_BINARY_DIR}" --target assent_readme)
set_tests_properties(check/readme_compiles PROPERTIES PROCESSORS 2 TIMEOUT 600 RESOURCE_LOCK build)

# The same program, run against stand-ins.
add_executable(assent_readme_runs EXCLUDE_FROM_ALL "${PROJECT_SOURCE_DIR}/test/readme/readme_runs.cpp")
target_include_directories(assent_readme_runs PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/readme")
target_link_libraries(assent_readme_runs PRIVATE assent_test_support)
target_compile_options(assent_readme_runs PRIVATE
    -Wno-return-type # its main() is called otherwise here
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>) # what is only here is taken for a header's
set_target_properties(assent_readme_runs PROPERTIES CXX_EXTENSIONS OFF)
assent_add_check(readme_runs_builds ${CMAKE_COMMAND} --build "${PROJECT_BINARY_DIR}" --target assent_readme_runs)
set_tests_properties(check/readme_runs_builds PROPERTIES PROCESSORS 2 TIMEOUT 600 RESOURCE_LOCK build FIXTURES_SETUP readme)
assent_add_check(readme_runs assent_readme_runs)
set_tests_properties(check/readme_runs PROPERTIES FIXTURES_REQUIRED readme)

if(EXISTS "${PROJECT_SOURCE_DIR}/include/assent/assent.hpp")
    assent_add_check(umbrella_header_cost Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/umbrella_cost.py" 3
        ${CMAKE_CXX_COMPILER} -std=c++20 "-I${PROJECT_SOURCE_DIR}/include")
    set_tests_properties(check/umbrella_header_cost PROPERTIES RUN_SERIAL ON)
endif()
