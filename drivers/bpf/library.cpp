// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/library.h"

#include <dlfcn.h>
#include <string>

namespace nwgate::bpf {
namespace {

constexpr auto library_name = "libbpf.so.1";

/// Keeps the first name that is missing.
class Finder {
public:
  explicit Finder(void *library) : library_(library) {}

  template <typename Function> Finder &find(const char *name, Function &function) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (function == nullptr && missing_.empty())
      missing_ = name;
    return *this;
  }
  [[nodiscard]] const std::string &missing() const { return missing_; }

private:
  void *library_;
  std::string missing_;
};

} // namespace

Result<Library> Library::load() {
  void *opened = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char *why = dlerror(); // NOLINT(concurrency-mt-unsafe)
    return fail(Error(std::string("cannot load libbpf, which loads the filters of cgroups: ") +
                      (why == nullptr ? "unknown error" : why)));
  }
  Library bpf;
  Finder finder(opened);
  finder.find("bpf_prog_load", bpf.prog_load)
      .find("bpf_prog_get_fd_by_id", bpf.prog_get_fd_by_id)
      .find("bpf_prog_test_run_opts", bpf.prog_test_run_opts)
      .find("bpf_map_create", bpf.map_create)
      .find("bpf_map_get_fd_by_id", bpf.map_get_fd_by_id)
      .find("bpf_map_get_next_key", bpf.map_get_next_key)
      .find("bpf_map_lookup_elem", bpf.map_lookup_elem)
      .find("bpf_map_update_elem", bpf.map_update_elem)
      .find("bpf_map_update_batch", bpf.map_update_batch)
      .find("bpf_map_freeze", bpf.map_freeze)
      .find("bpf_link_create", bpf.link_create)
      .find("bpf_link_update", bpf.link_update)
      .find("bpf_link_detach", bpf.link_detach)
      .find("bpf_obj_pin", bpf.obj_pin)
      .find("bpf_obj_get", bpf.obj_get)
      .find("bpf_obj_get_info_by_fd", bpf.obj_get_info_by_fd)
      .find("libbpf_num_possible_cpus", bpf.num_possible_cpus);
  if (!finder.missing().empty())
    return fail(Error("libbpf is too old to load the filters of cgroups with: it lacks " + finder.missing()));
  return bpf;
}

} // namespace nwgate::bpf
