/*
 * sensor_metrics.h: in /metrics of a hub, how each sensor of its fleet is; private to
 * the room.
 */
#pragma once

#include "web/family.h"
#include "web/web.h"

enum { SENSORS_SHOWN = 10000 };

void sensor_metrics_write(const struct web_source *source, struct family *family);
