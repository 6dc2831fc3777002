/*
 * dns_ask.h: a server of names, asked for one.
 */
#pragma once

#include "protocol/ask.h"

extern const struct asking dns_asking;
