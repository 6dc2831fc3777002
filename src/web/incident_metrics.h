/*
 * incident_metrics.h: incidents in /metrics; private to the room.
 */
#pragma once

#include "web/family.h"
#include "web/web.h"

void incident_metrics_write(const struct web_source *source, struct family *family);
