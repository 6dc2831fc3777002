/*
 * hub_explain.h: a port of a sensor, explained by what it told its fleet: now, by the
 * board, and before, by the depot.
 */
#pragma once

#include "web/web.h"

/* As struct web_source's explain_begin and explain_end; self is the struct hub. */
void *hub_explain_begin(void *self);
void hub_explain_end(void *begun, const struct web_port_facts *known, struct buf *json);
