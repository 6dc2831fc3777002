/*
 * proof.c: see proof.h.
 *
 * The audit records from the one before the decision's up to the next checkpoint tie
 * the decision to a signature.
 */
#include "cli/proof.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "cli/cli.h"
#include "store/seal.h"
#include "store/store.h"

enum {
	LINKS_MAX = 65536, /* records up to a checkpoint: usually 256 */
	JUDGED_MAX = 1000,
	ID_LEAST = 4,
};
#define BEFORE_US INT64_C(600000000) /* so long a handshake proves an address */

struct proof {
	const char *command, *folder;
	const char *id;  /* or its first digits */
	struct buf *out; /* the lines */
	struct store_reader *reader;
	struct decision_record decision;
	struct audit_record audit; /* of the decision */
	struct checkpoint_record checkpoint;
	struct audit_record *links; /* the newest first; owned */
	size_t link_count, decisions, judged;
	bool has_audit, has_checkpoint, is_too_long;
};

static int complain(const struct proof *proof, const char *why, int status)
{
	fprintf(stderr, "breakwater %s: %s\n", proof->command, why);
	return status;
}

/* ---- reading ---- */

static int read_kind(struct proof *proof, enum record_kind kind,
		     const struct store_filter *filter, store_emit emit)
{
	char error[STORE_ERROR_MAX];
	int result = store_read(proof->reader, kind, filter, emit, proof, error);
	return result == 0 ? STATUS_OK : complain(proof, error, STATUS_INCOMPLETE);
}

static int read_all(struct proof *proof, enum record_kind kind, store_emit emit)
{
	struct store_filter filter;
	store_filter_init(&filter);
	return read_kind(proof, kind, &filter, emit);
}

static bool take_decision(void *to, const void *record)
{
	struct proof *proof = to;
	const struct decision_record *decision = record;
	if (strncmp(decision->block, proof->id, strlen(proof->id)) != 0)
		return true;
	if (proof->decisions++ == 0)
		proof->decision = *decision;
	return proof->decisions < 2;
}

/* "drop 016f3a...": the id is the second word. */
static bool is_of_block(const struct audit_record *audit, const char *id)
{
	const char *second = strchr(audit->after, ' ');
	return audit->digest[0] != '\0' && second != NULL &&
	       strncmp(second + 1, id, strlen(id)) == 0;
}

static bool take_audit(void *to, const void *record)
{
	struct proof *proof = to;
	const struct audit_record *audit = record;
	if (!is_of_block(audit, proof->decision.block))
		return true;
	proof->audit = *audit;
	proof->has_audit = true;
	return false;
}

/* The newest come first: the last that holds it is the next one after it. */
static bool take_checkpoint(void *to, const void *record)
{
	struct proof *proof = to;
	const struct checkpoint_record *checkpoint = record;
	if (checkpoint->seq < proof->audit.seq)
		return false;
	proof->checkpoint = *checkpoint;
	proof->has_checkpoint = true;
	return true;
}

static bool take_link(void *to, const void *record)
{
	struct proof *proof = to;
	const struct audit_record *audit = record;
	if (audit->seq > proof->checkpoint.seq)
		return true;
	proof->is_too_long = proof->link_count == LINKS_MAX;
	if (audit->seq + 1 < proof->audit.seq || proof->is_too_long)
		return false;
	proof->links[proof->link_count++] = *audit;
	return true;
}

/* ---- finding what there is ---- */

static int find_decision(struct proof *proof)
{
	int status = read_all(proof, RECORD_decision, take_decision);
	if (status != STATUS_OK)
		return status;
	if (proof->decisions == 0)
		return complain(proof,
				"no decision about a block of this id is kept: "
				"one made by hand has none",
				STATUS_BAD_NEWS);
	if (proof->decisions > 1)
		return complain(proof,
				"several blocks have an id that begins so; one "
				"digit more",
				STATUS_USAGE);
	return STATUS_OK;
}

static int find_links(struct proof *proof)
{
	int status = read_all(proof, RECORD_audit, take_audit);
	if (status == STATUS_OK && !proof->has_audit)
		return complain(proof, "the audit chain has no record of it (any more)",
				STATUS_BAD_NEWS);
	if (status == STATUS_OK)
		status = read_all(proof, RECORD_checkpoint, take_checkpoint);
	if (status == STATUS_OK && !proof->has_checkpoint)
		return complain(proof, "it is not signed yet; try again in a minute",
				STATUS_INCOMPLETE);
	if (status == STATUS_OK)
		status = read_all(proof, RECORD_audit, take_link);
	if (status == STATUS_OK && proof->is_too_long)
		return complain(proof,
				"too many records lie between it and the next "
				"checkpoint",
				STATUS_INCOMPLETE);
	return status;
}

