// Joint P from conditional probabilities: P_ij = (p_{j|i} + p_{i|j}) / 2n, as a sparse matrix in
// CSR form. The edges of the k-nearest-neighbour graph are transposed by a stable radix sort, and
// the edges of each row are sorted by column. Then each row merges its own edges with its incoming
// ones. The result has the same bits every time, and P_ij and P_ji are the same sum.
//
// The functions are called in this order, on one stream: transpose, sort_rows, count_rows (which
// writes indptr), fill_rows.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

inline constexpr int64_t kMaxK = 4096;  // a row is sorted in shared memory

// Edge e runs from row e / k to row indices[e]. `Edge` is an integer type that holds n * k.
template <class Edge>
struct SymmetrizeArguments {
  const int32_t* indices;    // [n, k]
  const float* conditional;  // [n, k]
  int64_t n, k;
  Edge* incoming;           // [n * k] edges, sorted by the row they run to, then by number
  int64_t* incoming_begin;  // [n + 1] where the edges to each row begin in `incoming`
  uint16_t* own_place;      // [n, k] positions e % k of each row's edges, sorted by column
  int64_t* indptr;          // [n + 1]
  int32_t* columns;         // [edges]
  float* values;            // [edges]
  // [2]: the first is not 0 if an index is not in 0 .. n - 1, the second if a row holds an index
  // twice.
  int32_t* errors;
};

// Two buffers of n * k keys and two of n * k edges, between which the radix sort alternates, and
// its workspace. The sorted edges are in edges[*current] at the end.
template <class Edge>
struct TransposeArguments {
  uint32_t* keys[2];
  Edge* edges[2];
  void* workspace;
  size_t workspace_bytes;
};

template <class Edge>
cudaError_t transpose_workspace(int64_t n, int64_t k, size_t* bytes);
template <class Edge>
cudaError_t transpose(const SymmetrizeArguments<Edge>& arguments,
                      const TransposeArguments<Edge>& buffers, int* current, cudaStream_t stream);
template <class Edge>
cudaError_t sort_rows(const SymmetrizeArguments<Edge>& arguments, cudaStream_t stream);
cudaError_t scan_workspace(int64_t n, size_t* bytes);
template <class Edge>
cudaError_t count_rows(const SymmetrizeArguments<Edge>& arguments, void* workspace, size_t bytes,
                       cudaStream_t stream);
template <class Edge>
cudaError_t fill_rows(const SymmetrizeArguments<Edge>& arguments, cudaStream_t stream);

}  // namespace fasttsne::cuda
