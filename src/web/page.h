/*
 * page.h: the page, built into the binary; web/ is what it is made of.
 *
 * Files below /assets/ have a hash of their content in their name and never change.
 * "/" and each place of the page (/ports, /incidents ...) are one and the same file,
 * whose script shows what the path says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct page_bytes {
	const char *at;
	size_t len;
};

struct page {
	const char *type;
	const char *hash;  /* of its content */
	bool is_immutable; /* its path has the hash */
	struct page_bytes plain, gzip;
};

/* False if no file is served at that path. */
bool page_at(const char *path, struct page *out);
