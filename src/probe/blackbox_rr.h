/*
 * blackbox_rr.h: resource records as people write them in files of zones, for a
 * module's regular expressions; private to the files blackbox*.c.
 */
#pragma once

#include "base/buf.h"
#include "protocol/dns_message.h"

/*
 * "example.com.\t3600\tIN\tMX\t10 mail.example.com.": names in lower case, data of
 * types without a form here as RFC 3597 has it.
 */
void blackbox_rr(const struct dns_message *message, const struct dns_rr *rr,
		 struct buf *out);
