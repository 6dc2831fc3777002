# Thin over Meson: see CONTRACT in README.md for what each target promises.
all: build
build: build/build.ninja
	@ninja -C build
build/build.ninja: meson.build
	@meson setup build >/dev/null
.PHONY: all build
