/*
 * monitor_room.c: what the machine's clients and processes have left, whether its clock
 * is right, and what its kernel has counted, each second.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "cli/monitor.h"

static void put_ports(const struct host_room *room, struct self_record *self)
{
	char address[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX + 16];
	self->client_ports = room->ports;
	self->client_ports_max = room->ports_max;
	if (room->ports == UNKNOWN_U64)
		return;
	addr_text(&room->to, address);
	snprintf(text, sizeof(text), addr_is_v4(&room->to) ? "%s:%u" : "[%s]:%u",
		 address, room->to_port);
	record_text(self->client_ports_to, sizeof(self->client_ports_to), text);
}

static void put_files(const struct host_room *room, struct self_record *self)
{
	char text[sizeof(room->process) + 16];
	self->files = room->files;
	self->files_max = room->files_max;
	if (room->files == UNKNOWN_U64)
		return;
	snprintf(text, sizeof(text), "%s (%u)", room->process, room->pid);
	record_text(self->files_of, sizeof(self->files_of), text);
}

void monitor_put_room(const struct monitor *m, struct self_record *self)
{
	const struct host_room *room = host_room(m->host);
	put_ports(room, self);
	put_files(room, self);
}

/*
 * adjtimex(2) itself: what the C library makes of it is refused in more containers.
 * Where it is not permitted, nothing is known.
 */
void monitor_put_clock(struct self_record *self)
{
	struct timex clock = { .modes = 0 };
	long state = syscall(SYS_adjtimex, &clock);
	self->clock_synchronised = UNKNOWN_FLAG;
	self->clock_error_us = UNKNOWN_U64;
	if (state < 0)
		return;
	self->clock_synchronised = (clock.status & STA_UNSYNC) == 0;
	self->clock_error_us = (uint64_t)clock.maxerror;
}

void monitor_tell_witness(struct monitor *m, int64_t at_us)
{
	struct witness_counts rise;
	if (m->witness == NULL || !witness_look(m->witness, &rise))
		return;
	struct detect_witness told = { .cookies = rise.cookies,
				       .requests_dropped = rise.requests_dropped,
				       .overflows = rise.overflows,
				       .datagrams_dropped = rise.datagrams_dropped };
	detect_set_witness(m->detect, &told, at_us);
}
