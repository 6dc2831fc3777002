/*
 * bundle_chain.c: the audit chain in a bundle, its checkpoints, and that the reviews
 * which the report tells of are records of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/digest.h"
#include "record/from_json.h"
#include "report/bundle_check.h"
#include "report/digest.h"
#include "report/model.h"

struct chain {
	struct checking *c;
	field_text64 hash;    /* of the record before */
	field_text64 *hashes; /* owned: of the records from the first on */
	uint64_t seq, first, records, checkpoints, held;
	struct review *reviews; /* owned: those among the records */
	size_t review_count;
	bool is_broken;
};

/* take() of each line of a file; a line that is no object is given as NULL. */
static void each_line(const struct checking *c, const char *path, struct chain *chain,
		      void (*take)(struct chain *chain, const char *line,
				   json_t *object))
{
	const struct tar_file *file = tar_find(&c->tar, path);
	struct buf text = { 0 };
	if (file == NULL)
		return;
	buf_add(&text, file->text.at, file->text.len);
	char *rest = text.len > 0 && buf_cstr(&text) != NULL ? text.at : NULL;
	for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '\0')
			continue;
		json_t *object = json_loads(line, 0, NULL);
		take(chain, line, object);
		json_decref(object);
	}
	buf_free(&text);
}

static bool keep_hash(struct chain *chain, const char *hash)
{
	/* Twice as much each time that it is a power of two. */
	if ((chain->records & (chain->records - 1)) == 0) {
		size_t room = chain->records == 0 ? 1 : 2 * (size_t)chain->records;
		field_text64 *grown = reallocarray(chain->hashes, room, sizeof(*grown));
		if (grown == NULL)
			return false;
		chain->hashes = grown;
	}
	memcpy(chain->hashes[chain->records++], hash, sizeof(*chain->hashes));
	return true;
}

static bool keep_review(struct chain *chain, const struct audit_record *audit)
{
	struct review review;
	if (!review_take(audit, &review))
		return true;
	struct review *grown =
		reallocarray(chain->reviews, chain->review_count + 1, sizeof(*grown));
	if (grown == NULL)
		return false;
	chain->reviews = grown;
	chain->reviews[chain->review_count++] = review;
	return true;
}

static void take_record(struct chain *chain, const char *line, json_t *object)
{
	static struct audit_record audit;
	field_text64 hash;
	bool is_first = chain->records == 0;
	if (chain->is_broken)
		return;
	if (object == NULL || !record_from_json(RECORD_audit, object, &audit)) {
		chain->is_broken = true;
		bundle_judge(chain->c, false,
			     "audit/records.ndjson: no record after %" PRIu64,
			     chain->seq);
		return;
	}
	/* The first is there for its hash, unless it is the first of all: what it hangs
	 * on is not here, so that nothing proves what it says.
	 */
	bool is_proven = !is_first || audit.seq == 1;
	if (is_proven &&
	    (!digest_line(chain->hash, line, hash) || strcmp(hash, audit.hash) != 0 ||
	     (!is_first && audit.seq != chain->seq + 1))) {
		chain->is_broken = true;
		bundle_judge(chain->c, false,
			     "audit/records.ndjson: record %" PRIu64
			     " does not follow %" PRIu64 ": changed, missing or added",
			     audit.seq, chain->seq);
		return;
	}
	if (is_first)
		chain->first = audit.seq;
	chain->seq = audit.seq;
	memcpy(chain->hash, audit.hash, sizeof(chain->hash));
	if (!keep_hash(chain, audit.hash) ||
	    (is_proven && !keep_review(chain, &audit))) {
		chain->is_broken = true;
		bundle_judge(chain->c, false, "not enough memory for the audit chain");
	}
}

/* What a checkpoint signs is what stands there. */
static void compare_with_record(struct chain *chain,
				const struct checkpoint_record *checkpoint)
{
	if (chain->records == 0 || checkpoint->seq < chain->first || chain->is_broken)
		return; /* of before the time; or it was said already */
	if (checkpoint->seq > chain->seq)
		bundle_judge(chain->c, false,
			     "audit/records.ndjson: cut off: checkpoint %" PRIu64
			     " signs record %" PRIu64 ", the last is %" PRIu64,
			     checkpoint->number, checkpoint->seq, chain->seq);
	else if (strcmp(chain->hashes[checkpoint->seq - chain->first],
			checkpoint->hash) != 0)
		bundle_judge(chain->c, false,
			     "audit/records.ndjson: rewritten: checkpoint %" PRIu64
			     " signed another record %" PRIu64,
			     checkpoint->number, checkpoint->seq);
	else if (checkpoint->seq > chain->held)
		chain->held = checkpoint->seq;
}

