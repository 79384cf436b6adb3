# SPDX-License-Identifier: Apache-2.0
# cmake -DROOT=<source> -DMODULE=<module> "-DDEPENDS=a;b" -P check_layers.cmake
# A module's headers may include only what its CMakeLists.txt declares in DEPENDS.
cmake_minimum_required(VERSION 3.24)
file(GLOB_RECURSE headers "${ROOT}/include/ocikit/${MODULE}/*.h" "${ROOT}/include/ocikit/${MODULE}/*.hpp")
foreach(header IN LISTS headers)
  file(STRINGS "${header}" lines REGEX "^#include <ocikit/")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include <ocikit/([^/]+)/.*" "\\1" used "${line}")
    if(NOT used STREQUAL MODULE AND NOT used IN_LIST DEPENDS)
      message(SEND_ERROR "${header}: includes '${used}', which '${MODULE}' does not declare in DEPENDS")
    endif()
  endforeach()
endforeach()
