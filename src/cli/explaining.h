/*
 * explaining.h: the daemon's own explanation of a port, for whoever asks over HTTP; and
 * what a hub's (hub_explain.h) has in common with it.
 */
#pragma once

#include "explain/explain.h"
#include "web/web.h"

/* As struct web_source's explain_begin and explain_end; self is the struct monitor. */
void *explaining_begin(void *self);
void explaining_end(void *begun, const struct web_port_facts *known, struct buf *json);

/* Records that were looked up, as facts. */
void explaining_take(struct explain_facts *facts, const struct web_port_facts *known);
void explaining_write(const struct explain_facts *facts,
		      const struct web_port_facts *known, struct buf *json);
