/*
 * listener_metrics.h: listening sockets in /metrics; private to the room.
 */
#pragma once

#include "web/family.h"
#include "web/web.h"

enum { LISTENERS_SHOWN = 500 };

void listener_metrics_write(const struct web_source *source, struct family *family);
