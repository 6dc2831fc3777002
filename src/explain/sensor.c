/*
 * sensor.c: what follows from what a sensor told a hub, where the machine itself can't
 * be looked at.
 */
#include <math.h>
#include <string.h>

#include "explain/inside.h"

bool explain_is_heard(const struct explain_facts *facts)
{
	return facts->sensor_count == 0 || (facts->sensor->state != NULL &&
					    strcmp(facts->sensor->state, "up") == 0);
}

int64_t explain_sensor_clock(const struct sensor_record *sensor, int64_t now_us)
{
	double offset_ms = sensor->clock_offset_ms;
	return isnan(offset_ms) ? now_us : now_us + (int64_t)(offset_ms * 1000);
}

/* Whether somebody listens is only told of addresses of its own. */
static bool is_its_own(const struct port_record *row)
{
	return row->process[0] != '\0' || row->unused != UNKNOWN_FLAG;
}

static void add_address(struct home *own, const struct addr *addr)
{
	const struct prefix prefix = { .addr = *addr, .len = 128 };
	if (!addr_is_unspecified(addr) && !addr_is_unset(addr))
		home_add(own, &prefix);
}

static bool add_rows(struct home *own, const struct port_record *rows, size_t count)
{
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (!is_its_own(&rows[i]))
			continue;
		add_address(own, &rows[i].server_ip);
		any = true;
	}
	return any;
}

static bool is_closed(const struct listener_record *change)
{
	return change->change != NULL && strcmp(change->change, "closed") == 0;
}

void explain_sensor_sees(struct explain_facts *facts, struct home *own)
{
	bool knows_sockets = add_rows(own, facts->now, facts->now_count);
	add_rows(own, facts->past, facts->past_count);
	for (size_t i = 0; i < facts->listener_count; i++)
		if (facts->listeners[i].netns == UNKNOWN_U64)
			add_address(own, &facts->listeners[i].ip);
	facts->packets_seen = explain_is_heard(facts);
	facts->sockets_seen =
		facts->packets_seen &&
		(knows_sockets || facts->listener_count > 0 ||
		 (facts->change_count > 0 && is_closed(&facts->changes[0])));
	facts->own = own;
}

/* ---- words ---- */

void explain_say_unheard(const struct explain_facts *facts, struct buf *out)
{
	const struct sensor_record *sensor = facts->sensor;
	bool is_gone = sensor->state != NULL && strcmp(sensor->state, "gone") == 0;
	buf_printf(out, "How port %u is, is not known: %s ", facts->port,
		   sensor->sensor);
	buf_text(out, is_gone ? "ended in order" : "is not heard");
	if (sensor->at != UNKNOWN_TIME) {
		buf_text(out, is_gone ? " at " : " since ");
		explain_put_time(out, sensor->at);
	}
	buf_text(out, ".");
}

void explain_say_untold(const struct explain_facts *facts, bool listens, bool usually,
			struct buf *out)
{
	const struct sensor_record *sensor = facts->sensor;
	buf_printf(out, "%s told of no client in the last two minutes%s.",
		   sensor->sensor,
		   !listens  ? ", nor of who listens"
		   : usually ? ", though clients usually come"
			     : "");
	if (sensor->blind[0] != '\0')
		buf_printf(out, " It can't see all: %s.", sensor->blind);
}

void explain_say_ask(const struct explain_facts *facts, struct buf *out)
{
	if (facts->sensor_count > 0)
		buf_printf(out,
			   "Its sockets and queues as they are, and its packets, only "
			   "%s itself knows; ask there: breakwater explain %u",
			   facts->sensor->sensor, facts->port);
}
