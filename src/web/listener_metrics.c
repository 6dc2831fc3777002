/*
 * listener_metrics.c: see listener_metrics.h.
 *
 * A client's UDP socket looks like a server's, and comes and goes on another port each
 * time: who is on a port that the kernel hands out has no series.
 */
#include "web/listener_metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { HANDED_OUT_FROM = 32768 }; /* ip_local_port_range, as Linux has it at first */

struct writing {
	struct family *family;
	const struct field *field;
	unsigned count;
};

static bool is_clients(const struct listener_record *listener)
{
	return listener->port >= HANDED_OUT_FROM && listener->transport != NULL &&
	       strcmp(listener->transport, "udp") == 0;
}

static void put_labels(struct buf *out, const struct listener_record *listener)
{
	char ip[ADDR_TEXT_MAX];
	addr_text(&listener->ip, ip);
	buf_printf(out, "{ip=\"%s\",port=\"%" PRIu32 "\",transport=\"%s\"", ip,
		   listener->port, listener->transport);
	if (listener->iface[0] != '\0') {
		buf_text(out, ",iface=\"");
		family_label(out, listener->iface);
		buf_char(out, '"');
	}
	if (listener->netns != UNKNOWN_U64)
		buf_printf(out, ",netns=\"%" PRIu64 "\"", listener->netns);
	family_sensor(out, ",", listener->sensor);
	buf_char(out, '}');
}

/* web_emit */
static void write_one(void *to, const void *record)
{
	struct writing *writing = to;
	const struct listener_record *listener = record;
	long double value = family_number(writing->field, record);
	if (isnan(value) || listener->transport == NULL || is_clients(listener) ||
	    writing->count == LISTENERS_SHOWN)
		return;
	writing->count++;
	family_sample(writing->family);
	put_labels(writing->family->out, listener);
	family_value(writing->family, value);
}

void listener_metrics_write(const struct web_source *source, struct family *family)
{
	const struct schema *schema = &schemas[RECORD_listener];
	if (source->listeners == NULL)
		return;
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		struct writing one = { .family = family, .field = field };
		if (family_type(field) == NULL)
			continue;
		family_of(family, RECORD_listener, field);
		family_begin(family, family_type(field), field->doc);
		source->listeners(source->self, write_one, &one);
	}
}
