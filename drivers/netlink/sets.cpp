// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/sets.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/plain_intervals.h"
#include "drivers/netlink/request.h"

#include <algorithm>
#include <arpa/inet.h>
#include <endian.h>
#include <functional>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <numeric>
#include <string_view>

namespace nwgate::netlink {
namespace {

Bytes payload_of(const nlattr &attribute) {
  return {static_cast<const std::uint8_t *>(mnl_attr_get_payload(&attribute)), mnl_attr_get_payload_len(&attribute)};
}

std::uint32_t number_in(const nlattr &attribute) {
  return mnl_attr_validate(&attribute, MNL_TYPE_U32) < 0 ? 0 : ntohl(mnl_attr_get_u32(&attribute));
}

std::uint64_t long_number_in(const nlattr &attribute) {
  return mnl_attr_validate(&attribute, MNL_TYPE_U64) < 0 ? 0 : be64toh(mnl_attr_get_u64(&attribute));
}

std::string text_in(const nlattr &attribute) {
  return mnl_attr_validate(&attribute, MNL_TYPE_NUL_STRING) < 0 ? std::string() : mnl_attr_get_str(&attribute);
}

/// The attribute of this type among `nest`'s; nullptr if there is none.
const nlattr *find(const nlattr &nest, std::uint16_t type) {
  for (const nlattr *attribute : attributes_in(nest))
    if (mnl_attr_get_type(attribute) == type)
      return attribute;
  return nullptr;
}

std::vector<std::uint32_t> fields_in(const nlattr &description) {
  std::vector<std::uint32_t> lengths;
  if (const auto *fields = find(description, NFTA_SET_DESC_CONCAT))
    for (const nlattr *field : attributes_in(*fields))
      if (const auto *length = find(*field, NFTA_SET_FIELD_LEN))
        lengths.push_back(number_in(*length));
  return lengths;
}

/// NFTA_SET_COUNT of Linux 6.18; older kernels do not tell.
constexpr std::uint16_t set_count = 20;

std::optional<SetInfo> parse_set(const nlmsghdr &message) {
  SetInfo info;
  info.name.family = static_cast<Family>(static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(&message))->nfgen_family);
  std::uint32_t flags = 0;
  for (const nlattr *attribute : attributes_in(message)) {
    switch (mnl_attr_get_type(attribute)) {
    case NFTA_SET_TABLE:
      info.name.table = text_in(*attribute);
      break;
    case NFTA_SET_NAME:
      info.name.name = text_in(*attribute);
      break;
    case NFTA_SET_FLAGS:
      flags = number_in(*attribute);
      break;
    case NFTA_SET_KEY_TYPE:
      info.spec.key_type = number_in(*attribute);
      break;
    case NFTA_SET_KEY_LEN:
      info.spec.key_length = number_in(*attribute);
      break;
    case NFTA_SET_DATA_TYPE:
      info.spec.data_type = number_in(*attribute);
      break;
    case NFTA_SET_DATA_LEN:
      info.spec.data_length = number_in(*attribute);
      break;
    case NFTA_SET_DESC:
      info.spec.interval_fields = fields_in(*attribute);
      break;
    case NFTA_SET_EXPR:
      info.spec.counters = true;
      break;
    case NFTA_SET_HANDLE:
      info.handle = long_number_in(*attribute);
      break;
    case NFTA_SET_USERDATA: {
      const auto data = payload_of(*attribute);
      info.user_data.assign(data.begin(), data.end());
      break;
    }
    case set_count:
      info.count = number_in(*attribute);
      break;
    default:
      break;
    }
  }
  if (info.spec.data_type == NFT_DATA_VERDICT) {
    info.spec.verdicts = true;
    info.spec.data_type = info.spec.data_length = 0;
  }
  if ((flags & NFT_SET_INTERVAL) == 0)
    info.spec.interval_fields.clear();
  else if (info.spec.interval_fields.empty())
    info.spec.interval_fields = {info.spec.key_length};
  return info;
}

Counts counts_in(const nlattr &expression) {
  Counts counts;
  if (const auto *data = find(expression, NFTA_EXPR_DATA))
    for (const nlattr *attribute : attributes_in(*data)) {
      if (mnl_attr_get_type(attribute) == NFTA_COUNTER_PACKETS)
        counts.packets = long_number_in(*attribute);
      else if (mnl_attr_get_type(attribute) == NFTA_COUNTER_BYTES)
        counts.bytes = long_number_in(*attribute);
    }
  return counts;
}

/// Reads the elements of one set out of messages. Ten thousands of them: no allocation for each.
class ElementReader {
public:
  ElementReader(const SetSpec &spec, bool with_counts)
      : spec_(spec), with_counts_(with_counts), intervals_(spec.key_length) {}

