# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes xml-schema/*.rng into a C++ header, each whole: the text of common.rng takes the place of its include, since a
# built-in schema has no folder to include from.
file(READ ${SCHEMAS}/common.rng common)
string(REGEX REPLACE "^.*<grammar[^>]*>" "<div>" common "${common}")
string(REPLACE "</grammar>" "</div>" common "${common}")
set(header "// Made from xml-schema/ by cmake/embed_schemas.cmake.\n#pragma once\n\n#include <string_view>\n\nnamespace nwgate::xml {\n")
foreach(name filter binding cgroup_binding)
  string(REPLACE "_" "-" file ${name})
  file(READ ${SCHEMAS}/${file}.rng text)
  string(REPLACE "<include href=\"common.rng\"/>" "${common}" text "${text}")
  string(APPEND header "inline constexpr std::string_view ${name}_schema_text = R\"rng(${text})rng\";\n")
endforeach()
string(APPEND header "} // namespace nwgate::xml\n")
file(WRITE ${OUT} "${header}")
