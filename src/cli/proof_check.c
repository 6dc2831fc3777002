/*
 * proof_check.c: breakwater evidence verify BUNDLE: whether a block's proof holds,
 * without a daemon, a store or a network: the file and the public key are enough.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "cli/audit.h"
#include "cli/bundle_verify.h"
#include "cli/cli.h"
#include "cli/evidence_command.h"
#include "cli/json.h"
#include "record/digest.h"
#include "record/from_json.h"
#include "report/bundle.h"
#include "respond/respond.h"

enum { BUNDLE_BYTES_MAX = 512 << 20 };

struct evidence {
	const char *path;
	struct seal_key keys[16];
	size_t key_count;
	bool is_key_given;
	/* Of the bundle. */
	struct decision_record decision;
	struct audit_record audit; /* of the decision */
	struct checkpoint_record checkpoint;
	struct finding_record finding;
	struct block_record block;
	field_text64 digest; /* of the decision's line */
	field_text64 hash;   /* of the last audit record */
	uint64_t seq, links, packets, strangers, others;
	bool has_decision, has_audit, has_checkpoint, has_finding, has_block;
	bool is_chain_broken;
	unsigned faults;
};

static int complain(const char *why, int status)
{
	fprintf(stderr, "breakwater evidence: %s\n", why);
	return status;
}

__attribute__((format(printf, 3, 4))) static void judge(struct evidence *e, bool holds,
							const char *format, ...)
{
	va_list list;
	fputs(holds ? "  ok    " : "  FAULT ", stdout);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
	e->faults += !holds;
}

/* ---- reading the bundle ---- */

static void take_audit(struct evidence *e, const char *line,
		       const struct audit_record *audit)
{
	field_text64 hash;
	bool is_begin = e->links == 0;
	/* The one before the decision's gives its hash; the first of all has none. */
	if ((!is_begin && audit->seq != e->seq + 1) ||
	    ((!is_begin || audit->seq == 1) &&
	     (!digest_line(e->hash, line, hash) || strcmp(hash, audit->hash) != 0)))
		e->is_chain_broken = true;
	e->links++;
	e->seq = audit->seq;
	memcpy(e->hash, audit->hash, sizeof(e->hash));
	if (!e->has_audit && audit->digest[0] != '\0' &&
	    strcmp(audit->digest, e->digest) == 0 && (!is_begin || audit->seq == 1)) {
		e->audit = *audit;
		e->has_audit = true;
	}
}

/* Raw IP, link type 101: whether one of its addresses is that one. */
static bool has_address(const field_bytes1536 *data, const struct addr *source)
{
	struct addr from, to;
	if (data->len >= 20 && data->at[0] >> 4 == 4) {
		from = addr_v4(data->at + 12);
		to = addr_v4(data->at + 16);
	} else if (data->len >= 40 && data->at[0] >> 4 == 6) {
		from = addr_v6(data->at + 8);
		to = addr_v6(data->at + 24);
	} else {
		return false;
	}
	from = addr_source(&from);
	to = addr_source(&to);
	return addr_equal(&from, source) || addr_equal(&to, source);
}

static void take_packet(struct evidence *e, const struct packet_record *packet)
{
	const struct addr source = addr_source(&e->decision.client_ip);
	e->packets++;
	e->strangers += packet->link != 101 || !has_address(&packet->data, &source);
}

static void take_key(struct evidence *e, const json_t *object)
{
	uint8_t at[SEAL_PUBLIC_LEN];
	const char *public = member_text(object, "public");
	if (!e->is_key_given && e->key_count == 0 && public != NULL &&
	    hex_read(public, at, sizeof(at)))
		seal_key_from(at, &e->keys[e->key_count++]);
}

static void take_decision(struct evidence *e, const char *line, const json_t *object)
{
	if (e->has_decision)
		return;
	e->has_decision = record_from_json(RECORD_decision, object, &e->decision);
	digest_text("", line, strlen(line), e->digest);
}

