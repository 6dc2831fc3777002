/*
 * record.h: typed records and the tables that describe them.
 *
 * record.def is expanded here into structs and in record.c into tables, and
 * nowhere else.  All other code loops over a table.
 *
 * A field is unknown when it holds its type's UNKNOWN value: integers all ones,
 * flag too, ratio and real NaN, strings empty or NULL, addresses unset, time INT64_MIN.
 * Start every record with record_init(), which makes all fields unknown.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/words.h"

#define SENSOR_HUB "hub" /* as which a fleet's hubs tell; the name of no sensor */

typedef int64_t field_time;
typedef struct addr field_addr;
typedef uint16_t field_u16;
typedef uint32_t field_u32;
typedef uint64_t field_u64;
typedef double field_ratio;
typedef double field_real;
typedef uint8_t field_flag;
typedef const char *field_word; /* static storage, never freed */
typedef char field_text32[32];
typedef char field_text64[64];
typedef char field_text256[256];
typedef struct {
	uint16_t len; /* 0: unknown */
	uint8_t at[1536];
} field_bytes1536;

#define UNKNOWN_FLAG UINT8_MAX
#define UNKNOWN_U16  UINT16_MAX
#define UNKNOWN_U32  UINT32_MAX
#define UNKNOWN_U64  UINT64_MAX
#define UNKNOWN_TIME INT64_MIN

enum field_type {
	TYPE_time,
	TYPE_addr,
	TYPE_u16,
	TYPE_u32,
	TYPE_u64,
	TYPE_ratio,
	TYPE_real,
	TYPE_flag,
	TYPE_word,
	TYPE_text32,
	TYPE_text64,
	TYPE_text256,
	TYPE_bytes1536,
};
enum field_role { ROLE_NOTE, ROLE_KEY, ROLE_COUNTER, ROLE_GAUGE };

enum { FIELD_KEY_MAX = 32 };

struct field {
	const char *name, *doc;
	enum field_type type;
	enum field_role role;
	size_t offset;
	char key[FIELD_KEY_MAX]; /* "name": as JSON has it */
	size_t key_len;
};

struct schema {
	const char *name, *doc;
	const struct field *fields;
	size_t field_count, size;
};

#define RECORD(r, doc)                  struct r##_record {
#define FIELD(r, type, name, role, doc) field_##type name;
#define END(r)                                                                         \
	EVERY_RECORD(r)                                                                \
	}                                                                              \
	;
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END

/* What every record of a conversation begins with: SPOKEN() in record.def. */
#define FIELD(r, type, name, role, doc) field_##type name;
struct spoken {
	SPOKEN(spoken)
};
#undef FIELD

enum record_kind {
#define RECORD(r, doc) RECORD_##r,
#define FIELD(r, type, name, role, doc)
#define END(r)
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END
	RECORD_KINDS
};

/* A set of kinds: bit per kind. */
typedef uint64_t record_bits;
#define RECORD_BIT(kind) ((record_bits)1 << (kind))
static_assert(RECORD_KINDS <= 64, "a kind is a bit of record_bits");

/* Those that begin with SPOKEN() but for logins: bit per kind. */
#define RECORDS_SAID                                                                   \
	(RECORD_BIT(RECORD_http) | RECORD_BIT(RECORD_dns) | RECORD_BIT(RECORD_tls) |   \
	 RECORD_BIT(RECORD_ssh) | RECORD_BIT(RECORD_ftp) | RECORD_BIT(RECORD_smtp) |   \
	 RECORD_BIT(RECORD_snmp) | RECORD_BIT(RECORD_sip) | RECORD_BIT(RECORD_rdp) |   \
	 RECORD_BIT(RECORD_dhcp))

/* What is made for src/detect, and in no table: bit per kind. */
#define RECORDS_EVIDENCE                                                               \
	(RECORD_BIT(RECORD_contact) | RECORD_BIT(RECORD_unsolicited) |                 \
	 RECORD_BIT(RECORD_amplification))

extern const struct schema schemas[RECORD_KINDS];

/* The schema of that name ("flow"), or NULL. */
const struct schema *schema_by_name(const char *name);

/* Makes every field unknown.  record points to the struct of that kind. */
void record_init(enum record_kind kind, void *record);

/* Copies a string into a text field, cut to fit. */
void record_text(char *field, size_t size, const char *text);

/*
 * The word of that text, for a field of type word: static storage, from any thread.
 * NULL (unknown) for "", for more than 31 bytes, and beyond 8192 different ones.
 */
const char *record_word(const char *text);
/* The same, if it was asked for before; else NULL. */
const char *record_word_known(const char *text);

/* What a field of words may hold, ended by NULL; NULL: that is no closed list. */
const char *const *record_allowed(enum record_kind kind, const char *field);

/* Of a finding; severity_names[] has their words. */
enum {
	SEVERITY_NOTICE, /* worth knowing, not worth a look by itself */
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
	SEVERITIES
};

/* SEVERITY_...; -1: none of them. */
int record_severity(const char *word);

/* The field of that name; NULL: that kind has none. */
const struct field *record_field(enum record_kind kind, const char *name);

/* Some fields of a record: bit i is field i of its schema. */
typedef uint64_t field_set;
#define ALL_FIELDS UINT64_MAX
/* The set of the one field of that name; 0 if there is none. */
field_set field_named(enum record_kind kind, const char *name);

/* Appends {"record":"flow","start":"...",...} without a newline. */
void record_json(struct buf *out, enum record_kind kind, const void *record);

/* Appends "start":"...", with the comma; nothing if the field is unknown. */
void record_json_field(struct buf *out, const struct field *field, const void *record);

/*
 * Appends a field's value as plain text: as in JSON, without quotes and escapes.
 * False, and nothing appended, if it is unknown.
 */
bool record_value(struct buf *out, const struct field *field, const void *record);

/* Appends CSV: the names of all fields, and a record, each with its line's end. */
void record_csv_begin(struct buf *out, enum record_kind kind);
void record_csv(struct buf *out, enum record_kind kind, const void *record);

/* Appends the whole schema, all records, as one JSON object (/api/v1/schema). */
void record_schema_json(struct buf *out);

/* Appends docs/records.md. */
void record_docs(struct buf *out);

/* Appends Zeek's conn.log as one JSON object; home decides local_orig/local_resp. */
struct home;
void record_zeek_conn(struct buf *out, const struct flow_record *flow,
		      const struct home *home);

/* Appends Suricata EVE "flow", "stats" and "alert" events, one JSON object each. */
void record_eve_flow(struct buf *out, const struct flow_record *flow);
void record_eve_stats(struct buf *out, const struct self_record *self,
		      int64_t start_us);
void record_eve_alert(struct buf *out, const struct finding_record *finding);
/* An incident as such an event; reason: why it is told, "new", "resolved" ... */
void record_eve_incident(struct buf *out, const struct incident_record *incident,
			 const char *reason);

/*
 * The same of a record of what is said: http, dns, tls, ...; a DNS question and its
 * answer are two events, with a newline between, if both were seen.  False, and nothing
 * appended, if EVE has no event for that kind.
 */
bool record_eve_spoken(struct buf *out, enum record_kind kind,
		       const struct spoken *record);

/* Fills flow->community_id from the other fields (Corelight's specification, v1). */
void record_community_id(struct flow_record *flow, uint16_t seed);

/* RFC 3339 in UTC with microseconds, "2026-01-31T12:00:00.000000Z". */
enum { TIME_TEXT_MAX = 32 };
void record_time_text(int64_t at_us, char out[static TIME_TEXT_MAX]);
