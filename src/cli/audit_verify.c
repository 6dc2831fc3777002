/*
 * audit_verify.c: breakwater audit verify: whether the chain is what was written.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/patience.h"
#include "record/from_json.h"
#include "store/audit.h"

enum { FAULTS_SHOWN = 100, FILES_MAX = OPTION_LIST_MAX + 2 };

/* Copies of checkpoints: read as far as they went when the store was opened. */
struct copies {
	const char *path;
	FILE *file;
	off_t size;
};

struct verifying {
	struct audit_telling telling;
	struct copies copies[FILES_MAX];
	size_t count;
	char own[2][PATH_MAX];
};

/* ---- telling ---- */

static void print_json(const struct audit_fault *fault)
{
	char at[TIME_TEXT_MAX] = "";
	if (fault->at_us != UNKNOWN_TIME)
		record_time_text(fault->at_us, at);
	json_t *line = json_pack("{s:s,s:b,s:s}", "what", fault->what, "notice",
				 (int)fault->is_notice, "text", fault->text);
	if (fault->from != 0) {
		json_object_set_new(line, "from",
				    json_integer((json_int_t)fault->from));
		json_object_set_new(line, "to", json_integer((json_int_t)fault->to));
	}
	if (at[0] != '\0')
		json_object_set_new(line, "at", json_string(at));
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static void print_text(const struct audit_fault *fault)
{
	char at[TIME_TEXT_MAX] = "";
	if (fault->at_us != UNKNOWN_TIME)
		record_time_text(fault->at_us, at);
	printf("%s %s: %s\n", fault->is_notice ? "note" : "FAULT", fault->what,
	       fault->text);
	if (at[0] != '\0')
		printf("      at %s\n", at);
}

void audit_tell_fault(void *telling, const struct audit_fault *fault)
{
	struct audit_telling *to = telling;
	if (to->told++ >= FAULTS_SHOWN)
		return;
	if (to->json)
		print_json(fault);
	else
		print_text(fault);
}

bool audit_tell_progress(void *telling, uint64_t records)
{
	char text[64];
	(void)telling;
	snprintf(text, sizeof(text), "%" PRIu64 " records", records);
	patience_tell(text);
	return !patience_has_ended();
}

static const char *verdict_word(const struct audit_verdict *v)
{
	return v->faults > 0 ? "broken" : v->is_in_doubt ? "in doubt" : "fine";
}

static void print_verdict_json(const struct audit_verdict *v)
{
	printf("{\"verdict\":\"%s\",\"faults\":%" PRIu64 ",\"notices\":%" PRIu64
	       ",\"records\":%" PRIu64 ",\"first\":%" PRIu64 ",\"last\":%" PRIu64
	       ",\"checkpoints\":%" PRIu64 ",\"copies\":%" PRIu64 ",\"held\":%" PRIu64
	       ",\"key\":\"%s\"}\n",
	       verdict_word(v), v->faults, v->notices, v->records, v->first, v->last,
	       v->checkpoints, v->copies, v->held, v->key);
}

static void print_verdict(const struct audit_telling *telling,
			  const struct audit_verdict *v)
{
	char at[TIME_TEXT_MAX] = "";
	if (telling->told > FAULTS_SHOWN)
		printf("... and %" PRIu64 " more\n", telling->told - FAULTS_SHOWN);
	printf("%s: %" PRIu64 " records, %" PRIu64 " to %" PRIu64 "; %" PRIu64
	       " checkpoints and %" PRIu64 " copies hold",
	       verdict_word(v), v->records, v->first, v->last, v->checkpoints,
	       v->copies);
	if (v->held_us != UNKNOWN_TIME) {
		record_time_text(v->held_us, at);
		printf("; signed up to %" PRIu64 " at %s\n  by key %s", v->held, at,
		       v->key);
	}
	putchar('\n');
}

void audit_tell_verdict(const struct audit_telling *telling,
			const struct audit_verdict *verdict)
{
	if (telling->json)
		print_verdict_json(verdict);
	else
		print_verdict(telling, verdict);
}

/* ---- copies ---- */

static int open_copies(struct verifying *v, const char *path, bool is_needed)
{
	struct stat st;
	FILE *file = fopen(path, "re");
	if (file == NULL && (is_needed || errno != ENOENT)) {
		fprintf(stderr, "breakwater audit: %s: %s\n", path, strerror(errno));
		return errno == EACCES ? STATUS_NOT_PERMITTED : STATUS_USAGE;
	}
	if (file == NULL)
		return STATUS_OK;
	v->copies[v->count++] =
		(struct copies){ .path = path,
				 .file = file,
				 .size = fstat(fileno(file), &st) == 0 ? st.st_size
								       : 0 };
	return STATUS_OK;
}

/* The store's own text file, and those that were named. */
static int open_all(struct verifying *v, const struct audit_options *o,
		    const char *folder)
{
	int status = STATUS_OK;
	for (int i = 0; i < 2 && status == STATUS_OK; i++) {
		snprintf(v->own[i], sizeof(v->own[i]), "%s/audit-checkpoints.ndjson%s",
			 folder, i == 0 ? ".1" : "");
		status = open_copies(v, v->own[i], false);
	}
	for (size_t i = 0; i < o->checkpoints.count && status == STATUS_OK; i++)
		status = open_copies(v, o->checkpoints.at[i], true);
	return status;
}

static void close_copies(struct verifying *v)
{
	for (size_t i = 0; i < v->count; i++)
		fclose(v->copies[i].file);
}

/* What stands before, such as a log's time and host, is not ours. */
static bool take_line(struct audit_check *check, const char *line)
{
	struct checkpoint_record checkpoint;
	const char *begin = strchr(line, '{');
	json_t *object =
		begin != NULL ? json_loads(begin, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	bool is_one = object != NULL &&
		      record_from_json(RECORD_checkpoint, object, &checkpoint);
	json_decref(object);
	if (is_one)
		audit_check_copy(check, &checkpoint);
	return is_one;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == '\0';
}

/* False: a line is no checkpoint, which is said. */
static bool take_copies(struct audit_check *check, const struct copies *copies)
{
	char *line = NULL;
	size_t room = 0;
	uint64_t number = 0;
	off_t done = 0;
	bool ok = true;
	ssize_t len;
	while (done < copies->size && (len = getline(&line, &room, copies->file)) > 0) {
		done += len;
		number++;
		if (is_blank(line) || take_line(check, line))
			continue;
		fprintf(stderr,
			"breakwater audit: %s:%" PRIu64
			": no checkpoint; a line is one record as JSON\n",
			copies->path, number);
		ok = false;
	}
	free(line);
	return ok;
}

/* ---- together ---- */

int audit_status(const struct audit_verdict *verdict, bool is_whole)
{
	if (verdict->faults > 0)
		return STATUS_BAD_NEWS;
	return verdict->is_in_doubt || !is_whole ? STATUS_INCOMPLETE : STATUS_OK;
}

static int run(struct verifying *v, struct audit_check *check)
{
	char error[STORE_ERROR_MAX] = "interrupted";
	struct audit_verdict verdict;
	patience_begin();
	int result = audit_check_run(check, error);
	bool is_whole = result == 0;
	for (size_t i = 0; i < v->count && result == 0; i++)
		is_whole = take_copies(check, &v->copies[i]) && is_whole;
	patience_end();
	audit_check_close(check, result == 0 ? &verdict : NULL);
	if (result != 0)
		return audit_complain(error, STATUS_INCOMPLETE);
	audit_tell_verdict(&v->telling, &verdict);
	return audit_status(&verdict, is_whole);
}

int audit_verify(const struct audit_options *o)
{
	static struct verifying v;
	static struct seal_key keys[AUDIT_KEYS_MAX];
	v = (struct verifying){ 0 };
	config_text folder;
	char error[STORE_ERROR_MAX];
	int count = audit_read_keys("audit", &o->keys, keys, AUDIT_KEYS_MAX);
	if (count < 0)
		return STATUS_USAGE;
	int status = audit_folder(o, folder);
	v.telling.json = o->listing.common.json;
	if (status == STATUS_OK)
		status = open_all(&v, o, folder);
	if (status == STATUS_OK) {
		const struct audit_check_sink sink = { &v.telling, audit_tell_fault,
						       audit_tell_progress };
		struct audit_check *check = audit_check_open(
			folder, keys, (size_t)count, &sink, error, &status);
		status = check != NULL ? run(&v, check) : audit_complain(error, status);
	}
	close_copies(&v);
	if (status == STATUS_OK && !v.telling.json)
		audit_tell_sensors(o);
	return status;
}
