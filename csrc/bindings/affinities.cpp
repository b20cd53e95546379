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
  STD_TORCH_CHECK(k <= Symmetrizer::kMaxK, "indices must have 65536 columns or fewer");
  const int32_t* columns = indices.const_data_ptr<int32_t>();
  std::atomic<bool> in_range{true}, distinct{true};
  for_each_block(n, kBlockRows, n * k, [&](int64_t, RowRange rows) {
    bool all = true;
    for (int64_t e = rows.begin * k; e < rows.end * k; ++e)
      all &= 0 <= columns[e] && columns[e] < n;
    if (!all) in_range = false;
  });
  STD_TORCH_CHECK(in_range, "indices must be in 0 .. n - 1");
  Symmetrizer symmetrizer(columns, conditional.const_data_ptr<float>(), n, k);
  // One range of rows for each thread, as each of them reads all edges.
  const int64_t share = ceil_div(n, std::max<int64_t>(torch::stable::get_num_threads(), 1));
  const auto for_each_share = [&](auto step) {
    for_each_block(n, std::max<int64_t>(share, 1), 8 * n * k,
                   [&](int64_t, RowRange rows) { (symmetrizer.*step)(rows); });
  };
  for_each_share(&Symmetrizer::count_incoming);
  symmetrizer.add_counts();
  for_each_share(&Symmetrizer::list_incoming);
  for_each_share(&Symmetrizer::sort_own);
  Tensor indptr = empty(indices, {n + 1}, ScalarType::Long);
  int64_t* offsets = indptr.mutable_data_ptr<int64_t>();
  offsets[0] = 0;
  for_each_block(n, kBlockRows, 8 * n * k, [&](int64_t, RowRange rows) {
    if (!symmetrizer.count_rows(offsets + 1, rows)) distinct = false;
  });
  STD_TORCH_CHECK(distinct, "indices of a row must be distinct");
  std::partial_sum(offsets, offsets + n + 1, offsets);
  Tensor merged = empty(indices, {offsets[n]}, ScalarType::Int);
  Tensor values = empty(indices, {offsets[n]}, ScalarType::Float);
  int32_t* to_columns = merged.mutable_data_ptr<int32_t>();
  float* to_values = values.mutable_data_ptr<float>();
  for_each_block(n, kBlockRows, 8 * n * k, [&](int64_t, RowRange rows) {
    symmetrizer.fill_rows(offsets, to_columns, to_values, rows);
  });
  return {indptr, merged, values};
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CPU, m) {
  m.impl("perplexity_search", TORCH_BOX(&perplexity_search));
  m.impl("symmetrize", TORCH_BOX(&symmetrize));
}

}  // namespace fasttsne::bindings
