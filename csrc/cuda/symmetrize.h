// Joint P from conditional rows: P_ij = (p_{j|i} + p_{i|j}) / 2n as compressed sparse rows. Edges
// are transposed by a stable radix sort, each row sorted by column, then two lists merged: the same
// bits every time, and P_ij and P_ji are the same sum.
//
// In this order, on one stream: transpose, sort_rows, count_rows (which leaves indptr), fill_rows.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

inline constexpr int64_t kLargestK = 4096;  // a row is sorted in shared memory

// Edge e runs from row e / k to indices[e].
template <class Edge>
struct SymmetrizeArguments {
  const int32_t* indices;    // [n, k]
  const float* conditional;  // [n, k]
  int64_t n, k;
  Edge* incoming;           // [n * k] edges by the row they run to, then by their number
  int64_t* incoming_begin;  // [n + 1]
  uint16_t* own_place;      // [n, k] places of each row's edges by column
  int64_t* indptr;          // [n + 1]
  int32_t* columns;         // [edges]
  float* values;            // [edges]
  int32_t* refused;         // [2] not 0 if a column is no row; if a row has a column twice
};

// Two pairs of buffers of n * k each for keys and edges, which the sort goes to and fro between,
// and its own workspace; the sorted edges end in edges[*current].
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
