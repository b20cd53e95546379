// The tree of Barnes-Hut as a binary radix tree over Morton codes (Karras 2012): all nodes are made
// at the same time, and no thread ever waits for another, whatever the points (duplicates, NaN).
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// Inner nodes are 0 .. n - 2, the root is 0; a leaf is one point and stands as ~its sorted place.
struct TreeNode {
  int32_t begin, end;  // its points in sorted order
  int32_t left, right;
};

struct TreeArguments {
  const float* Y;  // [n, dims]
  int64_t n, dims;
  uint64_t* codes[2];  // [n] each: Morton codes, which the sort goes to and fro between
  int32_t* order[2];   // [n] each: the point at each sorted place
  float* sorted;       // [n, dims] points in sorted order
  TreeNode* nodes;     // [n - 1]
  int32_t* parents;    // [2 n - 1] of the inner nodes, then of the leaves
  int32_t* arrivals;   // [n - 1] children that are ready
  float* centers;      // [n - 1, dims] centres of mass
  float* low;          // [n - 1, dims] box
  float* high;         // [n - 1, dims]
  float* bounds;       // [2, dims] box of all points
  void* workspace;
  size_t workspace_bytes;
};

cudaError_t tree_workspace(int64_t n, int64_t dims, size_t* bytes);
// Fills all but Y; *current tells which of the two orders is the sorted one.
cudaError_t make_tree(const TreeArguments& arguments, int* current, cudaStream_t stream);

}  // namespace fasttsne::cuda
