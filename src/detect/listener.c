/*
 * listener.c: listeners that are new, not approved, replaced or hidden.
 *
 * One fact is one finding: what the register refuses is unauthorized_port and not also
 * new_listener, and what it allows is no news.
 */
#include <string.h>

#include "detect/inside.h"

#define DAY_US    (86400 * SECOND_US)
#define LINGER_US (2 * SECOND_US) /* a port that flaps is one finding */
/* Of the last run, about traffic: as long as the shortest of these last. */
#define RESTORED_US (300 * SECOND_US)

static const char new_listener[] = "new_listener", service_change[] = "service_change",
		  unauthorized_port[] = "unauthorized_port",
		  hidden_listener[] = "hidden_listener", by_listener[] = "listener";

static bool starts_with(const char *text, const char *begin)
{
	return strncmp(text, begin, strlen(begin)) == 0;
}

/* Programs are not installed there. */
static bool is_odd_program(const struct listener_record *l)
{
	static const char *const places[] = { "/tmp/", "/var/tmp/", "/dev/shm/",
					      "/memfd:" };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (starts_with(l->exe, places[i]))
			return true;
	return strstr(l->exe, " (deleted)") != NULL;
}

static bool is_from_outside(const struct listener_record *l)
{
	return l->reach == NULL || strcmp(l->reach, "outside") == 0;
}

static unsigned severity_of(const struct listener_record *l)
{
	if (is_odd_program(l) || l->hidden == 1)
		return SEVERITY_HIGH;
	return is_from_outside(l) ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static void say_place(struct buf *out, const struct listener_record *l)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&l->ip, text);
	buf_printf(out, addr_is_v4(&l->ip) ? "%s:%u/%s" : "[%s]:%u/%s", text, l->port,
		   l->transport);
}

static const char *program_of(const struct listener_record *l)
{
	if (l->exe[0] != '\0')
		return l->exe;
	return l->process[0] != '\0' ? l->process : "an unknown program";
}

static struct buf *begin_sentence(struct detect *detect)
{
	buf_clear(&detect->reason);
	return &detect->reason;
}

/* It did not open again: the program that watches did. */
static bool is_counted(struct detect *detect, const struct finding_record *evidence)
{
	const struct finding *finding = findings_find(&detect->findings, evidence);
	return finding != NULL && finding->is_restored;
}

static void raise_new(struct detect *detect, const struct place *place,
		      const struct listener_record *l)
{
	struct finding_record evidence;
	detect_begin(&evidence, new_listener, NULL, place, l->at);
	evidence.detector = "listener";
	evidence.confidence = 1;
	evidence.attempts = is_counted(detect, &evidence) ? 0 : 1;
	struct buf *out = begin_sentence(detect);
	buf_json_text(out, program_of(l));
	buf_text(out, " now listens on ");
	say_place(out, l);
	if (l->user[0] != '\0') {
		buf_text(out, " as ");
		buf_json_text(out, l->user);
	}
	detect_summary(&evidence, out);
	findings_take(&detect->findings, &evidence, severity_of(l), DAY_US);
}

/* One finding for all that a restless program opens; its sentence stays the same. */
static void raise_restless(struct detect *detect, const struct place *told,
			   const struct listener_record *l)
{
	struct finding_record evidence;
	detect_begin(&evidence, new_listener, NULL, told, l->at);
	evidence.detector = "listener";
	evidence.confidence = 1;
	struct buf *out = begin_sentence(detect);
	buf_json_text(out, program_of(l));
	buf_text(out, " listens on port after port; they are told together from here "
		      "on");
	detect_summary(&evidence, out);
	findings_take(&detect->findings, &evidence, severity_of(l), DAY_US);
}

static void raise_refused(struct detect *detect, const struct place *place,
			  const struct listener_record *l)
{
	struct finding_record evidence;
	detect_begin(&evidence, unauthorized_port, by_listener, place, l->at);
	evidence.detector = "listener";
	evidence.confidence = 1;
	/* Again only if it was opened again: other changes are no new attempt. */
	bool is_opening = l->change != NULL && strcmp(l->change, "opened") == 0;
	evidence.attempts = (is_opening && !is_counted(detect, &evidence)) ||
			    findings_find(&detect->findings, &evidence) == NULL;
	detect_summary(&evidence, &detect->reason);
	unsigned severity = severity_of(l);
	findings_take(&detect->findings, &evidence,
		      severity == SEVERITY_MEDIUM ? SEVERITY_HIGH : severity,
		      HOLD_OPEN);
}

