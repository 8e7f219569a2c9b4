# Finds what assent needs, or stops with the name of the package that provides it. Used by the build and, installed
# next to assentConfig.cmake, by users' builds.

macro(assent_require_found variable what debian)
    if(NOT ${variable})
        message(FATAL_ERROR "assent needs ${what}, which was not found. On Debian: apt install ${debian}. "
            "Elsewhere: install it and add its prefix to CMAKE_PREFIX_PATH.")
    endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads QUIET)
assent_require_found(Threads_FOUND "POSIX threads" "libc6-dev")

find_package(Boost 1.81 QUIET CONFIG COMPONENTS json url container)
assent_require_found(Boost_FOUND "Boost 1.81 or newer with JSON, URL and Container"
    "libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-container1.81-dev")

find_package(OpenSSL 3 QUIET)
assent_require_found(OPENSSL_FOUND "OpenSSL 3 or newer" "libssl-dev")

find_package(fmt 9 QUIET)
assent_require_found(fmt_FOUND "fmt 9 or newer" "libfmt-dev")

find_package(PkgConfig QUIET)
assent_require_found(PKG_CONFIG_FOUND "pkg-config" "pkg-config")
if(NOT TARGET assent::cjose)
    pkg_check_modules(assent_cjose QUIET IMPORTED_TARGET GLOBAL cjose>=0.6.1 jansson)
    assent_require_found(assent_cjose_FOUND "cjose 0.6.1 or newer and jansson" "libcjose-dev libjansson-dev")
    add_library(assent::cjose INTERFACE IMPORTED GLOBAL)
    target_link_libraries(assent::cjose INTERFACE PkgConfig::assent_cjose)
endif()
if(NOT TARGET assent::qrencode)
    pkg_check_modules(assent_qrencode QUIET IMPORTED_TARGET GLOBAL libqrencode>=4)
    assent_require_found(assent_qrencode_FOUND "libqrencode 4 or newer" "libqrencode-dev")
    add_library(assent::qrencode INTERFACE IMPORTED GLOBAL)
    target_link_libraries(assent::qrencode INTERFACE PkgConfig::assent_qrencode)
endif()
