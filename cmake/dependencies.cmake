# SPDX-License-Identifier: LGPL-2.1-or-later
# The libraries that nwgate is made of.
#
# With NWGATE_STATIC they become part of the program, but for libc and those that have no static form (Debian's libmnl). It starts
# in a third of the time, which is most of what a bind takes; security updates of the libraries need a new build then.
find_package(PkgConfig REQUIRED)
if(NWGATE_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)
  set(Boost_USE_STATIC_LIBS ON)
  add_library(fmt::fmt INTERFACE IMPORTED)
  set_target_properties(fmt::fmt PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
else()
  find_package(fmt REQUIRED)
endif()
find_package(Boost REQUIRED COMPONENTS program_options)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)
pkg_check_modules(LIBNFTNL REQUIRED IMPORTED_TARGET libnftnl>=1.2.4)
pkg_check_modules(LIBMNL REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(LIBPCAP REQUIRED libpcap>=1.5) # its headers: drivers/capture loads the library itself
pkg_check_modules(LIBBPF REQUIRED libbpf>=1.0) # its headers: drivers/bpf loads the library itself
if(NWGATE_STATIC)
  foreach(library icuuc icudata lzma z) # libxml2's own
    find_library(NWGATE_LIBRARY_${library} ${library} REQUIRED)
    target_link_libraries(PkgConfig::LIBXML2 INTERFACE ${NWGATE_LIBRARY_${library}})
  endforeach()
  target_link_libraries(PkgConfig::LIBXML2 INTERFACE m)
  add_link_options(-static-libstdc++ -static-libgcc)
endif()