static void raise_hidden(struct detect *detect, const struct place *place,
			 const struct listener_record *l)
{
	struct finding_record evidence;
	detect_begin(&evidence, hidden_listener, NULL, place, l->at);
	evidence.detector = "listener";
	evidence.confidence = 0.9;
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1014");
	struct buf *out = begin_sentence(detect);
	buf_text(out, "the kernel has a socket listening on ");
	say_place(out, l);
	buf_text(out, ", but /proc does not show its process");
	detect_summary(&evidence, out);
	findings_take(&detect->findings, &evidence, SEVERITY_CRITICAL, HOLD_OPEN);
}

/*
 * True if it is its user, was it before, or is one on the way: a daemon opens its port
 * as root and then becomes who it is meant to be.
 */
static bool is_usual_user(const struct place *place, const struct listener_record *l,
			  bool is_opening)
{
	if (l->user[0] == '\0' || place->user[0] == '\0' ||
	    strcmp(l->user, place->user) == 0 ||
	    strcmp(l->user, place->former_user) == 0)
		return true;
	return strcmp(is_opening ? l->user : place->user, "root") == 0;
}

/* What of the program is another than before; NULL if nothing is known to be. */
static const char *what_changed(const struct place *place,
				const struct listener_record *l, bool is_opening)
{
	struct place now = *place;
	place_learn(&now, l);
	/* A scope is of one login: the next one is another. */
	bool both_scopes = strstr(now.unit, ".scope") != NULL &&
			   strstr(place->unit, ".scope") != NULL;
	if (place->exe[0] != '\0' && strcmp(now.exe, place->exe) != 0)
		return "executable";
	if (place->package[0] != '\0' && now.package[0] != '\0' &&
	    strcmp(now.package, place->package) != 0)
		return "package";
	if (!both_scopes && !is_usual_user(place, l, is_opening))
		return "user";
	if (place->unit[0] != '\0' && strcmp(now.unit, place->unit) != 0 &&
	    !both_scopes)
		return "unit";
	return NULL;
}

static void say_values(struct buf *out, const char *what, const struct place *place,
		       const struct listener_record *l)
{
	const char *before = place->exe, *now = l->exe;
	if (strcmp(what, "package") == 0) {
		before = place->package;
		now = l->package;
	} else if (strcmp(what, "user") == 0) {
		before = place->user;
		now = l->user;
	} else if (strcmp(what, "unit") == 0) {
		before = place->unit;
		now = l->unit;
	}
	buf_json_text(out, before);
	buf_text(out, ", now ");
	buf_json_text(out, now);
}

static void raise_change(struct detect *detect, const struct place *place,
			 const struct listener_record *l, const char *what)
{
	struct finding_record evidence;
	struct place now = *place;
	place_learn(&now, l);
	detect_begin(&evidence, service_change, NULL, &now, l->at);
	evidence.detector = "listener";
	evidence.confidence = 1;
	struct buf *out = begin_sentence(detect);
	buf_printf(out, "the %s on ", what);
	say_place(out, l);
	buf_text(out, " is another: before ");
	say_values(out, what, place, l);
	detect_summary(&evidence, out);
	unsigned severity = severity_of(l);
	bool is_program = strcmp(what, "executable") == 0;
	if (is_program && severity == SEVERITY_MEDIUM)
		severity = SEVERITY_HIGH;
	findings_take(&detect->findings, &evidence, severity, DAY_US);
}

static void end(struct detect *detect, const struct place *place, const char *kind,
		const char *technique, int64_t due_us)
{
	struct finding_record key;
	detect_begin(&key, kind, technique, place, due_us);
	struct finding *finding = findings_find(&detect->findings, &key);
	if (finding != NULL)
		findings_end_at(&detect->findings, finding, due_us);
}

/* Sets what the register says of it; true if the register refuses, the reason in
 * detect->reason. */
static bool is_refused(struct detect *detect, struct listener_record *l)
{
	buf_clear(&detect->reason);
	policy_mark(detect->policy, l, detect->now_us, &detect->reason);
	return l->authorized == 0;
}

