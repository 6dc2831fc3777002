/*
 * report_subject.c: whom a document is about.
 */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "report/model.h"

enum { ID_LEAST = 4 };

static bool refuse(char error[static STORE_ERROR_MAX], const struct report *report,
		   const char *why)
{
	report_note_failure(&report->ask, REPORT_ASKED_WRONGLY);
	snprintf(error, STORE_ERROR_MAX, "%.100s: %s", report->framework->name, why);
	return false;
}

/* ---- an incident ---- */

struct search {
	struct incident_record newest;
	bool is_found, is_ambiguous;
};

/* Newest first, and a record each time that one changed. */
static bool take_incident(void *to, const void *record)
{
	struct search *search = to;
	const struct incident_record *incident = record;
	if (!search->is_found)
		search->newest = *incident;
	search->is_ambiguous |=
		search->is_found && strcmp(search->newest.id, incident->id) != 0;
	search->is_found = true;
	return !search->is_ambiguous;
}

static void set_time(struct report_ask *ask, const struct incident_record *incident)
{
	int64_t end_us = ask->now_us;
	if (incident->end != UNKNOWN_TIME)
		end_us = incident->end;
	ask->since_us = incident->first;
	ask->until_us = end_us > incident->first ? end_us : incident->first + 1;
}

static bool find_incident(struct report *report, struct store_reader *reader,
			  char error[static STORE_ERROR_MAX])
{
	struct search search = { 0 };
	struct store_filter filter;
	const char *id = report->ask.subject.incident;
	if (strlen(id) < ID_LEAST || strspn(id, "0123456789abcdef") != strlen(id))
		return refuse(error, report,
			      "an id is at least the first four of its sixteen "
			      "hexadecimal digits");
	store_filter_init(&filter);
	filter.id = id;
	filter.id_begins = true;
	if (store_read(reader, RECORD_incident, &filter, take_incident, &search,
		       error) != 0)
		return false;
	if (search.is_ambiguous)
		return refuse(error, report,
			      "several incidents have an id that begins so; give "
			      "more of it");
	if (!search.is_found)
		return refuse(error, report, "there is no incident with that id");
	memcpy(report->incident, search.newest.id, sizeof(report->incident));
	if (report->ask.has_own_time)
		set_time(&report->ask, &search.newest);
	return true;
}

/* ---- what is allowed ---- */

bool report_find_subject(struct report *report, struct store_reader *reader,
			 char error[static STORE_ERROR_MAX])
{
	const struct report_subject *subject = &report->ask.subject;
	enum subject wanted = report->framework->subject;
	struct prefix prefix;
	bool is_peer = subject->host != NULL || subject->user != NULL;
	if (subject->incident != NULL && wanted != SUBJECT_INCIDENT)
		return refuse(error, report,
			      "one word too many: one framework or document at a time");
	if (is_peer && wanted != SUBJECT_HOST_OR_USER)
		return refuse(error, report, "it is not about one --host or --user");
	if (wanted == SUBJECT_HOST_OR_USER && !is_peer)
		return refuse(error, report,
			      "whose? allowed are --host ADDRESS and --user NAME");
	if (wanted == SUBJECT_INCIDENT && subject->incident == NULL)
		return refuse(error, report, "of which incident? Give its id");
	if (subject->host != NULL && !prefix_parse(subject->host, &prefix))
		return refuse(error, report,
			      "--host: allowed is an address, or a network such as "
			      "192.0.2.0/24");
	return wanted != SUBJECT_INCIDENT || find_incident(report, reader, error);
}
