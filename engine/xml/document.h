// SPDX-License-Identifier: LGPL-2.1-or-later
/// A well-formed XML document with the place of every element and attribute. The only door to libxml2's parser.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/base/handle.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
struct _xmlDoc;
struct _xmlNode;
void xmlFreeDoc(_xmlDoc *); // NOLINT(readability-identifier-naming,readability-redundant-declaration): libxml2's
}

namespace nwgate::xml {

struct Limits {
  /// Bytes of one document.
  std::size_t document_size = 4U << 20U;
  /// Elements inside one another, the root counted. libvirt's own domain documents stay below 16.
  unsigned nesting = 64;
  /// Attributes of one element: libxml2 takes time that grows with their square.
  std::size_t attributes = 256;
  /// Whether the readers also hold a document against its schema. Their own checks refuse all that the schema refuses
  /// and say it better, so the commands that judge documents ask for it, and those that use them need not.
  bool check_schema = true;

  /// Elements of one document. The schema takes time that grows with their square, and each may be an error: documents
  /// that people write have more than 32 bytes of text for each, space counted.
  [[nodiscard]] std::size_t elements() const { return document_size / 32 + 1; }
};

struct Attribute {
  std::string name;
  std::string value;
  /// Of the attribute's name.
  SourcePosition where;
};

/// A view of an element; valid as long as its Document.
class Element {
public:
  Element(_xmlNode *node, const std::shared_ptr<const SourceText> &source) : node_(node), source_(&source) {}

  [[nodiscard]] std::string_view name() const;
  /// Of the `<`.
  [[nodiscard]] SourcePosition where() const;
  /// In document order, namespace declarations left out.
  [[nodiscard]] std::vector<Attribute> attributes() const;
  [[nodiscard]] std::optional<Attribute> attribute(std::string_view name) const;
  /// Child elements in document order.
  [[nodiscard]] std::vector<Element> children() const;
  [[nodiscard]] std::optional<Element> child(std::string_view name) const;
  /// The text directly inside, without white space around it.
  [[nodiscard]] std::string text() const;

private:
  _xmlNode *node_;
  const std::shared_ptr<const SourceText> *source_;
};

class Document {
public:
  /// Parses `source`, which must be UTF-8. External entities, document types, and network access are off: a document
  /// that has a DOCTYPE is refused. Nothing when there was an error; the first one is in `diagnostics`, what libxml2
  /// says behind it is an echo.
  static std::optional<Document> parse(std::shared_ptr<const SourceText> source, const Limits &limits,
                                       Diagnostics &diagnostics);

  [[nodiscard]] Element root() const;
  [[nodiscard]] const std::shared_ptr<const SourceText> &source() const { return source_; }
  /// libxml2's own tree, for the schema validator in this folder.
  [[nodiscard]] _xmlDoc *native() const { return doc_.get(); }
  /// The place of an element of native(), or of the element that a node stands in; the root's when there is none.
  [[nodiscard]] SourcePosition position_of(const _xmlNode *node) const;

private:
  using Doc = Handle<_xmlDoc, xmlFreeDoc>;
  Document(std::shared_ptr<const SourceText> source, Doc doc) : source_(std::move(source)), doc_(std::move(doc)) {}

  std::shared_ptr<const SourceText> source_;
  Doc doc_;
};

} // namespace nwgate::xml
