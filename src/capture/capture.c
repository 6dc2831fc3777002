/*
 * capture.c: the common face of all sources of frames.
 *
 * What a source does differently is in its table of operations; what they share,
 * the counting, the line about an error and the names of interfaces, is here.
 */
#include "capture/capture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"

int capture_next(struct capture *capture, const struct frame **frames, int timeout_ms)
{
	int count = capture->ops->next(capture, frames, timeout_ms);
	if (count > 0)
		capture->stats.frames += (uint64_t)count;
	return count;
}

bool capture_ended(const struct capture *capture)
{
	return capture->ended;
}

bool capture_is_live(const struct capture *capture)
{
	return capture->ops->is_live;
}

const char *capture_error(const struct capture *capture)
{
	return capture->error;
}

void capture_stats(struct capture *capture, struct capture_stats *stats)
{
	if (capture->ops->update_stats != NULL)
		capture->ops->update_stats(capture);
	*stats = capture->stats;
}

const char *capture_iface(const struct capture *capture, uint16_t iface)
{
	return iface_table_name(&capture->ifaces, iface);
}

void capture_close(struct capture *capture)
{
	if (capture == NULL)
		return;
	iface_table_free(&capture->ifaces);
	capture->ops->close(capture);
}

void capture_say(struct capture *capture, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(capture->error, sizeof(capture->error), format, args);
	va_end(args);
}

static bool iface_table_grow(struct iface_table *table)
{
	if (table->count < table->size)
		return true;
	size_t size = table->size == 0 ? 16 : 2 * table->size;
	char **names = realloc(table->names, size * sizeof(*names));
	if (names == NULL)
		return false;
	table->names = names;
	table->size = size;
	return true;
}

uint16_t iface_table_add(struct iface_table *table, const char *name, size_t len)
{
	if (table->count >= IFACES_MAX || !iface_table_grow(table))
		return IFACES_MAX;
	char *copy = strndup(name, len < IFACE_NAME_MAX ? len : IFACE_NAME_MAX - 1);
	if (copy == NULL)
		return IFACES_MAX;
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	table->names[table->count] = copy;
	return (uint16_t)table->count++;
}

const char *iface_table_name(const struct iface_table *table, uint16_t iface)
{
	return iface < table->count ? table->names[iface] : "";
}

void iface_table_free(struct iface_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->names[i]);
	free(table->names);
	*table = (struct iface_table){ 0 };
}
