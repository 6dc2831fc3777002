/*
 * sensor_set.c: names of sensors, found by a keyed hash; see sensor_set.h.
 */
#include "web/sensor_set.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "web/field.h"
#include "web/web.h"

enum { ROOM_FIRST = 16, NAME_MAX_LEN = sizeof(field_text64) };

struct sensor_set {
	/* As asked; names NULL: any, and of site and tag "": any. */
	char *wanted_names;
	field_text64 wanted_site, wanted_tag;
	char **names; /* owned, and each */
	uint64_t *hashes;
	size_t count, room;
	uint32_t *index; /* by hash: a number + 1; 0: free; twice the room */
	bool failed;
};

bool sensors_are_asked(const char *parameter)
{
	return strcmp(parameter, "sensor") == 0 || strcmp(parameter, "site") == 0 ||
	       strcmp(parameter, "tag") == 0;
}

/* ---- hashes, the same for all sets of this process ---- */

static struct hash_key secret;
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

static void make_secret(void)
{
	secret = hash_key_random();
}

uint64_t sensor_hash(const char *sensor)
{
	uint64_t words[NAME_MAX_LEN / sizeof(uint64_t)] = { 0 };
	size_t len = strnlen(sensor, NAME_MAX_LEN);
	if (len == 0)
		return 0;
	pthread_once(&secret_once, make_secret);
	memcpy(words, sensor, len);
	uint64_t hash = hash_words(&secret, words, (len + 7) / 8);
	return hash == 0 ? 1 : hash;
}

/* ---- the set ---- */

static size_t places(const struct sensor_set *set)
{
	return 2 * set->room;
}

/* The place of that sensor, or the free one where it belongs; there always is one. */
static uint32_t *place_of(const struct sensor_set *set, uint64_t hash)
{
	size_t i = (size_t)hash % places(set);
	while (set->index[i] != 0 && set->hashes[set->index[i] - 1] != hash)
		i = (i + 1) % places(set);
	return &set->index[i];
}

static void fill_index(struct sensor_set *set)
{
	memset(set->index, 0, places(set) * sizeof(set->index[0]));
	for (size_t i = 0; i < set->count; i++)
		*place_of(set, set->hashes[i]) = (uint32_t)i + 1;
}

static bool grow(struct sensor_set *set)
{
	size_t room = set->room == 0 ? ROOM_FIRST : 2 * set->room;
	char **names = reallocarray(set->names, room, sizeof(*names));
	if (names != NULL)
		set->names = names;
	uint64_t *hashes = reallocarray(set->hashes, room, sizeof(*hashes));
	if (hashes != NULL)
		set->hashes = hashes;
	uint32_t *index = calloc(2 * room, sizeof(*index));
	if (names == NULL || hashes == NULL || index == NULL) {
		free(index);
		set->failed = true;
		return false;
	}
	free(set->index);
	set->index = index;
	set->room = room;
	fill_index(set);
	return true;
}

bool sensor_set_has_hash(const struct sensor_set *set, uint64_t hash)
{
	return hash != 0 && set->count > 0 && *place_of(set, hash) != 0;
}

bool sensor_set_has(const struct sensor_set *set, const char *sensor)
{
	return sensor_set_has_hash(set, sensor_hash(sensor));
}

