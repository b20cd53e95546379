#include <cuda_bf16.h>
#include <mma.h>

#include "cuda/common.cuh"
#include "cuda/knn_scan.h"
#include "cuda/warp_select.cuh"
#include "math/candidate.h"

namespace fasttsne::cuda {
namespace {

constexpr int kTile = kScanTile, kThreads = 128, kWarps = kThreads / kWarp;
constexpr int kStep = 32;           // columns of X that are multiplied at a time
constexpr int kStride = kStep + 8;  // row stride: padded against bank conflicts, 16-byte aligned
constexpr int kProductStride = kTile + 4;  // row stride of the products, padded likewise

// Shared memory for the operands of a tile, each number split into two bf16, and afterwards for its
// products.
union alignas(128) ScanStorage {  // wmma loads fragments from addresses aligned to 32 bytes
  struct {
    __nv_bfloat16 a[2][kTile * kStride], b[2][kTile * kStride];  // high parts, low parts
  } operands;
  float products[kTile * kProductStride];
};

// Loads rows [begin, begin + count) and columns [at, at + kStep) of X, split into two bf16; zeros
// outside.
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

// The inner products of kTile rows and kTile columns, as high x high + high x low + low x high. The
// omitted low x low is covered by an error bound for each row, as on the CPU (bound_tile_error in
// fasttsne/neighbors/rounding.py).
__device__ void multiply_tile(const float* X, int64_t depth, int64_t row, int rows, int64_t column,
                              int columns, ScanStorage& storage) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  namespace wmma = nvcuda::wmma;
  // Each of four warps computes a quarter of the tile, as two by two fragments of 16 x 16.
  const int warp = threadIdx.x / kWarp, top = warp / 2 * 32, left = warp % 2 * 32;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> products[2][2];
  for (auto& line : products)
    for (auto& fragment : line) wmma::fill_fragment(fragment, 0.f);
  for (int64_t at = 0; at < depth; at += kStep) {
    __syncthreads();  // all threads have read what the storage held before
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
      wmma::store_matrix_sync(storage.products + (top + 16 * y) * kProductStride + left + 16 * x,
                              products[y][x], kProductStride, wmma::mem_row_major);
  __syncthreads();
#else
  // Without bf16 tensor cores, each thread sums half a row of the tile.
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
  for (int c = 0; c < kTile / 2; ++c)
    storage.products[r * kProductStride + first + c] = products[c];
  __syncthreads();
#endif
}

// Compacts the keys of a row to the `keep` smallest, without changing their order; returns the
// largest of them. Called by all lanes of a warp.
__device__ int64_t warp_compact(int64_t* keys, int count, int keep) {
  const int lane = threadIdx.x % kWarp;
  const int64_t below = warp_select(keys, count, keep);
  int64_t largest = 0;
  int kept = 0;
  for (int begin = 0; begin < count; begin += kWarp) {
    const int64_t key = begin + lane < count ? keys[begin + lane] : INT64_MAX;
    const bool stays = key < below;
    const unsigned staying = __ballot_sync(kAllLanes, stays);
    // All lanes have read their keys before any is written, and a write never goes beyond the keys
    // that have been read.
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

// Thread block (x, y, z) handles kTile rows of block A (z = 0) or B (z = 1) of tile y, against all
// rows of the other block. So only one thread block changes the list of a row.
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
    // A count that an earlier scan left is in this range; any other value is clamped to it.
    const int most = (int)best.capacity - kTile;
    count[r] = r < rows ? max(0, min(best.count[row + r], most)) : 0;
    bound[r] = r < rows ? best.bound[row + r] : -1.f;  // no distance is below -1
    sq[r] = r < rows ? a.sq_norms[row + r] : 0.f;
  }
  for (int64_t column = column_begin; column < column_end; column += kTile) {
    const int columns = (int)(column_end - column < kTile ? column_end - column : kTile);
    multiply_tile(a.X, a.depth, row, rows, column, columns, storage);
    for (int e = threadIdx.x; e < kTile * kTile; e += kThreads) {
      const int r = e / kTile, c = e % kTile;
      if (c >= columns || row + r == column + c) continue;
      const float sum =
          sq[r] + __ldg(a.sq_norms + column + c) - 2 * storage.products[r * kProductStride + c];
      const float distance = sum < 0 ? 0 : sum;  // a NaN stays NaN, which is below no bound
      if (distance < bound[r]) {
        const int slot = atomicAdd(count + r, 1);
        best.keys[(row + r) * best.capacity + slot] = math::make_key(distance, column + c);
      }
    }
    __syncthreads();
    // Make room for as many candidates as the next tile can add.
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
  if ((int)threadIdx.x < rows) {
    best.count[row + threadIdx.x] = count[threadIdx.x];
    best.bound[row + threadIdx.x] = bound[threadIdx.x];
  }
}

}  // namespace

cudaError_t knn_scan(const ScanArguments& a, cudaStream_t stream) {
  if (a.n_tiles == 0 || a.largest_block == 0) return cudaSuccess;
  // CUDA limits the second dimension of a grid to 65,535.
  constexpr int64_t kMaxTiles = 65535;
  for (int64_t first = 0; first < a.n_tiles; first += kMaxTiles) {
    ScanArguments some = a;
    some.tiles += first;
    const int64_t count = a.n_tiles - first < kMaxTiles ? a.n_tiles - first : kMaxTiles;
    const dim3 grid(blocks_for(a.largest_block, kTile), (unsigned)count, 2);
    launch(scan_kernel, grid, kThreads, 0, stream, some);
  }
  return cudaGetLastError();
}

}  // namespace fasttsne::cuda
