/*
 * privacy.h: addresses of others in the store: how long they stay clear, where one is,
 * and how it goes; docs/privacy.md.
 */
#pragma once

#include "base/home.h"
#include "store/store.h"

struct store_privacy {
	uint32_t pseudonyms_after_s; /* 0: never */
	uint32_t keys_kept_s;        /* after the last one of a month could come */
	struct home ours; /* whose addresses stay: this machine's, and home */
	/* Whoever has the store shows records from memory, too: store_is_to_forget().
	 */
	bool has_memory;
};

/* Nothing becomes a pseudonym before it is told. */
void store_keep_private(struct store *store, const struct store_privacy *privacy);

/* ---- erasing ---- */

struct private_erasure {
	struct addr addr; /* not one of ours */
	field_text64 actor;
	field_text256 why; /* does not name it */
};

/*
 * Has the writer put a name of no key in its place, wherever it stands by itself or by
 * a pseudonym whose key there is; what is held or not over yet is left, and so is what
 * the audit chain answers for.  The chain says when it is done.  False: another one is
 * under way.
 */
bool store_erase_private(struct store *store, const struct private_erasure *erasure);

/*
 * True: no file has the address any more that is being erased, so memory is not to show
 * what it knows of before, either.  That it is done is said after store_forgotten().
 */
bool store_is_to_forget(struct store *store);
void store_forgotten(struct store *store);

/* ---- looking; for one thread, also without a daemon ---- */

/* Where an address stands. */
struct private_place {
	const char
		*what;  /* a table; or evidence: files of what attacks are judged by */
	uint32_t month; /* of the pseudonym; 0: it stands there as it is */
	uint64_t rows;
	int64_t first_us, last_us;
};

struct private_look {
	struct addr addr;
	int64_t since_us;
	void *to;
	void (*place)(void *to, const struct private_place *place);
	bool (*goes_on)(void *to); /* NULL: always */
	uint32_t unread; /* told: a month whose key may not be read; 0: none */
};

/* 0; or -ECANCELED, -EIO with one line in error. */
int store_find_private(const char *folder, struct private_look *look,
		       char error[static STORE_ERROR_MAX]);

/* The months that have a key (202611), ascending, to be freed; their count or -errno.
 */
long store_private_keys(const char *folder, uint32_t **months);
