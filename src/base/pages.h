/*
 * pages.h: large tables that cost memory only where they were used.
 */
#pragma once

#include <stddef.h>

/*
 * Zeroed address space, a page of which costs memory when it is first touched; NULL
 * without address space. The caller gives it back with pages_release().
 */
void *pages_reserve(size_t bytes);

/* NULL is nothing. */
void pages_release(void *at, size_t bytes);
