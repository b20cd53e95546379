// The checks of every binding. They ensure that a kernel, whatever arguments come from Python,
// accesses no memory other than that of its tensors, and terminates. The wrappers in fasttsne/ops
// check the same with more helpful messages; the checks here protect direct calls of
// torch.ops.fasttsne. Indices that a kernel reads in its hot loop (columns of P, candidates) are
// checked in the kernel.
#pragma once
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
#include <torch/headeronly/core/ScalarType.h>
#include <torch/headeronly/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/types.h"
#include "math/spline.h"

namespace fasttsne::bindings {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

inline void check(const Tensor& t, const char* name, ScalarType type, int64_t dim) {
  STD_TORCH_CHECK(t.scalar_type() == type, name, " has the wrong dtype");
  STD_TORCH_CHECK(t.dim() == dim, name, " must have ", dim, " dimensions, got ", t.dim());
  STD_TORCH_CHECK(t.is_contiguous(), name, " must be contiguous");
}
inline void check_float(const Tensor& t, const char* name, int64_t dim) {
  check(t, name, ScalarType::Float, dim);
}
inline void check_rows(const Tensor& t, const char* name, int64_t rows) {
  STD_TORCH_CHECK(t.size(0) == rows, name, " must have ", rows, " rows, got ", t.size(0));
}

// A matrix of floats, one point per row. At least one column, because a tensor without columns can
// have more rows than memory could hold. At most 2^24 columns, because a tensor without rows can
// have any number of columns, for which kernels would allocate scratch memory.
inline void check_points(const Tensor& t, const char* name) {
  check_float(t, name, 2);
  STD_TORCH_CHECK(1 <= t.size(1) && t.size(1) <= int64_t{1} << 24, name,
                  " must have 1 to 2^24 columns, got ", t.size(1));
  STD_TORCH_CHECK(t.size(0) <= INT32_MAX, name, " must have 2^31 - 1 rows or fewer");
}
// The embedding Y. Vector units gather its numbers by 32-bit offsets, which limits their count.
inline void check_embedding(const Tensor& Y) {
  check_points(Y, "Y");
  STD_TORCH_CHECK(Y.numel() <= INT32_MAX, "Y must have 2^31 - 1 numbers or fewer");
}

// P, the rows of whose points begin at `first`; returns how many they are.
inline int64_t check_csr_and_embedding(const Tensor& indptr, const Tensor& indices,
                                       const Tensor& values, const Tensor& Y, int64_t first) {
  check(indptr, "indptr", ScalarType::Long, 1);
  check(indices, "indices", ScalarType::Int, 1);
  check_float(values, "values", 1);
  check_embedding(Y);
  STD_TORCH_CHECK(indptr.numel() > 0, "indptr must not be empty");
  const int64_t rows = indptr.numel() - 1;
  STD_TORCH_CHECK(0 <= first && first <= Y.size(0) - rows,
                  "the rows of P must be among those of Y, but there are ", rows, " from ", first,
                  " on");
  check_rows(values, "values", indices.numel());
  return rows;
}
inline void check_neighbors(const Tensor& indices, const Tensor& conditional) {
  check(indices, "indices", ScalarType::Int, 2);
  check_points(conditional, "conditional_P");
  STD_TORCH_CHECK(conditional.size(0) == indices.size(0) && conditional.size(1) == indices.size(1),
                  "indices and conditional_P must have the same shape");
}
// The edges of symmetrize that come from rows of others.
inline void check_incoming(const Tensor& from, const Tensor& to, const Tensor& from_P) {
  check(from, "incoming rows", ScalarType::Int, 1);
  check(to, "incoming targets", ScalarType::Int, 1);
  check_float(from_P, "incoming P", 1);
  check_rows(to, "incoming targets", from.size(0));
  check_rows(from_P, "incoming P", from.size(0));
}
inline void check_mesh(const Tensor& Y, const Tensor& grid, const Tensor& origin) {
  check_embedding(Y);
  check_float(origin, "origin", 1);
  const int64_t dims = Y.size(1);
  STD_TORCH_CHECK(1 <= dims && dims <= 3, "Y must have 1 to 3 columns");
  check_float(grid, "grid", dims);
  check_rows(origin, "origin", dims);
  for (int64_t m = 0; m < dims; ++m)
    STD_TORCH_CHECK(kMeshOrder <= grid.size(m) && grid.size(m) <= kMaxNodes,
                    "grid must have 4 to 2^24 nodes along each axis, got ", grid.size(m));
  STD_TORCH_CHECK(grid.numel() <= INT32_MAX, "grid must have 2^31 - 1 nodes or fewer");
}
// The tensors of update_embedding_: Y, velocity, gains, attractive and repulsive, which have the
// same shape, and Z.
inline void check_update(std::initializer_list<const Tensor*> of_one_shape, const Tensor& Z) {
  const Tensor& Y = **of_one_shape.begin();
  check_embedding(Y);
  for (const Tensor* t : of_one_shape) {
    check_float(*t, "Y, velocity, gains, attractive and repulsive", 2);
    STD_TORCH_CHECK(t->size(0) == Y.size(0) && t->size(1) == Y.size(1),
                    "Y, velocity, gains, attractive and repulsive must have the same shape");
  }
  check(Z, "Z", ScalarType::Double, 0);
  STD_TORCH_CHECK(Y.size(0) > 0, "Y must not be empty");
}

inline void check_candidates(const Tensor& keys, const Tensor& count, const Tensor& bound,
                             int64_t keep, int64_t n) {
  check(keys, "keys", ScalarType::Long, 2);
  check(count, "count", ScalarType::Int, 1);
  check_float(bound, "bound", 1);
  check_rows(keys, "keys", n);
  check_rows(count, "count", n);
  check_rows(bound, "bound", n);
  STD_TORCH_CHECK(0 < keep && keep < keys.size(1), "keep must be in 1 .. capacity - 1");
}
// `blocks` divides n rows into blocks, and `tiles` are pairs of blocks. A block may be in one tile
// only, because all tiles run at the same time. Returns the number of rows of the largest block.
inline int64_t check_tiles(const Tensor& blocks, const Tensor& tiles, int64_t n) {
  check(blocks, "blocks", ScalarType::Long, 1);
  check(tiles, "tiles", ScalarType::Long, 2);
  STD_TORCH_CHECK(!blocks.is_cuda() && !tiles.is_cuda(), "blocks and tiles must be on the CPU");
  STD_TORCH_CHECK(tiles.size(1) == 2, "tiles must have two columns");
  STD_TORCH_CHECK(blocks.numel() > 0, "blocks must not be empty");
  const int64_t* begin = blocks.const_data_ptr<int64_t>();
  const int64_t* tile = tiles.const_data_ptr<int64_t>();
  const int64_t n_blocks = blocks.numel() - 1;
  int64_t largest = 0;
  for (int64_t b = 0; b < n_blocks; ++b) {
    STD_TORCH_CHECK(0 <= begin[b] && begin[b] <= begin[b + 1] && begin[b + 1] <= n,
                    "blocks must hold rising row numbers");
    largest = std::max(largest, begin[b + 1] - begin[b]);
  }
  std::vector<bool> taken(n_blocks);
  for (int64_t t = 0; t < tiles.size(0); ++t)
    for (const int64_t* side = tile + 2 * t; side < tile + 2 * t + 2; ++side) {
      STD_TORCH_CHECK(0 <= *side && *side < n_blocks, "tiles must hold block numbers");
      const bool diagonal = side == tile + 2 * t + 1 && side[-1] == side[0];
      STD_TORCH_CHECK(diagonal || !taken[*side], "block ", *side, " must stand in one tile only");
      taken[*side] = true;
    }
  return largest;
}
// A tensor that an op writes must not overlap with the tensors that it reads.
inline void check_no_overlap(const Tensor& written, const char* name,
                             std::initializer_list<const Tensor*> others) {
  const auto begin = [](const Tensor& t) { return reinterpret_cast<uintptr_t>(t.data_ptr()); };
  const auto end = [&](const Tensor& t) { return begin(t) + t.numel() * t.element_size(); };
  for (const Tensor* t : others)
    STD_TORCH_CHECK(end(*t) <= begin(written) || end(written) <= begin(*t), name,
                    " must not share memory with another argument");
}

// All arguments of knn_scan_. Returns the number of rows of the largest block.
inline int64_t check_scan(const Tensor& X, const Tensor& sq_norms, const Tensor& keys,
                          const Tensor& count, const Tensor& bound, int64_t keep,
                          const Tensor& blocks, const Tensor& tiles) {
  check_points(X, "X");
  check_float(sq_norms, "sq_norms", 1);
  check_rows(sq_norms, "sq_norms", X.size(0));
  check_candidates(keys, count, bound, keep, X.size(0));
  const int64_t largest_block = check_tiles(blocks, tiles, X.size(0));
  check_no_overlap(keys, "keys", {&X, &sq_norms, &count, &bound, &blocks, &tiles});
  check_no_overlap(count, "count", {&X, &sq_norms, &bound, &blocks, &tiles});
  check_no_overlap(bound, "bound", {&X, &sq_norms, &blocks, &tiles});
  return largest_block;
}

inline PointsView points(const Tensor& t) {
  return {t.const_data_ptr<float>(), t.size(0), t.size(1)};
}

}  // namespace fasttsne::bindings
