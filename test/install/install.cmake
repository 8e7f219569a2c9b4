# Three ctest tests: a user's project builds and runs against the installed tree, found by find_package and by
# pkg-config, and configures with add_subdirectory. Included by test/CMakeLists.txt.

set(launcher "")
if(ASSENT_CCACHE)
    set(launcher "${ASSENT_CCACHE}")
endif()
set(prefix "${CMAKE_CURRENT_BINARY_DIR}/install/prefix")
set(consumer_environment
    "CMAKE_CXX_COMPILER_LAUNCHER=${launcher}"
    "CMAKE_PREFIX_PATH=${prefix}"
    "PKG_CONFIG_PATH=${prefix}/${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    "LD_LIBRARY_PATH=${prefix}/${CMAKE_INSTALL_LIBDIR}"
)

function(assent_add_install_test name)
    add_test(NAME install/${name} COMMAND ${ARGN})
    set_tests_properties(install/${name} PROPERTIES
        LABELS install TIMEOUT 300 ENVIRONMENT "${consumer_environment}")
endfunction()

assent_add_install_test(install ${CMAKE_COMMAND} --install "${PROJECT_BINARY_DIR}" --prefix "${prefix}")
set_tests_properties(install/install PROPERTIES FIXTURES_SETUP installed)

assent_add_install_test(find_package ${CMAKE_CTEST_COMMAND}
    --build-and-test "${CMAKE_CURRENT_LIST_DIR}" "${CMAKE_CURRENT_BINARY_DIR}/install/find_package"
    --build-generator ${CMAKE_GENERATOR}
    --build-options
        "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}"
    --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error)
assent_add_install_test(pkg_config sh "${CMAKE_CURRENT_LIST_DIR}/pkg_config.sh"
    "${CMAKE_CURRENT_LIST_DIR}/main.cpp" "${CMAKE_CURRENT_BINARY_DIR}/install/pkg_config_program" ${CMAKE_CXX_COMPILER})
set_tests_properties(install/find_package install/pkg_config PROPERTIES FIXTURES_REQUIRED installed PROCESSORS 2)

assent_add_install_test(add_subdirectory ${CMAKE_COMMAND}
    -S "${CMAKE_CURRENT_LIST_DIR}" -B "${CMAKE_CURRENT_BINARY_DIR}/install/add_subdirectory" -G ${CMAKE_GENERATOR}
    "-DASSENT_SOURCE=${PROJECT_SOURCE_DIR}" "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}")