static void take_object(struct evidence *e, const char *line, const json_t *object)
{
	static struct audit_record audit;
	static struct packet_record packet;
	const char *name = member_text(object, "record");
	if (name == NULL)
		return;
	if (strcmp(name, "decision") == 0)
		take_decision(e, line, object);
	else if (record_from_json(RECORD_audit, object, &audit))
		take_audit(e, line, &audit);
	else if (strcmp(name, "checkpoint") == 0)
		e->has_checkpoint =
			record_from_json(RECORD_checkpoint, object, &e->checkpoint);
	else if (strcmp(name, "finding") == 0)
		e->has_finding = record_from_json(RECORD_finding, object, &e->finding);
	else if (strcmp(name, "block") == 0)
		e->has_block = record_from_json(RECORD_block, object, &e->block);
	else if (record_from_json(RECORD_packet, object, &packet))
		take_packet(e, &packet);
	else if (strcmp(name, "key") == 0)
		take_key(e, object);
	else
		e->others++;
}

static bool take_line(struct evidence *e, char *line, size_t number)
{
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0')
		return true;
	json_t *object = json_loads(line, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		fprintf(stderr, "breakwater evidence: %s:%zu: not a JSON object\n",
			e->path, number);
		return false;
	}
	take_object(e, line, object);
	json_decref(object);
	return true;
}

/* The text is cut into its lines. */
static int read_proof(struct evidence *e, struct buf *text)
{
	char *rest = text->len > 0 && buf_cstr(text) != NULL ? text->at : NULL;
	size_t number = 0;
	for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
		if (!take_line(e, line, ++number))
			return STATUS_USAGE;
	return e->has_decision && e->links > 0
		       ? STATUS_OK
		       : complain("no proof of a block; make one with \"breakwater "
				  "audit proof ID\"",
				  STATUS_USAGE);
}

/* ---- judging ---- */

static void judge_chain(struct evidence *e)
{
	judge(e, e->has_audit,
	      e->has_audit ? "audit record %" PRIu64
			     " holds the digest of this decision"
			   : "no audit record holds the digest of this decision",
	      e->audit.seq);
	judge(e, !e->is_chain_broken,
	      e->is_chain_broken ? "its %" PRIu64 " audit records do not follow one "
				   "another"
				 : "its %" PRIu64 " audit records follow one another",
	      e->links);
}

static const struct seal_key *key_of(const struct evidence *e)
{
	for (size_t i = 0; i < e->key_count; i++)
		if (strcmp(e->keys[i].id, e->checkpoint.key) == 0)
			return &e->keys[i];
	return NULL;
}

static void judge_signature(struct evidence *e)
{
	char at[TIME_TEXT_MAX] = "?";
	const struct checkpoint_record *c = &e->checkpoint;
	const struct seal_key *key = key_of(e);
	if (!e->has_checkpoint) {
		judge(e, false, "there is no checkpoint in it");
		return;
	}
	if (c->at != UNKNOWN_TIME)
		record_time_text(c->at, at);
	judge(e, c->seq == e->seq && strcmp(c->hash, e->hash) == 0,
	      "checkpoint %" PRIu64 " is of the last of them, record %" PRIu64,
	      c->number, c->seq);
	if (key == NULL)
		judge(e, false, "it is signed by another key, %s", c->key);
	else
		judge(e, seal_holds(key, c), "it was signed at %s by key %s", at,
		      key->id);
}

