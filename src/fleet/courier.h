/*
 * courier.h: takes batches from a sensor's spool to the hubs' streams, and questions
 * and news between them.
 *
 * Each lane has a thread, which publishes one batch, waits until it is stored, removes
 * its file and takes the next: so the order of a lane is kept, and a batch that was
 * published but not known to be is published again, by the same id.  What was spooled
 * while the cluster was away is told at a bounded pace; events first, and unbounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/link.h"
#include "fleet/whereabouts.h"
#include "record/record.h"

enum {
	COURIER_BYTES_MAX = 1024 * 1024, /* of a question, an answer or news */
	COURIER_QUESTIONS_MAX = 16,      /* that wait for their turn */
};

struct courier_options {
	const char *spool;  /* its folder; it may be made later */
	const char *sensor; /* its name */
	struct link_options link;
	uint64_t bytes_per_s; /* of all lanes but events; 0: no bound */
};

struct courier_counts {
	bool is_up;
	uint64_t batches[FLEET_LANES]; /* that were acknowledged */
	uint64_t bytes[FLEET_LANES];   /* of these */
	uint64_t tries_failed;         /* that were to be told again */
	int64_t last_us;               /* when the last one was; UNKNOWN_TIME: none */
	char trouble[LINK_ERROR_MAX];  /* why what waits is not told; "": nothing is */
};

struct courier_output {
	void *self;
	/* The connection is there (again). */
	void (*connected)(void *self);
	/* To question id; NULL: nobody answered. */
	void (*answer)(void *self, uint64_t id, const void *bytes, size_t len);
	void (*news)(void *self, const void *bytes, size_t len);
	/* Where the servers are: at first, when that changes, and once an hour. */
	void (*servers)(void *self, const struct server_addresses *servers);
};

struct courier;
/* NULL and error of what can never work. */
struct courier *courier_open(const struct courier_options *options,
			     char error[static LINK_ERROR_MAX]);
void courier_close(struct courier *courier);
/* To wait for, and at most so long; then courier_run() tells what came. */
int courier_fd(const struct courier *courier);
int courier_timeout_ms(const struct courier *courier);
void courier_run(struct courier *courier, const struct courier_output *output);
/* False: too many wait, or it is too long. */
bool courier_ask(struct courier *courier, uint64_t id, const void *bytes, size_t len);
void courier_counts(struct courier *courier, struct courier_counts *out);
