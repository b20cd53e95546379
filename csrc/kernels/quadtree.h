// The tree of Barnes-Hut in an array: binary, quad or oct by the number of dimensions. Points are
// sorted along the Morton curve, a node is a range of them, nodes stand in depth-first order, so a
// walk needs no stack: the next node is the following one (open) or `skip` (closed).
#pragma once
#include <vector>

#include "kernels/types.h"

namespace fasttsne {

template <int kDims>
class Quadtree {
 public:
  struct Node {
    float center[kDims];  // of mass
    float extent;         // longest side of the box around its points; 0 for duplicates
    int32_t begin, end;   // its points in sorted order
    int32_t skip;         // the node after its subtree
    bool leaf;
  };
  // A run of sorted points that walks the tree together.
  struct Group {
    int32_t begin, end;
    float low[kDims], high[kDims];
  };

  // Few points a leaf: they are evaluated one by one, the vector units like runs.
  static constexpr int kLeafSize = 16;
  static constexpr int kGroupSize = 32;

  explicit Quadtree(const PointsView& Y);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Group>& groups() const { return groups_; }
  const std::vector<float>& sorted() const { return sorted_; }  // [n, kDims]
  const std::vector<int32_t>& order() const { return order_; }  // sorted -> original number

 private:
  // Adds the node of points [begin, end), and its subtree.
  int32_t add_node(int32_t begin, int32_t end);
  void add_groups();

  std::vector<uint64_t> codes_;
  std::vector<float> sorted_;
  std::vector<int32_t> order_;
  std::vector<Node> nodes_;
  std::vector<Group> groups_;
};

}  // namespace fasttsne
