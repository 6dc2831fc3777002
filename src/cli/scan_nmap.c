/*
 * scan_nmap.c: a scan as nmap's XML, as its document type (nmap.dtd) has it, for the
 * tools that read that: ndiff, importers of scanners' results.
 *
 * Ports that are not listed are summed up as "extraports".  Hosts of which nothing was
 * heard are down and only counted, as nmap does.
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/scan_report.h"
#include "probe/recognise.h"

/* Of records that are sorted: those of one host. */
struct host_part {
	const struct scan_record *records;
	size_t count;
	uint32_t host;
};

static void print_escaped(const char *text)
{
	for (; *text != '\0'; text++) {
		bool is_printable = *text >= 0x20 && *text <= 0x7e;
		if (strchr("<>&\"'", *text) != NULL)
			printf("&#%d;", *text);
		else
			putchar(is_printable ? *text : '?');
	}
}

static void print_attribute(const char *name, const char *value)
{
	printf(" %s=\"", name);
	print_escaped(value);
	putchar('"');
}

static void print_time(const char *name, int64_t at_us)
{
	char text[64] = "";
	time_t at_s = at_us / 1000000;
	struct tm tm;
	if (localtime_r(&at_s, &tm) != NULL)
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
	print_attribute(name, text);
}

/* "22,80,1000-2000" */
static void print_ports(const struct ports *ports)
{
	for (uint32_t i = 0; i < ports->count;) {
		uint32_t end = i + 1;
		while (end < ports->count && ports->at[end] == ports->at[end - 1] + 1)
			end++;
		printf("%s%u", i > 0 ? "," : "", ports->at[i]);
		if (end > i + 1)
			printf("-%u", ports->at[end - 1]);
		i = end;
	}
}

static const char *transport_of(const struct scan_report *report)
{
	return report->plan->transport == IPPROTO_UDP ? "udp" : "tcp";
}

static void print_head(const struct scan_report *report)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n"
	      "<nmaprun scanner=\"nmap\" args=\"breakwater",
	      stdout);
	for (int i = 0; i < report->argc; i++) {
		putchar(' ');
		print_escaped(report->argv[i]);
	}
	printf("\" start=\"%" PRId64 "\"", report->begin_us / 1000000);
	print_time("startstr", report->begin_us);
	printf(" version=\"breakwater %s\" xmloutputversion=\"1.05\">\n"
	       "<scaninfo type=\"%s\" protocol=\"%s\" numservices=\"%u\" services=\"",
	       BREAKWATER_VERSION, report->technique, transport_of(report),
	       report->plan->ports->count);
	print_ports(report->plan->ports);
	puts("\"/>\n<verbose level=\"0\"/>\n<debugging level=\"0\"/>");
}

static void print_extra(const char *state, const char *reason, uint32_t count)
{
	if (count > 0)
		printf("<extraports state=\"%s\" count=\"%u\"><extrareasons "
		       "reason=\"%s\" count=\"%u\"/></extraports>\n",
		       state, count, reason, count);
}

/* "nginx/1.22.1": its name and its version, where they can be told apart. */
static void print_software(const char *software)
{
	field_text64 product;
	size_t len = strcspn(software, "/_ ");
	bool has_version = len > 0 && software[len] != '\0' &&
			   software[len + 1] >= '0' && software[len + 1] <= '9';
	record_text(product, sizeof(product), software);
	if (has_version)
		product[len] = '\0';
	if (product[0] != '\0')
		print_attribute("product", product);
	if (has_version)
		print_attribute("version", software + len + 1);
}

/* What is within TLS has the name that it has without. */
static void print_service(const struct scan_record *record)
{
	const char *protocol = record->protocol;
	const char *within = recognise_within(protocol);
	bool is_tls = within != NULL || strcmp(protocol, "tls") == 0;
	bool is_found = protocol[0] != '\0';
	const char *name = !is_found        ? record->service
			   : within != NULL ? within
			   : is_tls         ? "unknown"
					    : protocol;
	if (name[0] == '\0')
		return;
	fputs("<service", stdout);
	print_attribute("name", name);
	print_software(record->software);
	if (is_tls)
		fputs(" tunnel=\"ssl\"", stdout);
	fputs(is_found ? " method=\"probed\" conf=\"10\"/>"
		       : " method=\"table\" conf=\"3\"/>",
	      stdout);
}

static void print_port(const struct scan_record *record)
{
	unsigned ttl = record->ttl == UNKNOWN_U16 ? 0 : record->ttl;
	printf("<port protocol=\"%s\" portid=\"%u\"><state state=\"%s\" reason=\"%s\" "
	       "reason_ttl=\"%u\"/>",
	       record->transport, record->port, record->state, record->reason, ttl);
	print_service(record);
	puts("</port>");
}

static void print_host(const struct scan_report *report, const struct host_part *part)
{
	char text[ADDR_TEXT_MAX];
	const struct scan_record *first = part->count > 0 ? part->records : NULL;
	struct addr addr = targets_addr(report->plan->targets, part->host);
	bool is_udp = report->plan->transport == IPPROTO_UDP;
	uint32_t closed = report->closed[part->host];
	uint32_t silent = report->plan->ports->count - closed - (uint32_t)part->count;
	addr_text(&addr, text);
	printf("<host><status state=\"up\" reason=\"%s\" reason_ttl=\"0\"/>\n"
	       "<address addr=\"%s\" addrtype=\"%s\"/>\n<hostnames/>\n<ports>",
	       first != NULL ? first->reason : "reset", text,
	       addr_is_v4(&addr) ? "ipv4" : "ipv6");
	print_extra("closed", is_udp ? "port-unreach" : "reset", closed);
	if (!report->is_ended)
		print_extra(is_udp ? "open|filtered" : "filtered", "no-response",
			    silent);
	for (size_t i = 0; i < part->count; i++)
		print_port(&part->records[i]);
	puts("</ports>\n</host>");
}

/* The records of that host, from *next on. */
static struct host_part part_of(const struct scan_report *report, uint32_t host,
				size_t *next)
{
	struct host_part part = { .records = report->records + *next, .host = host };
	if (*next == report->count)
		return part;
	struct addr addr = targets_addr(report->plan->targets, host);
	while (*next < report->count && addr_equal(&report->records[*next].ip, &addr)) {
		part.count++;
		(*next)++;
	}
	return part;
}

static bool is_up(const struct scan_report *report, const struct host_part *part)
{
	for (size_t i = 0; i < part->count; i++)
		if (strcmp(part->records[i].reason, "no-response") != 0)
			return true;
	return report->closed[part->host] > 0;
}

void scan_nmap_print(const struct scan_report *report)
{
	uint32_t hosts = report->plan->targets->hosts, up = 0;
	size_t next = 0;
	print_head(report);
	for (uint32_t host = 0; host < hosts; host++) {
		struct host_part part = part_of(report, host, &next);
		if (!is_up(report, &part))
			continue;
		print_host(report, &part);
		up++;
	}
	printf("<runstats><finished time=\"%" PRId64 "\"", report->end_us / 1000000);
	print_time("timestr", report->end_us);
	printf(" elapsed=\"%.2f\" exit=\"%s\"/><hosts up=\"%u\" down=\"%u\" "
	       "total=\"%u\"/></runstats>\n</nmaprun>\n",
	       (double)(report->end_us - report->begin_us) / 1e6,
	       report->is_ended ? "error" : "success", up, hosts - up, hosts);
}
