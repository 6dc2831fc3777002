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

void capture_wake(const struct capture *capture)
{
	if (capture->ops->wake != NULL)
		capture->ops->wake(capture);
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

/* All at once, so that a name stays where another thread may be reading it. */
static bool iface_table_open(struct iface_table *table)
{
	if (table->names == NULL)
		table->names = calloc(IFACES_MAX, sizeof(*table->names));
	return table->names != NULL;
}

uint16_t iface_table_add(struct iface_table *table, const char *name, size_t len)
{
	if (table->count >= IFACES_MAX || !iface_table_open(table))
		return IFACES_MAX;
	char *copy = strndup(name, len < IFACE_NAME_MAX ? len : IFACE_NAME_MAX - 1);
	if (copy == NULL)
		return IFACES_MAX;
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	size_t number = table->count;
	table->names[number] = copy;
	__atomic_store_n(&table->count, number + 1, __ATOMIC_RELEASE);
	return (uint16_t)number;
}

const char *iface_table_name(const struct iface_table *table, uint16_t iface)
{
	size_t count = __atomic_load_n(&table->count, __ATOMIC_ACQUIRE);
	return iface < count ? table->names[iface] : "";
}

void iface_table_free(struct iface_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->names[i]);
	free(table->names);
	*table = (struct iface_table){ 0 };
}
