// CUDA ops: perplexity search and symmetrisation.
#include <algorithm>

#include "bindings/cuda/launch.h"
#include "bindings/tensors.h"
#include "cuda/perplexity_search.h"
#include "cuda/symmetrize.h"

namespace fasttsne::bindings {
namespace {

std::tuple<Tensor, Tensor> perplexity_search(const Tensor& sq_distances, double perplexity) {
  check_points(sq_distances, "sq_distances");
  const int64_t n = sq_distances.size(0), k = sq_distances.size(1);
  const CudaGuard device(sq_distances);
  Tensor beta = empty(sq_distances, {n}, ScalarType::Float);
  Tensor conditional = empty(sq_distances, {n, k}, ScalarType::Float);
  check_cuda(cuda::perplexity_search(sq_distances.const_data_ptr<float>(), n, k, perplexity,
                                     beta.mutable_data_ptr<float>(),
                                     conditional.mutable_data_ptr<float>(), device.stream));
  return {beta, conditional};
}

Tensor bytes_like(const Tensor& like, size_t bytes) {
  return empty(like, {static_cast<int64_t>(bytes)}, ScalarType::Byte);
}

template <class Edge>
std::tuple<Tensor, Tensor, Tensor> symmetrize_edges(const Tensor& indices,
                                                    const Tensor& conditional) {
  const CudaGuard device(indices);
  const int64_t n = indices.size(0), k = indices.size(1);
  Tensor begin = empty(indices, {n + 1}, ScalarType::Long);
  Tensor indptr = empty(indices, {n + 1}, ScalarType::Long);
  Tensor own = empty(indices, {n * k}, ScalarType::Short);
  cuda::SymmetrizeArguments<Edge> a{};
  a.indices = indices.const_data_ptr<int32_t>();
  a.conditional = conditional.const_data_ptr<float>();
  a.n = n;
  a.k = k;
  a.incoming_begin = begin.mutable_data_ptr<int64_t>();
  a.own_place = reinterpret_cast<uint16_t*>(own.mutable_data_ptr<int16_t>());
  a.indptr = indptr.mutable_data_ptr<int64_t>();
  Tensor errors = empty(indices, {2}, ScalarType::Int);
  a.errors = errors.mutable_data_ptr<int32_t>();
  const auto check_errors = [&] {
    int32_t found[2];
    check_cuda(
        cudaMemcpyAsync(found, a.errors, sizeof found, cudaMemcpyDeviceToHost, device.stream));
    check_cuda(cudaStreamSynchronize(device.stream));
    STD_TORCH_CHECK(found[0] == 0, "indices must be in 0 .. n - 1");
    STD_TORCH_CHECK(found[1] == 0, "indices of a row must be distinct");
  };

  const int64_t edge_bytes = n * k * static_cast<int64_t>(sizeof(Edge));
  Tensor edges[2] = {bytes_like(indices, edge_bytes), bytes_like(indices, edge_bytes)};
  int current = 0;
  {
    Tensor keys = empty(indices, {2, n * k}, ScalarType::Int);
    auto* const key = reinterpret_cast<uint32_t*>(keys.mutable_data_ptr<int32_t>());
    size_t bytes = 0;
    check_cuda(cuda::transpose_workspace<Edge>(n, k, &bytes));
    Tensor workspace = bytes_like(indices, bytes);
    const cuda::TransposeArguments<Edge> buffers{
        .keys = {key, key + n * k},
        .edges = {reinterpret_cast<Edge*>(edges[0].mutable_data_ptr<uint8_t>()),
                  reinterpret_cast<Edge*>(edges[1].mutable_data_ptr<uint8_t>())},
        .workspace = workspace.mutable_data_ptr<uint8_t>(),
        .workspace_bytes = bytes};
    check_cuda(cuda::transpose(a, buffers, &current, device.stream));
    check_errors();  // the steps below read memory through the indices
    a.incoming = buffers.edges[current];
  }
  // Free the buffer: at a million rows, the steps below need the memory.
  edges[1 - current] = Tensor();
  check_cuda(cuda::sort_rows(a, device.stream));
  size_t bytes = 0;
  check_cuda(cuda::scan_workspace(n, &bytes));
  Tensor workspace = bytes_like(indices, bytes);
  check_cuda(cuda::count_rows(a, workspace.mutable_data_ptr<uint8_t>(), bytes, device.stream));
  check_errors();
  // The number of edges depends on how many pairs of neighbours are mutual, so the host must wait
  // for it.
  int64_t total = 0;
  check_cuda(
      cudaMemcpyAsync(&total, a.indptr + n, sizeof total, cudaMemcpyDeviceToHost, device.stream));
  check_cuda(cudaStreamSynchronize(device.stream));
  Tensor columns = empty(indices, {total}, ScalarType::Int);
  Tensor values = empty(indices, {total}, ScalarType::Float);
  a.columns = columns.mutable_data_ptr<int32_t>();
  a.values = values.mutable_data_ptr<float>();
  check_cuda(cuda::fill_rows(a, device.stream));
  return {indptr, columns, values};
}

std::tuple<Tensor, Tensor, Tensor> symmetrize(const Tensor& indices, const Tensor& conditional,
                                              int64_t first, int64_t n, const Tensor& from,
                                              const Tensor& to, const Tensor& from_P) {
  check_neighbors(indices, conditional);
  check_incoming(from, to, from_P);
  const int64_t k = indices.size(1);
  STD_TORCH_CHECK(first == 0 && n == indices.size(0) && from.numel() == 0,
                  "on a GPU all rows must be given at once");
  STD_TORCH_CHECK(n > 0 && k > 0, "indices must not be empty");
  STD_TORCH_CHECK(k <= cuda::kMaxK, "indices must have ", cuda::kMaxK, " columns or fewer, got ",
                  k);
  check_same_device(indices, {&conditional});
  return n * k <= int64_t{UINT32_MAX} ? symmetrize_edges<uint32_t>(indices, conditional)
                                      : symmetrize_edges<int64_t>(indices, conditional);
}

}  // namespace

STABLE_TORCH_LIBRARY_IMPL(fasttsne, CUDA, m) {
  m.impl("perplexity_search", TORCH_BOX(&perplexity_search));
  m.impl("symmetrize", TORCH_BOX(&symmetrize));
}

}  // namespace fasttsne::bindings
