#include <cuda_bf16.h>
#include <mma.h>

#include "cuda/common.cuh"
#include "cuda/neighbors.h"
#include "cuda/sort.cuh"
#include "math/candidate.h"

namespace fasttsne::cuda {
namespace {

constexpr int kTile = kScanTile, kThreads = 128, kWarps = kThreads / kWarp;
constexpr int kStep = 32;             // of the inner dimension
constexpr int kStride = kStep + 8;    // padded against bank conflicts; a multiple of 16 bytes
constexpr int kProducts = kTile + 4;  // the same for the products

// A tile's operands, each number split into two bf16, or its products, which come after them.
union alignas(128) ScanStorage {  // fragments are loaded from addresses of 32 bytes
  struct {
    __nv_bfloat16 a[2][kTile * kStride], b[2][kTile * kStride];  // high parts, low parts
  } operands;
  float products[kTile * kProducts];
};

// Rows [begin, begin + count) of X, columns [at, at + kStep): split, zeros outside.
__device__ void load_split(const float* X, int64_t depth, int64_t begin, int count, int64_t at,
                           __nv_bfloat16 (&to)[2][kTile * kStride]) {
  for (int e = threadIdx.x; e < kTile * kStep; e += kThreads) {
    const int r = e / kStep, c = e % kStep;
    const float x = r < count && at + c < depth ? __ldg(X + (begin + r) * depth + at + c) : 0.f;
    const __nv_bfloat16 high = __float2bfloat16_rn(x);
    to[0][r * kStride + c] = high;
    to[1][r * kStride + c] = __float2bfloat16_rn(x - __bfloat162float(high));
  }
}

// The inner products of kTile rows and kTile columns: high x high, high x low and low x high; what
// is left out is bounded row by row, as on the CPU (_tile_error in fasttsne/neighbors/exact.py).
__device__ void multiply_tile(const float* X, int64_t depth, int64_t row, int rows, int64_t column,
                              int columns, ScanStorage& storage) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  namespace wmma = nvcuda::wmma;
  // Four warps, each a quarter of the tile: two by two fragments of 16 x 16.
  const int warp = threadIdx.x / kWarp, top = warp / 2 * 32, left = warp % 2 * 32;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> products[2][2];
  for (auto& line : products)
    for (auto& fragment : line) wmma::fill_fragment(fragment, 0.f);
  for (int64_t at = 0; at < depth; at += kStep) {
    __syncthreads();  // what the storage held has been read
    load_split(X, depth, row, rows, at, storage.operands.a);
    load_split(X, depth, column, columns, at, storage.operands.b);
    __syncthreads();
    for (int inner = 0; inner < kStep; inner += 16) {
      wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> a[2][2];
      wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::col_major> b[2][2];
      for (int part = 0; part < 2; ++part)
        for (int f = 0; f < 2; ++f) {
          wmma::load_matrix_sync(
              a[part][f], storage.operands.a[part] + (top + 16 * f) * kStride + inner, kStride);
          wmma::load_matrix_sync(
              b[part][f], storage.operands.b[part] + (left + 16 * f) * kStride + inner, kStride);
        }
      for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 2; ++x) {
          wmma::mma_sync(products[y][x], a[0][y], b[1][x], products[y][x]);
          wmma::mma_sync(products[y][x], a[1][y], b[0][x], products[y][x]);
          wmma::mma_sync(products[y][x], a[0][y], b[0][x], products[y][x]);
        }
    }
  }
  __syncthreads();
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 2; ++x)
      wmma::store_matrix_sync(storage.products + (top + 16 * y) * kProducts + left + 16 * x,
                              products[y][x], kProducts, wmma::mem_row_major);
  __syncthreads();