bool sensor_set_has_any(const struct sensor_set *set, const char *names)
{
	while (*names != '\0') {
		field_text64 name;
		size_t len = strcspn(names, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (strcmp(name, "...") == 0 || sensor_set_has(set, name))
			return true;
		names += len + (names[len] == ',');
	}
	return false;
}

const struct field *sensor_names_field(enum record_kind kind)
{
	return record_field(kind, kind == RECORD_alert ? "target" : "sensors");
}

const char *sensor_names_of(enum record_kind kind, const void *record)
{
	const struct field *field = sensor_names_field(kind);
	if (field == NULL)
		return "";
	/* Of others a sensor may say what it likes. */
	const char *sensor = field_text(record_field(kind, "sensor"), record);
	bool has_any = kind == RECORD_incident || strcmp(sensor, SENSOR_HUB) == 0;
	return has_any ? field_text(field, record) : "";
}

static void add(struct sensor_set *set, const char *name)
{
	uint64_t hash = sensor_hash(name);
	if (hash == 0 || sensor_set_has_hash(set, hash) ||
	    (set->count == set->room && !grow(set)))
		return;
	char *copy = strndup(name, NAME_MAX_LEN - 1);
	if (copy == NULL) {
		set->failed = true;
		return;
	}
	set->names[set->count] = copy;
	set->hashes[set->count] = hash;
	*place_of(set, hash) = (uint32_t)++set->count;
}

static void take_out(struct sensor_set *set, const char *name)
{
	uint64_t hash = sensor_hash(name);
	if (!sensor_set_has_hash(set, hash))
		return;
	size_t at = *place_of(set, hash) - 1, last = --set->count;
	free(set->names[at]);
	set->names[at] = set->names[last];
	set->hashes[at] = set->hashes[last];
	fill_index(set);
}

const char *const *sensor_set_names(const struct sensor_set *set, size_t *count)
{
	static const char *const nobody[] = { "" };
	*count = set->count > 0 ? set->count : 1;
	return set->count > 0 ? (const char *const *)set->names : nobody;
}

void sensor_set_free(struct sensor_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		free(set->names[i]);
	free(set->names);
	free(set->hashes);
	free(set->index);
	free(set->wanted_names);
	free(set);
}

/* ---- who is meant ---- */

bool sensor_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (;;) {
		words += strspn(words, " ");
		size_t next = strcspn(words, ",");
		if (next == len && memcmp(words, word, len) == 0)
			return true;
		if (words[next] == '\0')
			return false;
		words += next + 1;
	}
}

static bool is_meant(const struct sensor_set *set, const struct sensor_record *sensor)
{
	if (set->wanted_names != NULL &&
	    !sensor_has_word(set->wanted_names, sensor->sensor))
		return false;
	if (set->wanted_site[0] != '\0' && strcmp(set->wanted_site, sensor->site) != 0)
		return false;
	return set->wanted_tag[0] == '\0' ||
	       sensor_has_word(sensor->tags, set->wanted_tag);
}

void sensor_set_hear(struct sensor_set *set, const struct sensor_record *sensor)
{
	if (is_meant(set, sensor))
		add(set, sensor->sensor);
	else
		take_out(set, sensor->sensor);
}

/* What there is of what was asked. */
struct looking {
	struct sensor_set *set;
	struct sensor_set *all; /* names of all sensors */
	bool has_site, has_tag;
	char *names, *sites, *tags; /* SENSOR_SET_ERROR_MAX; cut if they do not fit */
};

/* "a, b, ..." */
static void list(char *words, const char *word, size_t len)
{
	enum { ROOM = SENSOR_SET_ERROR_MAX / 2 };
	size_t used = strlen(words);
	char one[NAME_MAX_LEN];
	snprintf(one, sizeof(one), "%.*s", (int)len, word);
	if (one[0] == '\0' || sensor_has_word(words, one) ||
	    (used > 3 && strcmp(words + used - 3, "...") == 0))
		return;
	bool fits = used + len + sizeof(", , ...") < ROOM;
	snprintf(words + used, ROOM - used, "%s%s", used > 0 ? ", " : "",
		 fits ? one : "...");
}

static void list_each(char *words, const char *tags)
{
	while (*tags != '\0') {
		tags += strspn(tags, " ,");
		size_t len = strcspn(tags, ",");
		list(words, tags, len);
		tags += len;
	}
}

/* web_emit */
static void look_at(void *to, const void *record)
{
	struct looking *looking = to;
	const struct sensor_record *sensor = record;
	struct sensor_set *set = looking->set;
	add(looking->all, sensor->sensor);
	looking->has_site |= strcmp(sensor->site, set->wanted_site) == 0;
	looking->has_tag |= sensor_has_word(sensor->tags, set->wanted_tag);
	list(looking->names, sensor->sensor, strlen(sensor->sensor));
	list(looking->sites, sensor->site, strlen(sensor->site));
	list_each(looking->tags, sensor->tags);
	if (is_meant(set, sensor))
		add(set, sensor->sensor);
}

static bool refuse(char error[static SENSOR_SET_ERROR_MAX], const char *what,
		   const char *value, const char *known)
{
	if (known[0] == '\0')
		snprintf(error, SENSOR_SET_ERROR_MAX,
			 "%s: \"%.64s\" is none of this fleet's: there are none yet",
			 what, value);
	else
		snprintf(error, SENSOR_SET_ERROR_MAX,
			 "%s: \"%.64s\" is none of this fleet's; there are %s", what,
			 value, known);
	return false;
}

