/*
 * hashing.h: passwords are hashed in a thread of its own, one after the other.
 *
 * A hash takes a tenth of a second of a core, which the loop does not have, and 16 MiB,
 * which ten at a time would take ten times.
 */
#pragma once

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "web/password.h"

enum { HASHING_MAX = 8 }; /* that wait; who comes then is told to try again */

/* Of one request, which is suspended until it is done. */
struct hashing_job {
	struct MHD_Connection *connection;
	bool makes; /* a hash of the password; else: compares it with the hash */
	char password[PASSWORD_MAX];
	char hash[PASSWORD_HASH_MAX];
	bool is_good; /* it was made, or is the same */
	atomic_bool done;
};

struct hashing;
struct hashing *hashing_new(void);
/* Readable when a job is done. */
int hashing_fd(const struct hashing *hashing);
/* False if too many wait.  Else the connection is suspended. */
bool hashing_ask(struct hashing *hashing, struct hashing_job *job);
/* Resumes those whose job is done. */
void hashing_tick(struct hashing *hashing);
/* All that wait are resumed, not done. */
void hashing_end(struct hashing *hashing);
void hashing_free(struct hashing *hashing);
/* Also the password in it. */
void hashing_job_free(struct hashing_job *job);
