// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/expand_includes.h"

#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <tuple>

namespace nwgate {
namespace {

class Expander {
public:
  Expander(FilterSource &source, const ResolveLimits &limits, Diagnostics &diagnostics)
      : source_(source), limits_(limits), diagnostics_(diagnostics) {}

  std::vector<FlatRule> run(std::string_view top, const SourcePosition &where) {
    if (const Filter *filter = look_up(top, where))
      visit(*filter);
    return std::move(rules_);
  }

private:
  const Filter *look_up(std::string_view name, const SourcePosition &where) {
    if (wrong_.contains(name))
      return nullptr;
    const auto errors = diagnostics_.error_count();
    const Filter *filter = source_.find(name, diagnostics_);
    if (filter != nullptr)
      return filter;
    // A document that is wrong has been reported by the source, with its own errors.
    if (diagnostics_.error_count() == errors)
      report(id::unknown_filter, where, fmt::format("there is no filter named '{}'", name));
    else
      wrong_.emplace(name);
    return nullptr;
  }

  /// Once for each include: it can be met as often as there are paths that lead to it.
  void report(std::string_view id, const SourcePosition &where, std::string message) {
    if (!reported_.emplace(id, open_.empty() ? "" : open_.back()->name, where.line, where.column).second)
      return;
    auto &diagnostic = diagnostics_.error(id, where, std::move(message));
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
      diagnostic.note(step->where, "included from here");
  }

  void visit(const Filter &filter) {
    open_.push_back(&filter);
    const auto path = std::make_shared<const std::vector<const FilterRef *>>(references_);
    for (const auto &item : filter.items) {
      if (full_)
        break;
      if (const auto *reference = std::get_if<FilterRef>(&item))
        follow(*reference, filter);
      else
        add(std::get<Rule>(item), filter, path);
    }
    open_.pop_back();
  }

  void add(const Rule &rule, const Filter &filter, const std::shared_ptr<const std::vector<const FilterRef *>> &path) {
    rules_.push_back({&rule, &filter, std::make_shared<const Origin>(Origin{rule.where, filter.name, steps_}), path});
  }

  void follow(const FilterRef &reference, const Filter &holder) {
    // Includes can double at each level, so they are counted as well: a tree of empty filters has an end too.
    if (rules_.size() + ++includes_ > limits_.rules) {
      diagnostics_.error(id::too_many_rules, reference.where,
                         fmt::format("the filter has more than {} rules and includes", limits_.rules));
      full_ = true;
      return;
    }
    if (std::ranges::any_of(open_, [&](const Filter *f) { return f->name == reference.filter; })) {
      report(id::include_cycle, reference.where,
             fmt::format("'{}' includes itself through this filterref", reference.filter));
      return;
    }
    if (references_.size() >= limits_.include_depth) {
      report(id::includes_too_deep, reference.where,
             fmt::format("filters include one another deeper than {}", limits_.include_depth));
      return;
    }
    const Filter *filter = look_up(reference.filter, reference.where);
    if (filter == nullptr)
      return;
    references_.push_back(&reference);
    steps_.push_back({reference.where, holder.name});
    visit(*filter);
    steps_.pop_back();
    references_.pop_back();
  }

  FilterSource &source_;
  const ResolveLimits &limits_;
  Diagnostics &diagnostics_;
  std::vector<FlatRule> rules_;
  /// The filters that are being visited, outermost first, and the includes between them.
  std::vector<const Filter *> open_;
  std::vector<const FilterRef *> references_;
  std::vector<Origin::Step> steps_;
  std::size_t includes_ = 0;
  /// Filters whose documents are wrong.
  std::set<std::string, std::less<>> wrong_;
  /// Id, filter and place of what has been reported.
  std::set<std::tuple<std::string_view, std::string, std::uint32_t, std::uint32_t>> reported_;
  bool full_ = false;
};

} // namespace

std::vector<FlatRule> expand_includes(std::string_view top, const SourcePosition &where, FilterSource &source,
                                      const ResolveLimits &limits, Diagnostics &diagnostics) {
  return Expander(source, limits, diagnostics).run(top, where);
}

} // namespace nwgate
