/*
 * explaining.h: the daemon's own explanation of a port, for whoever asks over HTTP.
 */
#pragma once

#include "web/web.h"

/* As struct web_source's explain_begin and explain_end; self is the struct monitor. */
void *explaining_begin(void *self);
void explaining_end(void *begun, const struct web_port_facts *known, struct buf *json);