  void read(const nlmsghdr &message) {
    const auto size = mnl_nlmsg_get_payload_len(&message);
    const nlattr *attribute = nullptr;
    if (size < sizeof(nfgenmsg))
      return;
    const auto *first = static_cast<const nlattr *>(mnl_nlmsg_get_payload_offset(&message, sizeof(nfgenmsg)));
    for_each(first, size - sizeof(nfgenmsg), [&](const nlattr &one) {
      if (mnl_attr_get_type(&one) == NFTA_SET_ELEM_LIST_ELEMENTS)
        attribute = &one;
    });
    if (attribute != nullptr)
      for_each(*attribute, [this](const nlattr &element) { take(element); });
  }

  /// Once, when all is read.
  ElementListing take_listing() {
    if (spec_.has_plain_intervals())
      listing_.elements = intervals_.intervals(listing_.strange);
    return std::move(listing_);
  }

private:
  template <typename Visit> static void for_each(const nlattr *attribute, std::size_t size, Visit visit) {
    for (int left = static_cast<int>(size); mnl_attr_ok(attribute, left); attribute = mnl_attr_next(attribute)) {
      visit(*attribute);
      left -= static_cast<int>(MNL_ALIGN(attribute->nla_len));
    }
  }
  template <typename Visit> static void for_each(const nlattr &nest, Visit visit) {
    for_each(static_cast<const nlattr *>(mnl_attr_get_payload(&nest)), mnl_attr_get_payload_len(&nest), visit);
  }

  static Bytes value_in(const nlattr &data) {
    Bytes value;
    for_each(data, [&](const nlattr &inner) {
      if (mnl_attr_get_type(&inner) == NFTA_DATA_VALUE)
        value = payload_of(inner);
    });
    return value;
  }

  void take(const nlattr &element) {
    Bytes key;
    Bytes end;
    Bytes data;
    const nlattr *verdict = nullptr;
    const nlattr *expression = nullptr;
    std::uint32_t flags = 0;
    for_each(element, [&](const nlattr &part) {
      switch (mnl_attr_get_type(&part)) {
      case NFTA_SET_ELEM_KEY:
        key = value_in(part);
        break;
      case NFTA_SET_ELEM_KEY_END:
        end = value_in(part);
        break;
      case NFTA_SET_ELEM_DATA:
        data = value_in(part);
        verdict = find(part, NFTA_DATA_VERDICT);
        break;
      case NFTA_SET_ELEM_EXPR:
        expression = &part;
        break;
      case NFTA_SET_ELEM_FLAGS:
        flags = number_in(part);
        break;
      default:
        break;
      }
    });
    if (spec_.verdicts)
      return take_verdict(key, verdict, expression);
    const bool is_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
    if (spec_.has_plain_intervals() && key.size() == spec_.key_length && spec_.data_length == 0)
      return intervals_.add(key, is_end);
    if (end.empty())
      end = key;
    if (is_end || key.size() != spec_.key_length || end.size() != key.size() || data.size() != spec_.data_length) {
      ++listing_.strange;
      return;
    }
    auto &out = listing_.elements;
    out.insert(out.end(), key.begin(), key.end());
    if (spec_.has_intervals())
      out.insert(out.end(), end.begin(), end.end());
    out.insert(out.end(), data.begin(), data.end());
    if (with_counts_)
      listing_.counts.push_back(expression == nullptr ? Counts{} : counts_in(*expression));
  }

