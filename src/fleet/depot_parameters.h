/*
 * depot_parameters.h: statements of people with parameters (":since"), for databases
 * whose own parameters look otherwise.  Private to depot*.c.
 */
#pragma once

#include "fleet/depot_driver.h"

/*
 * Appends the statement; put appends what stands for a parameter, NULL of one that has
 * no value.  In texts, names and comments nothing is one.
 */
void depot_parameters(struct buf *out, const struct depot_dialect *dialect,
		      const char *text, const struct store_sql *to,
		      void (*put)(void *self, struct buf *out,
				  const struct store_parameter *parameter),
		      void *self);

/* Whether it begins as what only asks: SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN. */
bool depot_only_asks(const char *text);
