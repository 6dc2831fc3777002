/*
 * restless.c: programs whose ports never are the same.
 *
 * A server of passive FTP listens on another port for each file, some resolvers send
 * each question from a port of their own choice.  That such a program is new is worth a
 * finding, and each of its first ports; of the thousandth nobody wants to hear.  Only
 * ports that were open for a moment make a program restless: many that stay do not.
 */
#include <string.h>

#include "detect/inside.h"

enum { TOLD_BY_THEMSELVES = 32, FIRST_PORT = 1024 };

#define REST_US  (86400 * SECOND_US)
#define SHORT_US (60 * SECOND_US)

static struct restless *restless_of(struct detect *detect, const char *exe)
{
	struct restless *oldest = &detect->restless[0];
	for (size_t i = 0; i < RESTLESS_MAX; i++) {
		struct restless *restless = &detect->restless[i];
		if (strcmp(restless->exe, exe) == 0)
			return restless;
		if (restless->last_us < oldest->last_us)
			oldest = restless;
	}
	*oldest = (struct restless){ 0 };
	memcpy(oldest->exe, exe, strlen(exe) + 1);
	return oldest;
}

static bool may_be_restless(const struct place *place)
{
	return place->exe[0] != '\0' && place->port >= FIRST_PORT;
}

void detect_note_rest(struct detect *detect, const struct place *place, int64_t at_us)
{
	if (!may_be_restless(place) || at_us - place->opened_us > SHORT_US)
		return;
	struct restless *restless = restless_of(detect, place->exe);
	if (at_us - restless->last_us > REST_US)
		restless->ports = 0;
	restless->last_us = at_us;
	restless->ports++;
}

const struct place *detect_restless(struct detect *detect, const struct place *place)
{
	struct restless *restless = NULL;
	for (size_t i = 0; may_be_restless(place) && i < RESTLESS_MAX; i++)
		if (strcmp(detect->restless[i].exe, place->exe) == 0)
			restless = &detect->restless[i];
	if (restless == NULL || restless->ports < TOLD_BY_THEMSELVES)
		return NULL;
	if (restless->told.transport == NULL)
		restless->told = *place;
	return &restless->told;
}
