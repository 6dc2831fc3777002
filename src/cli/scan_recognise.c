/*
 * scan_recognise.c: see scan_recognise.h.
 *
 * Many ports at once, of one host only some: each of its services sees one connection
 * at a time, but they share a processor.
 */
#include "cli/scan_recognise.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"

enum { AT_ONCE = 256, OF_ONE_HOST = 32, TURN_MS = 100 };

struct recognising;

/* The open ports of one host: those from next on are not asked yet. */
struct open_host {
	struct recognising *of;
	uint32_t next, end, waiting;
};

struct open_port {
	struct open_host *host;
	struct scan_record *record;
};

struct recognising {
	struct scan_recogniser *recogniser;
	struct open_host *hosts;
	struct open_port *ports; /* by host */
	uint32_t host_count, port_count;
	uint32_t first; /* host with something to be asked */
	uint32_t waiting, known;
};

bool scan_recogniser_open(struct scan_recogniser *recogniser)
{
	recogniser->prober = prober_new();
	return recogniser->prober != NULL;
}

void scan_recogniser_close(struct scan_recogniser *recogniser)
{
	prober_free(recogniser->prober);
	recogniser->prober = NULL;
}

static void take(struct scan_record *record, const struct probe_record *found)
{
	record_text(record->protocol, sizeof(record->protocol), found->protocol);
	record_text(record->software, sizeof(record->software), found->software);
	record_text(record->version, sizeof(record->version), found->version);
	record_text(record->tls_version, sizeof(record->tls_version),
		    found->tls_version);
	record_text(record->cert_subject, sizeof(record->cert_subject),
		    found->cert_subject);
	record->cert_not_after = found->cert_not_after;
}

static struct recognise_port port_of(const struct scan_recogniser *recogniser,
				     const struct scan_record *record)
{
	bool is_udp = strcmp(record->transport, "udp") == 0;
	uint16_t port = (uint16_t)record->port;
	return (struct recognise_port){
		.addr = record->ip,
		.port = port,
		.usual = catalog_protocol(recogniser->catalog,
					  is_udp ? IPPROTO_UDP : IPPROTO_TCP, port),
	};
}

void scan_recognise_said(struct scan_recogniser *recogniser, struct bytes said,
			 struct scan_record *record)
{
	struct recognise_port port = port_of(recogniser, record);
	struct probe_record found;
	recognise_datagram(recogniser->prober, &port, said, &found);
	take(record, &found);
}

/* ---- many connections ---- */

static void answered(void *self, const struct probe_record *found)
{
	struct open_port *port = self;
	port->host->waiting--;
	port->host->of->waiting--;
	port->host->of->known++;
	take(port->record, found);
}

/* False without memory. */
static bool ask_host(struct recognising *all, struct open_host *host)
{
	while (host->next < host->end && host->waiting < OF_ONE_HOST &&
	       all->waiting < AT_ONCE) {
		struct open_port *port = &all->ports[host->next++];
		struct recognise_port at = port_of(all->recogniser, port->record);
		all->waiting++;
		host->waiting++;
		if (!recognise_ask(all->recogniser->prober, &at, answered, port))
			return false;
	}
	return true;
}

static bool ask_some(struct recognising *all)
{
	while (all->first < all->host_count &&
	       all->hosts[all->first].next == all->hosts[all->first].end)
		all->first++;
	for (uint32_t i = all->first; i < all->host_count && all->waiting < AT_ONCE;
	     i++)
		if (!ask_host(all, &all->hosts[i]))
			return false;
	return true;
}

static bool ask_all(struct recognising *all)
{
	const struct scan_recogniser *r = all->recogniser;
	while (all->known < all->port_count) {
		if (!r->goes_on(r->self, all->known, all->port_count) || !ask_some(all))
			return false;
		prober_turn(r->prober, TURN_MS);
	}
	return true;
}

static void add(struct recognising *all, struct scan_record *record)
{
	struct open_host *host = &all->hosts[all->host_count];
	if (all->port_count == 0 ||
	    !addr_equal(&record->ip, &all->ports[all->port_count - 1].record->ip)) {
		*host = (struct open_host){ .of = all,
					    .next = all->port_count,
					    .end = all->port_count };
		all->host_count++;
	} else {
		host--;
	}
	host->end++;
	all->ports[all->port_count++] =
		(struct open_port){ .host = host, .record = record };
}

bool scan_recognise(struct scan_recogniser *recogniser, struct scan_report *report)
{
	struct recognising all = { .recogniser = recogniser };
	all.hosts = calloc(report->count + 1, sizeof(*all.hosts));
	all.ports = calloc(report->count + 1, sizeof(*all.ports));
	bool is_whole = all.hosts != NULL && all.ports != NULL;
	for (size_t i = 0; is_whole && i < report->count; i++)
		if (scan_report_is_open_tcp(&report->records[i]))
			add(&all, &report->records[i]);
	is_whole = is_whole && ask_all(&all);
	/* What has no answer yet would write into these. */
	scan_recogniser_close(recogniser);
	free(all.hosts);
	free(all.ports);
	return is_whole;
}