#else
  // No bf16 tensor cores: a thread sums half a row of the tile.
  const int r = threadIdx.x / 2, first = threadIdx.x % 2 * (kTile / 2);
  float products[kTile / 2] = {};
  for (int64_t at = 0; at < depth; at += kStep) {
    __syncthreads();
    load_split(X, depth, row, rows, at, storage.operands.a);
    load_split(X, depth, column, columns, at, storage.operands.b);
    __syncthreads();
    const auto& a = storage.operands.a;
    const auto& b = storage.operands.b;
    for (int inner = 0; inner < kStep; ++inner) {
      const float x =
          __bfloat162float(a[0][r * kStride + inner]) + __bfloat162float(a[1][r * kStride + inner]);
      for (int c = 0; c < kTile / 2; ++c)
        products[c] += x * (__bfloat162float(b[0][(first + c) * kStride + inner]) +
                            __bfloat162float(b[1][(first + c) * kStride + inner]));
    }
  }
  __syncthreads();
  for (int c = 0; c < kTile / 2; ++c) storage.products[r * kProducts + first + c] = products[c];
  __syncthreads();
#endif
}

// The key below which exactly `keep` of `count` different keys lie, keep < count. Asked by a warp.
__device__ int64_t warp_select(const int64_t* keys, int count, int keep) {
  int64_t below = 0;
  for (int bit = 62; bit >= 0; --bit) {
    const int64_t middle = below | (int64_t{1} << bit);
    int found = 0;
    for (int c = threadIdx.x % kWarp; c < count; c += kWarp) found += keys[c] < middle;
    found = warp_sum_all(found);
    if (found <= keep) below = middle;
    if (found == keep) break;
  }
  return below;
}

// Leaves the `keep` smallest keys of a row, in their order; returns the largest of them.
__device__ int64_t warp_compact(int64_t* keys, int count, int keep) {
  const int lane = threadIdx.x % kWarp;
  const int64_t below = warp_select(keys, count, keep);
  int64_t largest = 0;
  int kept = 0;
  for (int begin = 0; begin < count; begin += kWarp) {
    const int64_t key = begin + lane < count ? keys[begin + lane] : INT64_MAX;
    const bool stays = key < below;
    const unsigned staying = __ballot_sync(kAllLanes, stays);
    // All lanes have read their keys before one is written, and none is written ahead of a read.
    __syncwarp();
    if (stays) {
      keys[kept + __popc(staying & ((1u << lane) - 1))] = key;
      largest = key > largest ? key : largest;
    }
    kept += __popc(staying);
    __syncwarp();
  }
  for (int s = kWarp / 2; s > 0; s /= 2) {
    const int64_t other = __shfl_xor_sync(kAllLanes, largest, s);
    largest = other > largest ? other : largest;
  }
  return largest;
}

