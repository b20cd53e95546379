// The tree of Barnes-Hut as an array of nodes: a binary tree, quadtree or octree in 1, 2 or 3
// dimensions. Points are sorted by their Morton codes, and a node is a range of sorted points.
// Nodes are stored in depth-first order, so a traversal needs no stack: after a node that is opened
// comes the next node of the array, after one that is not comes node `skip`.
#pragma once
#include <vector>

#include "kernels/types.h"

namespace fasttsne {

template <int kDims>
class Quadtree {
 public:
  struct Node {
    float center[kDims];  // centre of mass
    float extent;         // longest side of the box around its points; 0 for duplicates
    int32_t begin, end;   // its points, as a half-open range in sorted order
    int32_t skip;         // index of the first node after its subtree
    bool leaf;
  };
  // Consecutive sorted points that traverse the tree together, as one range [begin, end) with its
  // bounding box.
  struct Group {
    int32_t begin, end;
    float low[kDims], high[kDims];
  };

  // Largest number of points in a leaf, unless they share one Morton code. A leaf that is opened
  // adds all its points to the sources of the group, which the vector units then process in one
  // run.
  static constexpr int kLeafSize = 16;
  // Largest number of points in a group.
  static constexpr int kGroupSize = 32;

  explicit Quadtree(const PointsView& Y);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Group>& groups() const { return groups_; }
  const std::vector<float>& sorted() const { return sorted_; }  // [n, kDims]
  const std::vector<int32_t>& order() const { return order_; }  // sorted position -> row of Y

 private:
  // Appends the node of points [begin, end) and its subtree; returns the index of the node.
  int32_t add_node(int32_t begin, int32_t end);
  void add_groups();

  std::vector<uint64_t> codes_;
  std::vector<float> sorted_;
  std::vector<int32_t> order_;
  std::vector<Node> nodes_;
  std::vector<Group> groups_;
};

}  // namespace fasttsne