  void take_verdict(Bytes key, const nlattr *verdict, const nlattr *expression) {
    const auto *code = verdict == nullptr ? nullptr : find(*verdict, NFTA_VERDICT_CODE);
    const auto *chain = verdict == nullptr ? nullptr : find(*verdict, NFTA_VERDICT_CHAIN);
    const auto number = code == nullptr ? 0 : static_cast<std::int32_t>(number_in(*code));
    if (chain == nullptr || (number != NFT_JUMP && number != NFT_GOTO)) {
      ++listing_.strange;
      return;
    }
    listing_.verdicts.push_back({{key.begin(), key.end()}, text_in(*chain), number == NFT_GOTO});
    if (with_counts_)
      listing_.counts.push_back(expression == nullptr ? Counts{} : counts_in(*expression));
  }

  const SetSpec &spec_;
  bool with_counts_;
  PlainIntervals intervals_;
  ElementListing listing_;
};

Request element_request(const SetName &set, Request::Kind kind) {
  Request request(NFT_MSG_GETSETELEM, static_cast<std::uint8_t>(set.family), kind);
  request.put(NFTA_SET_ELEM_LIST_TABLE, set.table);
  request.put(NFTA_SET_ELEM_LIST_SET, set.name);
  return request;
}

} // namespace

Result<std::vector<SetInfo>> sets(Channel &channel, const TableName &table) {
  Request request(NFT_MSG_GETSET, static_cast<std::uint8_t>(table.family), Request::Kind::dump);
  request.put(NFTA_SET_TABLE, table.name);
  return dump(channel, request, NFTA_SET_HANDLE, parse_set, "the sets of table " + table.name);
}

namespace {

/// What two listings of the same elements have in common, whatever their order.
struct Likeness {
  /// Different ones.
  std::size_t count = 0;
  std::size_t sum = 0;
  bool operator==(const Likeness &) const = default;
};

Likeness likeness_of(const ElementListing &listing, std::size_t element_size) {
  std::vector<std::size_t> hashes;
  const std::string_view all(reinterpret_cast<const char *>(listing.elements.data()), listing.elements.size());
  for (std::size_t at = 0; at + element_size <= all.size() && element_size > 0; at += element_size)
    hashes.push_back(std::hash<std::string_view>()(all.substr(at, element_size)));
  for (const auto &element : listing.verdicts)
    hashes.push_back(std::hash<std::string>()(element.chain + std::string(element.key.begin(), element.key.end())));
  std::ranges::sort(hashes);
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return {hashes.size() + listing.strange, std::accumulate(hashes.begin(), hashes.end(), std::size_t{0})};
}

} // namespace

// A set grows in the background after a commit that filled it. Meanwhile each part of a dump that is made in steps
// begins in another order, and leaves elements out, which no flag tells: such a listing is believed when it has as many
// elements as the set, or when the next one is alike.
Result<ElementListing> elements(Channel &channel, const SetInfo &set, bool with_counts) {
  const auto what = "cannot read the elements of set " + set.name.name;
  std::optional<Likeness> last;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto request = element_request(set.name, Request::Kind::dump);
    ElementReader reader(set.spec, with_counts);
    auto answer = request.ask(channel, [&](const nlmsghdr &message) { reader.read(message); });
    if (!answer && answer.error().code() == ENOENT)
      return ElementListing{};
    if (!answer)
      return fail(answer.error().in(what));
    if (answer->interrupted)
      continue;
    auto listing = reader.take_listing();
    if (!answer->in_steps)
      return listing;
    const auto likeness = likeness_of(listing, set.spec.element_size());
    if (likeness.count == set.count || last == likeness)
      return listing;
    last = likeness;
  }
  return fail(what + ": others keep changing nf_tables", EAGAIN);
}

Result<std::optional<Elements>> element(Channel &channel, const SetInfo &set, Bytes key) {
  auto request = element_request(set.name, Request::Kind::single);
  request.put_element_key(key);
  ElementReader reader(set.spec, false);
  auto answer = request.ask(channel, [&](const nlmsghdr &message) { reader.read(message); });
  if (!answer && answer.error().code() == ENOENT)
    return std::optional<Elements>();
  if (!answer)
    return fail(answer.error().in("cannot read an element of set " + set.name.name));
  auto listing = reader.take_listing();
  if (listing.elements.empty())
    return std::optional<Elements>();
  return std::optional(std::move(listing.elements));
}

} // namespace nwgate::netlink
