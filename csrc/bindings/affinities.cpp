// CPU ops: perplexity search and symmetrisation.
#include <atomic>

#include "bindings/checks.h"
#include "bindings/parallel.h"
#include "bindings/tensors.h"
#include "kernels/perplexity_search.h"
#include "kernels/profile.h"
#include "kernels/symmetrize.h"

namespace fasttsne::bindings {
namespace {

constexpr int64_t kBlockRows = 512;

std::tuple<Tensor, Tensor> perplexity_search(const Tensor& sq_distances, double perplexity) {
  const ProfiledCall call(Kernel::perplexity_search);
  check_points(sq_distances, "sq_distances");
  const int64_t n = sq_distances.size(0), k = sq_distances.size(1);
  Tensor beta = empty(sq_distances, {n}, ScalarType::Float);
  Tensor conditional = empty(sq_distances, {n, k}, ScalarType::Float);
  float* to_beta = beta.mutable_data_ptr<float>();
  float* to_conditional = conditional.mutable_data_ptr<float>();
  for_each_block(n, kBlockRows, 8 * n * k, [&](int64_t, RowRange rows) {
    fasttsne::perplexity_search(sq_distances.const_data_ptr<float>(), k, perplexity, to_beta,
                                to_conditional, rows);
  });
  return {beta, conditional};
}

std::tuple<Tensor, Tensor, Tensor> symmetrize(const Tensor& indices, const Tensor& conditional) {
  const ProfiledCall call(Kernel::symmetrize);
  check_neighbors(indices, conditional);
  const int64_t n = indices.size(0), k = indices.size(1);
  STD_TORCH_CHECK(n == 0 || k <= n, "indices of a row must be distinct");
  const int32_t* columns = indices.const_data_ptr<int32_t>();
  Symmetrizer symmetrizer(columns, conditional.const_data_ptr<float>(), n, k,
                          torch::stable::get_num_threads());
  std::atomic<bool> in_range{true};
  for_each_item(symmetrizer.blocks(), n * k, [&](int64_t block) {
    if (!symmetrizer.note_panels(block)) in_range = false;
  });
  STD_TORCH_CHECK(in_range, "indices must be in 0 .. n - 1");
  Tensor indptr = empty(indices, {n + 1}, ScalarType::Long);
  int64_t* offsets = indptr.mutable_data_ptr<int64_t>();
  offsets[0] = 0;
  std::vector<Symmetrizer::Panel> panels(symmetrizer.panels());
  const auto make_scratch = [] { return Symmetrizer::Scratch(); };
  for_each_item_with(std::ssize(panels), 8 * n * k, make_scratch, [&](int64_t i, auto& scratch) {
    panels[i] = symmetrizer.merge(i, offsets + 1, scratch);
  });
  const auto is_distinct = [](const Symmetrizer::Panel& panel) { return panel.distinct; };
  STD_TORCH_CHECK(std::all_of(panels.begin(), panels.end(), is_distinct),
                  "indices of a row must be distinct");
  std::partial_sum(offsets, offsets + n + 1, offsets);
  Tensor merged = empty(indices, {offsets[n]}, ScalarType::Int);
  Tensor values = empty(indices, {offsets[n]}, ScalarType::Float);
  int32_t* to_columns = merged.mutable_data_ptr<int32_t>();
  float* to_values = values.mutable_data_ptr<float>();
  for_each_item(std::ssize(panels), n * k, [&](int64_t i) {
    // Its memory is free for the next panels once it has been copied.
    const Symmetrizer::Panel panel = std::move(panels[i]);
    const int64_t to = offsets[panel.rows.begin];
    for (int64_t e = 0; e < panel.length; ++e) {
      to_columns[to + e] = panel.entries[e].column;
      to_values[to + e] = panel.entries[e].value;
    }
  });
  return {indptr, merged, values};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("perplexity_search", TORCH_BOX(&perplexity_search));
  m.impl("symmetrize", TORCH_BOX(&symmetrize));
}

}  // namespace fasttsne::bindings
