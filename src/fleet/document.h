/*
 * document.h: what sensors are to do, as one signed text: whom it is for, of what kind
 * it is, which version, who made it.
 *
 * It is signed with the fleet's key, so it may travel and lie anywhere: whoever has
 * only the servers, or a sensor's key, can neither make nor change one.  Versions count
 * through all of a fleet's documents and only go up: who returns to an older text makes
 * a new version that says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/lane.h"
#include "fleet/sign.h"

enum document_kind {
	DOCUMENT_CONFIG, /* settings, of those that a fleet may set (config_may_steer())
			  */
	DOCUMENT_REGISTER, /* of authorised ports: docs/policy.md */
	DOCUMENT_LIMITS,   /* rules and service levels, as of limits.files */
	DOCUMENT_NOTIFY, /* routes and maintenance, as of notify.files, without sinks */
	DOCUMENT_SILENCES,
	DOCUMENT_TARGETS, /* to be asked, as of probe.files, with `from` and `need` */
	DOCUMENT_SHARED,  /* sources that others have found: shared.h */
	DOCUMENT_KINDS,
};
enum { DOCUMENT_KIND_NONE = -1 };
/* "config", "register", ... */
const char *document_kind_name(enum document_kind kind);
/* DOCUMENT_KIND_NONE: it is none of them. */
int document_kind_of(const char *name);
/* "config, register, ... or shared" */
void document_say_kinds(struct buf *out);

/* From the widest to the narrowest: of two about the same thing the later one counts.
 */
enum scope_of { SCOPE_ALL, SCOPE_SITE, SCOPE_TAG, SCOPE_SENSOR, SCOPES };
struct document_scope {
	enum scope_of of;
	char name[FLEET_NAME_MAX]; /* "" of all */
};
enum { SCOPE_TEXT_MAX = FLEET_NAME_MAX + 8 };
/* "all", "site:berlin", "tag:web", "sensor:web-3"; names are as sensors'. */
bool document_scope_parse(const char *text, struct document_scope *out);
void document_scope_text(const struct document_scope *scope,
			 char out[static SCOPE_TEXT_MAX]);
#define SCOPE_ALLOWED "all, site:NAME, tag:NAME or sensor:NAME"
/* As of strcmp: the order in which they are read. */
int document_scope_compare(const struct document_scope *a,
			   const struct document_scope *b);

/* Who reads. */
struct document_reader {
	char sensor[FLEET_NAME_MAX], site[FLEET_NAME_MAX];
	char tags[256]; /* with commas between */
};
bool document_is_for(const struct document_scope *scope,
		     const struct document_reader *reader);

enum {
	DOCUMENT_TEXT_MAX = 256 * 1024,
	DOCUMENT_HEAD_MAX = 512,
	DOCUMENT_BYTES_MAX = DOCUMENT_HEAD_MAX + DOCUMENT_TEXT_MAX + SIGNATURE_LEN,
	DOCUMENT_BY_MAX = 64,
	DOCUMENT_WHY_MAX = 160,
};
/* Keys, and "sensor:NAME", are compared by it; versions of shared ones are apart. */
struct document {
	struct document_scope scope;
	enum document_kind kind;
	uint64_t version; /* from 1 */
	uint64_t returns; /* whose text it has again; 0: it is a new one */
	int64_t made_us;
	char by[DOCUMENT_BY_MAX];
	const char *text; /* borrowed; "": from now on there is none of this kind */
	size_t len;
};

/* Appends it, signed.  False: a field is not as it should be, or key has no seed. */
bool document_sign(const struct document *document, const struct nkey *key,
		   struct buf *out);

/*
 * The document at the begin of bytes: how long it is; 0, and why, if that is none, or
 * not one that this key has signed.  out->text lies in bytes.  Its kind is
 * DOCUMENT_KINDS if only other versions know it: then it is to be passed over.
 */
size_t document_open(const void *bytes, size_t len, const struct nkey *key,
		     struct document *out, char why[static DOCUMENT_WHY_MAX]);

/* "config for site:berlin, version 17" */
void document_say(struct buf *out, const struct document *document);
