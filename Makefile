# make demo | test | test-deep | docs | examples | gallery | bench | lint; each sets up .venv on its
# first run.
# make gpu-check PYTHON=python3: on a machine with a GPU, with the torch that is there.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0

SOURCES := CMakeLists.txt setup.py pyproject.toml $(shell find csrc -type f)

# Tests of what is computed, for which it matters on which processor.
NUMERIC := $(patsubst %,tests/test_%.py,affinities build cells convolution datasets distances examples \
  forces graphs mesh metrics neighbors nn objective optimize parametric pitfalls quality schedule \
  sklearn sne_family transform tsne worked_example)

.PHONY: demo test test-deep lint docs examples gallery bench gpu-check clean

demo: $(VENV)/built
	$(BIN)/python -m fasttsne.cli.demo

test: lint docs $(VENV)/browser
	FASTTSNE_REQUIRE_KERNELS=1 $(BIN)/python -m pytest

# What takes long: tests marked deep, then the numeric tests as lesser processors run them, from
# other starts each time.
test-deep: $(VENV)/built
	FASTTSNE_REQUIRE_KERNELS=1 $(BIN)/python -m pytest -m deep
	@seed=1; for level in baseline avx2 ""; do \
	  echo "FASTTSNE_SIMD=$$level --start-noise $$seed"; \
	  FASTTSNE_SIMD=$$level FASTTSNE_REQUIRE_KERNELS=1 \
	    $(BIN)/python -m pytest --start-noise $$seed $(NUMERIC) || exit 1; \
	  seed=$$((seed + 1)); \
	done

lint: $(VENV)/built
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	find csrc -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' | xargs $(BIN)/clang-format --dry-run -Werror

# All of it anew each time: an old page would hide a link that is dead now.
docs: $(VENV)/built
	rm -rf site
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet \
	  -d build/doctrees docs site
	@echo "site/index.html"

# All pictures, into gallery/.
examples: $(VENV)/built
	@for example in examples/*.py; do \
	  echo "$$example"; SECONDS=0; \
	  $(BIN)/python "$$example" --output gallery || exit 1; \
	  echo "$$example: $$SECONDS s"; \
	done

# And those that the site shows, small, into docs/images/.
gallery: examples
	$(BIN)/python docs/pictures.py

bench: $(VENV)/built
	FASTTSNE_REQUIRE_KERNELS=1 $(BIN)/python -m pytest bench --benchmark-enable --benchmark-only

gpu-check:
	FASTTSNE_CUDA=1 $(PYTHON) setup.py build_ext --inplace
	PYTHONPATH=$(CURDIR) $(PYTHON) bench/gpu_check.py $(GPU_CHECK)

# Headless Chromium for the tests of pages, which are skipped without one (and fail under CI).
$(VENV)/browser: $(VENV)/built tests/browser.py
	-$(BIN)/python tests/browser.py && touch $@

clean:
	rm -rf $(VENV) build demo gallery site fasttsne/*.so

# The tools and torch first: the kernels are built with them, not in an isolated environment, which
# would fetch a torch of its own.
$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH) "numpy>=1.26" \
	  "setuptools>=77" "cmake>=3.24" ninja "pybind11>=2.13"
	touch $@

$(VENV)/built: $(VENV)/installed $(SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install --quiet --disable-pip-version-check \
	  --no-build-isolation --editable '.[dev,docs]'
	touch $@
