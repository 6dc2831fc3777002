/*
 * notice_json.c: see notice_json.h.
 */
#include "alert/notice_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alert/notice.h"
#include "base/when.h"
#include "record/from_json.h"
#include "record/object.h"

enum { HEX = 16 };

static void put_report(struct buf *out, const struct notice_report *report)
{
	if (report == NULL)
		return;
	object_open(out, "report");
	object_text(out, "title", report->title);
	object_text(out, "text", report->text);
	buf_text(out, "\"files\":[");
	for (size_t i = 0; i < report->file_count; i++) {
		buf_text(out, i > 0 ? ",\"" : "\"");
		buf_json_text(out, report->files[i]);
		buf_char(out, '"');
	}
	buf_text(out, "],");
	object_close(out);
	buf_char(out, ',');
}

void notice_json(const struct notice *notice, struct buf *out)
{
	struct buf title = { 0 };
	notice_title(notice, &title);
	object_open(out, NULL);
	buf_printf(out, "\"id\":\"%016" PRIx64 "\",", notice->id);
	object_text(out, "reason", notice->reason);
	object_text(out, "key", notice->key);
	object_time(out, "at", notice->at_us, "Z");
	object_text(out, "host", notice->host);
	object_text(out, "link", notice->link);
	object_text(out, "severity", severity_names[notice_severity(notice)]);
	object_text(out, "state", notice_is_over(notice) ? "resolved" : "firing");
	object_text(out, "title", buf_cstr(&title));
	put_report(out, notice->report);
	buf_text(out, "\"incidents\":[");
	for (size_t i = 0; i < notice->count; i++) {
		buf_text(out, i > 0 ? "," : "");
		record_json(out, RECORD_incident, &notice->incidents[i]);
	}
	buf_text(out, "],");
	object_close(out);
	buf_free(&title);
}

/* ---- and back ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static bool take_incidents(struct notice_read *read, const json_t *all)
{
	size_t count = json_array_size(all);
	/* Of incidents, or of a report. */
	if (count > NOTICE_INCIDENTS_MAX ||
	    (count == 0) == (read->notice.report == NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!record_from_json(RECORD_incident, json_array_get(all, i),
				      &read->incidents[i]))
			return false;
	read->notice.incidents = read->incidents;
	read->notice.count = count;
	return true;
}

/* A name of a file, and no way to one elsewhere. */
static bool is_plain_name(const char *name)
{
	return name != NULL && name[0] != '\0' && name[0] != '.' &&
	       strchr(name, '/') == NULL;
}

static bool take_report(struct notice_read *read, const json_t *object)
{
	const json_t *files = json_object_get(object, "files");
	size_t count = json_array_size(files);
	if (object == NULL)
		return true;
	if (count > NOTICE_FILES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		read->files[i] = json_string_value(json_array_get(files, i));
		if (!is_plain_name(read->files[i]))
			return false;
	}
	read->report = (struct notice_report){ .title = text_of(object, "title"),
					       .text = text_of(object, "text"),
					       .folder = "",
					       .files = read->files,
					       .file_count = count };
	read->notice.report = &read->report;
	return true;
}

static bool take_all(struct notice_read *read, const json_t *object)
{
	char *end;
	const char *id = text_of(object, "id");
	read->notice.id = strtoull(id, &end, HEX);
	read->notice.reason = text_of(object, "reason");
	read->notice.key = text_of(object, "key");
	read->notice.host = text_of(object, "host");
	read->notice.link = text_of(object, "link");
	return take_report(read, json_object_get(object, "report")) &&
	       strlen(id) == HEX && *end == '\0' && read->notice.reason[0] != '\0' &&
	       time_parse(text_of(object, "at"), &read->notice.at_us) &&
	       take_incidents(read, json_object_get(object, "incidents"));
}

struct notice_read *notice_from_json(const char *text, size_t len)
{
	struct notice_read *read = calloc(1, sizeof(*read));
	if (read == NULL)
		return NULL;
	read->object = json_loadb(text, len, 0, NULL);
	if (read->object != NULL && take_all(read, read->object))
		return read;
	notice_read_free(read);
	return NULL;
}

void notice_read_free(struct notice_read *read)
{
	if (read == NULL)
		return;
	json_decref(read->object);
	free(read);
}