/* The same program on every IPv4 and on every IPv6 address is one listener to people.
 */
static bool is_told_by_twin(struct detect *detect, const struct place *place,
			    const char *kind, const char *technique)
{
	struct finding_record key;
	const struct place *twin = places_twin(&detect->places, place);
	if (twin == NULL)
		return false;
	detect_begin(&key, kind, technique, twin, detect->now_us);
	return findings_find(&detect->findings, &key) != NULL;
}

static void judge(struct detect *detect, const struct place *place,
		  struct listener_record *l)
{
	if (is_refused(detect, l)) {
		detect_end_now(detect, place, new_listener, NULL);
		if (!is_told_by_twin(detect, place, unauthorized_port, by_listener))
			raise_refused(detect, place, l);
	} else {
		detect_end_now(detect, place, unauthorized_port, by_listener);
		if (l->authorized == 1)
			detect_end_now(detect, place, new_listener, NULL);
	}
}

void detect_judge_places(struct detect *detect)
{
	detect->expiry_us = detect->policy != NULL
				    ? policy_next_expiry(detect->policy, detect->now_us)
				    : INT64_MAX;
	for (uint32_t i = 0; i < detect->places.count; i++) {
		const struct place *place = &detect->places.at[i];
		struct listener_record l;
		if (place->open == 0)
			continue;
		place_listener(place, &l);
		l.at = detect->now_us;
		judge(detect, place, &l);
	}
}

/* The finding goes on with the twin, if that is still open. */
static void pass_on(struct detect *detect, const struct place *place)
{
	struct listener_record l;
	const struct place *twin = places_twin(&detect->places, place);
	if (twin == NULL)
		return;
	place_listener(twin, &l);
	l.at = detect->now_us;
	if (is_refused(detect, &l))
		raise_refused(detect, twin, &l);
}

static void see_closed(struct detect *detect, struct place *place, int64_t at_us)
{
	bool is_first = place->closed_us == UNKNOWN_TIME;
	if (!places_close(&detect->places, place, at_us))
		return;
	if (is_first) /* one that comes back is on the same port */
		detect_note_rest(detect, place, at_us);
	end(detect, place, new_listener, NULL, at_us + LINGER_US);
	end(detect, place, unauthorized_port, by_listener, at_us + LINGER_US);
	end(detect, place, service_change, NULL, at_us + LINGER_US);
	end(detect, place, hidden_listener, NULL, at_us + LINGER_US);
	place->is_hidden = false;
	pass_on(detect, place);
}

static void see_hidden(struct detect *detect, struct place *place,
		       const struct listener_record *l)
{
	if (l->hidden == 1)
		raise_hidden(detect, place, l);
	else if (place->is_hidden)
		detect_end_now(detect, place, hidden_listener, NULL);
	place->is_hidden = l->hidden == 1;
}

/* A place that was not there before, or a listener for which there is no room. */
static bool is_news(struct detect *detect, const struct place *place,
		    const struct listener_record *l, bool was_known)
{
	bool is_self = l->pid == detect->self && l->pid != UNKNOWN_U32;
	return !was_known && !is_self && l->authorized == UNKNOWN_FLAG &&
	       places_twin(&detect->places, place) == NULL;
}

/* A finding that was about to end, because the listener had closed, goes on. */
static void go_on(struct detect *detect, const struct place *place,
		  const struct listener_record *l)
{
	struct finding_record key;
	detect_begin(&key, new_listener, NULL, place, l->at);
	const struct finding *finding = findings_find(&detect->findings, &key);
	if (finding != NULL)
		raise_new(detect, place, l);
}

static void see_new(struct detect *detect, const struct place *place,
		    const struct listener_record *l)
{
	const struct place *told = detect_restless(detect, place);
	if (told != NULL)
		raise_restless(detect, told, l);
	else
		raise_new(detect, place, l);
}

/*
 * Datagrams for a group (mDNS) go to every socket of the port: a program that joins
 * another replaces none, it is a listener more.
 */
