/*
 * package.h: which installed Debian package owns a file.
 *
 * dpkg keeps the paths of each package in a text of its own; reading all of them costs
 * some ten milliseconds, so answers are kept as long as the file stays the same.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum { PACKAGES_KEPT = 512, PACKAGE_NAME_MAX = 64 };

struct packages;
/* info: "/var/lib/dpkg/info".  NULL without memory. */
struct packages *packages_new(const char *info);
void packages_free(struct packages *packages);

/* The package that owns the path, "" if none or it can't be told. */
void packages_owner(struct packages *packages, const char *path, char *out,
		    size_t size);

/* Files searched since the start, for tests of what is kept. */
uint64_t packages_searches(const struct packages *packages);
