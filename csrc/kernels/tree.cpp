#include "kernels/tree.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "math/morton.h"

namespace fasttsne {
namespace {

struct CodedPoint {
  uint64_t code;
  int32_t number;
};

// A stable radix sort by code: one counting sort per digit, least significant digit first. Sorting
// takes most of the time of building a tree, and a radix sort needs no comparisons.
void sort_by_code(std::vector<CodedPoint>& points) {
  constexpr int kBits = 11, kDigits = 6;  // 66 bits hold any code
  constexpr size_t kBuckets = size_t{1} << kBits;
  const auto digit = [](uint64_t code, int d) { return (code >> (d * kBits)) & (kBuckets - 1); };
  std::vector<std::array<uint32_t, kBuckets>> counts(kDigits);
  for (const CodedPoint& p : points)
    for (int d = 0; d < kDigits; ++d) ++counts[d][digit(p.code, d)];
  std::vector<CodedPoint> other(points.size());
  for (int d = 0; d < kDigits; ++d) {
    auto& position = counts[d];
    // If all points have the same digit, there is nothing to move.
    if (!points.empty() && position[digit(points[0].code, d)] == points.size()) continue;
    uint32_t total = 0;
    for (uint32_t& p : position) total += std::exchange(p, total);
    for (const CodedPoint& p : points) other[position[digit(p.code, d)]++] = p;
    points.swap(other);
  }
}

// The box around points [begin, end).
template <int kDims>
void box(const std::vector<float>& points, int32_t begin, int32_t end, float* low, float* high) {
  for (int m = 0; m < kDims; ++m) low[m] = high[m] = points[begin * int64_t{kDims} + m];
  for (int64_t i = begin; i < end; ++i)
    for (int m = 0; m < kDims; ++m) {
      low[m] = std::min(low[m], points[i * kDims + m]);
      high[m] = std::max(high[m], points[i * kDims + m]);
    }
}

}  // namespace

template <int kDims>
Quadtree<kDims>::Quadtree(const PointsView& Y) : codes_(Y.n), sorted_(Y.n * kDims), order_(Y.n) {
  if (Y.n == 0) return;
  float low[kDims], high[kDims];
  std::copy(Y.data, Y.data + Y.n * kDims, sorted_.begin());
  box<kDims>(sorted_, 0, static_cast<int32_t>(Y.n), low, high);
  double span = 0;
  for (int m = 0; m < kDims; ++m) span = std::max(span, double{high[m]} - double{low[m]});
  const double scale = math::morton_scale<kDims>(span);

  std::vector<CodedPoint> points(Y.n);
  for (int64_t i = 0; i < Y.n; ++i) {
    uint32_t cell[kDims];
    for (int m = 0; m < kDims; ++m)
      cell[m] = math::morton_cell<kDims>(Y.data[i * kDims + m], low[m], scale);
    points[i] = {math::morton_code<kDims>(cell), static_cast<int32_t>(i)};
  }
  sort_by_code(points);
  for (int64_t i = 0; i < Y.n; ++i) {
    codes_[i] = points[i].code;
    order_[i] = points[i].number;
    for (int m = 0; m < kDims; ++m) sorted_[i * kDims + m] = Y.data[int64_t{order_[i]} * kDims + m];
  }
  nodes_.reserve(Y.n / 4 + 16);
  add_node(0, static_cast<int32_t>(Y.n));
  add_groups();
}

template <int kDims>
int32_t Quadtree<kDims>::add_node(int32_t begin, int32_t end) {
  const auto index = static_cast<int32_t>(nodes_.size());
  nodes_.emplace_back();
  float low[kDims], high[kDims];
  box<kDims>(sorted_, begin, end, low, high);
  double sum[kDims] = {};
  float extent = 0;
  for (int m = 0; m < kDims; ++m) extent = std::max(extent, high[m] - low[m]);

  // Levels of the tree at which all points lie in the same child are skipped. So the depth is
  // bounded both by the bits of the code and by the number of points.
  const uint64_t differing = codes_[begin] ^ codes_[end - 1];
  const bool leaf = end - begin <= kLeafSize || differing == 0;
  if (leaf) {
    for (int64_t i = begin; i < end; ++i)
      for (int m = 0; m < kDims; ++m) sum[m] += sorted_[i * kDims + m];
  } else {
    const int shift = (std::bit_width(differing) - 1) / kDims * kDims;
    for (int32_t child = begin; child < end;) {
      const uint64_t next = ((codes_[child] >> shift) + 1) << shift;
      const auto stop = static_cast<int32_t>(
          std::lower_bound(codes_.begin() + child, codes_.begin() + end, next) - codes_.begin());
      const int32_t node = add_node(child, stop);
      for (int m = 0; m < kDims; ++m) sum[m] += double{nodes_[node].center[m]} * (stop - child);
      child = stop;
    }
  }
  Node& node = nodes_[index];  // taken after the children were added, which may move the array
  for (int m = 0; m < kDims; ++m) node.center[m] = static_cast<float>(sum[m] / (end - begin));
  node.extent = extent;
  node.begin = begin;
  node.end = end;
  node.leaf = leaf;
  node.skip = static_cast<int32_t>(nodes_.size());
  return index;
}

template <int kDims>
void Quadtree<kDims>::add_groups() {
  // A group is the largest node with at most kGroupSize points. A leaf with more points, all of one
  // code, is cut into several groups.
  for (size_t i = 0; i < nodes_.size();) {
    const Node& node = nodes_[i];
    if (node.end - node.begin > kGroupSize && !node.leaf) {
      ++i;
      continue;
    }
    for (int32_t begin = node.begin; begin < node.end; begin += kGroupSize) {
      Group group{begin, std::min(begin + kGroupSize, node.end), {}, {}};
      box<kDims>(sorted_, group.begin, group.end, group.low, group.high);
      groups_.push_back(group);
    }
    i = node.skip;
  }
}

template class Quadtree<1>;
template class Quadtree<2>;
template class Quadtree<3>;

}  // namespace fasttsne
