// SPDX-License-Identifier: LGPL-2.1-or-later
/// The stable ids of diagnostics. docs/diagnostics.md explains each; tests/check/diagnostic_ids compares the two.
#pragma once

#include <string_view>

namespace nwgate::id {

using Id = std::string_view;

// 1xx: the document as XML
inline constexpr Id not_well_formed = "NWG101";
inline constexpr Id document_too_large = "NWG102";
inline constexpr Id nested_too_deep = "NWG103";
inline constexpr Id doctype_forbidden = "NWG104";
inline constexpr Id wrong_root_element = "NWG105";
inline constexpr Id unknown_element = "NWG106";
inline constexpr Id unknown_attribute = "NWG107";
inline constexpr Id missing_attribute = "NWG108";
inline constexpr Id missing_element = "NWG109";
inline constexpr Id schema_violation = "NWG110";
inline constexpr Id repeated_element = "NWG111";
inline constexpr Id unexpected_text = "NWG112";
inline constexpr Id not_utf8 = "NWG113";

// 2xx: the filter language
inline constexpr Id illegal_value = "NWG201";
inline constexpr Id illegal_chain = "NWG202";
inline constexpr Id illegal_priority = "NWG203";
inline constexpr Id unknown_action = "NWG204";
inline constexpr Id unknown_direction = "NWG205";
inline constexpr Id illegal_statematch = "NWG206";
inline constexpr Id mixed_protocols = "NWG207";
inline constexpr Id repeated_attribute = "NWG208";
inline constexpr Id ports_need_protocol = "NWG209";
inline constexpr Id malformed_variable = "NWG210";
inline constexpr Id malformed_uuid = "NWG211";
inline constexpr Id illegal_parameter = "NWG212";
inline constexpr Id illegal_name = "NWG213";
inline constexpr Id variable_not_allowed = "NWG214";
inline constexpr Id stp_inout_with_source = "NWG215";
inline constexpr Id illegal_match = "NWG216";
inline constexpr Id illegal_port_name = "NWG218";
inline constexpr Id empty_range = "NWG219";

// 3xx: filters together, and with a binding's values
inline constexpr Id unknown_filter = "NWG301";
inline constexpr Id include_cycle = "NWG302";
inline constexpr Id includes_too_deep = "NWG303";
inline constexpr Id too_many_rules = "NWG304";
inline constexpr Id missing_variable = "NWG305";
inline constexpr Id lists_differ_in_length = "NWG306";
inline constexpr Id value_of_wrong_type = "NWG307";
inline constexpr Id element_out_of_list = "NWG308";

// 4xx: warnings where a document meets a difference to libvirt (docs/differences.md)
inline constexpr Id stp_chain_priority = "NWG401";
inline constexpr Id priority_without_chain = "NWG402";
inline constexpr Id ipset_with_flags = "NWG403";
inline constexpr Id negated_destination_ports = "NWG404";
inline constexpr Id vlan_encap_protocol = "NWG405";
inline constexpr Id ip_dscp = "NWG406";
inline constexpr Id arp_destination_mask = "NWG407";
inline constexpr Id dstipto_ipv6 = "NWG408";
inline constexpr Id inout_icmp_type = "NWG409";
inline constexpr Id continue_in_ip_layer = "NWG410";
inline constexpr Id chain_priority_zero = "NWG411";
inline constexpr Id reject_in_ethernet_layer = "NWG412";
inline constexpr Id negated_ipset = "NWG413";
inline constexpr Id code_negation_ignored = "NWG415";
inline constexpr Id attribute_without_partner = "NWG416";
inline constexpr Id tcp_flags_ipv6 = "NWG417";
inline constexpr Id icmp_type_255 = "NWG418";
inline constexpr Id negated_icmp_code = "NWG419";

// 5xx: what a layout or the kernel refuses
inline constexpr Id not_expressible = "NWG501";
inline constexpr Id refused_by_kernel = "NWG502";
inline constexpr Id chain_is_foreign = "NWG503";
inline constexpr Id bridge_netfilter_off = "NWG504";
inline constexpr Id cgroup_input_unseen = "NWG505";

// 6xx: the set of documents
inline constexpr Id name_is_not_file_name = "NWG601";
inline constexpr Id uuid_conflict = "NWG602";
inline constexpr Id filter_in_use = "NWG603";
inline constexpr Id administrators_file = "NWG604";
inline constexpr Id port_given_twice = "NWG605";
inline constexpr Id unreadable_file = "NWG606";
inline constexpr Id illegal_setting = "NWG607";
inline constexpr Id shipped_filter = "NWG608";
inline constexpr Id not_bound = "NWG609";

} // namespace nwgate::id