static bool is_same_word(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_decision(const struct decision_record *a,
			     const struct decision_record *b)
{
	return addr_equal(&a->address, &b->address) && a->prefix_len == b->prefix_len &&
	       a->port == b->port && a->strike == b->strike && a->until == b->until &&
	       is_same_word(a->action, b->action) && is_same_word(a->state, b->state) &&
	       is_same_word(a->vetoed_by, b->vetoed_by);
}

static void judge_decision(struct evidence *e)
{
	struct decision_record again;
	record_init(RECORD_decision, &again);
	bool is_decided = respond_again_decide(&e->decision, &again);
	if (!is_decided)
		judge(e, false, "by its rules nothing would be decided at all");
	else if (!is_same_decision(&e->decision, &again))
		judge(e, false, "decided again: %s, %s%s%s instead",
		      again.action != NULL ? again.action : "?",
		      again.state != NULL ? again.state : "?",
		      again.vetoed_by != NULL ? " by " : "",
		      again.vetoed_by != NULL ? again.vetoed_by : "");
	else
		judge(e, true, "decided again by the same rules: the same");
}

static void judge_rest(struct evidence *e)
{
	const struct decision_record *d = &e->decision;
	if (e->has_finding)
		judge(e,
		      strcmp(e->finding.id, d->finding) == 0 &&
			      is_same_word(e->finding.kind, d->kind) &&
			      addr_equal(&e->finding.client_ip, &d->client_ip),
		      "the finding, as it was kept last, is the one of the decision");
	if (e->has_block)
		judge(e,
		      strcmp(e->block.id, d->block) == 0 &&
			      addr_equal(&e->block.address, &d->address),
		      "the block, as it was kept last, is the one of the decision");
	/* A scan that several made, or behind decoys, has packets of all of them. */
	if (e->packets > 0)
		judge(e, e->strangers < e->packets,
		      "%" PRIu64 " packets, %" PRIu64 " of them of its source",
		      e->packets, e->packets - e->strangers);
}

static void print_words(const struct evidence *e)
{
	if (e->faults > 0) {
		printf("Nothing is proven: %u fault%s.\n", e->faults,
		       e->faults == 1 ? "" : "s");
		return;
	}
	puts("Proven: this was decided when the chain says so, with this finding, "
	     "these rules\n"
	     "and this knowledge, and nobody without the key has changed it since. By "
	     "them the\n"
	     "same is decided again.\n"
	     "Not proven: that what was written down was true. The packets, the "
	     "finding "
	     "as kept\n"
	     "last and other records are as the store has them, and not signed; the "
	     "time is the\n"
	     "machine's own.");
	if (!e->is_key_given)
		puts("The key came with the proof: whose it is, is not known. Give the "
		     "one that you\nhave kept with --key.");
}

static void print_head(const struct evidence *e)
{
	char address[ADDR_TEXT_MAX], at[TIME_TEXT_MAX] = "?";
	const struct decision_record *d = &e->decision;
	addr_text(&d->address, address);
	if (d->at != UNKNOWN_TIME)
		record_time_text(d->at, at);
	printf("Block %s of %s/%u, %s, decided at %s\n", d->block, address,
	       d->prefix_len, d->action != NULL ? d->action : "?", at);
}

static int verify_proof(struct evidence *e, struct buf *text)
{
	int status = read_proof(e, text);
	if (status != STATUS_OK)
		return status;
	print_head(e);
	judge_chain(e);
	judge_signature(e);
	judge_decision(e);
	judge_rest(e);
	print_words(e);
	if (e->faults > 0)
		return STATUS_BAD_NEWS;
	return e->is_key_given ? STATUS_OK : STATUS_INCOMPLETE;
}

/* A report's bundle, or a block's proof: what it is shows. */
static int verify(struct evidence *e, const char *state)
{
	struct buf text = { 0 };
	int status;
	int error = strcmp(e->path, "-") == 0
			    ? file_read_fd(STDIN_FILENO, BUNDLE_BYTES_MAX, &text)
			    : file_read(e->path, BUNDLE_BYTES_MAX, &text);
	if (error != 0) {
		fprintf(stderr, "breakwater evidence: %s: %s\n", e->path,
			strerror(-error));
		status = error == -EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE;
	} else if (text.len > 0 && bundle_is(text.at, text.len)) {
		status = bundle_verify_print(&text, e->keys, e->key_count, state);
	} else {
		status = verify_proof(e, &text);
	}
	buf_free(&text);
	return status;
}

int evidence_verify(const struct evidence_options *o, const char *path)
{
	static struct evidence e;
	e = (struct evidence){ .path = path };
	int count = audit_read_keys("evidence", &o->keys, e.keys,
				    sizeof(e.keys) / sizeof(e.keys[0]));
	if (count < 0)
		return STATUS_USAGE;
	e.key_count = (size_t)count;
	e.is_key_given = count > 0;
	return verify(&e, o->state);
}