static void take_checkpoint(struct chain *chain, const char *line, json_t *object)
{
	static struct checkpoint_record checkpoint;
	(void)line;
	if (object == NULL ||
	    !record_from_json(RECORD_checkpoint, object, &checkpoint)) {
		bundle_judge(chain->c, false,
			     "audit/checkpoints.ndjson: no checkpoint");
		return;
	}
	const struct seal_key *key = bundle_key(chain->c, checkpoint.key);
	chain->checkpoints++;
	if (key == NULL)
		bundle_judge(chain->c, false,
			     "checkpoint %" PRIu64 ": of another key, %s",
			     checkpoint.number, checkpoint.key);
	else if (!seal_holds(key, &checkpoint))
		bundle_judge(chain->c, false,
			     "checkpoint %" PRIu64 ": its signature does not hold",
			     checkpoint.number);
	else
		compare_with_record(chain, &checkpoint);
}

/* ---- reviews ---- */

static const struct review *review_at(const struct chain *chain, json_int_t seq)
{
	for (size_t i = 0; i < chain->review_count; i++)
		if (seq > 0 && chain->reviews[i].seq == (uint64_t)seq)
			return &chain->reviews[i];
	return NULL;
}

static bool is_time(const json_t *told, const char *name, int64_t at_us)
{
	int64_t told_us = UNKNOWN_TIME;
	return !time_parse(bundle_word(told, name), &told_us) ? at_us == UNKNOWN_TIME
							      : told_us == at_us;
}

static bool is_word(const json_t *told, const char *name, const char *text)
{
	return strcmp(bundle_word(told, name), text) == 0;
}

static bool is_as_recorded(const json_t *told, const struct review *review)
{
	json_int_t version = json_integer_value(json_object_get(told, "version"));
	return version == review->version && is_time(told, "at", review->at_us) &&
	       is_time(told, "since", review->since_us) &&
	       is_time(told, "until", review->until_us) &&
	       is_word(told, "actor", review->actor) &&
	       is_word(told, "outcome", review_outcome(review)) &&
	       is_word(told, "comment", review->comment) &&
	       is_word(told, "rows_sha256", review->rows);
}

/* ---- which review counts ---- */

/* What report.json says of a piece, and of what it was asked. */
struct piece {
	const char *id;
	uint32_t version;
	char rows[65]; /* SHA-256 of those in the bundle; "": there are none */
	bool has_problem;
	int64_t since_us, until_us, made_us;
	char about[REVIEW_ABOUT_MAX];
	const json_t *told; /* its review */
};

static void digest_rows(const struct checking *c, struct piece *piece)
{
	char path[TAR_PATH_MAX];
	snprintf(path, sizeof(path), "evidence/%s.csv", piece->id);
	const struct tar_file *file = tar_find(&c->tar, path);
	if (file != NULL)
		digest_of(file->text.at != NULL ? file->text.at : "", file->text.len,
			  piece->rows);
}

static bool read_piece(const struct checking *c, const json_t *report,
		       const json_t *told, struct piece *piece)
{
	const json_t *document = json_object_get(report, "document");
	*piece = (struct piece){ .id = bundle_word(told, "id"),
				 .told = json_object_get(told, "review") };
	piece->version = (uint32_t)json_integer_value(json_object_get(told, "version"));
	piece->has_problem = bundle_word(told, "problem")[0] != '\0';
	digest_rows(c, piece);
	return piece->told != NULL &&
	       time_parse(bundle_word(report, "since"), &piece->since_us) &&
	       time_parse(bundle_word(report, "until"), &piece->until_us) &&
	       time_parse(bundle_word(report, "made"), &piece->made_us) &&
	       review_put_about(bundle_word(document, "about_host"),
				bundle_word(document, "about_user"),
				bundle_word(document, "about_incident"), piece->about);
}

static bool is_of_these(const struct piece *piece, const struct review *review)
{
	const struct review_rows rows = { piece->version, piece->since_us,
					  piece->until_us, piece->about, piece->rows };
	return !piece->has_problem && review_is_of(review, &rows);
}

