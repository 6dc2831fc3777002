/*
 * vantages.c: see vantages.h.  No clock, no I/O.
 *
 * Sensors of one site stand for it together, as they share what is between it and the
 * target: it says down if more than half of those that count do.
 */
#include "fleet/vantages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	SILENT_ROUNDS = 3,
	SILENT_LEAST_S = 90, /* heartbeats and batches come late, too */
};
#define SECOND_US 1000000LL

struct place {
	char sensor[FLEET_NAME_MAX]; /* "": unused */
	char site[sizeof(field_text64)];
	const char *state, *reason; /* static words */
	int64_t heard_us;           /* by the hub's clock */
	int64_t since_us;
	bool counts; /* as last looked at */
	bool is_maintained;
};

struct watched {
	char target[VANTAGES_TARGET_MAX];
	uint32_t every_s;
	uint8_t need, of;
	char sites[VANTAGES_SITES_MAX][sizeof(field_text64)]; /* of them `of` */
	bool is_wanted;
	struct place places[VANTAGES_PER_TARGET];
	const char *state; /* as last told; NULL: never */
	int64_t since_us, told_us;
	bool is_maintained; /* all places have it in maintenance */
	bool is_undecided;  /* too few can tell, and nobody is waited for any more */
	field_text256 detail;
};

struct vantages {
	struct watched *at; /* in order of target */
	size_t count, size;
};

struct vantages *vantages_new(void)
{
	return calloc(1, sizeof(struct vantages));
}

void vantages_free(struct vantages *places)
{
	if (places != NULL)
		free(places->at);
	free(places);
}

/* ---- the set ---- */

static int is_target(const void *key, const void *entry)
{
	const struct watched *watched = entry;
	return strcmp(key, watched->target);
}

static struct watched *find(const struct vantages *places, const char *target)
{
	return places->count == 0 ? NULL
				  : bsearch(target, places->at, places->count,
					    sizeof(*places->at), is_target);
}

void vantages_begin_set(struct vantages *places)
{
	for (size_t i = 0; i < places->count; i++)
		places->at[i].is_wanted = false;
}

