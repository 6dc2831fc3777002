/*
 * incident.c: see incident.h.
 *
 * Rows are looked through one by one: findings are said at most once a second each, and
 * a thousand rows take a microsecond.
 */
#include "detect/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "detect/findings.h"

/* Who comes back within an hour is at the same thing: nmap, a look at it, then hydra.
 */
#define SOURCE_US (3600 * SECOND_US)
/* Floods change their shape within minutes. */
#define TARGET_US (300 * SECOND_US)
/*
 * nmap sends each probe in the name of all decoys at once, so that they have tried as
 * many ports at the same moment.
 */
#define DECOYS_US (10 * SECOND_US)

static const char *const attacks[] = {
	"port_scan",        "host_sweep",        "distributed_scan",
	"brute_force",      "password_spray",    "login_after_failures",
	"syn_flood",        "udp_flood",         "icmp_flood",
	"connection_flood", "reflection_victim", "reflector",
	"spoofed_source",   "trap_hit",          "blocklisted_peer",
	"beacon",
};

void incidents_clear(struct incidents *incidents)
{
	memset(incidents, 0, sizeof(*incidents));
	for (size_t i = 0; i < INCIDENTS_MAX; i++)
		incidents->proven[i].last_us = incidents->unproven[i].last_us =
			INT64_MIN;
}

static bool is_kind(const struct finding_record *f, const char *kind)
{
	return f->kind != NULL && strcmp(f->kind, kind) == 0;
}

static bool is_attack(const struct finding_record *f)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (is_kind(f, attacks[i]))
			return true;
	return false;
}

static bool is_proven(const struct finding_record *f)
{
	return f->proof != NULL && strcmp(f->proof, "unsolicited") != 0;
}

/* A user who forgot a password gets in after failures, too: that alone is not strong.
 */
static bool is_strong(const struct finding_record *f)
{
	return is_proven(f) && record_severity(f->severity) >= SEVERITY_MEDIUM &&
	       !is_kind(f, "login_after_failures");
}

/* Who it is about: nobody, where the address is known to be forged, or they are many.
 */
static struct incident about(const struct finding_record *f)
{
	bool has_source =
		!addr_is_unset(&f->client_ip) && !is_kind(f, "spoofed_source");
	return (struct incident){
		.source = has_source ? f->client_ip : addr_unset(),
		.target = f->server_ip,
		.sensor = has_source && !addr_is_global(&f->client_ip) &&
					  f->sensor[0] != '\0'
				  ? hash_sum(f->sensor, strlen(f->sensor))
				  : 0,
		.technique = f->technique,
		.first_us = f->first,
		.last_us = f->last,
		.is_strong = is_strong(f),
		.is_victim = is_kind(f, "reflector"),
	};
}

static bool is_within(const struct incident *row, int64_t at_us, int64_t within_us)
{
	return row->last_us != INT64_MIN && at_us - row->last_us <= within_us;
}

static bool is_about_same(const struct incident *row, const struct incident *it)
{
	if (row->is_victim != it->is_victim || row->sensor != it->sensor ||
	    !addr_equal(&row->source, &it->source))
		return false;
	return !addr_is_unset(&it->source) || addr_equal(&row->target, &it->target);
}

/* The row about the same source or target, if it is not too long ago. */
static struct incident *find(struct incident *rows, const struct incident *it)
{
	int64_t within_us = addr_is_unset(&it->source) ? TARGET_US : SOURCE_US;
	for (size_t i = 0; i < INCIDENTS_MAX; i++)
		if (is_within(&rows[i], it->first_us, within_us) &&
		    is_about_same(&rows[i], it))
			return &rows[i];
	return NULL;
}

/* Another source that scans the same target in the same way, and began just now. */
static struct incident *find_decoy(struct incident *rows, const struct incident *it)
{
	for (size_t i = 0; i < INCIDENTS_MAX; i++) {
		struct incident *row = &rows[i];
		if (row->last_us != INT64_MIN && !addr_is_unset(&row->source) &&
		    !row->is_victim &&
		    findings_same_word(row->technique, it->technique) &&
		    addr_equal(&row->target, &it->target) &&
		    llabs(row->first_us - it->first_us) <= DECOYS_US)
			return row;
	}
	return NULL;
}

static struct incident *find_own(struct incident *rows, const struct incident *it)
{
	for (size_t i = 0; i < INCIDENTS_MAX; i++)
		if (rows[i].last_us != INT64_MIN && rows[i].id == it->id &&
		    is_about_same(&rows[i], it))
			return &rows[i];
	return NULL;
}

