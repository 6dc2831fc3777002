/*
 * catalog.c: port numbers to names; see catalog.h.
 *
 * One array per transport maps a port to a 16-bit entry number, 0 for none, so a
 * lookup is two reads whatever the size of the database.
 */
#include "catalog/catalog.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/seed.h"

enum {
	TRANSPORTS = 3,
	PORTS = 65536,
	ENTRIES_MAX = 12288, /* IANA's registry names about 11,000 */
	NAME_MAX_LEN = 23,   /* RFC 6335 5.1 allows 15, Debian has a few longer */
	LINE_MAX_LEN = 512,
	LINES_MAX = 65536,
	ALIASES_MAX = 16,
	WELL_KNOWN_END = 1024, /* RFC 6335 section 6 */
	DYNAMIC_START = 49152,
};

struct entry {
	char name[NAME_MAX_LEN + 1];
	const char *protocol; /* static, or NULL */
	bool from_system;
};

struct catalog {
	uint16_t index[TRANSPORTS][PORTS];
	struct entry *entries; /* number 0 is not used */
	size_t entry_count, entry_room;
	uint16_t range_first, range_last; /* ephemeral ports of this host */
};

/* Row of a transport's index, -1 for a protocol without ports. */
static int transport_row(uint8_t transport)
{
	switch (transport) {
	case IPPROTO_TCP:
		return 0;
	case IPPROTO_UDP:
		return 1;
	case IPPROTO_SCTP:
		return 2;
	default:
		return -1;
	}
}

static const struct entry *entry_of(const struct catalog *catalog, uint8_t transport,
				    uint16_t port)
{
	int row = transport_row(transport);
	if (row < 0 || catalog->index[row][port] == 0)
		return NULL;
	return &catalog->entries[catalog->index[row][port]];
}

/* A new entry, zeroed; NULL if the table is full or memory is. */
static struct entry *entry_new(struct catalog *catalog, int row, uint16_t port)
{
	if (catalog->entry_count == ENTRIES_MAX)
		return NULL;
	if (catalog->entry_count == catalog->entry_room) {
		size_t room = catalog->entry_room * 2;
		struct entry *grown = realloc(catalog->entries, room * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		catalog->entries = grown;
		catalog->entry_room = room;
	}
	catalog->index[row][port] = (uint16_t)catalog->entry_count;
	struct entry *entry = &catalog->entries[catalog->entry_count++];
	*entry = (struct entry){ 0 };
	return entry;
}

static void add_seeds(struct catalog *catalog)
{
	for (size_t i = 0; i < seed_count; i++) {
		for (int row = 0; row < TRANSPORTS; row++) {
			if ((seeds[i].transports >> row & 1) == 0)
				continue;
			struct entry *entry = entry_new(catalog, row, seeds[i].port);
			if (entry == NULL)
				return;
			snprintf(entry->name, sizeof(entry->name), "%s",
				 seeds[i].service);
			entry->protocol = seeds[i].protocol;
		}
	}
}

/* Letters, digits and a few signs: safe in every output we have. */
static bool is_service_name(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool digit = c >= '0' && c <= '9';
		if (!letter && !digit && strchr("-_.+", c) == NULL)
			return false;
	}
	return true;
}

/* "443/tcp". Port 0 is reserved and never a service. */
static bool read_port(const char *text, int *row, uint16_t *port)
{
	if (text[0] < '0' || text[0] > '9')
		return false;
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (number == 0 || number >= PORTS || *end != '/')
		return false;
	static const char *const names[TRANSPORTS] = { "tcp", "udp", "sctp" };
	for (*row = 0; *row < TRANSPORTS; (*row)++) {
		if (strcmp(end + 1, names[*row]) == 0) {
			*port = (uint16_t)number;
			return true;
		}
	}
	return false;
}

/* The protocol of the seed service of that name ("https" on 4443), or NULL. */
static const char *protocol_of_name(int row, const char *name)
{
	for (size_t i = 0; i < seed_count; i++) {
		bool same_transport = seeds[i].transports >> row & 1;
		if (same_transport && strcmp(seeds[i].service, name) == 0)
			return seeds[i].protocol;
	}
	return NULL;
}

