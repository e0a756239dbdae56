// SPDX-License-Identifier: LGPL-2.1-or-later
/// The operations of a transaction on sets and elements.
#include "drivers/netlink/handles.h"
#include "drivers/netlink/plain_intervals.h"
#include "drivers/netlink/transaction.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

namespace nwgate::netlink {
namespace {

/// A message's list of elements is one attribute, whose length has 16 bits; the largest element is far smaller than
/// what is left.
constexpr std::size_t most_list_bytes = 60000;

void put_data(nlmsghdr &message, std::uint16_t attribute, Bytes data) {
  nlattr *nest = mnl_attr_nest_start(&message, attribute);
  mnl_attr_put(&message, NFTA_DATA_VALUE, data.size(), data.data());
  mnl_attr_nest_end(&message, nest);
}

std::uint32_t flags_of(const SetSpec &spec) {
  std::uint32_t flags = 0;
  if (spec.has_intervals())
    flags |= NFT_SET_INTERVAL;
  if (spec.has_intervals() && !spec.has_plain_intervals())
    flags |= NFT_SET_CONCAT;
  if (spec.data_length > 0 || spec.verdicts)
    flags |= NFT_SET_MAP;
  return flags;
}

void put_fields(nlmsghdr &message, const SetSpec &spec) {
  nlattr *description = mnl_attr_nest_start(&message, NFTA_SET_DESC);
  nlattr *fields = mnl_attr_nest_start(&message, NFTA_SET_DESC_CONCAT);
  for (const auto length : spec.interval_fields) {
    nlattr *field = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
    mnl_attr_put_u32(&message, NFTA_SET_FIELD_LEN, htonl(length));
    mnl_attr_nest_end(&message, field);
  }
  mnl_attr_nest_end(&message, fields);
  mnl_attr_nest_end(&message, description);
}

void put_counter(nlmsghdr &message, std::uint16_t attribute, const Counts &from) {
  nlattr *expression = mnl_attr_nest_start(&message, attribute);
  mnl_attr_put_strz(&message, NFTA_EXPR_NAME, "counter");
  nlattr *data = mnl_attr_nest_start(&message, NFTA_EXPR_DATA);
  if (from != Counts{}) {
    mnl_attr_put_u64(&message, NFTA_COUNTER_PACKETS, htobe64(from.packets));
    mnl_attr_put_u64(&message, NFTA_COUNTER_BYTES, htobe64(from.bytes));
  }
  mnl_attr_nest_end(&message, data);
  mnl_attr_nest_end(&message, expression);
}

void put_key(nlmsghdr &message, const SetSpec &spec, Bytes element) {
  put_data(message, NFTA_SET_ELEM_KEY, element.first(spec.key_length));
  if (spec.has_intervals() && !spec.has_plain_intervals())
    put_data(message, NFTA_SET_ELEM_KEY_END, element.subspan(spec.key_length, spec.key_length));
}

/// What follows the last key of a plain interval. Nothing if no key does: the interval is open then.
void put_end(nlmsghdr &message, const SetSpec &spec, Bytes element) {
  const auto last = element.subspan(spec.key_length, spec.key_length);
  std::vector<std::uint8_t> next(last.begin(), last.end());
  if (!increment(next))
    return;
  nlattr *item = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
  mnl_attr_put_u32(&message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
  put_data(message, NFTA_SET_ELEM_KEY, next);
  mnl_attr_nest_end(&message, item);
}

} // namespace

void Transaction::add_set(const SetName &set, const SetSpec &spec, Tag tag, Bytes user_data) {
  nlmsghdr &message = start(NFT_MSG_NEWSET, set.family, NLM_F_CREATE);
  mnl_attr_put_strz(&message, NFTA_SET_TABLE, set.table.c_str());
  mnl_attr_put_strz(&message, NFTA_SET_NAME, set.name.c_str());
  mnl_attr_put_u32(&message, NFTA_SET_ID, htonl(next_set_id_++));
  mnl_attr_put_u32(&message, NFTA_SET_FLAGS, htonl(flags_of(spec)));
  mnl_attr_put_u32(&message, NFTA_SET_KEY_TYPE, htonl(spec.key_type));
  mnl_attr_put_u32(&message, NFTA_SET_KEY_LEN, htonl(spec.key_length));
  if (spec.verdicts) {
    mnl_attr_put_u32(&message, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
  } else if (spec.data_length > 0) {
    mnl_attr_put_u32(&message, NFTA_SET_DATA_TYPE, htonl(spec.data_type));
    mnl_attr_put_u32(&message, NFTA_SET_DATA_LEN, htonl(spec.data_length));
  }
  if (spec.has_intervals() && !spec.has_plain_intervals())
    put_fields(message, spec);
  if (spec.counters)
    put_counter(message, NFTA_SET_EXPR, {});
  if (!user_data.empty())
    mnl_attr_put(&message, NFTA_SET_USERDATA, user_data.size(), user_data.data());
  append(message, tag);
}

void Transaction::delete_set(const SetName &set, Tag tag) {
  nlmsghdr &message = start(NFT_MSG_DELSET, set.family, 0);
  mnl_attr_put_strz(&message, NFTA_SET_TABLE, set.table.c_str());
  mnl_attr_put_strz(&message, NFTA_SET_NAME, set.name.c_str());
  append(message, tag);
}

nlmsghdr &Transaction::start_elements(std::uint16_t type, const SetName &set) {
  nlmsghdr &message = start(type, set.family, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
  mnl_attr_put_strz(&message, NFTA_SET_ELEM_LIST_TABLE, set.table.c_str());
  mnl_attr_put_strz(&message, NFTA_SET_ELEM_LIST_SET, set.name.c_str());
  return message;
}

void Transaction::put_elements(std::uint16_t type, const SetName &set, const SetSpec &spec, const Elements &elements,
                               Tag tag, const std::vector<Counts> &from) {
  const Bytes all(elements);
  const auto size = spec.element_size();
  for (std::size_t at = 0; at + size <= all.size();) {
    nlmsghdr &message = start_elements(type, set);
    const auto begin = message.nlmsg_len;
    nlattr *list = mnl_attr_nest_start(&message, NFTA_SET_ELEM_LIST_ELEMENTS);
    for (; at + size <= all.size() && message.nlmsg_len - begin < most_list_bytes; at += size) {
      const auto element = all.subspan(at, size);
      nlattr *item = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
      put_key(message, spec, element);
      if (spec.data_length > 0 && type == NFT_MSG_NEWSETELEM)
        put_data(message, NFTA_SET_ELEM_DATA, element.last(spec.data_length));
      if (at / size < from.size() && from[at / size] != Counts{})
        put_counter(message, NFTA_SET_ELEM_EXPR, from[at / size]);
      mnl_attr_nest_end(&message, item);
      if (spec.has_plain_intervals())
        put_end(message, spec, element);
    }
    mnl_attr_nest_end(&message, list);
    append(message, tag);
  }
}

void Transaction::add_elements(const SetName &set, const SetSpec &spec, const Elements &elements, Tag tag,
                               const std::vector<Counts> &from) {
  put_elements(NFT_MSG_NEWSETELEM, set, spec, elements, tag, from);
}

void Transaction::delete_elements(const SetName &set, const SetSpec &spec, const Elements &elements, Tag tag) {
  put_elements(NFT_MSG_DELSETELEM, set, spec, elements, tag);
}

void Transaction::add_element(const SetName &set, const VerdictElement &element, Tag tag, const Counts &from) {
  nlmsghdr &message = start_elements(NFT_MSG_NEWSETELEM, set);
  nlattr *list = mnl_attr_nest_start(&message, NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr *item = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
  put_data(message, NFTA_SET_ELEM_KEY, element.key);
  nlattr *data = mnl_attr_nest_start(&message, NFTA_SET_ELEM_DATA);
  nlattr *verdict = mnl_attr_nest_start(&message, NFTA_DATA_VERDICT);
  mnl_attr_put_u32(&message, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(element.go_to ? NFT_GOTO : NFT_JUMP)));
  mnl_attr_put_strz(&message, NFTA_VERDICT_CHAIN, element.chain.c_str());
  mnl_attr_nest_end(&message, verdict);
  mnl_attr_nest_end(&message, data);
  if (from != Counts{})
    put_counter(message, NFTA_SET_ELEM_EXPR, from);
  mnl_attr_nest_end(&message, item);
  mnl_attr_nest_end(&message, list);
  append(message, tag);
}

void Transaction::delete_element(const SetName &set, const VerdictElement &element, Tag tag) {
  nlmsghdr &message = start_elements(NFT_MSG_DELSETELEM, set);
  nlattr *list = mnl_attr_nest_start(&message, NFTA_SET_ELEM_LIST_ELEMENTS);
  nlattr *item = mnl_attr_nest_start(&message, NFTA_LIST_ELEM);
  put_data(message, NFTA_SET_ELEM_KEY, element.key);
  mnl_attr_nest_end(&message, item);
  mnl_attr_nest_end(&message, list);
  append(message, tag);
}

} // namespace nwgate::netlink
