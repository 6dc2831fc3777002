/*
 * attackers.c: see attackers.h.
 */
#include "fleet/attackers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/shelf.h"

enum { SOURCES_MOST = 65536, ID_LEN = 16 };
/* Who comes back later is another attack, as the book of incidents has it, too. */
#define LATER_US INT64_C(900000000)

struct source {
	field_text32 incident;
	int64_t last_us;
};

struct attackers {
	struct hash_key key;
	struct shelf rows;
};

struct attackers *attackers_new(void)
{
	struct attackers *attackers = calloc(1, sizeof(*attackers));
	if (attackers == NULL)
		return NULL;
	attackers->key = hash_key_random();
	attackers->rows =
		(struct shelf){ .size = sizeof(struct source), .most = SOURCES_MOST };
	return attackers;
}

void attackers_free(struct attackers *attackers)
{
	if (attackers == NULL)
		return;
	shelf_free(&attackers->rows);
	free(attackers);
}

static bool is_id(const char *text)
{
	return strlen(text) == ID_LEN && strspn(text, "0123456789abcdef") == ID_LEN;
}

void attackers_name(struct finding_record *finding, bool is_of_others)
{
	const char *sensor = finding->sensor, *incident = finding->incident;
	if (incident[0] == '\0' || (is_id(incident) && !is_of_others))
		return;
	const uint64_t of[] = { hash_sum(sensor, strlen(sensor)),
				hash_sum(incident, strlen(incident)) };
	snprintf(finding->incident, sizeof(finding->incident), "%016llx",
		 (unsigned long long)hash_sum(of, sizeof(of)));
}

/* 10.0.0.9 is somebody else at each site. */
static bool is_proven(const struct finding_record *finding)
{
	return addr_is_global(&finding->client_ip) && finding->proof != NULL &&
	       strcmp(finding->proof, "unsolicited") != 0 &&
	       finding->incident[0] != '\0';
}

static uint64_t name_of(const struct attackers *attackers,
			const struct finding_record *finding)
{
	uint64_t words[2];
	memcpy(words, &finding->client_ip, sizeof(words));
	return shelf_name_words(&attackers->key, 0, words, 2);
}

void attackers_join(struct attackers *attackers, struct finding_record *finding)
{
	if (!is_proven(finding))
		return;
	struct shelf_row *row =
		shelf_find(&attackers->rows, name_of(attackers, finding));
	if (row == NULL)
		return;
	const struct source *source = (const struct source *)row->at;
	if (finding->last - source->last_us <= LATER_US)
		memcpy(finding->incident, source->incident, sizeof(source->incident));
}

void attackers_note(struct attackers *attackers, const struct finding_record *finding,
		    int64_t now_us)
{
	bool is_new;
	int64_t last_us = finding->last < now_us ? finding->last : now_us;
	if (!is_proven(finding))
		return;
	struct shelf_row *row =
		shelf_touch(&attackers->rows, name_of(attackers, finding), &is_new);
	if (row == NULL)
		return;
	struct source *source = (struct source *)row->at;
	memcpy(source->incident, finding->incident, sizeof(source->incident));
	if (is_new || last_us > source->last_us)
		source->last_us = last_us;
}