/* The newest of these rows, else of others, as it was then; NULL: none. */
static const struct review *that_counts(const struct chain *chain,
					const struct piece *piece)
{
	const struct review *best = NULL;
	for (size_t i = 0; i < chain->review_count; i++) {
		const struct review *review = &chain->reviews[i];
		if (review->at_us <= piece->made_us &&
		    strcmp(review->evidence, piece->id) == 0 &&
		    (best == NULL || is_of_these(piece, review) ||
		     !is_of_these(piece, best)))
			best = review;
	}
	return best;
}

static enum reviewed reviewed_of(const struct piece *piece, const struct review *review)
{
	int64_t expires_us = UNKNOWN_TIME;
	if (review == NULL)
		return REVIEWED_NOT;
	if (!is_of_these(piece, review))
		return REVIEWED_OTHER;
	time_parse(bundle_word(piece->told, "expires"), &expires_us);
	return expires_us <= piece->made_us ? REVIEWED_EXPIRED : REVIEWED_THESE;
}

static void say_review(struct checking *c, const struct piece *piece,
		       const struct review *review)
{
	bundle_judge(c, true, "%.60s: %s rows were reviewed and %s by %s: %s",
		     piece->id, is_of_these(piece, review) ? "its" : "other",
		     review_outcome(review), review->actor, review->comment);
}

/* False: it has none. */
static bool check_review(const struct chain *chain, const struct piece *piece)
{
	struct checking *c = chain->c;
	const json_t *told = piece->told;
	json_int_t seq = json_integer_value(json_object_get(told, "seq"));
	const struct review *review = that_counts(chain, piece);
	const char *wanted = reviewed_name(reviewed_of(piece, review));
	if (seq > 0 && review_at(chain, seq) == NULL)
		bundle_judge(c, false,
			     "report.json: no audit record %lld is a review of %.60s "
			     "that the chain proves",
			     (long long)seq, piece->id);
	else if (!is_word(told, "reviewed", wanted))
		bundle_judge(c, false,
			     "report.json: whether the rows of %.60s were reviewed is "
			     "%s by the chain, and not what it says",
			     piece->id, wanted);
	else if (review != NULL &&
		 ((uint64_t)seq != review->seq || !is_as_recorded(told, review)))
		bundle_judge(c, false,
			     "report.json: the review of %.60s is not what audit "
			     "record %" PRIu64 " says",
			     piece->id, review->seq);
	else if (review != NULL)
		say_review(c, piece, review);
	return review != NULL;
}

static json_t *report_of(const struct checking *c)
{
	const struct tar_file *file = tar_find(&c->tar, "report.json");
	return file != NULL && file->text.len > 0
		       ? json_loadb(file->text.at, file->text.len, 0, NULL)
		       : NULL;
}

/* What whoever made the report found of the chain in the store. */
static void check_finding(struct checking *c, const json_t *report)
{
	json_int_t faults = json_integer_value(
		json_object_get(json_object_get(report, "audit"), "faults"));
	if (faults != 0)
		bundle_judge(c, false,
			     "report.json: the audit chain was not what was written "
			     "when the report was made: %lld faults",
			     (long long)faults);
}

static void check_reviews(struct chain *chain)
{
	size_t i, without = 0;
	json_t *told, *report = report_of(chain->c);
	struct piece piece;
	if (!json_is_array(json_object_get(report, "evidence")))
		bundle_judge(chain->c, false, "report.json: it is no report");
	check_finding(chain->c, report);
	json_array_foreach(json_object_get(report, "evidence"), i, told)
	{
		if (!read_piece(chain->c, report, told, &piece))
			bundle_judge(chain->c, false,
				     "report.json: of which time %.60s is, and whether "
				     "it was reviewed, is not said",
				     piece.id);
		else
			without += !check_review(chain, &piece);
	}
	if (without > 0)
		bundle_judge(chain->c, true, "%zu pieces of evidence have no review",
			     without);
	json_decref(report);
}

void bundle_check_chain(struct checking *c)
{
	struct chain chain = { .c = c };
	int before = c->faults;
	each_line(c, "audit/records.ndjson", &chain, take_record);
	each_line(c, "audit/checkpoints.ndjson", &chain, take_checkpoint);
	if (c->faults == before && chain.records == 0)
		bundle_judge(c, true, "nothing was changed or decided in the time");
	else if (c->faults == before)
		bundle_judge(c, true,
			     "audit records %" PRIu64 " to %" PRIu64
			     " follow one another; signed up to %" PRIu64,
			     chain.first, chain.seq, chain.held);
	check_reviews(&chain);
	free(chain.reviews);
	free(chain.hashes);
}
