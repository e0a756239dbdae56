// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/document.h"

#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>

namespace nwgate::xml {
namespace {

using ParserContext = Handle<xmlParserCtxt, xmlFreeParserCtxt>;

std::string to_string(const xmlChar *text) {
  return text == nullptr ? std::string{} : std::string(reinterpret_cast<const char *>(text));
}

/// The tree has no columns, so every element's offset is kept in its `_private`, plus one: 0 is "not known".
std::size_t offset_of(const xmlNode *node) { return reinterpret_cast<std::uintptr_t>(node->_private); }

/// Walks over the attributes of one start tag in the document's text, in their order.
class TagScanner {
public:
  TagScanner(std::string_view text, std::size_t tag) : text_(text), tag_(tag), at_(text.find_first_of(" \t\r\n/>", tag)) {}

  /// Where attribute `name` begins, or the tag itself if it does not follow. Asked in document order.
  std::size_t find(std::string_view name) {
    constexpr std::string_view blanks = " \t\r\n";
    while (at_ < text_.size()) {
      at_ = text_.find_first_not_of(blanks, at_);
      if (at_ >= text_.size() || text_[at_] == '>' || text_[at_] == '/')
        break;
      const auto begin = at_;
      const auto name_end = text_.find_first_of(" \t\r\n=", begin);
      const auto quote = text_.find_first_of("'\"", name_end);
      const auto value_end = quote == text_.npos ? text_.npos : text_.find(text_[quote], quote + 1);
      at_ = value_end == text_.npos ? text_.npos : value_end + 1;
      if (text_.substr(begin, name_end - begin) == name)
        return begin;
    }
    return tag_;
  }

private:
  std::string_view text_;
  std::size_t tag_;
  std::size_t at_;
};

/// What the SAX callbacks share; reached through xmlParserCtxt::_private.
struct ParseState {
  const std::shared_ptr<const SourceText> &source;
  const Limits &limits;
  Diagnostics &diagnostics;
  unsigned depth = 0;

  /// Where the tag begins that the parser has just read: an attribute's value cannot hold a `<`.
  [[nodiscard]] std::size_t tag_offset(xmlParserCtxt *context) const {
    const auto consumed = std::max(xmlByteConsumed(context), 0L);
    const auto from = std::min(static_cast<std::size_t>(consumed), source->text.size());
    const auto found = source->text.rfind('<', from == 0 ? 0 : from - 1);
    return found == std::string::npos ? 0 : found;
  }
};

ParseState &state_of(void *context) {
  return *static_cast<ParseState *>(static_cast<xmlParserCtxt *>(context)->_private);
}

void start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
                   const xmlChar **namespaces, int attribute_count, int defaulted, const xmlChar **attributes) noexcept {
  auto *parser = static_cast<xmlParserCtxt *>(context);
  auto &state = state_of(context);
  const auto offset = state.tag_offset(parser);
  if (++state.depth > state.limits.nesting) {
    state.diagnostics.error(id::nested_too_deep, SourcePosition::at_offset(state.source, offset),
                            fmt::format("elements are nested deeper than {}", state.limits.nesting));
    xmlStopParser(parser);
    return;
  }
  xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces, attribute_count, defaulted, attributes);
  if (parser->node != nullptr)
    parser->node->_private = reinterpret_cast<void *>(static_cast<std::uintptr_t>(offset + 1));
}

void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) noexcept {
  --state_of(context).depth;
  xmlSAX2EndElementNs(context, name, prefix, uri);
}

void internal_subset(void *context, const xmlChar * /*name*/, const xmlChar * /*external*/,
                     const xmlChar * /*system*/) noexcept {
  auto &state = state_of(context);
  const auto offset = std::min(state.source->text.find("<!DOCTYPE"), state.source->text.size());
  state.diagnostics.error(id::doctype_forbidden, SourcePosition::at_offset(state.source, offset),
                          "a document type (and with it entities) is not allowed");
  xmlStopParser(static_cast<xmlParserCtxt *>(context));
}

