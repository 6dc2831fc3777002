/*
 * fleet_eyes.c: what each of many sensors finds by itself, and what the fleet finds.
 *
 *   fleet_eyes < EVENTS       in order of time, a line each:
 *   contact AT_S SENSOR CLIENT SERVER PORT OUTCOME
 *   login AT_S SENSOR CLIENT SERVER USER OUTCOME      (ssh, by password)
 *
 * Every sensor has a detector of its own, as on a machine of its own, and is told what
 * came to it; the fleet's is told all.  Of each finding there is a line, each time that
 * it is said: WHO KIND TECHNIQUE SEVERITY ID CLIENT AT_S, where WHO is a sensor's
 * number or "fleet".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "detect/detect.h"
#include "detect/fleet.h"

enum { SENSORS = 40, TICK_S = 5 };
#define SECOND_US 1000000LL
#define BEGIN_US  (1800000000 * SECOND_US)

struct eye {
	int number; /* -1: the fleet's */
	struct detect *detect;
};

struct eyes {
	struct eye sensors[SENSORS], fleet;
	struct detect_fleet *all;
	long now_s;
};

static const char *word(const char *text)
{
	return text != NULL ? text : "-";
}

static void say(void *self, const struct finding_record *f)
{
	const struct eye *eye = self;
	char who[16] = "fleet", client[ADDR_TEXT_MAX] = "-";
	if (eye->number >= 0)
		snprintf(who, sizeof(who), "%d", eye->number);
	if (!addr_is_unset(&f->client_ip))
		addr_text(&f->client_ip, client);
	printf("%s %s %s %s %s %s %lld\n", who, f->kind, word(f->technique),
	       word(f->severity), f->id, client,
	       (long long)((f->at - BEGIN_US) / SECOND_US));
}

static void name_sensor(char *out, int number)
{
	snprintf(out, 64, "web-%d", number);
}

static void join(struct eyes *eyes, int number)
{
	struct sensor_record s;
	record_init(RECORD_sensor, &s);
	s.at = BEGIN_US;
	s.state = "up";
	record_text(s.site, sizeof(s.site), "paris");
	record_text(s.tags, sizeof(s.tags), "web");
	name_sensor(s.sensor, number);
	detect_fleet_record(eyes->all, RECORD_sensor, &s);
}

static bool open_eyes(struct eyes *eyes)
{
	struct detect_sink sink = { .self = &eyes->fleet, .finding = say };
	eyes->fleet.number = -1;
	eyes->all = detect_fleet_new(&sink);
	for (int i = 0; eyes->all != NULL && i < SENSORS; i++) {
		struct prefix own;
		struct home home = { 0 };
		char text[32];
		eyes->sensors[i].number = i;
		sink.self = &eyes->sensors[i];
		eyes->sensors[i].detect = detect_new(&sink);
		if (eyes->sensors[i].detect == NULL)
			return false;
		snprintf(text, sizeof(text), "198.18.0.%d", i);
		if (!prefix_parse(text, &own) || !home_add(&home, &own))
			return false;
		detect_set_own(eyes->sensors[i].detect, &home);
		join(eyes, i);
	}
	return eyes->all != NULL;
}

static void close_eyes(struct eyes *eyes)
{
	for (int i = 0; i < SENSORS; i++)
		detect_free(eyes->sensors[i].detect);
	detect_fleet_free(eyes->all);
}

static void pass(struct eyes *eyes, long until_s)
{
	for (; eyes->now_s + TICK_S <= until_s; eyes->now_s += TICK_S) {
		int64_t now_us = BEGIN_US + (eyes->now_s + TICK_S) * SECOND_US;
		for (int i = 0; i < SENSORS; i++)
			detect_tick(eyes->sensors[i].detect, now_us);
		detect_fleet_tick(eyes->all, now_us);
	}
}

struct event {
	long at_s;
	int sensor;
	const char *kind, *client, *server, *what, *outcome;
};

/* False: it is none.  Cuts the line into its words. */
static bool read_event(char *line, struct event *e)
{
	enum { WORDS = 7 };
	char *word[WORDS], *rest = NULL;
	for (int i = 0; i < WORDS; i++) {
		word[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
		if (word[i] == NULL)
			return false;
	}
	*e = (struct event){ .at_s = strtol(word[1], NULL, 10),
			     .sensor = (int)strtol(word[2], NULL, 10),
			     .kind = word[0],
			     .client = word[3],
			     .server = word[4],
			     .what = word[5],
			     .outcome = word[6] };
	return e->sensor >= 0 && e->sensor < SENSORS;
}

static void see_contact(struct eyes *eyes, const struct event *e)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = BEGIN_US + e->at_s * SECOND_US;
	c.transport = "tcp";
	c.client_port = 40000 + (uint32_t)(e->at_s % 20000);
	c.port = (uint32_t)strtoul(e->what, NULL, 10);
	c.technique = "syn";
	c.outcome = record_word(e->outcome);
	name_sensor(c.sensor, e->sensor);
	if (!addr_parse(e->client, &c.client_ip) ||
	    !addr_parse(e->server, &c.server_ip))
		return;
	detect_contact(eyes->sensors[e->sensor].detect, &c);
	detect_fleet_record(eyes->all, RECORD_contact, &c);
}

static void see_login(struct eyes *eyes, const struct event *e)
{
	struct login_record l;
	record_init(RECORD_login, &l);
	l.at = BEGIN_US + e->at_s * SECOND_US;
	l.transport = "tcp";
	l.client_port = 40000 + (uint32_t)(e->at_s % 20000);
	l.server_port = 22;
	l.method = "password";
	l.seen_by = "packets";
	l.outcome = record_word(e->outcome);
	record_text(l.protocol, sizeof(l.protocol), "ssh");
	record_text(l.user, sizeof(l.user), e->what);
	name_sensor(l.sensor, e->sensor);
	if (!addr_parse(e->client, &l.client_ip) ||
	    !addr_parse(e->server, &l.server_ip))
		return;
	detect_login(eyes->sensors[e->sensor].detect, &l);
	detect_fleet_record(eyes->all, RECORD_login, &l);
}

int main(void)
{
	static struct eyes eyes;
	static char line[512];
	struct event e;
	if (!open_eyes(&eyes)) {
		fprintf(stderr, "fleet_eyes: no memory\n");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!read_event(line, &e)) {
			fprintf(stderr, "fleet_eyes: no event: %s\n", line);
			return 2;
		}
		pass(&eyes, e.at_s);
		if (strcmp(e.kind, "login") == 0)
			see_login(&eyes, &e);
		else
			see_contact(&eyes, &e);
	}
	close_eyes(&eyes);
	return 0;
}