/*
 * Whether each name is a sensor's; what hubs themselves tell is of SENSOR_HUB, which is
 * none of them but may be asked for.
 */
static bool names_are_known(struct looking *looking,
			    char error[static SENSOR_SET_ERROR_MAX])
{
	const struct sensor_set *set = looking->set;
	for (const char *at = set->wanted_names; at != NULL;) {
		field_text64 name;
		at += strspn(at, " ");
		size_t len = strcspn(at, ",");
		snprintf(name, sizeof(name), "%.*s",
			 (int)(len < sizeof(name) ? len : sizeof(name)), at);
		bool is_hub = strcmp(name, SENSOR_HUB) == 0;
		if (is_hub && set->wanted_site[0] == '\0' && set->wanted_tag[0] == '\0')
			add(looking->set, SENSOR_HUB);
		if (len >= sizeof(name) ||
		    (!is_hub && !sensor_set_has(looking->all, name)))
			return refuse(error, "sensor", name, looking->names);
		at = at[len] == ',' ? at + len + 1 : NULL;
	}
	return true;
}

static bool is_known(struct looking *looking, char error[static SENSOR_SET_ERROR_MAX])
{
	const struct sensor_set *set = looking->set;
	if (!names_are_known(looking, error))
		return false;
	if (set->wanted_site[0] != '\0' && !looking->has_site)
		return refuse(error, "site", set->wanted_site, looking->sites);
	if (set->wanted_tag[0] != '\0' && !looking->has_tag)
		return refuse(error, "tag", set->wanted_tag, looking->tags);
	return true;
}

static bool find(struct sensor_set *set, const struct web_source *source,
		 char error[static SENSOR_SET_ERROR_MAX])
{
	char names[SENSOR_SET_ERROR_MAX] = "", sites[SENSOR_SET_ERROR_MAX] = "",
	     tags[SENSOR_SET_ERROR_MAX] = "";
	struct looking looking = { .set = set,
				   .all = calloc(1, sizeof(struct sensor_set)),
				   .names = names,
				   .sites = sites,
				   .tags = tags };
	bool found = false;
	if (looking.all != NULL) {
		source->sensors(source->self, look_at, &looking);
		found = is_known(&looking, error);
	}
	if (looking.all == NULL || looking.all->failed || set->failed) {
		snprintf(error, SENSOR_SET_ERROR_MAX, "out of memory");
		found = false;
	}
	sensor_set_free(looking.all);
	return found;
}

/* "": any, as if it was not there; what is too long is nobody's. */
static bool keep(struct sensor_set *set, const struct sensors_asked *asked,
		 char error[static SENSOR_SET_ERROR_MAX])
{
	const char *site = asked->site != NULL ? asked->site : "";
	const char *tag = asked->tag != NULL ? asked->tag : "";
	bool fits = strlen(site) < sizeof(set->wanted_site) &&
		    strlen(tag) < sizeof(set->wanted_tag);
	if (!fits)
		snprintf(error, SENSOR_SET_ERROR_MAX,
			 "site and tag: have at most %zu characters",
			 sizeof(set->wanted_site) - 1);
	record_text(set->wanted_site, sizeof(set->wanted_site), site);
	record_text(set->wanted_tag, sizeof(set->wanted_tag), tag);
	if (asked->names == NULL || asked->names[0] == '\0')
		return fits;
	set->wanted_names = strdup(asked->names);
	set->failed |= set->wanted_names == NULL;
	return fits;
}

struct sensor_set *sensor_set_new(const struct sensors_asked *asked,
				  const struct web_source *source,
				  char error[static SENSOR_SET_ERROR_MAX])
{
	const char *what = asked->names != NULL  ? "sensor"
			   : asked->site != NULL ? "site"
						 : "tag";
	if (source->sensors == NULL) {
		snprintf(error, SENSOR_SET_ERROR_MAX,
			 "%s: this is one machine and knows no sensors; a hub of a "
			 "fleet (breakwater hub) does",
			 what);
		return NULL;
	}
	struct sensor_set *set = calloc(1, sizeof(*set));
	if (set == NULL) {
		snprintf(error, SENSOR_SET_ERROR_MAX, "out of memory");
		return NULL;
	}
	if (keep(set, asked, error) && find(set, source, error))
		return set;
	sensor_set_free(set);
	return NULL;
}
