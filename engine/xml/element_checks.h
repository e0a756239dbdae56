// SPDX-License-Identifier: LGPL-2.1-or-later
/// The checks of structure that all readers share.
#pragma once

#include "engine/model/filter.h"
#include "engine/xml/document.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace nwgate::xml {

/// Reports attributes that the element does not have.
void allow_attributes(const Element &element, std::initializer_list<std::string_view> allowed,
                      Diagnostics &diagnostics);
/// Reports text directly inside the element.
void allow_no_text(const Element &element, Diagnostics &diagnostics);
/// Reports a child element that the element does not have.
void report_unknown_child(const Element &parent, const Element &child, Diagnostics &diagnostics);
/// Reports the absence of an attribute.
std::optional<Attribute> require_attribute(const Element &element, std::string_view name, Diagnostics &diagnostics);

/// Reads a chain's or rule's priority into `priority`, or reports why it is none and leaves `priority` as it was.
void read_priority(const Attribute &attribute, int &priority, Diagnostics &diagnostics);

/// Reads `<filterref filter='...'>` with its parameters. `has_access_lists`: some of them may be such (access_list.h).
std::optional<FilterRef> read_filterref(const Element &element, Diagnostics &diagnostics,
                                        bool has_access_lists = false);

/// The UUID in lower case with dashes; dashes may be left out in `text`.
std::optional<std::string> parse_uuid(std::string_view text);

/// A letter or `_`, then letters, digits, `.`, `-`, `_`: it is the name of a file. 250 bytes at most (NAME_MAX is 255,
/// `.xml` and a temporary's mark go with it). Which characters beyond ASCII are letters is left to the schema.
bool is_filter_name(std::string_view name);
std::string why_illegal_name(std::string_view name);

} // namespace nwgate::xml
