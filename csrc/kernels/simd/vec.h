// Vectors of floats, as wide as the SIMD level allows, as vector types of the compiler. Arithmetic
// and comparisons are operators of the language; intrinsics are used only where no operator exists.
#pragma once
#include <cstdint>
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace fasttsne::FASTTSNE_ISA {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
#elif defined(__AVX2__)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t IVec __attribute__((vector_size(kLanes * 4)));
// The same vectors at addresses that are aligned to one element only.
typedef float UnalignedVec __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef int32_t UnalignedIVec __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

#define FASTTSNE_INLINE static inline __attribute__((always_inline))

FASTTSNE_INLINE Vec broadcast(float x) { return Vec{} + x; }
FASTTSNE_INLINE IVec broadcast(int32_t x) { return IVec{} + x; }
FASTTSNE_INLINE Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
FASTTSNE_INLINE IVec load(const int32_t* p) { return *reinterpret_cast<const UnalignedIVec*>(p); }
FASTTSNE_INLINE void store(float* p, Vec x) { *reinterpret_cast<UnalignedVec*>(p) = x; }
FASTTSNE_INLINE void store(int32_t* p, IVec x) { *reinterpret_cast<UnalignedIVec*>(p) = x; }

// 0, 1, ..., kLanes - 1.
FASTTSNE_INLINE IVec lane_numbers() {
  IVec r{};
  for (int l = 0; l < kLanes; ++l) r[l] = l;
  return r;
}

#if defined(__AVX512F__)
FASTTSNE_INLINE __mmask16 first_lanes(int64_t count) { return (__mmask16)((1u << count) - 1); }
#endif

// Loads the first `count` <= kLanes lanes from memory and sets the others to `fill`. Reads nothing
// past them.
FASTTSNE_INLINE Vec load_first(const float* p, int64_t count, float fill) {
#if defined(__AVX512F__)
  return (Vec)_mm512_mask_loadu_ps((__m512)broadcast(fill), first_lanes(count), p);
#elif defined(__aarch64__)
  float32x4_t r = vdupq_n_f32(fill);
  if (count > 0) r = vld1q_lane_f32(p, r, 0);
  if (count > 1) r = vld1q_lane_f32(p + 1, r, 1);
  if (count > 2) r = vld1q_lane_f32(p + 2, r, 2);
  if (count > 3) r = vld1q_lane_f32(p + 3, r, 3);
  return (Vec)r;
#else
  Vec r = broadcast(fill);
  for (int l = 0; l < count; ++l) r[l] = p[l];
  return r;
#endif
}
FASTTSNE_INLINE IVec load_first(const int32_t* p, int64_t count, int32_t fill) {
#if defined(__AVX512F__)
  return (IVec)_mm512_mask_loadu_epi32((__m512i)broadcast(fill), first_lanes(count), p);
#elif defined(__aarch64__)
  int32x4_t r = vdupq_n_s32(fill);
  if (count > 0) r = vld1q_lane_s32(p, r, 0);
  if (count > 1) r = vld1q_lane_s32(p + 1, r, 1);
  if (count > 2) r = vld1q_lane_s32(p + 2, r, 2);
  if (count > 3) r = vld1q_lane_s32(p + 3, r, 3);
  return (IVec)r;
#else
  IVec r = broadcast(fill);
  for (int l = 0; l < count; ++l) r[l] = p[l];
  return r;
#endif
}
// Sets all lanes but the first `count` to 0.
FASTTSNE_INLINE Vec keep_first(Vec x, int64_t count) {
#if defined(__AVX512F__)
  return (Vec)_mm512_maskz_mov_ps(first_lanes(count), (__m512)x);
#else
  return lane_numbers() < broadcast((int32_t)count) ? x : Vec{};
#endif
}
FASTTSNE_INLINE void store_first(float* p, int64_t count, Vec x) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, first_lanes(count), (__m512)x);
#elif defined(__aarch64__)
  if (count > 0) vst1q_lane_f32(p, (float32x4_t)x, 0);
  if (count > 1) vst1q_lane_f32(p + 1, (float32x4_t)x, 1);
  if (count > 2) vst1q_lane_f32(p + 2, (float32x4_t)x, 2);
  if (count > 3) vst1q_lane_f32(p + 3, (float32x4_t)x, 3);
#else
  for (int l = 0; l < count; ++l) p[l] = x[l];
#endif
}

// Each lane of min and max is b if a or b is NaN there.
FASTTSNE_INLINE Vec min(Vec a, Vec b) { return a < b ? a : b; }
FASTTSNE_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }
FASTTSNE_INLINE Vec select(IVec mask, Vec a, Vec b) { return mask ? a : b; }

FASTTSNE_INLINE float sum(Vec x) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)x);
#elif defined(__aarch64__)
  return vaddvq_f32((float32x4_t)x);
#else
  float s = 0;
  for (int l = 0; l < kLanes; ++l) s += x[l];
  return s;
#endif
}

// One bit per lane, set where a < b.
FASTTSNE_INLINE uint32_t less_bits(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
#elif defined(__AVX2__)
  return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LT_OQ));
#elif defined(__aarch64__)
  const uint32x4_t bit = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(vcltq_f32((float32x4_t)a, (float32x4_t)b), bit));
