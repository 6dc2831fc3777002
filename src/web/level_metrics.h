/*
 * level_metrics.h: how service levels stand, for /metrics; private to the room.
 */
#pragma once

#include "web/family.h"
#include "web/web.h"

void level_metrics_write(const struct web_source *source, struct family *family);