// Block (x, y, z): 64 rows of block A (z = 0) or B (z = 1) of tile y against all of the other
// block, so that one block of threads owns a row's list.
__global__ void __launch_bounds__(kThreads) scan_kernel(ScanArguments a) {
  const Tile tile = a.tiles[blockIdx.y];
  const bool other_side = blockIdx.z == 1;
  if (other_side && tile.a_begin == tile.b_begin) return;
  const int64_t row = (other_side ? tile.b_begin : tile.a_begin) + int64_t{blockIdx.x} * kTile;
  const int64_t row_end = other_side ? tile.b_end : tile.a_end;
  if (row >= row_end) return;
  const int64_t column_begin = other_side ? tile.a_begin : tile.b_begin;
  const int64_t column_end = other_side ? tile.a_end : tile.b_end;
  const int rows = (int)(row_end - row < kTile ? row_end - row : kTile);
  const Candidates& best = a.candidates;

  __shared__ ScanStorage storage;
  __shared__ int count[kTile];
  __shared__ float bound[kTile], sq[kTile];
  if (threadIdx.x < kTile) {
    const int r = threadIdx.x;
    // What a scan left fits; whatever else comes is made to.
    const int most = (int)best.capacity - kTile;
    count[r] = r < rows ? max(0, min(best.count[row + r], most)) : 0;
    bound[r] = r < rows ? best.bound[row + r] : -1.f;  // no distance is below
    sq[r] = r < rows ? a.sq_norms[row + r] : 0.f;
  }
  for (int64_t column = column_begin; column < column_end; column += kTile) {
    const int columns = (int)(column_end - column < kTile ? column_end - column : kTile);
    multiply_tile(a.X, a.depth, row, rows, column, columns, storage);
    for (int e = threadIdx.x; e < kTile * kTile; e += kThreads) {
      const int r = e / kTile, c = e % kTile;
      if (c >= columns || row + r == column + c) continue;
      const float sum =
          sq[r] + __ldg(a.sq_norms + column + c) - 2 * storage.products[r * kProducts + c];
      const float distance = sum < 0 ? 0 : sum;  // a NaN stays one, and is below no bound
      if (distance < bound[r]) {
        const int slot = atomicAdd(count + r, 1);
        best.keys[(row + r) * best.capacity + slot] = math::make_key(distance, column + c);
      }
    }
    __syncthreads();
    // Room for the newcomers of another tile, whatever they are.
    for (int r = threadIdx.x / kWarp; r < rows; r += kWarps) {
      if (count[r] <= best.capacity - kTile) continue;  // the same for all lanes of a warp
      const int64_t largest =
          warp_compact(best.keys + (row + r) * best.capacity, count[r], (int)best.keep);
      __syncwarp();
      if (threadIdx.x % kWarp == 0) {
        count[r] = (int)best.keep;
        bound[r] = math::key_distance(largest);
      }
    }
    __syncthreads();
  }
  if (threadIdx.x < rows) {
    best.count[row + threadIdx.x] = count[threadIdx.x];
    best.bound[row + threadIdx.x] = bound[threadIdx.x];
  }
}

// A block a row.
__global__ void __launch_bounds__(kThreads) rerank_kernel(RerankArguments a) {
  extern __shared__ int64_t keys[];
  __shared__ int kept;
  __shared__ unsigned long long largest;
  const int64_t i = blockIdx.x;
  const int lane = threadIdx.x % kWarp;
  const int count = max(0, min(a.candidates.count[i], (int)a.candidates.capacity));
  const int keep = count < a.candidates.keep ? count : (int)a.candidates.keep;
  const int64_t* const from = a.candidates.keys + i * a.candidates.capacity;
  if (threadIdx.x == 0) {
    kept = 0;
    largest = 0;
  }
  __syncthreads();
  const int64_t below = count > keep ? warp_select(from, count, keep) : INT64_MAX;
  for (int c = threadIdx.x; c < count; c += kThreads) {
    const int64_t key = from[c];
    if (key >= below) continue;
    const int slot = atomicAdd(&kept, 1);  // in any order: they are sorted below
    if (slot < keep) keys[slot] = key;     // more are kept only if some are equal or negative
    atomicMax(&largest, (unsigned long long)key);
  }
  __syncthreads();
  const float* const x = a.X + i * a.depth;
  const int have = kept < keep ? kept : keep;
  for (int c = threadIdx.x / kWarp; c < have; c += kWarps) {
    const int64_t j = math::key_index(keys[c]);
    if (j >= a.X_rows) {  // no row of X, and so no neighbour
      __syncwarp();
      if (lane == 0) keys[c] = INT64_MAX;
      continue;
    }
    float sq = 0;
    for (int64_t m = lane; m < a.depth; m += kWarp) {
      const float d = x[m] - __ldg(a.X + j * a.depth + m);
      sq += d * d;
    }
    sq = warp_sum_all(sq);
    __syncwarp();
    if (lane == 0) keys[c] = math::make_key(sq, j);
  }
  const int size = power_of_two((int)a.candidates.keep);
  for (int c = have + threadIdx.x; c < size; c += kThreads) keys[c] = INT64_MAX;
  __syncthreads();
  sort_in_block<kThreads>(keys, size);
  for (int c = threadIdx.x; c < a.k; c += kThreads) {
    a.indices[i * a.k + c] = (int32_t)math::key_index(keys[c]);
    a.sq_distances[i * a.k + c] = math::key_distance(keys[c]);
  }
  if (threadIdx.x == 0)
    a.unmeasured[i] = count > keep ? math::key_distance((int64_t)largest) : a.candidates.bound[i];
}

