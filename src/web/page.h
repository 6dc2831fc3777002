/*
 * page.h: the page at "/", built into the binary.
 */
#pragma once

#include <stddef.h>

struct page {
	const char *path, *type;
	const char *at;
	size_t len;
};

/* The file served at that path, or NULL. */
const struct page *page_at(const char *path, struct page *out);
