# Install rules: headers, libraries, the CMake package and the pkg-config files. Included by lib/CMakeLists.txt.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/assent")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/assent" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.hpp")
install(TARGETS assent assent_http assent_testing assent_tenant EXPORT assentTargets)
if(TARGET assent_sqlite)
    install(TARGETS assent_sqlite EXPORT assentTargets)
endif()
if(TARGET assent_redis)
    install(TARGETS assent_redis EXPORT assentTargets)
endif()
install(EXPORT assentTargets NAMESPACE assent:: DESTINATION "${package_dir}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/assentConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/assentConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/assentConfig.cmake"
    INSTALL_DESTINATION "${package_dir}")
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/assentConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/assentConfigVersion.cmake"
    cmake/dependencies.cmake
    cmake/hiredis.cmake
    DESTINATION "${package_dir}")

file(RELATIVE_PATH prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")

# pkg-config: Boost has no .pc files, so its libraries are named by hand. With static libraries a user's link needs
# everything, so nothing is private.
set(pc_names assent assent-http assent-testing assent-tenant)
if(TARGET assent_sqlite)
    list(APPEND pc_names assent-sqlite)
endif()
if(TARGET assent_redis)
    list(APPEND pc_names assent-redis)
endif()
foreach(name IN LISTS pc_names)
    configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