static void see_open(struct detect *detect, struct place *place,
		     struct listener_record *l, bool was_known)
{
	bool is_opening = l->change == NULL || strcmp(l->change, "opened") == 0;
	bool was_closed = place->open == 0;
	const char *changed = was_known && !place->is_shared
				      ? what_changed(place, l, is_opening)
				      : NULL;
	bool joins = changed != NULL && is_opening && !was_closed &&
		     strcmp(l->transport, "udp") == 0;
	if (joins)
		place->is_shared = true;
	else if (changed != NULL)
		raise_change(detect, place, l, changed);
	if (!place->is_shared)
		place_learn(place, l);
	if (was_closed)
		place->opened_us = l->at;
	if (is_opening || was_closed)
		places_open(&detect->places, place);
	see_hidden(detect, place, l);
	judge(detect, place, l);
	if (is_news(detect, place, l, was_known && !joins))
		see_new(detect, place, l);
	else if (was_closed && l->authorized == UNKNOWN_FLAG)
		go_on(detect, place, l);
}

static bool is_word(const char *word, const char *is)
{
	return word != NULL && strcmp(word, is) == 0;
}

static bool is_of_listener(const struct finding_record *f)
{
	return is_word(f->kind, new_listener) || is_word(f->kind, service_change) ||
	       (is_word(f->kind, hidden_listener) && f->technique == NULL) ||
	       (is_word(f->kind, unauthorized_port) &&
		is_word(f->technique, by_listener));
}

static int64_t hold_of(const struct finding_record *f)
{
	if (is_word(f->kind, new_listener) || is_word(f->kind, service_change))
		return DAY_US;
	bool is_of_scan = is_word(f->technique, "scan");
	return is_of_listener(f) || is_of_scan ? HOLD_OPEN : RESTORED_US;
}

void detect_restore(struct detect *detect, const struct finding_record *finding)
{
	if (is_word(finding->state, "open") && finding->kind != NULL &&
	    finding->transport != NULL && finding->last != UNKNOWN_TIME)
		findings_restore(&detect->findings, finding, hold_of(finding));
}

void detect_settle(struct detect *detect, int64_t now_us)
{
	for (uint32_t i = 0; i < FINDINGS_MAX; i++) {
		struct finding *finding = &detect->findings.at[i];
		const struct finding_record *f = &finding->record;
		if (!finding->is_open || !finding->is_restored || !is_of_listener(f))
			continue;
		const struct place *place =
			places_find(&detect->places, f->transport, &f->server_ip,
				    f->port, f->netns);
		/* The others had evidence as their listener was told, if they hold. */
		bool may_last = is_word(f->kind, service_change);
		if (place == NULL || place->open == 0 || !may_last)
			findings_close(&detect->findings, finding, now_us);
	}
}

static bool is_complete(const struct listener_record *l)
{
	return l->transport != NULL && l->port <= UINT16_MAX && !addr_is_unset(&l->ip);
}

/* There is no room to remember it: it is judged, and news only as it opens. */
static void see_unplaced(struct detect *detect, struct listener_record *l)
{
	struct place place = { .ip = l->ip,
			       .netns = l->netns,
			       .transport = l->transport,
			       .port = l->port };
	place_learn(&place, l);
	judge(detect, &place, l);
	if (l->authorized == UNKNOWN_FLAG && l->change != NULL &&
	    strcmp(l->change, "opened") == 0)
		raise_new(detect, &place, l);
}

void detect_listener(struct detect *detect, struct listener_record *l)
{
	if (!is_complete(l))
		return;
	if (l->at > detect->now_us)
		detect->now_us = l->at;
	bool is_closing = l->change != NULL && strcmp(l->change, "closed") == 0;
	struct place *place =
		places_find(&detect->places, l->transport, &l->ip, l->port, l->netns);
	bool was_known = place != NULL;
	if (is_closing) {
		is_refused(detect, l);
		if (was_known)
			see_closed(detect, place, l->at);
		return;
	}
	if (place == NULL) {
		place = places_move(&detect->places, l);
		was_known = place != NULL;
	}
	if (place == NULL)
		place = places_add(&detect->places, l);
	if (place != NULL)
		see_open(detect, place, l, was_known);
	else
		see_unplaced(detect, l);
}

void detect_set_self(struct detect *detect, uint32_t pid)
{
	detect->self = pid;
}

void detect_known_listener(struct detect *detect, const struct listener_record *l)
{
	if (!is_complete(l))
		return;
	struct place *place =
		places_find(&detect->places, l->transport, &l->ip, l->port, l->netns);
	if (place == NULL)
		place = places_add(&detect->places, l);
	if (place != NULL)
		place_learn(place, l);
}
