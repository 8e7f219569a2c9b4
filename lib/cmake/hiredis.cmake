# Finds hiredis, whose reader of replies assent::redis uses: the target assent::hiredis, or none.

if(NOT TARGET assent::hiredis)
    pkg_check_modules(assent_hiredis QUIET IMPORTED_TARGET GLOBAL hiredis>=0.14)
    if(assent_hiredis_FOUND)
        add_library(assent::hiredis INTERFACE IMPORTED GLOBAL)
        target_link_libraries(assent::hiredis INTERFACE PkgConfig::assent_hiredis)
    endif()
endif()
