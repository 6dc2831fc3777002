/*
 * monitor_room.c: what the machine's clients and processes have left, in the record of
 * the second.
 */
#include <stdio.h>

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
