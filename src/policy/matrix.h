/*
 * matrix.h: who is served by what: connections added up by network and service, a row
 * for each day.
 *
 * Single connections are kept for days only; what a register or a firewall is measured
 * by has to last for years.  So networks stand for their hosts, everybody outside for
 * one, and a day has so many rows at most: what came to more is counted as others.
 */
#pragma once

#include "base/home.h"
#include "policy/policy.h"

enum { MATRIX_ROWS_MAX = 8192 };

struct matrix;
struct matrix *matrix_new(void); /* NULL: no memory */
void matrix_free(struct matrix *matrix);

/* What connections are judged by; policy NULL: there is no register. */
struct matrix_zones {
	const struct home *own, *home;
	const struct policy *policy;
};

/* A connection that has ended. */
void matrix_take(struct matrix *matrix, const struct matrix_zones *zones,
		 const struct flow_record *flow);

/* What came since the last time, which the store adds to what it has. */
void matrix_tell(struct matrix *matrix,
		 void (*tell)(void *to, const struct conversation_record *row),
		 void *to);
