# Thin over Meson and scripts/: each target is one job, README.md says what for.
#
#   make            build/breakwater, the release build
#   make run        install what is missing, build, monitor this machine
#   make test       install what is missing, build, run every test
#   make lint       format, static analysis, layering, both compilers
#   make asan tsan  unit and golden tests under the sanitizers
#   make fuzz       every fuzz target for SECONDS=60
#   make bench      the benchmarks
#   make eval       real attacks, found or not
#   make fleet-demo three NATS servers, two hubs, PostgreSQL, three sensors, to look at
#   make screenshots   pictures of the page for docs/
#   make install    to DESTDIR and PREFIX
SECONDS = 60
PREFIX = /usr/local

release = scripts/build build
prefix = -Dprefix=$(PREFIX)

all:
	@$(release) breakwater $(prefix)

run:
	@scripts/install-packages build
	@$(release) breakwater $(prefix)
	@if [ "$$(id -u)" = 0 ]; then exec build/breakwater run; \
	else exec sudo build/breakwater run; fi

test:
	@scripts/install-packages test
	@$(release) all $(prefix)
	@scripts/test-tree
	@scripts/test --build build golden unit e2e

bench:
	@scripts/install-packages test
	@$(release) all $(prefix)
	@scripts/test-tree
	@tests/bench/run

eval:
	@scripts/install-packages test
	@$(release) all $(prefix)
	@scripts/test-tree
	@scripts/test-tree eval
	@tests/eval/run

fleet-demo:
	@scripts/install-packages test
	@$(release) breakwater $(prefix)
	@scripts/test-tree
	@if [ "$$(id -u)" = 0 ]; then exec scripts/fleet-demo; \
	else exec sudo scripts/fleet-demo; fi

screenshots:
	@scripts/install-packages test
	@$(release) all $(prefix)
	@scripts/test-tree
	@scripts/screenshots

lint:
	@scripts/install-packages test
	@scripts/lint

asan:
	@scripts/install-packages test
	@scripts/build build/asan all -Dbuildtype=debugoptimized -Db_sanitize=address,undefined
	@scripts/test --build build/asan unit golden

tsan:
	@scripts/install-packages test
	@scripts/build build/tsan all -Dbuildtype=debugoptimized -Db_sanitize=thread
	@scripts/test --build build/tsan unit golden

fuzz:
	@scripts/install-packages test
	@CC=clang scripts/build build/fuzz all -Dbuildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true
	@scripts/fuzz $(SECONDS)

install: all
	@meson install -C build --quiet --no-rebuild

clean:
	@rm -rf build

# A scene in namespaces of its own takes root.
.PHONY: all run test bench eval fleet-demo screenshots lint asan tsan fuzz install clean
