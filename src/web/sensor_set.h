/*
 * sensor_set.h: which sensors of a fleet a question is about: those named, and of
 * these those of a site and with a tag.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { SENSOR_SET_ERROR_MAX = 640 };

/* The parameters sensor=A,B, site= and tag=; NULL: not given. */
struct sensors_asked {
	const char *names, *site, *tag;
};

/* Whether it is one of these parameters, which go with every kind of record. */
bool sensors_are_asked(const char *parameter);

struct web_source;
struct sensor_set;
/*
 * In the loop.  NULL, and one line in error, of a sensor, site or tag that there is
 * not, or where nobody knows of sensors; of what nobody is in all of it is empty.
 */
struct sensor_set *sensor_set_new(const struct sensors_asked *asked,
				  const struct web_source *source,
				  char error[static SENSOR_SET_ERROR_MAX]);
void sensor_set_free(struct sensor_set *set);

bool sensor_set_has(const struct sensor_set *set, const char *sensor);
/* The same by sensor_hash(). */
bool sensor_set_has_hash(const struct sensor_set *set, uint64_t hash);
/*
 * The same of any of those names with commas between, as an incident has them: of one
 * that has more than fit ("..."), any sensor may be meant.
 */
bool sensor_set_has_any(const struct sensor_set *set, const char *names);
/*
 * The sensors that a record of a hub's own is about, with commas between, and the field
 * that has them: an incident and what only a fleet sees list them; an alert of one, as
 * that it is late, has its name as the target.  "" and NULL: none.
 */
const struct field *sensor_names_field(enum record_kind kind);
const char *sensor_names_of(enum record_kind kind, const void *record);
/* 0: no sensor's. */
uint64_t sensor_hash(const char *sensor);

/*
 * For store_filter: of an empty set one name that no sensor has, as none would be all.
 * Borrowed until the set is changed.
 */
const char *const *sensor_set_names(const struct sensor_set *set, size_t *count);

/* Puts it in, or takes it out, as it says that it is now. */
void sensor_set_hear(struct sensor_set *set, const struct sensor_record *sensor);

/* True if that word is among those of a text with commas between. */
bool sensor_has_word(const char *words, const char *word);