void report_error(void *context, xmlError *error) noexcept {
  if (error->code == XML_ERR_USER_STOP || error->level < XML_ERR_ERROR)
    return;
  auto &state = *static_cast<ParseState *>(static_cast<xmlParserCtxt *>(error->ctxt)->_private);
  (void)context;
  std::string message = error->message == nullptr ? "not well-formed" : error->message;
  message.erase(message.find_last_not_of(" \n") + 1);
  state.diagnostics.error(id::not_well_formed,
                          {state.source, static_cast<std::uint32_t>(std::max(error->line, 1)),
                           static_cast<std::uint32_t>(std::max(error->int2, 1))},
                          message);
}

} // namespace

std::string_view Element::name() const { return reinterpret_cast<const char *>(node_->name); }

SourcePosition Element::where() const {
  const auto offset = offset_of(node_);
  return offset == 0 ? SourcePosition{*source_, 0, 0} : SourcePosition::at_offset(*source_, offset - 1);
}

std::vector<Attribute> Element::attributes() const {
  std::vector<Attribute> result;
  const auto offset = offset_of(node_);
  TagScanner scanner((*source_)->text, offset == 0 ? 0 : offset - 1);
  for (const xmlAttr *attribute = node_->properties; attribute != nullptr; attribute = attribute->next) {
    std::string name = to_string(attribute->name);
    if (attribute->ns != nullptr && attribute->ns->prefix != nullptr)
      name = to_string(attribute->ns->prefix) + ":" + name;
    xmlChar *value = xmlNodeListGetString(node_->doc, attribute->children, 1);
    auto where = SourcePosition::at_offset(*source_, scanner.find(name));
    result.push_back({std::move(name), to_string(value), std::move(where)});
    xmlFree(value);
  }
  return result;
}

std::optional<Attribute> Element::attribute(std::string_view name) const {
  for (auto &candidate : attributes())
    if (candidate.name == name)
      return std::move(candidate);
  return std::nullopt;
}

std::vector<Element> Element::children() const {
  std::vector<Element> result;
  for (xmlNode *node = node_->children; node != nullptr; node = node->next)
    if (node->type == XML_ELEMENT_NODE)
      result.emplace_back(node, *source_);
  return result;
}

std::optional<Element> Element::child(std::string_view name) const {
  for (const auto &candidate : children())
    if (candidate.name() == name)
      return candidate;
  return std::nullopt;
}

std::string Element::text() const {
  std::string result;
  for (const xmlNode *node = node_->children; node != nullptr; node = node->next)
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
      result += to_string(node->content);
  const std::string_view blanks = " \t\r\n";
  result.erase(0, std::min(result.find_first_not_of(blanks), result.size()));
  result.erase(result.find_last_not_of(blanks) + 1);
  return result;
}

std::optional<Document> Document::parse(std::shared_ptr<const SourceText> source, const Limits &limits,
                                        Diagnostics &diagnostics) {
  if (source->text.size() > limits.document_size) {
    diagnostics.error(id::document_too_large, {source, 0, 0},
                      fmt::format("the document has {} bytes, the limit is {}", source->text.size(), limits.document_size));
    return std::nullopt;
  }
  const auto errors_before = diagnostics.error_count();
  ParseState state{source, limits, diagnostics};
  const ParserContext context(xmlNewParserCtxt());
  context->_private = &state;
  context->sax->startElementNs = start_element;
  context->sax->endElementNs = end_element;
  context->sax->internalSubset = internal_subset;
  context->sax->serror = report_error;
  Doc doc(xmlCtxtReadMemory(context.get(), source->text.data(), static_cast<int>(source->text.size()),
                            source->name.c_str(), nullptr, XML_PARSE_NONET | XML_PARSE_BIG_LINES));
  if (diagnostics.error_count() != errors_before)
    return std::nullopt;
  if (!doc || xmlDocGetRootElement(doc.get()) == nullptr) {
    diagnostics.error(id::not_well_formed, {source, 1, 1}, "not an XML document");
    return std::nullopt;
  }
  return Document(std::move(source), std::move(doc));
}

Element Document::root() const { return {xmlDocGetRootElement(doc_.get()), source_}; }

SourcePosition Document::position_of(const _xmlNode *node) const {
  while (node != nullptr && (node->type != XML_ELEMENT_NODE || offset_of(node) == 0))
    node = node->parent;
  return node == nullptr ? SourcePosition{source_, 0, 0} : SourcePosition::at_offset(source_, offset_of(node) - 1);
}

} // namespace nwgate::xml
