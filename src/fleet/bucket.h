/*
 * bucket.h: documents and the plan in the bucket that hubs share: read, and changed by
 * whoever has the fleet's key, as long as nobody else was quicker.
 */
#pragma once

#include "fleet/link.h"
#include "fleet/plan.h"

enum { BUCKET_ERROR_MAX = 512, BUCKET_VERSIONS_MAX = 32 };

/* The plan and the revision that it is of (0: there is none yet); 0 or -EAGAIN,
 * -EBADMSG. */
int bucket_read(struct link *link, struct plan *plan, uint64_t *revision,
		char error[static BUCKET_ERROR_MAX]);
/* 0; -EEXIST: it is another one by now; -EAGAIN. */
int bucket_write(struct link *link, const struct plan *plan, uint64_t *revision,
		 char error[static BUCKET_ERROR_MAX]);

/* One version's bytes as they are signed. 0; -ENOENT; -EAGAIN. */
int bucket_document(struct link *link, const struct document_scope *scope,
		    enum document_kind kind, uint64_t version, struct buf *bytes);

/* Who changes something, and when. */
struct bucket_change {
	struct link *link;
	const struct nkey *key; /* the fleet's, with its seed */
	const char *by;
	int64_t now_us;
};
/*
 * Rolls a text out.  0 and its version; -EBUSY: another one is being rolled out;
 * -EAGAIN; -EINVAL; with error.
 */
int bucket_apply(const struct bucket_change *change, const struct plan_wish *wish,
		 const char *text, size_t len, uint64_t *version,
		 char error[static BUCKET_ERROR_MAX]);
/*
 * Ends the rollout that is in *plan, read as *revision: what was before is in force
 * again.  0 and the version that it now has.
 */
int bucket_halt(const struct bucket_change *change, struct plan *plan,
		uint64_t *revision, const char *why, uint64_t *version,
		char error[static BUCKET_ERROR_MAX]);
/*
 * Goes back to a version, to: 0: of what is being rolled out the one before, else of
 * what is in force the one before it.  As bucket_apply().
 */
int bucket_back(const struct bucket_change *change, const struct plan_wish *wish,
		uint64_t to, uint64_t *version, char error[static BUCKET_ERROR_MAX]);

/* The versions that are kept, newest first; how many, or -EAGAIN. */
int bucket_versions(struct link *link, const struct document_scope *scope,
		    enum document_kind kind, uint64_t out[static BUCKET_VERSIONS_MAX]);
/* Removes those that are older than as many. */
void bucket_prune(struct link *link, const struct document_scope *scope,
		  enum document_kind kind);
