#include "cuda_on_cpu/grid.h"

#include <link.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#if defined(FASTTSNE_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(FASTTSNE_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace fasttsne::on_cpu {
namespace {

constexpr int kWarp = 32, kMostThreads = 1024;
constexpr size_t kStack = 256 * 1024, kPage = 4096, kSharedBytes = 48 * 1024;

enum class State { ready, at_barrier, at_warp, done };
enum class Operation { barrier, warp_barrier, converge, shuffle, ballot };

// Where a fiber goes on. __builtin_setjmp is used because swapcontext calls the system each time,
// to change the mask of signals. noipa: other code runs before these functions return, so the
// compiler must not conclude from their own code which registers they leave unchanged.
struct Context {
  void* registers[5];
};
__attribute__((noipa)) void go_to(Context& to) { __builtin_longjmp(to.registers, 1); }
__attribute__((noipa)) void switch_context(Context& from, Context& to) {
  if (__builtin_setjmp(from.registers) == 0) go_to(to);
}

struct Thread {
  Context context;
  char* stack = nullptr;
  void* fiber = nullptr;       // of the thread sanitizer
  void* fake_stack = nullptr;  // of the address sanitizer
  State state;
  Dim index;
  int number;                        // in its block; its lane is the rest of the division by 32
  unsigned barriers, warp_barriers;  // that it has passed in this block
  bool has_done_atomic;              // since the last fence
  // What it waits for:
  Operation operation;
  unsigned mask;
  uint64_t given, got;
  Shuffle kind;
  int by, width;
  Where where;
};

// The launch and block that run now. Plain arrays: the code of the standard library may have been
// compiled with the thread sanitizer, which would take our own bookkeeping for a race.
Thread pool[kMostThreads];
Thread* threads[kMostThreads];
int thread_order[kMostThreads];
int n_threads;
int64_t rotation;  // of the pool, so that thread t of the next block is another fiber
Thread* running;
Context scheduler;
[[maybe_unused]] void* scheduler_fiber;
[[maybe_unused]] const void* scheduler_stack;
[[maybe_unused]] size_t scheduler_stack_size;
Dim grid, block, at;  // sizes, and the block that runs
void (*kernel)(const void*);
const void* arguments;
int64_t* dynamic_memory;
// Addresses that stand for what orders memory, for the thread sanitizer.
// A thread may come to the next barrier before another has left this one, so there are two of each.
char *begin_token, *block_tokens, *warp_tokens;
char fence_token, end_token;
std::string failed;
unsigned order;
int64_t blocks_at_ends;

void release([[maybe_unused]] void* token) {
#if defined(FASTTSNE_TSAN)
  __tsan_release(token);
#endif
}
void acquire([[maybe_unused]] void* token) {
#if defined(FASTTSNE_TSAN)
  __tsan_acquire(token);
#endif
}

// Notes the first failure. Returns false, so that a function can return its result.
bool fail(const std::string& message) {
  if (failed.empty()) failed = message;
  return false;
}

std::string text(Where where) {
  std::string file = where.file_name();
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line());
}
bool is_same(Where a, Where b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

void to_scheduler() {
  Thread* const self = running;
#if defined(FASTTSNE_ASAN)
  __sanitizer_start_switch_fiber(&self->fake_stack, scheduler_stack, scheduler_stack_size);
#endif
#if defined(FASTTSNE_TSAN)
  __tsan_switch_to_fiber(scheduler_fiber, __tsan_switch_to_fiber_no_sync);
#endif
  switch_context(self->context, scheduler);
#if defined(FASTTSNE_ASAN)
  __sanitizer_finish_switch_fiber(self->fake_stack, &scheduler_stack, &scheduler_stack_size);
#endif
}

void to_thread(Thread* thread) {
  running = thread;
#if defined(FASTTSNE_ASAN)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, thread->stack, kStack);
#endif
#if defined(FASTTSNE_TSAN)
  __tsan_switch_to_fiber(thread->fiber, __tsan_switch_to_fiber_no_sync);
#endif
  switch_context(scheduler, thread->context);
#if defined(FASTTSNE_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

// What a fiber does: it is made once, and serves one thread of a block after another.
void fiber_main() {
#if defined(FASTTSNE_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_stack_size);
#endif
  for (;;) {
    acquire(begin_token);
    kernel(arguments);
    release(&end_token);
    running->state = State::done;
    to_scheduler();
  }
}

// The first time it takes swapcontext to come to another stack.
void make_fiber(Thread* thread) {
  // A page before the stack that may not be touched.
  void* memory = mmap(nullptr, kStack + kPage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  mprotect(memory, kPage, PROT_NONE);
  thread->stack = static_cast<char*>(memory) + kPage;
#if defined(FASTTSNE_TSAN)
  thread->fiber = __tsan_create_fiber(0);
#endif
  static ucontext_t back, fiber;
  static Thread* made;
  made = thread;
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = thread->stack;
  fiber.uc_stack.ss_size = kStack;
  fiber.uc_link = nullptr;
  const auto first = [] {
    if (__builtin_setjmp(made->context.registers) == 0) swapcontext(&fiber, &back);
    fiber_main();
  };
  makecontext(&fiber, +first, 0);
  swapcontext(&back, &fiber);
}

void prepare(int number, Thread* thread) {
  if (thread->stack == nullptr) make_fiber(thread);
  thread->state = State::ready;
  thread->barriers = thread->warp_barriers = 0;
  thread->has_done_atomic = false;
  thread->number = number;
  const auto n = static_cast<unsigned>(number);
  thread->index = {n % block.x, n / block.x % block.y, n / (block.x * block.y)};
}

// Threads that will never go on leave the fibers of the sanitizers in the middle of a function.
void drop_threads() {
  for (Thread& thread : pool) {
    if (thread.stack == nullptr) continue;
    munmap(thread.stack - kPage, kStack + kPage);
#if defined(FASTTSNE_TSAN)
    __tsan_switch_to_fiber(thread.fiber, __tsan_switch_to_fiber_no_sync);
    release(&end_token);
    __tsan_switch_to_fiber(scheduler_fiber, __tsan_switch_to_fiber_no_sync);
    __tsan_destroy_fiber(thread.fiber);
#endif
    thread.stack = nullptr;
  }
}

#if !defined(FASTTSNE_ASAN)
int find_shared(dl_phdr_info* module, size_t, void* found) {
  const auto address = reinterpret_cast<ElfW(Addr)>(kernel);
  bool is_kernels = false;
  for (int h = 0; h < module->dlpi_phnum; ++h) {
    const auto& header = module->dlpi_phdr[h];
    const ElfW(Addr) begin = module->dlpi_addr + header.p_vaddr;
    is_kernels |= header.p_type == PT_LOAD && begin <= address && address < begin + header.p_memsz;
  }
  if (!is_kernels) return 0;
  for (int h = 0; h < module->dlpi_phnum; ++h)
    if (module->dlpi_phdr[h].p_type == PT_TLS && module->dlpi_tls_data != nullptr)
      *static_cast<std::pair<void*, size_t>*>(found) = {module->dlpi_tls_data,
                                                        module->dlpi_phdr[h].p_memsz};
  return 1;
}

// Fills what this system thread has as shared memory of a block with NaNs: all thread-local memory
// of the library that the kernel is in.
void spoil_shared() {
  std::pair<void*, size_t> shared{nullptr, 0};
  dl_iterate_phdr(find_shared, &shared);
  if (shared.first != nullptr) std::memset(shared.first, 0xff, shared.second);
}
#endif

// Lets the lanes of a warp go on that have all come to the same operation. False if none has.
bool release_warp(int first) {
  bool released = false;
  for (int lane = 0; lane < kWarp && first + lane < n_threads; ++lane) {
    const Thread& one = *threads[first + lane];
    if (one.state != State::at_warp) continue;
    bool all = true;
    for (int other = 0; other < kWarp; ++other) {
      if ((one.mask >> other & 1) == 0) continue;
      if (first + other >= n_threads || threads[first + other]->state == State::done)
        return fail(text(one.where) + ": the mask names lane " + std::to_string(other) +
                    ", which has left the kernel");
      const Thread& with = *threads[first + other];
      all &= with.state == State::at_warp && with.operation == one.operation &&
             with.mask == one.mask && is_same(with.where, one.where);
    }
    if (!all) continue;
    unsigned votes = 0;
    for (int other = 0; other < kWarp; ++other)
      if (one.mask >> other & 1) votes |= unsigned(threads[first + other]->given & 1) << other;
    const unsigned mask = one.mask;
    for (int other = 0; other < kWarp; ++other) {
      if ((mask >> other & 1) == 0) continue;
      Thread& to = *threads[first + other];
      to.got = votes;
      if (to.operation == Operation::shuffle) {
        const int part = other / to.width * to.width;
        int from = to.kind == Shuffle::down ? other + to.by : other ^ to.by;
        if (from >= part + to.width) from = other;
        if ((mask >> from & 1) == 0)
          return fail(text(to.where) + ": lane " + std::to_string(other) + " reads lane " +
                      std::to_string(from) + ", which is not in the mask");
        to.got = threads[first + from]->given;
      }
      to.state = State::ready;
    }
    released = true;
  }
  return released;
}

bool release_barrier() {
  int here = 0, left = 0;
  const Thread* first = nullptr;
  for (int t = 0; t < n_threads; ++t) {
    const Thread& thread = *threads[t];
    left += thread.state == State::done;
    if (thread.state != State::at_barrier) continue;
    ++here;
    if (first == nullptr) first = &thread;
    if (!is_same(first->where, thread.where))
      return fail("threads of a block wait at different barriers: " + text(first->where) + " and " +
                  text(thread.where));
  }
  if (here == 0) return false;
  if (left > 0)
    return fail(text(first->where) + ": " + std::to_string(left) +
                " threads of the block have left the kernel and do not come to this barrier");
  if (here < n_threads) return false;
  for (int t = 0; t < n_threads; ++t) threads[t]->state = State::ready;
  return true;
}

std::string places_of_waiting() {
  std::vector<std::string> places;
  for (int t = 0; t < n_threads; ++t)
    if (threads[t]->state != State::done) places.push_back(text(threads[t]->where));
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::string out;
  for (const auto& place : places) out += (out.empty() ? "" : " and ") + place;
  return out;
}

// Memory of a block. It is freed after the launch, when what its threads did has been ordered.
std::vector<void*> allocated;
void* allocate(size_t bytes) { return allocated.emplace_back(std::malloc(bytes)); }

// Runs one block, on a system thread of its own, so that the thread sanitizer takes its shared
// memory for new.
void run_block(size_t shared_bytes) {
#if defined(FASTTSNE_TSAN)
  scheduler_fiber = __tsan_get_current_fiber();
#endif
#if !defined(FASTTSNE_ASAN)
  spoil_shared();
#endif
  dynamic_memory = static_cast<int64_t*>(allocate(shared_bytes));
  std::memset(dynamic_memory, 0xff, shared_bytes);
  begin_token = static_cast<char*>(allocate(1));
  block_tokens = static_cast<char*>(allocate(2));
  warp_tokens = static_cast<char*>(allocate(2 * kMostThreads / kWarp));
  for (int t = 0; t < n_threads; ++t) {
    threads[t] = &pool[(t + rotation) % kMostThreads];
    prepare(t, threads[t]);
  }
  rotation += 389;
  release(begin_token);
  for (bool all_done = false; failed.empty() && !all_done;) {
    bool progress = false;
    for (int t = 0; t < n_threads && failed.empty(); ++t) {
      Thread* const thread = threads[thread_order[t]];
      if (thread->state != State::ready) continue;
      to_thread(thread);
      progress = true;
    }
    if (!failed.empty()) break;
    for (int first = 0; first < n_threads; first += kWarp) progress |= release_warp(first);
    progress |= release_barrier();
    all_done = true;
    for (int t = 0; t < n_threads; ++t) all_done &= threads[t]->state == State::done;
    if (!progress && !all_done && failed.empty())
      fail("threads wait for each other: " + places_of_waiting());
  }
  if (!failed.empty()) drop_threads();
}

// Stops this thread until the scheduler lets it go on.
void wait(State state, Operation operation, unsigned mask, uint64_t given, Where where) {
  running->operation = operation;
  running->mask = mask;
  running->given = given;
  running->where = where;
  if (state == State::at_warp && (mask >> running->number % kWarp & 1) == 0)
    fail(text(where) + ": lane " + std::to_string(running->number % kWarp) +
         " is not in its own mask");
  running->state = state;
  to_scheduler();
}

}  // namespace

bool has_failed() { return !failed.empty(); }
std::string take_failure() { return std::exchange(failed, {}); }

void set_order(unsigned chosen) { order = chosen; }
void set_blocks_at_ends(int64_t each) { blocks_at_ends = each; }

void run(Dim grid_, Dim block_, size_t shared_bytes, void (*kernel_)(const void*),
         const void* arguments_) {
  if (has_failed()) return;
  const int64_t count = int64_t{block_.x} * block_.y * block_.z;
  if (count < 1 || count > kMostThreads) return void(fail("a block has 1 to 1,024 threads"));
  if (grid_.x < 1 || grid_.x > INT32_MAX || grid_.y < 1 || grid_.y > 65535 || grid_.z < 1 ||
      grid_.z > 65535)
    return void(fail("a grid has 1 to 2^31 - 1 by 65,535 by 65,535 blocks"));
  if (shared_bytes > kSharedBytes) return void(fail("a block has 48 KiB of shared memory"));
  grid = grid_;
  block = block_;
  kernel = kernel_;
  arguments = arguments_;
  n_threads = static_cast<int>(count);
  std::mt19937 random(order);
  const auto arrange = [&](auto begin, auto end) {
    if (order == 1) std::reverse(begin, end);
    if (order > 1) std::shuffle(begin, end, random);
  };
  std::iota(thread_order, thread_order + n_threads, 0);
  arrange(thread_order, thread_order + n_threads);
  const int64_t blocks = int64_t{grid.x} * grid.y * grid.z;
  std::vector<int64_t> chosen;
  for (int64_t b = 0; b < blocks; ++b) {
    if (blocks_at_ends > 0 && b == blocks_at_ends) b = std::max(b, blocks - blocks_at_ends);
    chosen.push_back(b);
  }
  arrange(chosen.begin(), chosen.end());
  for (const int64_t b : chosen) {
    at = {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
          static_cast<unsigned>(b / grid.x / grid.y)};
    std::thread(run_block, shared_bytes).join();
    if (has_failed()) break;
  }
  acquire(&end_token);
  for (void* memory : allocated) std::free(memory);
  allocated.clear();
}

Dim thread_index() { return running->index; }
Dim block_index() { return at; }
Dim block_size() { return block; }
Dim grid_size() { return grid; }
int64_t* launched_shared() { return dynamic_memory; }

void barrier(Where where) {
  char* const token = block_tokens + running->barriers++ % 2;
  release(token);
  wait(State::at_barrier, Operation::barrier, 0, 0, where);
  acquire(token);
}

void warp_barrier(unsigned mask, Where where) {
  char* const token = warp_tokens + 2 * (running->number / kWarp) + running->warp_barriers++ % 2;
  release(token);
  wait(State::at_warp, Operation::warp_barrier, mask, 0, where);
  acquire(token);
}

void converge(Where where) { wait(State::at_warp, Operation::converge, 0xffffffffu, 0, where); }

uint64_t shuffle(unsigned mask, uint64_t bits, Shuffle kind, int by, int width, Where where) {
  running->kind = kind;
  running->by = by;
  running->width = width;
  wait(State::at_warp, Operation::shuffle, mask, bits, where);
  return running->got;
}

unsigned ballot(unsigned mask, bool vote, Where where) {
  wait(State::at_warp, Operation::ballot, mask, vote, where);
  return static_cast<unsigned>(running->got);
}

void note_atomic() { running->has_done_atomic = true; }

void fence() {
  release(&fence_token);
  if (running->has_done_atomic) acquire(&fence_token);
  running->has_done_atomic = false;
}

void trap(const char* message, Where where) {
  fail(text(where) + ": " + message);
  to_scheduler();
}

}  // namespace fasttsne::on_cpu