/* Its place, kept in order; NULL: no memory, or too many. */
static struct watched *insert(struct vantages *places, const char *target)
{
	if (places->count == VANTAGES_TARGETS_MAX)
		return NULL;
	if (places->count == places->size) {
		size_t size = places->size == 0 ? 16 : places->size * 2;
		struct watched *grown = realloc(places->at, size * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		places->at = grown;
		places->size = size;
	}
	size_t at = places->count++;
	while (at > 0 && strcmp(target, places->at[at - 1].target) < 0) {
		places->at[at] = places->at[at - 1];
		at--;
	}
	memset(&places->at[at], 0, sizeof(places->at[at]));
	snprintf(places->at[at].target, sizeof(places->at[at].target), "%s", target);
	return &places->at[at];
}

bool vantages_add(struct vantages *places, const struct vantages_wanted *wanted)
{
	struct watched *watched = find(places, wanted->target);
	if (watched == NULL)
		watched = insert(places, wanted->target);
	if (watched == NULL || wanted->of > VANTAGES_SITES_MAX)
		return false;
	memset(watched->sites, 0, sizeof(watched->sites));
	if (wanted->of > 0)
		memcpy(watched->sites, wanted->sites,
		       wanted->of * sizeof(watched->sites[0]));
	watched->every_s = wanted->every_s;
	watched->need = wanted->need;
	watched->of = wanted->of;
	watched->is_wanted = true;
	return true;
}

void vantages_end_set(struct vantages *places)
{
	size_t kept = 0;
	for (size_t i = 0; i < places->count; i++)
		if (places->at[i].is_wanted)
			places->at[kept++] = places->at[i];
	places->count = kept; /* in order, as they were */
}

bool vantages_knows(const struct vantages *places, const char *target)
{
	return find(places, target) != NULL;
}

/* ---- answers ---- */

static bool is_asked_from(const struct watched *watched, const char *site)
{
	size_t i = 0;
	while (i < watched->of && strcmp(watched->sites[i], site) != 0)
		i++;
	return i < watched->of || watched->of == 0;
}

bool vantages_decide(const struct vantages *places, const char *target,
		     const char *site)
{
	const struct watched *watched = find(places, target);
	return watched != NULL && !watched->is_undecided &&
	       is_asked_from(watched, site);
}

/* Its sensor's, or one that is free, or that was silent for longest. */
static struct place *place_of(struct watched *watched, const char *sensor)
{
	struct place *oldest = &watched->places[0];
	for (size_t i = 0; i < VANTAGES_PER_TARGET; i++) {
		struct place *place = &watched->places[i];
		if (strcmp(place->sensor, sensor) == 0)
			return place;
		if (place->heard_us < oldest->heard_us)
			oldest = place;
	}
	*oldest = (struct place){ 0 };
	snprintf(oldest->sensor, sizeof(oldest->sensor), "%s", sensor);
	return oldest;
}

void vantages_take(struct vantages *places, const struct probe_record *probe,
		   const char *site, int64_t now_us)
{
	struct watched *watched = find(places, probe->target);
	if (watched == NULL || probe->sensor[0] == '\0' ||
	    strcmp(probe->sensor, FLEET_HUB) == 0 || !is_asked_from(watched, site))
		return;
	struct place *place = place_of(watched, probe->sensor);
	snprintf(place->site, sizeof(place->site), "%s", site);
	place->state = probe->hard_state != NULL ? probe->hard_state : "unknown";
	place->reason = probe->reason;
	place->since_us = probe->hard_since;
	place->is_maintained = probe->maintenance == 1;
	place->heard_us = now_us;
}

/* ---- what they come to ---- */

struct tally {
	char site[sizeof(field_text64)];
	const char *reason; /* of one that says down */
	unsigned sensors, down, degraded;
};

static bool is_word(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static int64_t silent_us(const struct watched *watched)
{
	int64_t s = (int64_t)watched->every_s * SILENT_ROUNDS;
	return (s > SILENT_LEAST_S ? s : SILENT_LEAST_S) * SECOND_US;
}

/* One that is free now does not, nor one of before the set was another. */
static bool counts(const struct watched *watched, const struct place *place,
		   const struct vantages_with *with, int64_t now_us)
{
	return place->sensor[0] != '\0' && place->state != NULL &&
	       !is_word(place->state, "unknown") &&
	       is_asked_from(watched, place->site) &&
	       now_us - place->heard_us <= silent_us(watched) &&
	       with->counts(with->self, place->sensor);
}

static void add(struct tally *tallies, size_t *count, const struct place *place)
{
	size_t i = 0;
	while (i < *count && strcmp(tallies[i].site, place->site) != 0)
		i++;
	struct tally *tally = &tallies[i];
	if (i == *count) {
		*tally = (struct tally){ 0 };
		snprintf(tally->site, sizeof(tally->site), "%s", place->site);
		++*count;
	}
	bool is_down = is_word(place->state, "down");
	tally->sensors++;
	tally->down += is_down;
	tally->degraded += is_word(place->state, "degraded");
	if (is_down && place->reason != NULL)
		tally->reason = place->reason;
}

static bool says_down(const struct tally *tally)
{
	return tally->down * 2 > tally->sensors;
}

static const char *says(const struct tally *tally)
{
	if (says_down(tally))
		return "down";
	return tally->down + tally->degraded > 0 ? "degraded" : "up";
}

static void put_places(struct buf *out, const struct tally *tallies, size_t count,
		       const char *state)
{
	size_t put = 0;
	for (size_t i = 0; i < count; i++) {
		const struct tally *tally = &tallies[i];
		if (strcmp(says(tally), state) != 0)
			continue;
		if (put++ == 0)
			buf_printf(out, "%s%s from ", out->len > 0 ? "; " : "", state);
		else
			buf_text(out, ", ");
		buf_text(out, tally->site[0] != '\0' ? tally->site : "no site");
		if (tally->reason != NULL && says_down(tally))
			buf_printf(out, " (%s)", tally->reason);
	}
}

static void describe(const struct tally *tallies, size_t count, unsigned need,
		     field_text256 out)
{
	struct buf text = { 0 };
	put_places(&text, tallies, count, "down");
	put_places(&text, tallies, count, "degraded");
	put_places(&text, tallies, count, "up");
	if (count < need)
		buf_printf(&text, "%s%zu of the %u places that are needed can tell",
			   count > 0 ? "; " : "", count, need);
	record_text(out, sizeof(field_text256), buf_cstr(&text) != NULL ? text.at : "");
	buf_free(&text);
}

static const char *state_of(const struct tally *tallies, size_t count, unsigned need)
{
	unsigned down = 0, bad = 0;
	for (size_t i = 0; i < count; i++) {
		down += says_down(&tallies[i]);
		bad += tallies[i].down + tallies[i].degraded > 0;
	}
	if (count == 0 || (count < need && down == count))
		return "unknown"; /* all that can tell may be wrong together */
	if (down >= need)
		return "down";
	return bad > 0 ? "degraded" : "up";
}

static unsigned need_of(const struct watched *watched, size_t count)
{
	if (watched->need > 0)
		return watched->need;
	return (unsigned)(watched->of > 0 ? watched->of : count) / 2 + 1;
}

static const char *reason_of(const struct tally *tallies, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tallies[i].reason != NULL)
			return tallies[i].reason;
	return NULL;
}

static void tell(struct watched *watched, const struct vantages_with *with,
		 const char *reason, int64_t now_us)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	probe.at = now_us;
	probe.by = "places";
	record_text(probe.sensor, sizeof(probe.sensor), FLEET_HUB);
	record_text(probe.target, sizeof(probe.target), watched->target);
	probe.state = probe.hard_state = watched->state;
	probe.hard_since = watched->since_us;
	probe.reason = strcmp(watched->state, "up") == 0 ? NULL : reason;
	probe.flapping = 0;
	probe.maintenance = watched->is_maintained;
	memcpy(probe.detail, watched->detail, sizeof(probe.detail));
	watched->told_us = now_us;
	with->emit(with->self, &probe);
}

