/*
 * fleet_odd_told.c: how it is said that one of many alike servers is not alike.
 */
#include <stdio.h>

#include "detect/fleet_odd.h"

static void begin(const struct detect_fleet *fleet, const struct odd_listener *listener,
		  const char *kind, struct finding_record *evidence)
{
	const struct fleet_sensor *sensor = fleet_sensor_at(fleet, listener->sensor);
	detect_attack(evidence, kind, "odd_one_out", listener->changed_us);
	evidence->first = listener->changed_us;
	evidence->port = listener->port;
	evidence->transport = listener->transport;
	evidence->detector = "fleet_odd";
	record_text(evidence->sensor, sizeof(evidence->sensor), sensor->name);
	fleet_add_sensor(evidence, sensor);
	record_text(evidence->process, sizeof(evidence->process), listener->process);
}

static void say(struct detect_fleet *fleet, struct odd_listener *listener,
		struct finding_record *evidence, unsigned severity)
{
	evidence->last = fleet->now_us;
	evidence->hosts = 1;
	evidence->confidence = 0.7;
	listener->is_told = true;
	findings_take(&fleet->findings, evidence, severity, HOLD_OPEN);
}

void odd_tell(struct detect_fleet *fleet, struct odd_listener *listener,
	      const struct odd_group *group, const struct odd_port *port)
{
	const struct fleet_sensor *sensor = fleet_sensor_at(fleet, listener->sensor);
	struct finding_record evidence;
	begin(fleet, listener, "new_listener", &evidence);
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%s listens on port %u/%s (%s), as %u of %u alike servers %s.",
		 sensor->name, listener->port, listener->transport, listener->process,
		 port->members, group->members, port->members == 1 ? "does" : "do");
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "%u of %u; servers are alike by site (%s) and tags, and by the ports "
		 "that most of them have (%u)",
		 port->members, group->members,
		 sensor->site[0] != '\0' ? sensor->site : "none", group->common);
	record_text(
		evidence.advice, sizeof(evidence.advice),
		"If it is meant, put it in the register, or give the server another "
		"tag. If nobody knows of it, see what started it.");
	say(fleet, listener, &evidence,
	    listener->is_owned ? SEVERITY_LOW : SEVERITY_MEDIUM);
}

void odd_tell_missing(struct detect_fleet *fleet, struct odd_listener *listener,
		      const struct odd_group *group, const struct odd_port *port)
{
	const struct fleet_sensor *sensor = fleet_sensor_at(fleet, listener->sensor);
	struct finding_record evidence;
	listener->port = port->port;
	listener->transport = port->transport;
	record_text(listener->process, sizeof(listener->process), port->process);
	begin(fleet, listener, "missing_listener", &evidence);
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%s does not listen on port %u/%s (%s), as %u of %u alike servers do.",
		 sensor->name, port->port, port->transport, port->process,
		 port->members, group->members);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "missing on %u of %u; servers are alike by site (%s) and tags",
		 group->members - port->members, group->members,
		 sensor->site[0] != '\0' ? sensor->site : "none");
	record_text(evidence.advice, sizeof(evidence.advice),
		    "See why the service does not run there.");
	say(fleet, listener, &evidence, SEVERITY_LOW);
}

void odd_end(struct detect_fleet *fleet, struct odd_listener *listener)
{
	static const char *const kinds[] = { "new_listener", "missing_listener" };
	struct finding_record key;
	listener->is_told = false;
	for (size_t i = 0; i < 2; i++) {
		begin(fleet, listener, kinds[i], &key);
		struct finding *finding = findings_find(&fleet->findings, &key);
		if (finding != NULL)
			findings_close(&fleet->findings, finding, fleet->now_us);
	}
}