/* ---- writing ---- */

static void put(const struct proof *proof, enum record_kind kind, const void *record)
{
	record_json(proof->out, kind, record);
	buf_char(proof->out, '\n');
}

static bool put_finding(void *to, const void *record)
{
	put(to, RECORD_finding, record);
	return false;
}

static bool put_packet(void *to, const void *record)
{
	const struct packet_record *packet = record;
	if (packet->of != NULL && strcmp(packet->of, "finding") == 0)
		put(to, RECORD_packet, packet);
	return true;
}

/* Contacts and attempts to log in of that source. */
static bool put_judged(void *to, enum record_kind kind, const void *record)
{
	struct proof *proof = to;
	const struct addr source = addr_source(&proof->decision.client_ip);
	struct addr client;
	if (kind == RECORD_contact)
		client = ((const struct contact_record *)record)->client_ip;
	else if (kind == RECORD_login)
		client = ((const struct login_record *)record)->client_ip;
	else
		return true;
	client = addr_source(&client);
	if (!addr_equal(&client, &source))
		return true;
	put(proof, kind, record);
	return ++proof->judged < JUDGED_MAX;
}

static bool put_block(void *to, const void *record)
{
	const struct proof *proof = to;
	const struct block_record *block = record;
	bool is_it = strcmp(block->id, proof->decision.block) == 0;
	if (is_it)
		put(proof, RECORD_block, block);
	return !is_it;
}

static void put_key(const struct proof *proof)
{
	char path[PATH_MAX], hex[2 * SEAL_PUBLIC_LEN + 1];
	struct seal_key key;
	snprintf(path, sizeof(path), "%s/audit.pub", proof->folder);
	if (seal_read_keys(path, &key, 1) != 1)
		return;
	hex_text(hex, key.at, sizeof(key.at));
	buf_printf(proof->out, "{\"record\":\"key\",\"id\":\"%s\",\"public\":\"%s\"}\n",
		   key.id, hex);
}

/* What the source did until then, as far as it is kept. */
static int put_evidence(struct proof *proof)
{
	const struct decision_record *d = &proof->decision;
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	store_filter_init(&filter);
	filter.id = d->finding;
	int status = read_kind(proof, RECORD_finding, &filter, put_finding);
	if (status == STATUS_OK)
		status = read_kind(proof, RECORD_packet, &filter, put_packet);
	struct store_evidence kept = { .since_us = d->first - BEFORE_US,
				       .until_us = d->at,
				       .to = proof,
				       .emit = put_judged };
	if (status == STATUS_OK &&
	    store_read_evidence(proof->reader, &kept, error) != 0)
		status = complain(proof, error, STATUS_INCOMPLETE);
	return status;
}

static int put_proof(struct proof *proof)
{
	char made[TIME_TEXT_MAX];
	record_time_text(clock_us(CLOCK_REALTIME), made);
	buf_printf(proof->out,
		   "{\"record\":\"proof\",\"block\":\"%s\",\"made\":\"%s\",\"by\":"
		   "\"breakwater " BREAKWATER_VERSION "\"}\n",
		   proof->decision.block, made);
	put(proof, RECORD_decision, &proof->decision);
	for (size_t i = proof->link_count; i > 0; i--)
		put(proof, RECORD_audit, &proof->links[i - 1]);
	put(proof, RECORD_checkpoint, &proof->checkpoint);
	put_key(proof);
	int status = read_all(proof, RECORD_block, put_block);
	return status == STATUS_OK ? put_evidence(proof) : status;
}

static int make(struct proof *proof)
{
	int status = find_decision(proof);
	if (status == STATUS_OK)
		status = find_links(proof);
	if (status == STATUS_OK)
		status = put_proof(proof);
	return status != STATUS_OK || buf_ok(proof->out)
		       ? status
		       : complain(proof, "out of memory", STATUS_INCOMPLETE);
}

int proof_make(const char *command, const char *folder, const char *id, struct buf *out)
{
	static struct proof made;
	struct proof *proof = &made;
	char error[STORE_ERROR_MAX] = "out of memory";
	int status = STATUS_INCOMPLETE;
	made = (struct proof){
		.command = command, .folder = folder, .id = id, .out = out
	};
	proof->links = calloc(LINKS_MAX, sizeof(*proof->links));
	if (proof->links != NULL)
		proof->reader = store_reader_open(folder, error, &status);
	if (strlen(id) < ID_LEAST || strlen(id) >= sizeof(proof->decision.block))
		status = complain(proof, "the ID, or its first digits: four or more",
				  STATUS_USAGE);
	else if (proof->reader == NULL)
		complain(proof, error, status);
	else
		status = make(proof);
	store_reader_close(proof->reader);
	free(proof->links);
	return status;
}