static void look(struct watched *watched, const struct vantages_with *with,
		 int64_t now_us)
{
	struct tally tallies[VANTAGES_PER_TARGET];
	field_text256 detail = "";
	size_t count = 0;
	bool is_maintained = true;
	for (size_t i = 0; i < VANTAGES_PER_TARGET; i++) {
		struct place *place = &watched->places[i];
		place->counts = counts(watched, place, with, now_us);
		if (!place->counts)
			continue;
		add(tallies, &count, place);
		is_maintained &= place->is_maintained;
	}
	unsigned need = need_of(watched, count);
	const char *state = state_of(tallies, count, need);
	describe(tallies, count, need, detail);
	bool is_other = watched->state == NULL || strcmp(watched->state, state) != 0;
	bool is_news = is_other || strcmp(watched->detail, detail) != 0;
	if (is_other)
		watched->since_us = now_us;
	watched->state = state;
	watched->is_maintained = count > 0 && is_maintained;
	memcpy(watched->detail, detail, sizeof(watched->detail));
	if (is_news || now_us - watched->told_us >= watched->every_s * SECOND_US)
		tell(watched, with, reason_of(tallies, count), now_us);
	bool was_decided = !watched->is_undecided;
	watched->is_undecided = is_word(state, "unknown") &&
				now_us - watched->since_us >= silent_us(watched);
	if (watched->is_undecided && was_decided && with->undecided != NULL)
		with->undecided(with->self, watched->target);
}

void vantages_second(struct vantages *places, const struct vantages_with *with,
		     int64_t now_us)
{
	for (size_t i = 0; i < places->count; i++)
		look(&places->at[i], with, now_us);
}

size_t vantages_of(const struct vantages *places, const char *target,
		   struct place_seen out[static VANTAGES_PER_TARGET])
{
	const struct watched *watched = find(places, target);
	size_t count = 0;
	for (size_t i = 0; watched != NULL && i < VANTAGES_PER_TARGET; i++) {
		const struct place *place = &watched->places[i];
		if (place->sensor[0] == '\0')
			continue;
		struct place_seen *seen = &out[count++];
		*seen = (struct place_seen){ .hard_state = place->state,
					     .reason = place->reason,
					     .at_us = place->heard_us,
					     .hard_since_us = place->since_us,
					     .counts = place->counts };
		snprintf(seen->site, sizeof(seen->site), "%s", place->site);
		snprintf(seen->sensor, sizeof(seen->sensor), "%s", place->sensor);
	}
	return count;
}
