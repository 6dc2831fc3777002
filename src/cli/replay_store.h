/*
 * replay_store.h: the records of a replay or a scan, kept in a store without a daemon.
 *
 * A daemon loses records rather than wait; a command waits rather than lose them, and
 * keeps them whatever their age.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"
#include "record/record.h"

struct replay_store;

/* command: in whose name it complains.  NULL, with a message on standard error and
 * *status, if the folder can't be used. */
struct replay_store *replay_store_open(const char *command, const char *folder,
				       int *status);

void replay_store_put(struct replay_store *keep, enum record_kind kind,
		      const void *record);
void replay_store_put_port(struct replay_store *keep, const struct port_record *port,
			   const struct port_detail *detail);

/* As store_settle(); all that was put is written then.  False: not within a minute. */
bool replay_store_settle(struct replay_store *keep, int64_t now_us);

/* Waits until all is written.  False, with a message, if not all could be. */
bool replay_store_close(struct replay_store *keep);
