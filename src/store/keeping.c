/*
 * keeping.c: what is too old or too much goes; see keeping.h.
 */
#include "store/keeping.h"

#include <stdlib.h>

#include "store/writer.h"

struct keeping {
	bool ok;
};

struct keeping *keeping_new(void)
{
	return calloc(1, sizeof(struct keeping));
}

void keeping_free(struct keeping *keeping)
{
	free(keeping);
}

void keeping_work(struct keeping *keeping, struct store *store, bool ok)
{
	(void)store;
	keeping->ok = ok;
}
