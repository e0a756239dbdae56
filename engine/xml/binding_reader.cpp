// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/binding_reader.h"

#include "engine/model/diagnostic_ids.h"
#include "engine/xml/element_checks.h"
#include "engine/xml/schema.h"

#include <algorithm>
#include <fmt/format.h>
#include <initializer_list>
#include <set>

namespace nwgate::xml {
namespace {

/// A required attribute of a required child: `<portdev name='vnet0'/>`.
std::optional<Attribute> child_attribute(const Element &parent, std::string_view child_name, std::string_view attribute,
                                         Diagnostics &diagnostics) {
  const auto child = parent.child(child_name);
  if (!child) {
    diagnostics.error(id::missing_element, parent.where(), fmt::format("<{}> needs <{}>", parent.name(), child_name));
    return std::nullopt;
  }
  return require_attribute(*child, attribute, diagnostics);
}

void read_port(const std::optional<Attribute> &name, std::string &port, Diagnostics &diagnostics) {
  if (!name)
    return;
  port = name->value;
  if (!is_port_name(port))
    diagnostics.error(id::illegal_port_name, name->where,
                      fmt::format("'{}' cannot be the name of a network device (1 to {} bytes, no '/', ':' or blanks)",
                                  port, max_port_name));
}

void read_mac(const std::optional<Attribute> &address, MacAddress &mac, Diagnostics &diagnostics) {
  if (!address)
    return;
  const auto parsed = MacAddress::parse(address->value);
  if (!parsed)
    diagnostics.error(id::illegal_value, address->where,
                      fmt::format("'{}' is '{}', not a MAC address", address->name, address->value));
  else if ((parsed->bytes[0] & 1U) != 0) // IEEE 802: the group bit
    diagnostics.error(id::illegal_value, address->where,
                      fmt::format("'{}' is a multicast address: it cannot be a port's", address->value));
  else
    mac = *parsed;
}

void read_uuid_into(const Element &element, std::string &uuid, Diagnostics &diagnostics) {
  if (const auto parsed = parse_uuid(element.text()))
    uuid = *parsed;
  else
    diagnostics.error(id::malformed_uuid, element.where(), fmt::format("'{}' is not a UUID", element.text()));
}

void read_owner(const Element &root, Binding &binding, Diagnostics &diagnostics) {
  const auto owner = root.child("owner");
  if (!owner)
    return;
  allow_attributes(*owner, {}, diagnostics);
  const auto name = owner->child("name");
  const auto uuid = owner->child("uuid");
  if (!name || name->text().empty())
    diagnostics.error(id::missing_element, owner->where(), "<owner> needs <name>");
  else
    binding.owner_name = name->text();
  if (!uuid)
    diagnostics.error(id::missing_element, owner->where(), "<owner> needs <uuid>");
  else
    read_uuid_into(*uuid, binding.owner_uuid, diagnostics);
}

void read_reference(const Element &parent, Binding &binding, Diagnostics &diagnostics) {
  const auto reference = parent.child("filterref");
  if (!reference) {
    diagnostics.error(id::missing_element, parent.where(), fmt::format("<{}> needs <filterref>", parent.name()));
    return;
  }
  if (auto read = read_filterref(*reference, diagnostics, binding.cgroup.has_value()))
    binding.filter = std::move(*read);
}

/// Each of the children is one of these, and stands once; there is no text.
void check_children(const Element &root, std::initializer_list<std::string_view> known, Diagnostics &diagnostics) {
  allow_no_text(root, diagnostics);
  std::set<std::string_view> seen;
  for (const auto &child : root.children()) {
    if (std::ranges::find(known, child.name()) == known.end())
      report_unknown_child(root, child, diagnostics);
    else if (!seen.insert(child.name()).second)
      diagnostics.error(id::repeated_element, child.where(),
                        fmt::format("<{}> stands twice in <{}>", child.name(), root.name()));
  }
}

Binding read_filterbinding(const Element &root, Diagnostics &diagnostics) {
  Binding binding;
  binding.where = root.where();
  allow_attributes(root, {}, diagnostics);
  check_children(root, {"owner", "portdev", "linkdev", "mac", "filterref"}, diagnostics);
  for (const auto &child : root.children()) {
    if (child.name() == "portdev" || child.name() == "linkdev")
      allow_attributes(child, {"name"}, diagnostics);
    if (child.name() == "mac")
      allow_attributes(child, {"address"}, diagnostics);
  }
  read_owner(root, binding, diagnostics);
  read_port(child_attribute(root, "portdev", "name", diagnostics), binding.port, diagnostics);
  if (const auto link = root.child("linkdev"))
    read_port(require_attribute(*link, "name", diagnostics), binding.link, diagnostics);
  read_mac(child_attribute(root, "mac", "address", diagnostics), binding.mac, diagnostics);
  read_reference(root, binding, diagnostics);
  return binding;
}

/// `path='/a/b'` or `classid='0x100001'`.
void read_cgroup_name(const Element &element, CgroupName &name, Diagnostics &diagnostics) {
  allow_attributes(element, {"path", "classid"}, diagnostics);
  const auto path = element.attribute("path");
  const auto classid = element.attribute("classid");
  if (path && classid)
    diagnostics.error(id::unknown_attribute, classid->where,
                      "<cgroup> has either a path (cgroup v2) or a classid (net_cls)");
  else if (path)
    if (auto normal = normal_cgroup_path(path->value))
      name.path = std::move(*normal);
    else
      diagnostics.error(id::illegal_value, path->where,
                        fmt::format("the path of a cgroup begins with '/', which is the root of the hierarchy, no part "
                                    "of it is empty, '.', '..' or longer than 255 bytes, and all of it has at most "
                                    "4095: '{}' is none",
                                    path->value));
  else if (classid)
    if (const auto number = parse_classid(classid->value))
      name.classid = *number;
    else
      diagnostics.error(id::illegal_value, classid->where,
                        fmt::format("'{}' is not a class id: a number from 1 to 0xffffffff", classid->value));
  else
    diagnostics.error(id::missing_attribute, element.where(), "<cgroup> needs a path or a classid");
}

void read_backend(const Attribute &attribute, Backend &backend, Diagnostics &diagnostics) {
  if (const auto named = find_backend(attribute.value))
    backend = *named;
  else
    diagnostics.error(id::illegal_value, attribute.where,
                      fmt::format("backend is '{}', not auto, bpf or nftables", attribute.value));
}

void read_merge(const Attribute &attribute, bool &merges, Diagnostics &diagnostics) {
  if (attribute.value != "yes" && attribute.value != "no")
    diagnostics.error(id::illegal_value, attribute.where, fmt::format("merge is '{}', not yes or no", attribute.value));
  merges = attribute.value == "yes";
}

Binding read_cgroupbinding(const Element &root, Diagnostics &diagnostics) {
  Binding binding;
  binding.where = root.where();
  binding.cgroup.emplace();
  allow_attributes(root, {"backend", "merge"}, diagnostics);
  check_children(root, {"owner", "cgroup", "filterref"}, diagnostics);
  if (const auto backend = root.attribute("backend"))
    read_backend(*backend, binding.backend, diagnostics);
  if (const auto merge = root.attribute("merge"))
    read_merge(*merge, binding.merges_lists, diagnostics);
  read_owner(root, binding, diagnostics);
  if (const auto cgroup = root.child("cgroup"))
    read_cgroup_name(*cgroup, *binding.cgroup, diagnostics);
  else
    diagnostics.error(id::missing_element, root.where(), "<cgroupbinding> needs <cgroup>");
  read_reference(root, binding, diagnostics);
  return binding;
}

/// libvirt's `<interface>`: far more may stand in it than matters here, so only what matters is checked.
Binding read_interface(const Element &element, const Binding &owner, Diagnostics &diagnostics) {
  Binding binding = owner;
  binding.where = element.where();
  read_port(child_attribute(element, "target", "dev", diagnostics), binding.port, diagnostics);
  read_mac(child_attribute(element, "mac", "address", diagnostics), binding.mac, diagnostics);
  const auto type = element.attribute("type");
  const auto source = element.child("source");
  if (type && type->value == "direct" && source)
    read_port(source->attribute("dev"), binding.link, diagnostics);
  read_reference(element, binding, diagnostics);
  return binding;
}

std::vector<Binding> read_domain(const Element &root, Diagnostics &diagnostics) {
  Binding owner;
  if (const auto name = root.child("name"))
    owner.owner_name = name->text();
  if (const auto uuid = root.child("uuid"))
    read_uuid_into(*uuid, owner.owner_uuid, diagnostics);
  std::vector<Binding> bindings;
  if (const auto devices = root.child("devices"))
    for (const auto &device : devices->children())
      if (device.name() == "interface" && device.child("filterref"))
        bindings.push_back(read_interface(device, owner, diagnostics));
  if (bindings.empty())
    diagnostics.error(id::missing_element, root.where(), "no <interface> of this <domain> has a <filterref>");
  return bindings;
}

} // namespace

std::vector<Binding> read_bindings(const std::shared_ptr<const SourceText> &source, const Limits &limits,
                                   Diagnostics &diagnostics) {
  Diagnostics found;
  std::vector<Binding> bindings;
  if (const auto document = Document::parse(source, limits, found)) {
    const auto root = document->root();
    if (root.name() == "filterbinding") {
      bindings.push_back(read_filterbinding(root, found));
      if (limits.check_schema)
        validate(*document, SchemaKind::binding, found);
    } else if (root.name() == "cgroupbinding") {
      bindings.push_back(read_cgroupbinding(root, found));
      if (limits.check_schema)
        validate(*document, SchemaKind::cgroup_binding, found);
    } else if (root.name() == "interface") {
      bindings.push_back(read_interface(root, {}, found));
    } else if (root.name() == "domain") {
      bindings = read_domain(root, found);
    } else {
      found.error(id::wrong_root_element, root.where(),
                  fmt::format("the document is a <{}>, not a <filterbinding>, <cgroupbinding>, <interface> or <domain>",
                              root.name()));
    }
  }
  if (!found.ok())
    bindings.clear();
  diagnostics.append(found);
  return bindings;
}

} // namespace nwgate::xml
