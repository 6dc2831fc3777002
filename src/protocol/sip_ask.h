/*
 * sip_ask.h: how a SIP server is asked.
 */
#pragma once

struct asking;

extern const struct asking sip_asking;
