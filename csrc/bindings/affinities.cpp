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

std::tuple<Tensor, Tensor, Tensor> symmetrize(const Tensor& indices, const Tensor& conditional,
                                              int64_t first, int64_t n, const Tensor& from,
                                              const Tensor& to, const Tensor& from_P) {
  const ProfiledCall call(Kernel::symmetrize);
  check_neighbors(indices, conditional);
  check_incoming(from, to, from_P);
  const int64_t rows = indices.size(0), k = indices.size(1);
  STD_TORCH_CHECK(0 <= first && n <= INT32_MAX && first <= n - rows,
                  "the rows from first on must be among n");
  STD_TORCH_CHECK(rows == 0 || k <= n, "indices of a row must be distinct");
  const Symmetrizer::Incoming incoming{from.const_data_ptr<int32_t>(), to.const_data_ptr<int32_t>(),
                                       from_P.const_data_ptr<float>(), from.numel()};
  Symmetrizer symmetrizer(indices.const_data_ptr<int32_t>(), conditional.const_data_ptr<float>(),
                          {first, first + rows}, n, k, incoming, torch::stable::get_num_threads());
  STD_TORCH_CHECK(symmetrizer.incoming_is_valid(),
                  "incoming edges must run from other rows to these, sorted by row, none twice");
  std::atomic<bool> in_range{true};
  for_each_item(symmetrizer.blocks(), rows * k, [&](int64_t block) {
    if (!symmetrizer.note_panels(block)) in_range = false;
  });
  STD_TORCH_CHECK(in_range, "indices must be in 0 .. n - 1");
  Tensor indptr = empty(indices, {rows + 1}, ScalarType::Long);
  int64_t* offsets = indptr.mutable_data_ptr<int64_t>();
  offsets[0] = 0;
  std::vector<Symmetrizer::Panel> panels(symmetrizer.panels());
  const auto make_scratch = [] { return Symmetrizer::Scratch(); };
  for_each_item_with(std::ssize(panels), 8 * rows * k, make_scratch, [&](int64_t i, auto& scratch) {
    panels[i] = symmetrizer.merge(i, offsets + 1, scratch);
  });
  const auto is_distinct = [](const Symmetrizer::Panel& panel) { return panel.distinct; };
  STD_TORCH_CHECK(std::all_of(panels.begin(), panels.end(), is_distinct),
                  "indices of a row must be distinct");
  std::partial_sum(offsets, offsets + rows + 1, offsets);
  Tensor merged = empty(indices, {offsets[rows]}, ScalarType::Int);
  Tensor values = empty(indices, {offsets[rows]}, ScalarType::Float);
  int32_t* to_columns = merged.mutable_data_ptr<int32_t>();
  float* to_values = values.mutable_data_ptr<float>();
  for_each_item(std::ssize(panels), rows * k, [&](int64_t i) {
    // Its memory is free for the next panels once it has been copied.
    const Symmetrizer::Panel panel = std::move(panels[i]);
    const int64_t begin = offsets[panel.rows.begin - first];
    for (int64_t e = 0; e < panel.length; ++e) {
      to_columns[begin + e] = panel.entries[e].column;
      to_values[begin + e] = panel.entries[e].value;
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
