// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/binding_writer.h"

#include "engine/base/handle.h"

#include <fmt/format.h>
#include <libxml/tree.h>

namespace nwgate::xml {
namespace {

using Doc = Handle<xmlDoc, xmlFreeDoc>;

const xmlChar *as_xml(const std::string &text) { return reinterpret_cast<const xmlChar *>(text.c_str()); }

/// The document form wants one beside the owner's name.
const std::string no_uuid = "00000000-0000-0000-0000-000000000000";

xmlNode *add_child(xmlNode *parent, const char *name) {
  return xmlNewChild(parent, nullptr, reinterpret_cast<const xmlChar *>(name), nullptr);
}

void set(xmlNode *node, const char *attribute, const std::string &value) {
  xmlNewProp(node, reinterpret_cast<const xmlChar *>(attribute), as_xml(value));
}

void add_port(xmlNode *root, const Binding &binding) {
  set(add_child(root, "portdev"), "name", binding.port);
  if (!binding.link.empty())
    set(add_child(root, "linkdev"), "name", binding.link);
  set(add_child(root, "mac"), "address", binding.mac.to_string());
}

void add_cgroup(xmlNode *root, const Binding &binding) {
  if (binding.backend != Backend::automatic)
    set(root, "backend", std::string(name_of(binding.backend)));
  if (binding.merges_lists)
    set(root, "merge", "yes");
  xmlNode *cgroup = add_child(root, "cgroup");
  if (binding.cgroup->path.empty())
    set(cgroup, "classid", fmt::format("0x{:x}", binding.cgroup->classid));
  else
    set(cgroup, "path", binding.cgroup->path);
}

} // namespace

std::string write_binding(const Binding &binding) {
  const Doc doc(xmlNewDoc(reinterpret_cast<const xmlChar *>("1.0")));
  const char *name = binding.cgroup ? "cgroupbinding" : "filterbinding";
  xmlNode *root = xmlNewNode(nullptr, reinterpret_cast<const xmlChar *>(name));
  xmlDocSetRootElement(doc.get(), root);
  if (!binding.owner_name.empty()) {
    xmlNode *owner = add_child(root, "owner");
    xmlNodeAddContent(add_child(owner, "name"), as_xml(binding.owner_name));
    xmlNodeAddContent(add_child(owner, "uuid"), as_xml(binding.owner_uuid.empty() ? no_uuid : binding.owner_uuid));
  }
  if (binding.cgroup)
    add_cgroup(root, binding);
  else
    add_port(root, binding);
  xmlNode *reference = add_child(root, "filterref");
  set(reference, "filter", binding.filter.filter);
  for (const auto &parameter : binding.filter.parameters) {
    xmlNode *node = add_child(reference, "parameter");
    set(node, "name", parameter.name);
    set(node, "value", parameter.value);
  }
  xmlChar *text = nullptr;
  int size = 0;
  xmlDocDumpFormatMemoryEnc(doc.get(), &text, &size, "UTF-8", 1);
  std::string result(reinterpret_cast<const char *>(text), static_cast<std::size_t>(size));
  xmlFree(text);
  return result;
}

} // namespace nwgate::xml
