// What kernels compute, as the cases call it. Each program of tests has these functions from the
// kernels that it tests: native_tests from those of the CPU (cpu/kernels.cpp), cuda_tests from
// those of GPUs (cuda_on_cpu/kernels.cpp).
#pragma once
#include "cases/inputs.h"

namespace fasttsne::tests::kernels {

const char* name();
// Whether they run so slowly that some cases must be left out.
bool are_slow();

struct Repulsion {
  std::vector<float> forces;  // [n, dims], not divided by Z
  double Z;
};
Repulsion repulsive_exact(const Points& Y, double dof);
Repulsion repulsive_bh(const Points& Y, double theta, double dof);
// Largest error of its forces, relative to their terms and divided by theta^2. A cell that acts as
// one point has an error of this order; it is largest for few clusters on a diagonal, as in the
// cases.
double tree_error();

struct SneRepulsion {
  std::vector<float> forces;  // [n, dims], normalised
  double log_Z;               // or the mean of ln Z_i if conditional
};
SneRepulsion repulsive_sne(const Points& Y, bool conditional);

struct Attraction {
  std::vector<float> forces;  // of the points from `first` on
  double cost;                // of these points; 0 unless asked for
};
Attraction attractive_forces(const Points& Y, const Edges& P, int64_t first, double dof,
                             bool with_cost);

std::vector<float> pairwise_sq_distances(const Points& X, const Points& Z);

struct Nearest {
  std::vector<int32_t> indices;     // [n, k]
  std::vector<float> sq_distances;  // [n, k]
};
// By inner products of tiles; the `keep` best of each row are measured again.
Nearest nearest_by_tiles(const Points& X, int64_t k, int64_t keep);
// Error of the squared distances of tiles, as a fraction of squared norms.
double tile_error();

struct Conditional {
  std::vector<float> beta, P;  // [n] and [n, k]
};
Conditional perplexity_search(const std::vector<float>& sq_distances, int64_t n, int64_t k,
                              double perplexity);

struct Joint {
  std::vector<int64_t> lengths;  // [n] of the rows
  std::vector<int32_t> columns;
  std::vector<float> values;
  bool in_range, distinct;  // if an index is out of range, or twice in a row, nothing else is told
};
Joint symmetrize(const Neighbors& given);

// Sets the nodes of the grid.
void mesh_spread(Grid& grid, const Points& Y);
struct Gathered {
  std::vector<float> forces, values;  // [n, dims] and [n]
  double total;
};
Gathered mesh_gather(const Grid& grid, const Points& Y);

struct Step {
  double exaggeration, learning_rate, momentum, max_step, Z;
};
struct Statistics {
  double sq_gradient;
  std::vector<double> low, high;  // [dims]
};
// Moves Y, and changes velocity and gains.
Statistics update_embedding(const Step& step, const Points& attractive, const Points& repulsive,
                            Points& Y, Points& velocity, Points& gains);

}  // namespace fasttsne::tests::kernels
