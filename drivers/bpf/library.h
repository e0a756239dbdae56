// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is used of libbpf, which is loaded when it is needed.
#pragma once

#include "engine/base/result.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

namespace nwgate::bpf {

/// The functions of libbpf, under their names without `bpf_` or `libbpf_`. They return less than 0 and set errno when
/// they fail.
struct Library {
  decltype(&bpf_prog_load) prog_load = nullptr;
  decltype(&bpf_prog_get_fd_by_id) prog_get_fd_by_id = nullptr;
  decltype(&bpf_prog_test_run_opts) prog_test_run_opts = nullptr;
  decltype(&bpf_map_create) map_create = nullptr;
  decltype(&bpf_map_get_fd_by_id) map_get_fd_by_id = nullptr;
  decltype(&bpf_map_get_next_key) map_get_next_key = nullptr;
  decltype(&bpf_map_lookup_elem) map_lookup_elem = nullptr;
  decltype(&bpf_map_update_elem) map_update_elem = nullptr;
  decltype(&bpf_map_update_batch) map_update_batch = nullptr;
  decltype(&bpf_map_freeze) map_freeze = nullptr;
  decltype(&bpf_link_create) link_create = nullptr;
  decltype(&bpf_link_update) link_update = nullptr;
  decltype(&bpf_link_detach) link_detach = nullptr;
  decltype(&bpf_obj_pin) obj_pin = nullptr;
  decltype(&bpf_obj_get) obj_get = nullptr;
  decltype(&bpf_obj_get_info_by_fd) obj_get_info_by_fd = nullptr;
  decltype(&libbpf_num_possible_cpus) num_possible_cpus = nullptr;

  /// Version 1 of the library; it stays loaded.
  static Result<Library> load();
};

} // namespace nwgate::bpf
