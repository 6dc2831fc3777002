/*
 * blackbox_dns.h: a server of names, asked as blackbox_exporter asks; private to the
 * files blackbox*.c.
 *
 * It is another question than that of protocol/dns_ask.c: no EDNS, any type, and what
 * the answer is worth is for the module's regular expressions to say.
 */
#pragma once

#include "probe/blackbox_module.h"
#include "protocol/ask.h"

enum { BLACKBOX_DNS_PORT = 53, BLACKBOX_DNS_TLS_PORT = 853 };

/* Its question's options are those of blackbox_dns_question(). */
extern const struct asking blackbox_dns_asking;

/* The question's name and options, which live in *texts. */
struct blackbox_dns_texts {
	char type[8], class[8];
};
void blackbox_dns_question(const struct blackbox_module *module,
			   struct blackbox_dns_texts *texts, struct question *question);

/* Metrics of an answer (empty: none came); true if it is what the module wants. */
bool blackbox_dns_tell(const struct blackbox_module *module, struct bytes message,
		       struct buf *out);