constexpr int kSide = 32, kLines = 8;  // a block computes 32 x 32 distances with 32 x 8 threads

__global__ void __launch_bounds__(kSide* kLines)
    pairwise_kernel(const float* X, int64_t rows, const float* Z, int64_t columns, int64_t depth,
                    float* out) {
  __shared__ float x[kSide][kSide + 1], z[kSide][kSide + 1];
  const int64_t row = int64_t{blockIdx.y} * kSide, column = int64_t{blockIdx.x} * kSide;
  float sums[kSide / kLines] = {};
  for (int64_t at = 0; at < depth; at += kSide) {
    for (int r = threadIdx.y; r < kSide; r += kLines) {
      const bool inside = at + threadIdx.x < depth;
      x[r][threadIdx.x] = inside && row + r < rows ? X[(row + r) * depth + at + threadIdx.x] : 0;
      z[r][threadIdx.x] =
          inside && column + r < columns ? Z[(column + r) * depth + at + threadIdx.x] : 0;
    }
    __syncthreads();
    for (int m = 0; m < kSide; ++m)
      for (int s = 0; s < kSide / kLines; ++s) {
        const float d = x[threadIdx.y + s * kLines][m] - z[threadIdx.x][m];
        sums[s] += d * d;
      }
    __syncthreads();
  }
  for (int s = 0; s < kSide / kLines; ++s) {
    const int64_t i = row + threadIdx.y + s * kLines, j = column + threadIdx.x;
    if (i < rows && j < columns) out[i * columns + j] = sums[s];
  }
}

}  // namespace

cudaError_t knn_scan(const ScanArguments& a, cudaStream_t stream) {
  if (a.n_tiles == 0 || a.largest_block == 0) return cudaSuccess;
  // A grid's second side ends at 65,535.
  constexpr int64_t kMostTiles = 65535;
  for (int64_t first = 0; first < a.n_tiles; first += kMostTiles) {
    ScanArguments some = a;
    some.tiles += first;
    const int64_t count = a.n_tiles - first < kMostTiles ? a.n_tiles - first : kMostTiles;
    const dim3 grid(blocks_for(a.largest_block, kTile), (unsigned)count, 2);
    scan_kernel<<<grid, kThreads, 0, stream>>>(some);
  }
  return cudaGetLastError();
}

cudaError_t knn_rerank(const RerankArguments& a, cudaStream_t stream) {
  if (a.n == 0) return cudaSuccess;
  const size_t bytes = sizeof(int64_t) * power_of_two((int)a.candidates.keep);
  rerank_kernel<<<(unsigned)a.n, kThreads, bytes, stream>>>(a);
  return cudaGetLastError();
}

cudaError_t pairwise_sq_distances(const float* X, int64_t rows, const float* Z, int64_t columns,
                                  int64_t depth, float* out, cudaStream_t stream) {
  if (rows == 0 || columns == 0) return cudaSuccess;
  constexpr int64_t kMostRows = int64_t{65535} * kSide;
  for (int64_t first = 0; first < rows; first += kMostRows) {
    const int64_t some = rows - first < kMostRows ? rows - first : kMostRows;
    const dim3 grid(blocks_for(columns, kSide), blocks_for(some, kSide));
    pairwise_kernel<<<grid, dim3(kSide, kLines), 0, stream>>>(X + first * depth, some, Z, columns,
                                                              depth, out + first * columns);
  }
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
