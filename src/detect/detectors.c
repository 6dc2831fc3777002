/*
 * detectors.c: the detectors of attacks, and who is given what; see detector.h.
 */
#include <stdlib.h>

#include "detect/detector.h"

static const struct detector *const detectors[DETECTORS_MAX] = {
	&detector_port_scan,         &detector_host_sweep,
	&detector_distributed_scan,  &detector_trap,
	&detector_blocklist,         &detector_beacon,
	&detector_distributed_login, &detector_brute_force,
	&detector_password_spray,    &detector_login_after_failures,
	&detector_login_connections, &detector_syn_flood,
	&detector_udp_flood,         &detector_icmp_flood,
	&detector_host_flood,        &detector_connection_flood,
	&detector_reflection_victim, &detector_reflector,
	&detector_spoofed_source,    &detector_network_flood,
};

bool detectors_open(struct detect *detect)
{
	for (size_t i = 0; i < DETECTORS_MAX && detectors[i] != NULL; i++) {
		const struct detector *d = detectors[i];
		detect->states[i] = calloc(1, d->state_size);
		if (detect->states[i] == NULL ||
		    (d->open != NULL && !d->open(detect, detect->states[i])))
			return false;
	}
	return true;
}

void detectors_close(struct detect *detect)
{
	for (size_t i = 0; i < DETECTORS_MAX && detectors[i] != NULL; i++) {
		if (detect->states[i] != NULL && detectors[i]->close != NULL)
			detectors[i]->close(detect->states[i]);
		free(detect->states[i]);
	}
}

void detectors_keep(struct detect *detect, const char *folder)
{
	for (size_t i = 0; i < DETECTORS_MAX && detectors[i] != NULL; i++)
		if (detectors[i]->keep != NULL)
			detectors[i]->keep(detect->states[i], folder);
}

#define GIVE(detect, what, record)                                                     \
	for (size_t i = 0; i < DETECTORS_MAX && detectors[i] != NULL; i++)             \
		if (detectors[i]->what != NULL)                                        \
	detectors[i]->what((detect), (detect)->states[i], (record))

static void see_time(struct detect *detect, int64_t at_us)
{
	if (at_us > detect->now_us)
		detect->now_us = at_us;
}

static bool is_friend(struct detect *detect, const struct addr *client)
{
	if (!home_holds(&detect->friends, client))
		return false;
	detect->of_friends++;
	return true;
}

void detect_set_friends(struct detect *detect, const struct home *friends)
{
	detect->friends = *friends;
}

void detect_contact(struct detect *detect, const struct contact_record *contact)
{
	see_time(detect, contact->at);
	if (contact->probe == 1 || is_friend(detect, &contact->client_ip))
		return;
	if (findings_same_word(contact->outcome, "unused")) {
		GIVE(detect, unused, contact);
		return;
	}
	sources_contact(detect, contact);
	GIVE(detect, contact, contact);
}

void detect_login(struct detect *detect, const struct login_record *login)
{
	see_time(detect, login->at);
	if (is_friend(detect, &login->client_ip))
		return;
	login_attempts_take(&detect->login_attempts, login);
	if (detect->login_attempts.now.source != NULL)
		GIVE(detect, login, login);
}

void detect_unsolicited(struct detect *detect,
			const struct unsolicited_record *unsolicited)
{
	see_time(detect, unsolicited->at);
	GIVE(detect, unsolicited, unsolicited);
}

void detect_amplification(struct detect *detect,
			  const struct amplification_record *amplification)
{
	see_time(detect, amplification->at);
	GIVE(detect, amplification, amplification);
}

void detectors_flow(struct detect *detect, const struct flow_record *flow)
{
	GIVE(detect, flow, flow);
}

void detectors_port(struct detect *detect, const struct port_record *port)
{
	sources_port(&detect->sources, port);
	GIVE(detect, port, port);
}

void detectors_tick(struct detect *detect, int64_t now_us)
{
	GIVE(detect, tick, now_us);
}