/* "name port/transport [alias...]  # comment"; anything else changes nothing. */
static void read_line(struct catalog *catalog, char *line)
{
	static const char *const space = " \t\r\n";
	line[strcspn(line, "#")] = '\0';

	char *rest = NULL;
	const char *name = strtok_r(line, space, &rest);
	const char *where = strtok_r(NULL, space, &rest);
	int row;
	uint16_t port;
	if (where == NULL || !is_service_name(name) || !read_port(where, &row, &port))
		return;

	uint16_t number = catalog->index[row][port];
	struct entry *entry =
		number != 0 ? &catalog->entries[number] : entry_new(catalog, row, port);
	/* As getservbyport(3): the first line of a port is its name. */
	if (entry == NULL || entry->from_system)
		return;
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->from_system = true;
	for (int i = 0; i <= ALIASES_MAX && name != NULL; i++) {
		if (entry->protocol == NULL)
			entry->protocol = protocol_of_name(row, name);
		name = strtok_r(NULL, space, &rest);
	}
}

static void read_services(struct catalog *catalog, const char *path)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	char line[LINE_MAX_LEN];
	bool continues = false; /* inside a line that was too long for the buffer */
	for (int i = 0; i < LINES_MAX && fgets(line, sizeof(line), file) != NULL; i++) {
		bool whole = strchr(line, '\n') != NULL || feof(file);
		if (whole && !continues)
			read_line(catalog, line);
		continues = !whole;
	}
	fclose(file);
}

static void read_range(struct catalog *catalog, const char *path)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	char line[64];
	if (fgets(line, sizeof(line), file) != NULL) {
		char *after_first, *after_last;
		unsigned long first = strtoul(line, &after_first, 10);
		unsigned long last = strtoul(after_first, &after_last, 10);
		if (after_last > after_first && first <= last && last < PORTS) {
			catalog->range_first = (uint16_t)first;
			catalog->range_last = (uint16_t)last;
		}
	}
	fclose(file);
}

struct catalog *catalog_open(const char *services_path, const char *range_path)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));
	if (catalog == NULL)
		return NULL;
	catalog->entry_room = 512;
	catalog->entries = calloc(catalog->entry_room, sizeof(*catalog->entries));
	if (catalog->entries == NULL) {
		free(catalog);
		return NULL;
	}
	catalog->entry_count = 1;
	catalog->range_first = DYNAMIC_START;
	catalog->range_last = PORTS - 1;
	add_seeds(catalog);
	read_services(catalog, services_path != NULL ? services_path : "/etc/services");
	read_range(catalog, range_path != NULL
				    ? range_path
				    : "/proc/sys/net/ipv4/ip_local_port_range");
	return catalog;
}

void catalog_close(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	free(catalog->entries);
	free(catalog);
}

const char *catalog_service(const struct catalog *catalog, uint8_t transport,
			    uint16_t port)
{
	const struct entry *entry = entry_of(catalog, transport, port);
	return entry != NULL ? entry->name : NULL;
}

const char *catalog_protocol(const struct catalog *catalog, uint8_t transport,
			     uint16_t port)
{
	const struct entry *entry = entry_of(catalog, transport, port);
	return entry != NULL ? entry->protocol : NULL;
}

bool catalog_answers(const struct catalog *catalog, uint8_t transport, uint16_t port)
{
	static const char *const asking[] = { "dns",    "ntp",  "snmp", "sip",
					      "radius", "ldap", "http", "https" };
	if (transport == IPPROTO_TCP)
		return true;
	const char *protocol = catalog_protocol(catalog, transport, port);
	for (size_t i = 0; protocol != NULL && i < sizeof(asking) / sizeof(asking[0]);
	     i++)
		if (strcmp(protocol, asking[i]) == 0)
			return true;
	return false;
}

/* One that this system gives to who connects, and does not ask for one. */
static bool is_for_clients(const struct catalog *catalog, uint16_t port)
{
	return port >= catalog->range_first && port <= catalog->range_last;
}

const char *catalog_class(const struct catalog *catalog, uint8_t transport,
			  uint16_t port)
{
	if (port < WELL_KNOWN_END)
		return "well-known";
	if (port >= DYNAMIC_START)
		return "dynamic";
	if (is_for_clients(catalog, port) && entry_of(catalog, transport, port) == NULL)
		return "dynamic";
	return "registered";
}

bool catalog_serves_rather(const struct catalog *catalog, uint8_t transport, uint16_t a,
			   uint16_t b)
{
	bool a_named = entry_of(catalog, transport, a) != NULL;
	bool b_named = entry_of(catalog, transport, b) != NULL;
	if (a_named != b_named)
		return a_named;
	/* Below a well-known port there are only well-known ones: one rule for both. */
	if (a < WELL_KNOWN_END || b < WELL_KNOWN_END)
		return a < b;
	/* Who takes a port for a datagram may take any; for TCP it is the system's. */
	return transport == IPPROTO_TCP && !a_named && !is_for_clients(catalog, a) &&
	       is_for_clients(catalog, b);
}
