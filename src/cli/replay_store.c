/*
 * replay_store.c: see replay_store.h.
 */
#include "cli/replay_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cli.h"
#include "store/past.h"

enum {
	LOOK_EVERY = 1024, /* records between two looks at what waits */
	WAITING_MAX = 16 * 1024,
	PAUSE_US = 1000,
	SETTLE_MS = 60000,
	TROUBLE_S = 10, /* so long a store may be in trouble before we give up */
};

struct replay_store {
	const char *command;
	struct store *store;
	unsigned put;
	bool given_up;
};

struct replay_store *replay_store_open(const char *command, const char *folder,
				       int *status)
{
	*status = STATUS_USAGE;
	if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
		*status = errno == EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE;
		fprintf(stderr, "breakwater %s: --state %s: %s\n", command, folder,
			strerror(errno));
		return NULL;
	}
	struct replay_store *keep = calloc(1, sizeof(*keep));
	if (keep != NULL) {
		keep->command = command;
		/* What is in a capture is as old as it is. */
		keep->store = store_open(folder, &store_no_limits);
	}
	if (keep != NULL && keep->store != NULL)
		return keep;
	fprintf(stderr, "breakwater %s: not enough memory\n", command);
	free(keep);
	return NULL;
}

/* Until no more than that waits to be written, or the store stays in trouble. */
static void wait_for(struct replay_store *keep, uint64_t waiting_max)
{
	const struct timespec pause = { .tv_nsec = PAUSE_US * 1000 };
	struct store_status now;
	for (int troubled_us = 0; !keep->given_up; troubled_us += PAUSE_US) {
		store_status(keep->store, &now);
		if (now.waiting <= waiting_max)
			return;
		if (now.state == STORE_OK)
			troubled_us = 0;
		keep->given_up = troubled_us > TROUBLE_S * 1000000;
		nanosleep(&pause, NULL);
	}
}

static void look(struct replay_store *keep)
{
	if (++keep->put % LOOK_EVERY == 0)
		wait_for(keep, WAITING_MAX);
}

void replay_store_put(struct replay_store *keep, enum record_kind kind,
		      const void *record)
{
	look(keep);
	store_put(keep->store, kind, record);
}

void replay_store_put_port(struct replay_store *keep, const struct port_record *port,
			   const struct port_detail *detail)
{
	look(keep);
	store_put_port(keep->store, port, detail != NULL ? &detail->handshake : NULL,
		       detail != NULL ? &detail->response : NULL,
		       detail != NULL ? &detail->clients : NULL);
}

bool replay_store_settle(struct replay_store *keep, int64_t now_us)
{
	wait_for(keep, 0);
	return !keep->given_up && store_settle(keep->store, now_us, SETTLE_MS);
}

bool replay_store_close(struct replay_store *keep)
{
	struct store_status end;
	wait_for(keep, 0);
	store_status(keep->store, &end);
	uint64_t missing = end.waiting + end.lost;
	if (missing > 0)
		fprintf(stderr, "breakwater %s: %llu records were not kept%s%s\n",
			keep->command, (unsigned long long)missing,
			end.message[0] != '\0' ? ": " : "", end.message);
	store_close(keep->store);
	free(keep);
	return missing == 0;
}