/* A free row, or that of whoever has been quiet for longest. */
static struct incident *room(struct incident *rows)
{
	struct incident *oldest = &rows[0];
	for (size_t i = 1; i < INCIDENTS_MAX; i++)
		if (rows[i].last_us < oldest->last_us)
			oldest = &rows[i];
	return oldest;
}

static uint64_t new_id(const struct incident *it)
{
	static const struct hash_key fixed; /* the same in a replay */
	uint64_t words[6] = { (uint64_t)it->first_us, it->is_victim };
	memcpy(&words[2], &it->source, sizeof(it->source));
	memcpy(&words[4], &it->target, sizeof(it->target));
	return hash_words(&fixed, words, sizeof(words) / sizeof(words[0]));
}

/*
 * What came over a whole connection joins only the like, unless it is an attack beyond
 * doubt: then the scan before it, in the same name, was the same somebody's.  Not one
 * with decoys, though, which would bring them along.
 */
static const struct incident *join_proven(struct incidents *incidents,
					  const struct incident *it)
{
	const struct incident *row = find(incidents->proven, it);
	if (row != NULL || !it->is_strong)
		return row;
	row = find(incidents->unproven, it);
	return row != NULL && !row->is_shared ? row : NULL;
}

/* What anybody may have sent joins the like, or an attack beyond doubt. */
static const struct incident *join_unproven(struct incidents *incidents,
					    struct incident *it,
					    const struct finding_record *f)
{
	const struct incident *row = find(incidents->proven, it);
	if (row != NULL && row->is_strong)
		return row;
	row = find(incidents->unproven, it);
	if (row != NULL || !is_kind(f, "port_scan") || addr_is_unset(&it->target))
		return row;
	struct incident *decoy = find_decoy(incidents->unproven, it);
	if (decoy != NULL)
		decoy->is_shared = it->is_shared = true;
	return decoy;
}

/* A finding that is about somebody else by now has both in its incident. */
static bool is_renamed(struct incident *rows, const struct incident *it)
{
	bool has_other = false;
	for (size_t i = 0; i < INCIDENTS_MAX; i++) {
		if (rows[i].last_us == INT64_MIN || rows[i].id != it->id ||
		    rows[i].is_victim)
			continue;
		rows[i].is_shared = has_other = true;
	}
	return has_other;
}

static void keep(struct incident *rows, struct incident *it)
{
	struct incident *row = find_own(rows, it);
	if (row == NULL) {
		it->is_shared |= !it->is_victim && is_renamed(rows, it);
		*room(rows) = *it;
		return;
	}
	if (it->last_us > row->last_us)
		row->last_us = it->last_us;
	row->is_strong |= it->is_strong;
}

static void set_id(struct incident *it, struct finding_record *f, uint64_t id)
{
	it->id = id;
	snprintf(f->incident, sizeof(f->incident), "%016llx", (unsigned long long)id);
}

static void give(struct incidents *incidents, struct incident *it,
		 struct finding_record *f)
{
	const struct incident *row = is_proven(f) ? join_proven(incidents, it)
						  : join_unproven(incidents, it, f);
	set_id(it, f, row != NULL ? row->id : new_id(it));
}

/* Guessing that is beyond doubt only by now: the scan before it joins it. */
static void join_late(struct incidents *incidents, struct incident *it,
		      struct finding_record *f)
{
	struct incident *own = find_own(incidents->unproven, it);
	const struct incident *row = find(incidents->proven, it);
	if (is_proven(f) || own == NULL || own->is_shared || row == NULL ||
	    !row->is_strong)
		return;
	own->id = row->id;
	set_id(it, f, row->id);
}

void incidents_rename(struct incidents *incidents, struct finding_record *finding,
		      const char *id)
{
	struct incident it = about(finding);
	it.id = strtoull(finding->incident, NULL, 16);
	struct incident *row = find_own(
		is_proven(finding) ? incidents->proven : incidents->unproven, &it);
	set_id(&it, finding, strtoull(id, NULL, 16));
	if (row != NULL)
		row->id = it.id;
}

void incidents_note(struct incidents *incidents, struct finding_record *finding)
{
	if (!is_attack(finding))
		return;
	struct incident it = about(finding);
	if (finding->incident[0] == '\0')
		give(incidents, &it, finding);
	else
		it.id = strtoull(finding->incident, NULL, 16);
	join_late(incidents, &it, finding);
	/* Of decoys, one that turns out to be real does not bring the others along. */
	const struct incident *row = find_own(incidents->unproven, &it);
	if (is_proven(finding) && row != NULL && row->is_shared)
		return;
	keep(is_proven(finding) ? incidents->proven : incidents->unproven, &it);
}
