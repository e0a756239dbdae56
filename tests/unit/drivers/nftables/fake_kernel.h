// SPDX-License-Identifier: LGPL-2.1-or-later
/// nf_tables in memory: does what a plan says, and knows what cannot be done.
#pragma once

#include "drivers/nftables/plan.h"
#include "tests/unit/drivers/nftables/support.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace nwgate::nftables::testing {

class FakeKernel {
public:
  KernelState state;

  /// What the plan finds missing, or there already, is a failure of the test.
  void commit(const Plan &plan);

  /// The state as it is read without elements.
  [[nodiscard]] KernelState without_elements() const;
  /// Names of chains, or of sets, of `bridge`, `ip` or `ip6`.
  [[nodiscard]] std::set<std::string> chains(netlink::Family family) const;
  [[nodiscard]] std::set<std::string> sets(netlink::Family family) const;
  /// The elements of a set in hexadecimal.
  [[nodiscard]] std::vector<std::string> elements(netlink::Family family, const std::string &set) const;
  /// Handles of the rules of a chain.
  [[nodiscard]] std::vector<std::uint64_t> handles(netlink::Family family, const std::string &chain) const;

private:
  void do_it(const Operation &operation);
  void add_rule(KernelChain &chain, const Operation &operation);
  static void add_elements(KernelSet &set, const netlink::Elements &elements);
  static void delete_elements(KernelSet &set, const netlink::Elements &elements);

  std::uint64_t next_handle_ = 1;
};

/// A host: filters, what ports should have, and the kernel.
class FakeHost {
public:
  FakeKernel kernel;
  Options options;

  /// Gives the filter another content from now on.
  void define(const std::string &filter, const std::string &body);
  /// The port shall have the filter, from the next plan on.
  void bind(const std::string &port, const std::string &filter, const Parameters &parameters = {});
  void unbind(const std::string &port) { bindings_.erase(port); }
  void set_device(const std::string &port, std::uint32_t index) { devices_[port] = index; }

  /// The plan for these ports, of those that are bound, and those of `leaving`.
  Plan plan_for(const std::vector<std::string> &ports, const std::vector<std::string> &leaving = {}) const;
  /// The plan of a bind that reads no elements: the ports are new.
  Plan plan_for_new(const std::vector<std::string> &ports) const;
  /// The plan for all ports that are bound, but for those that are `untouched`.
  Plan plan_for_all(const std::set<std::string> &untouched = {}) const;
  /// How all ports are attached.
  void attach(Attachment attachment) { attachment_ = attachment; }
  [[nodiscard]] Desired desired(const std::vector<std::string> &ports) const;

private:
  struct Binding {
    std::string filter;
    Parameters parameters;
  };

  std::map<std::string, std::string> filters_;
  std::map<std::string, Binding> bindings_;
  std::map<std::string, std::uint32_t> devices_;
  Attachment attachment_ = Attachment::bridge;
};

/// `add_elements f/IP.ipv4 1`: what each operation does, the number being that of elements; in the order of the plan.
std::vector<std::string> in_words(const Plan &plan);

} // namespace nwgate::nftables::testing
