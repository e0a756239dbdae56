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
#include <utility>

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
  TagScanner(std::string_view text, std::size_t tag)
      : text_(text), tag_(tag), at_(text.find_first_of(" \t\r\n/>", tag)) {}

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

/// The first tag that has more than `limit` attributes, or npos. It must be known before libxml2 compares them.
std::size_t find_crowded_tag(std::string_view text, std::size_t limit) {
  const auto behind = [&](std::string_view end, std::size_t from) {
    return std::min(text.find(end, from), text.size() - 1) + 1;
  };
  for (auto tag = text.find('<'); tag < text.size();) {
    auto at = tag + 1;
    if (text.substr(tag).starts_with("<!--"))
      at = behind("-->", tag);
    else if (text.substr(tag).starts_with("<![CDATA["))
      at = behind("]]>", tag);
    else if (text.substr(tag).starts_with("<?"))
      at = behind("?>", tag);
    else
      for (std::size_t count = 0; at < text.size() && text[at] != '>' && text[at] != '<'; ++at) {
        if (text[at] == '=' && ++count > limit)
          return tag;
        if (text[at] == '"' || text[at] == '\'')
          at = std::min(text.find(text[at], at + 1), text.size() - 1);
      }
    tag = text.find('<', at);
  }
  return std::string_view::npos;
}

/// What the SAX callbacks share; reached through xmlParserCtxt::_private.
struct ParseState {
  const std::shared_ptr<const SourceText> &source;
  const Limits &limits;
  Diagnostics &diagnostics;
  unsigned depth = 0;
  std::size_t elements = 0;
  bool failed = false;

  /// The last `opening` in front of what the parser has not read yet: an attribute's value cannot hold a `<`.
  [[nodiscard]] std::size_t last(std::string_view opening, xmlParserCtxt *context) const {
    const auto consumed = std::max(xmlByteConsumed(context), 0L);
    const auto from = std::min(static_cast<std::size_t>(consumed), source->text.size());
    const auto found = source->text.rfind(opening, from == 0 ? 0 : from - 1);
    return found == std::string::npos ? 0 : found;
  }

  void fail(std::string_view id, SourcePosition where, std::string message) {
    if (!std::exchange(failed, true))
      diagnostics.error(id, std::move(where), std::move(message));
  }
  /// The same, and the parser reads no further.
  void stop(xmlParserCtxt *context, std::string_view id, std::size_t offset, std::string message) {
    fail(id, SourcePosition::at_offset(source, offset), std::move(message));
    xmlStopParser(context);
  }
};

ParseState &state_of(void *context) {
  return *static_cast<ParseState *>(static_cast<xmlParserCtxt *>(context)->_private);
}

void start_document(void *context) noexcept {
  const auto *input = static_cast<xmlParserCtxt *>(context)->input;
  if (input->buf != nullptr && input->buf->encoder != nullptr)
    state_of(context).stop(static_cast<xmlParserCtxt *>(context), id::not_utf8, 0,
                           fmt::format("the document is in {}, not in UTF-8", input->buf->encoder->name));
  else
    xmlSAX2StartDocument(context);
}

void start_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
                   const xmlChar **namespaces, int attribute_count, int defaulted,
                   const xmlChar **attributes) noexcept {
  auto *parser = static_cast<xmlParserCtxt *>(context);
  auto &state = state_of(context);
  const auto offset = state.last("<", parser);
  if (++state.depth > state.limits.nesting) {
    state.stop(parser, id::nested_too_deep, offset,
               fmt::format("elements are nested deeper than {}", state.limits.nesting));
    return;
  }
  if (++state.elements > state.limits.elements()) {
    state.stop(parser, id::document_too_large, offset,
               fmt::format("the document has more than {} elements", state.limits.elements()));
    return;
  }
  xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces, attribute_count, defaulted,
                        attributes);
  if (parser->node != nullptr)
    parser->node->_private = reinterpret_cast<void *>(offset + 1); // NOLINT(performance-no-int-to-ptr): never followed
}

void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) noexcept {
  --state_of(context).depth;
  xmlSAX2EndElementNs(context, name, prefix, uri);
}

void internal_subset(void *context, const xmlChar * /*name*/, const xmlChar * /*external*/,
                     const xmlChar * /*system*/) noexcept {
  auto *parser = static_cast<xmlParserCtxt *>(context);
  auto &state = state_of(context);
  state.stop(parser, id::doctype_forbidden, state.last("<!DOCTYPE", parser),
             "a document type (and with it entities) is not allowed");
}

void report_error(void * /*context*/, xmlError *error) noexcept {
  if (error->code == XML_ERR_USER_STOP || error->level < XML_ERR_ERROR)
    return;
  auto &state = *static_cast<ParseState *>(static_cast<xmlParserCtxt *>(error->ctxt)->_private);
  std::string message = error->message == nullptr ? "not well-formed" : error->message;
  message.erase(message.find_last_not_of(" \n") + 1);
  state.fail(id::not_well_formed,
             {state.source, static_cast<std::uint32_t>(std::max(error->line, 1)),
              static_cast<std::uint32_t>(std::max(error->int2, 1))},
             std::move(message));
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
      name = fmt::format("{}:{}", to_string(attribute->ns->prefix), name);
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
    diagnostics.error(
        id::document_too_large, {source, 0, 0},
        fmt::format("the document has {} bytes, the limit is {}", source->text.size(), limits.document_size));
    return std::nullopt;
  }
  if (const auto tag = find_crowded_tag(source->text, limits.attributes); tag != std::string::npos) {
    diagnostics.error(id::document_too_large, SourcePosition::at_offset(source, tag),
                      fmt::format("the element has more than {} attributes", limits.attributes));
    return std::nullopt;
  }
  ParseState state{source, limits, diagnostics};
  const ParserContext context(xmlNewParserCtxt());
  context->_private = &state;
  context->sax->startDocument = start_document;
  context->sax->startElementNs = start_element;
  context->sax->endElementNs = end_element;
  context->sax->internalSubset = internal_subset;
  context->sax->serror = report_error;
  Doc doc(xmlCtxtReadMemory(context.get(), source->text.data(), static_cast<int>(source->text.size()),
                            source->name.c_str(), nullptr, XML_PARSE_NONET | XML_PARSE_BIG_LINES));
  if (!doc || xmlDocGetRootElement(doc.get()) == nullptr)
    state.fail(id::not_well_formed, {source, 1, 1}, "not an XML document");
  else if (const auto nul = source->text.find('\0'); nul != std::string::npos) // libxml2 takes it for the end
    state.fail(id::not_well_formed, SourcePosition::at_offset(source, nul), "a NUL byte stands in the document");
  if (state.failed)
    return std::nullopt;
  return Document(std::move(source), std::move(doc));
}

Element Document::root() const { return {xmlDocGetRootElement(doc_.get()), source_}; }

SourcePosition Document::position_of(const _xmlNode *node) const {
  while (node != nullptr && (node->type != XML_ELEMENT_NODE || offset_of(node) == 0))
    node = node->parent;
  return node == nullptr ? root().where() : SourcePosition::at_offset(source_, offset_of(node) - 1);
}

} // namespace nwgate::xml
