// Runs CUDA kernels on a CPU, thread by thread, and tells what a GPU would not.
//
// The .cu files are compiled as C++ with the headers of this folder in place of CUDA's. A thread of
// a kernel is a fiber: it runs until it comes to a barrier or an operation of its warp, and goes on
// when the others have come there, too. The blocks of a launch run one after another.
//
// What is told, as the failure of the launch:
//   - a barrier, or an operation of a warp, that not all threads reach, or at different places;
//   - a lane that is not in its own mask, has left the kernel, or is read without being in the
//   mask;
//   - a launch or an operation that the hardware does not have (sizes, alignment).
// What is told by the sanitizer that the tests are built with:
//   - address: reads and writes outside of arrays, those in shared memory included;
//   - undefined: overflow of indices, and shifts;
//   - thread: races between threads of one block without a barrier or, in one warp, without
//     __syncwarp; and between blocks. Shuffles and votes order no memory. A __threadfence before
//     and one after an atomic do.
// Without the address sanitizer, shared memory holds NaNs when a block begins, so that a result
// that depends on it is wrong.
#pragma once
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>

namespace fasttsne::on_cpu {

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

using Where = std::source_location;

// Runs kernel(arguments) for each thread, unless something was wrong before.
void run(Dim grid, Dim block, size_t shared_bytes, void (*kernel)(const void*),
         const void* arguments);
// What was wrong first since the last call of take_failure, empty if nothing was.
bool has_failed();
std::string take_failure();

// Another order of blocks, and of threads where they may run in any order: 0 rising, 1 falling,
// else random.
void set_order(unsigned order);
// Of each grid only the first and last blocks run, `each` of them; 0 for all. So kernels can work
// on sizes that take too long for all.
void set_blocks_at_ends(int64_t each);

// In a thread of a kernel:
Dim thread_index();
Dim block_index();
Dim block_size();
Dim grid_size();
int64_t* launched_shared();
void barrier(Where where);
void warp_barrier(unsigned mask, Where where);
// The lanes must come here together; memory is not ordered.
void converge(Where where);
enum class Shuffle { down, across };
uint64_t shuffle(unsigned mask, uint64_t bits, Shuffle kind, int by, int width, Where where);
unsigned ballot(unsigned mask, bool vote, Where where);
// What other threads wrote before a fence is visible after a fence that follows an atomic,
// whichever: the addresses of atomics are not compared.
void fence();
void note_atomic();
// Ends the launch, as the hardware would.
void trap(const char* message, Where where);

}  // namespace fasttsne::on_cpu
