/*
 * scan_asker.h: the process that asks open ports what they are, and its messages.
 */
#pragma once

#include "base/addr.h"
#include "cli/scan_recognise.h"
#include "guard/guard.h"
#include "record/record.h"

/* To it. */
struct scan_question {
	uint32_t number; /* the answer has it, too */
	struct addr addr;
	uint16_t port;
	uint16_t said_len; /* of a datagram; 0: connect */
	char usual[32];    /* protocol of that port; "" none */
	uint8_t said[SCAN_SAID_MAX];
};

/* From it; read as a stranger's. */
struct scan_answer_event {
	uint32_t number;
	field_text32 protocol, version, tls_version;
	field_text64 software;
	field_text256 cert_subject;
	int64_t cert_not_after;
};

/* NULL and errno if there can be none. */
struct guard *scan_asker_fork(void);
