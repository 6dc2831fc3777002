/*
 * book.c: which services have a number; see book.h.
 */
#include "store/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/file.h"
#include "store/levels.h"

enum {
	HEADS = 1 << 14,
	CANDIDATES = 4096,
	SILENT_PACKETS = 16, /* a scan sends one or two */
};

/* A service without an answer so far. */
struct candidate {
	uint64_t hash, packets;
};

struct book {
	sqlite3 *db;
	struct hash_key key;
	sqlite3_stmt *insert, *update;
	size_t count[2]; /* silent, answered */
	struct service_entry other;
	uint64_t renamed;
	struct candidate candidates[CANDIDATES];
	struct service_entry *heads[HEADS];
};

static uint64_t hash_of(const struct book *book, const struct addr *server,
			uint32_t port, const char *transport)
{
	uint64_t words[3];
	memcpy(words, server->ip6, 16);
	words[2] = (uint64_t)port << 8 | (transport != NULL ? (uint8_t)*transport : 0);
	return hash_words(&book->key, words, 3);
}

static bool is_same_word(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static struct service_entry *find(const struct book *book, uint64_t hash,
				  const struct port_record *port)
{
	struct service_entry *entry = book->heads[hash % HEADS];
	while (entry != NULL && (entry->port != port->port ||
				 !addr_equal(&entry->server, &port->server_ip) ||
				 !is_same_word(entry->transport, port->transport)))
		entry = entry->next;
	return entry;
}

static struct service_entry *keep(struct book *book, const struct port_record *port,
				  int64_t id, bool answered)
{
	struct service_entry *entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	uint64_t hash = hash_of(book, &port->server_ip, port->port, port->transport);
	*entry = (struct service_entry){ .id = id,
					 .server = port->server_ip,
					 .port = port->port,
					 .transport = port->transport,
					 .answered = answered,
					 .seen_us = INT64_MIN,
					 .next = book->heads[hash % HEADS] };
	memcpy(entry->service, port->service, sizeof(entry->service));
	memcpy(entry->protocol, port->protocol, sizeof(entry->protocol));
	book->heads[hash % HEADS] = entry;
	book->count[answered]++;
	return entry;
}

/* ---- opening ---- */

static int prepare(struct book *book)
{
	struct buf sql = { 0 };
	buf_text(&sql, "INSERT INTO service(");
	columns_list(&sql, RECORD_port, service_fields(), "");
	buf_text(&sql, "answered)VALUES(");
	columns_places(&sql, columns_count(RECORD_port, service_fields()) + 1);
	columns_end(&sql, ")");
	int code = db_prepare(book->db, &sql, &book->insert);
	if (code != SQLITE_OK)
		return code;
	buf_text(&sql, "UPDATE service SET service=?2,protocol=?3,answered=?4 "
		       "WHERE id=?1");
	return db_prepare(book->db, &sql, &book->update);
}

static int load(struct book *book)
{
	struct buf sql = { 0 };
	sqlite3_stmt *stmt = NULL;
	buf_text(&sql, "SELECT id,answered,");
	columns_list(&sql, RECORD_port, service_fields(), "");
	columns_end(&sql, " FROM service");
	int code = db_prepare(book->db, &sql, &stmt);
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct port_record port;
		record_init(RECORD_port, &port);
		columns_read(stmt, 2, RECORD_port, service_fields(), &port);
		int64_t id = sqlite3_column_int64(stmt, 0);
		bool answered = sqlite3_column_int(stmt, 1) != 0;
		code = id == SERVICE_OTHER || keep(book, &port, id, answered) != NULL
			       ? SQLITE_OK
			       : SQLITE_NOMEM;
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

struct book *book_open(sqlite3 *db, int *code)
{
	struct book *book = calloc(1, sizeof(*book));
	*code = SQLITE_NOMEM;
	if (book == NULL)
		return NULL;
	book->db = db;
	book->key = hash_key_random();
	book->other.id = SERVICE_OTHER;
	book->other.server = addr_unset();
	book->other.port = UNKNOWN_U32;
	*code = prepare(book);
	if (*code == SQLITE_OK)
		*code = load(book);
	if (*code == SQLITE_OK)
		return book;
	book_close(book);
	return NULL;
}

void book_close(struct book *book)
{
	if (book == NULL)
		return;
	sqlite3_finalize(book->insert);
	sqlite3_finalize(book->update);
	for (size_t i = 0; i < HEADS; i++)
		for (struct service_entry *entry = book->heads[i]; entry != NULL;) {
			struct service_entry *next = entry->next;
			free(entry);
			entry = next;
		}
	free(book);
}

/* ---- finding ---- */

/* One place per hash: what collides begins anew, which a service that lasts outlives.
 */
static bool is_insisted_on(struct book *book, uint64_t hash, uint64_t packets)
{
	struct candidate *candidate = &book->candidates[hash % CANDIDATES];
	if (candidate->hash != hash)
		*candidate = (struct candidate){ .hash = hash };
	if (packets != UNKNOWN_U64)
		candidate->packets += packets;
	return candidate->packets >= SILENT_PACKETS;
}

static struct service_entry *add(struct book *book, const struct port_record *port,
				 bool answered, int *code)
{
	struct bind_scratch scratch;
	int at = columns_bind(book->insert, 1, RECORD_port, service_fields(), port,
			      &scratch);
	sqlite3_bind_int(book->insert, at, answered);
	*code = db_finish(book->insert);
	if (*code != SQLITE_OK)
		return NULL;
	struct service_entry *entry =
		keep(book, port, sqlite3_last_insert_rowid(book->db), answered);
	*code = entry != NULL ? SQLITE_OK : SQLITE_NOMEM;
	return entry;
}

/* Its protocol was recognised, or it has answered at last. */
static int note_change(struct book *book, struct service_entry *entry,
		       const struct port_record *port, bool has_answered)
{
	bool answered = entry->answered || has_answered;
	bool renamed = strcmp(entry->service, port->service) != 0 ||
		       strcmp(entry->protocol, port->protocol) != 0;
	if (answered == entry->answered && !renamed)
		return SQLITE_OK;
	book->renamed += renamed;
	sqlite3_bind_int64(book->update, 1, entry->id);
	if (port->service[0] != '\0')
		sqlite3_bind_text(book->update, 2, port->service, -1, SQLITE_STATIC);
	if (port->protocol[0] != '\0')
		sqlite3_bind_text(book->update, 3, port->protocol, -1, SQLITE_STATIC);
	sqlite3_bind_int(book->update, 4, answered);
	int code = db_finish(book->update);
	book->count[entry->answered]--;
	book->count[answered]++;
	entry->answered = answered;
	memcpy(entry->service, port->service, sizeof(entry->service));
	memcpy(entry->protocol, port->protocol, sizeof(entry->protocol));
	return code;
}

struct service_entry *book_find(struct book *book, const struct port_record *port,
				bool has_answered, int *code)
{
	*code = SQLITE_OK;
	if (addr_is_unset(&port->server_ip) || port->transport == NULL)
		return &book->other;
	uint64_t hash = hash_of(book, &port->server_ip, port->port, port->transport);
	struct service_entry *entry = find(book, hash, port);
	if (entry != NULL) {
		*code = note_change(book, entry, port, has_answered);
		return *code == SQLITE_OK ? entry : NULL;
	}
	size_t most = has_answered ? ANSWERED_MAX : SILENT_MAX;
	bool deserves =
		has_answered || is_insisted_on(book, hash, port->client_packets);
	if (!deserves || book->count[has_answered] >= most)
		return &book->other;
	return add(book, port, has_answered, code);
}

void book_each(struct book *book, bool (*each)(void *self, struct service_entry *entry),
	       void *self)
{
	bool more = each(self, &book->other);
	for (size_t i = 0; i < HEADS && more; i++)
		for (struct service_entry *entry = book->heads[i];
		     entry != NULL && more; entry = entry->next)
			more = each(self, entry);
}

uint64_t book_renamed(const struct book *book)
{
	return book->renamed;
}

size_t book_count(const struct book *book, bool answered)
{
	return book->count[answered];
}

void book_forget(struct book *book, bool (*gone)(void *self, int64_t id), void *self)
{
	for (size_t i = 0; i < HEADS; i++)
		for (struct service_entry **link = &book->heads[i]; *link != NULL;) {
			struct service_entry *entry = *link;
			if (entry->row != NULL || !gone(self, entry->id)) {
				link = &entry->next;
				continue;
			}
			*link = entry->next;
			book->count[entry->answered]--;
			free(entry);
		}
}
