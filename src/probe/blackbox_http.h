/*
 * blackbox_http.h: a web site, asked and judged as a module says; private to the files
 * blackbox*.c.
 */
#pragma once

#include "probe/blackbox_module.h"
#include "probe/target.h"

struct http_answer;

/* Of one answer; all zero before it. */
struct blackbox_seen_http {
	bool success, failed_by_regexp, is_tls, has_last_modified;
	double status, version, content_length, body_length, redirects, last_modified;
	double connect, tls, processing, transfer; /* seconds */
};

/* The URL's target, with what the module wants to be sent; false: it is none. */
bool blackbox_http_target(struct blackbox_module *module, const char *url,
			  const char *hostname, struct target *target);
/* False, with why, if the module has it greeted by another name than the request does.
 */
bool blackbox_http_may_be(const struct blackbox_module *module, const char *hostname,
			  char why[512]);
/* Or is the name told to a proxy as it is? */
bool blackbox_http_resolves(const struct blackbox_module *module);

void blackbox_http_see(struct blackbox_seen_http *seen,
		       const struct blackbox_module *module, void *easy,
		       const struct http_answer *answer);
/* is_found: there was an address to ask; resolves: it was looked for. */
void blackbox_http_tell(const struct blackbox_seen_http *seen, double resolve,
			bool is_found, bool resolves, struct buf *out);