#else
  uint32_t bits = 0;
  for (int l = 0; l < kLanes; ++l) bits |= (a[l] < b[l] ? 1u : 0u) << l;
  return bits;
#endif
}

FASTTSNE_INLINE bool any_negative(IVec x) {
#if defined(__AVX512F__)
  return _mm512_movepi32_mask((__m512i)x) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps((__m256)x) != 0;
#elif defined(__aarch64__)
  return vminvq_s32((int32x4_t)x) < 0;
#else
  int32_t all = 0;
  for (int l = 0; l < kLanes; ++l) all |= x[l];
  return all < 0;
#endif
}

// Lane l is base[idx[l] * kStride].
template <int kStride = 1>
FASTTSNE_INLINE Vec gather(const float* base, IVec idx) {
#if defined(__AVX512F__)
  return (Vec)_mm512_i32gather_ps((__m512i)(idx * kStride), base, 4);
#elif defined(__AVX2__)
  return (Vec)_mm256_i32gather_ps(base, (__m256i)(idx * kStride), 4);
#else
  Vec r{};
  for (int l = 0; l < kLanes; ++l) r[l] = base[(int64_t)idx[l] * kStride];
  return r;
#endif
}

// Picks lanes of two vectors by number: lanes of a from 0 on, lanes of b from kLanes on.
#if defined(__clang__) || __GNUC__ >= 12
#define FASTTSNE_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define FASTTSNE_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, IVec{__VA_ARGS__})
#endif

// Loads the coordinates x, y of the points index[l] from an array of pairs. Each pair is one load
// of 64 bits, and the pairs are combined in registers. Where it was timed, gathering as many pairs
// was slower.
FASTTSNE_INLINE void load_pairs(const float* base, const int32_t* index, Vec& x, Vec& y) {
  typedef double Pair __attribute__((may_alias, aligned(4)));
  typedef double Pairs __attribute__((vector_size(kLanes * 4)));
  const auto pair = [&](int l) __attribute__((always_inline)) {
    return *reinterpret_cast<const Pair*>(base + 2 * (int64_t)index[l]);
  };
  // Of every four points, two go to a and two to b, so that a shuffle within 128 bits separates x
  // from y.
#if defined(__AVX512F__)
  const Pairs a{pair(0), pair(1), pair(4), pair(5), pair(8), pair(9), pair(12), pair(13)};
  const Pairs b{pair(2), pair(3), pair(6), pair(7), pair(10), pair(11), pair(14), pair(15)};
  x = FASTTSNE_SHUFFLE((Vec)a, (Vec)b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);
  y = FASTTSNE_SHUFFLE((Vec)a, (Vec)b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
#elif defined(__AVX2__)
  const Pairs a{pair(0), pair(1), pair(4), pair(5)}, b{pair(2), pair(3), pair(6), pair(7)};
  x = FASTTSNE_SHUFFLE((Vec)a, (Vec)b, 0, 2, 8, 10, 4, 6, 12, 14);
  y = FASTTSNE_SHUFFLE((Vec)a, (Vec)b, 1, 3, 9, 11, 5, 7, 13, 15);
#else
  const Pairs a{pair(0), pair(1)}, b{pair(2), pair(3)};
  x = FASTTSNE_SHUFFLE((Vec)a, (Vec)b, 0, 2, 4, 6);
  y = FASTTSNE_SHUFFLE((Vec)a, (Vec)b, 1, 3, 5, 7);
#endif
}

// e^x to 2 ulp. Below -87, where e^x leaves the range of normal float32 numbers, the result is 0.
// Range reduction by Cody and Waite, then the degree-5 polynomial of the Cephes library for e^r on
// |r| <= ln(2)/2.
FASTTSNE_INLINE Vec exp(Vec x) {
  const Vec low = broadcast(-87.0f), high = broadcast(88.0f);
  const Vec clamped = min(max(x, low), high);
  const Vec magic = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const Vec rounded = (clamped * 1.44269504088896341f + magic) - magic;
  Vec r = clamped - rounded * 0.693359375f;
  r = r - rounded * -2.12194440e-4f;
  Vec p = broadcast(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const IVec exponent = (__builtin_convertvector(rounded, IVec) + 127) << 23;
  return select(x < low, Vec{}, p * (Vec)exponent);
}

// ln(x) for normal x > 0 to 2 ulp, after logf of the Cephes library.
FASTTSNE_INLINE Vec log(Vec x) {
  const IVec bits = (IVec)x;
  IVec exponent = ((bits >> 23) & 0xff) - 126;
  Vec m = (Vec)((bits & 0x007fffff) | 0x3f000000);  // [0.5, 1)
  const IVec small = m < broadcast(0.707106781186547524f);
  exponent = exponent + small;  // a true lane is -1
  m = select(small, m + m, m) - 1.0f;
  Vec p = broadcast(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const Vec square = m * m;
  const Vec e = __builtin_convertvector(exponent, Vec);
  Vec r = m * square * p + e * -2.12194440e-4f - 0.5f * square;
  return m + r + e * 0.693359375f;
}

// ln(1 + x) for x >= 0. The rounding error of 1 + x is corrected to first order.
FASTTSNE_INLINE Vec log1p(Vec x) {
  const Vec u = 1.0f + x;
  return log(u) + (x - (u - 1.0f)) / u;
}

}  // namespace fasttsne::FASTTSNE_ISA
