// The tree of Barnes-Hut as a binary radix tree over Morton codes (Karras 2012). All nodes are
// built in parallel, and no thread waits for another, whatever the points (duplicates, NaN).
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fasttsne::cuda {

// Inner nodes have the numbers 0 .. n - 2, and the root is 0. A leaf is one point; as a child, the
// point at sorted position i is stored as ~i, which is negative.
struct TreeNode {
  int32_t begin, end;  // its points, as a half-open range of sorted positions
  int32_t left, right;
};

struct TreeArguments {
  const float* Y;  // [n, dims]
  int64_t n, dims;
  uint64_t* codes[2];  // [n] each: Morton codes, in two buffers between which the sort alternates
  int32_t* order[2];   // [n] each: row of Y at each sorted position, likewise
  float* sorted;       // [n, dims] points in sorted order
  TreeNode* nodes;     // [n - 1]
  int32_t* parents;    // [2 n - 1] parents of the inner nodes, then of the leaves
  int32_t* arrivals;   // [n - 1] number of children of each inner node that are finished
  float* centers;      // [n - 1, dims] centres of mass
  float* low;          // [n - 1, dims] lower corners of the bounding boxes
  float* high;         // [n - 1, dims] upper corners
  float* bounds;       // [2, dims] bounding box of all points
  void* workspace;
  size_t workspace_bytes;
};

cudaError_t tree_workspace(int64_t n, int64_t dims, size_t* bytes);
// Fills all arrays except Y. *current is the index of the order buffer that holds the sorted order.
cudaError_t make_tree(const TreeArguments& arguments, int* current, cudaStream_t stream);

}  // namespace fasttsne::cuda
