/*
 * snmp_trap.c: see snmp_trap.h.
 *
 * A trap of version 3 is secured with its sender's own clock (RFC 3414 2.3): how often
 * it has started, and for how long it runs.  Receivers refuse what goes backwards, so
 * the number of starts is taken from the time of day, and needs no file: two starts in
 * the same minute have the same number, and times that differ by less than the window
 * of 150 s.
 *
 * The library has one list of users and clocks for the process: one sink at a time.
 */
/* It has to be the first of its headers. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "alert/notice.h"
#include "alert/snmp_trap.h"
#include "alert/syslog.h"
#include "base/clock.h"
#include "base/hex.h"

enum {
	MILLION = 1000000,
	HUNDREDTH_US = 10000,
	TIMEOUT_US = 2500000,
	RETRIES = 1,
	/* With all tries of the last one, less than NOTIFY_TIMEOUT_S. */
	ALL_US = 8000000,
	BOOT_SECONDS = 64,
	ENTERPRISE = 32473, /* RFC 5612: for examples; the project has none */
	ENGINE_TEXT = 4,    /* RFC 3411 5: the rest is text */
	ENGINE_TEXT_MOST = 27,
	TEXT_MOST = 255, /* SnmpAdminString */
};

/* ---- names ---- */

#define BREAKWATER 1, 3, 6, 1, 4, 1, ENTERPRISE, 7070

enum { NOTIFICATION_INCIDENT = 1, NOTIFICATION_RESOLVED, NOTIFICATION_TEST };

/* In the order of the MIB: the first is breakwaterObjects.1. */
enum object_kind { OBJECT_TEXT, OBJECT_UNSIGNED, OBJECT_SEVERITY, OBJECT_STATE };
static const struct object {
	const char *name; /* of a field of the incident, or of the notice */
	enum object_kind kind;
} objects[] = {
	{ "host", OBJECT_TEXT },         { "reason", OBJECT_TEXT },
	{ "id", OBJECT_TEXT },           { "state", OBJECT_STATE },
	{ "severity", OBJECT_SEVERITY }, { "summary", OBJECT_TEXT },
	{ "cause", OBJECT_TEXT },        { "rule", OBJECT_TEXT },
	{ "target", OBJECT_TEXT },       { "server_ip", OBJECT_TEXT },
	{ "port", OBJECT_UNSIGNED },     { "transport", OBJECT_TEXT },
	{ "service", OBJECT_TEXT },      { "client_ip", OBJECT_TEXT },
	{ "first", OBJECT_TEXT },        { "end", OBJECT_TEXT },
	{ "alerts", OBJECT_UNSIGNED },   { "findings", OBJECT_UNSIGNED },
	{ "targets", OBJECT_UNSIGNED },  { "owner", OBJECT_TEXT },
	{ "key", OBJECT_TEXT },          { "link", OBJECT_TEXT },
};
enum { OBJECTS = sizeof(objects) / sizeof(objects[0]) };

/* ---- engines ---- */

struct snmp_engine snmp_engine_of(const char *host)
{
	struct snmp_engine engine = {
		.at = { 0x80 | ENTERPRISE >> 24, ENTERPRISE >> 16 & 0xff,
			ENTERPRISE >> 8 & 0xff, ENTERPRISE & 0xff, ENGINE_TEXT },
		.len = SNMP_ENGINE_LEAST,
	};
	size_t len = strnlen(host, ENGINE_TEXT_MOST);
	memcpy(engine.at + engine.len, host, len);
	engine.len += len;
	return engine;
}

bool snmp_engine_parse(const char *text, struct snmp_engine *out)
{
	if (strncasecmp(text, "0x", 2) == 0)
		text += 2;
	size_t len = strlen(text) / 2;
	if (len < SNMP_ENGINE_LEAST || len > SNMP_ENGINE_MOST)
		return false;
	out->len = len;
	return hex_read(text, out->at, len);
}

/* ---- security ---- */

static const struct {
	const char *name;
	const oid *at;
	size_t len;
} hashes[] = {
	{ "sha", usmHMACSHA1AuthProtocol, OID_LENGTH(usmHMACSHA1AuthProtocol) },
	{ "sha256", usmHMAC192SHA256AuthProtocol,
	  OID_LENGTH(usmHMAC192SHA256AuthProtocol) },
	{ "sha512", usmHMAC384SHA512AuthProtocol,
	  OID_LENGTH(usmHMAC384SHA512AuthProtocol) },
};
enum { HASHES = sizeof(hashes) / sizeof(hashes[0]) };

static size_t hash_of(const char *name)
{
	size_t i = 0;
	while (i < HASHES && strcmp(hashes[i].name, name) != 0)
		i++;
	return i;
}

bool snmp_hash_is_known(const char *hash)
{
	return hash_of(hash) < HASHES;
}

/* RFC 3414 A.2: keys are made of what people can remember. */
static bool set_keys(netsnmp_session *session, const struct snmp_way *way)
{
	size_t hash = hash_of(way->hash);
	const oid *at = hashes[hash].at;
	unsigned len = (unsigned)hashes[hash].len;
	session->securityAuthProto = snmp_duplicate_objid(at, len);
	session->securityAuthProtoLen = len;
	session->securityAuthKeyLen = USM_AUTH_KU_LEN;
	session->securityLevel = SNMP_SEC_LEVEL_AUTHNOPRIV;
	if (generate_Ku(at, len, (const unsigned char *)way->key, strlen(way->key),
			session->securityAuthKey,
			&session->securityAuthKeyLen) != SNMPERR_SUCCESS)
		return false;
	if (way->private_key[0] == '\0')
		return true;
	session->securityPrivProto = snmp_duplicate_objid(
		usmAESPrivProtocol, OID_LENGTH(usmAESPrivProtocol));
	session->securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
	session->securityPrivKeyLen = USM_PRIV_KU_LEN;
	session->securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
	return generate_Ku(at, len, (const unsigned char *)way->private_key,
			   strlen(way->private_key), session->securityPrivKey,
			   &session->securityPrivKeyLen) == SNMPERR_SUCCESS;
}

static int64_t began_us; /* of this process, by the time of day */

/* Who vouches for a trap is its sender; the other side's is asked for otherwise. */
static void set_engine(netsnmp_session *session, const struct snmp_way *way)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	session->securityEngineID = netsnmp_memdup(way->engine.at, way->engine.len);
	session->securityEngineIDLen = way->engine.len;
	session->contextEngineID = netsnmp_memdup(way->engine.at, way->engine.len);
	session->contextEngineIDLen = way->engine.len;
	/* The library looks at the session's own only when it has asked for an engine.
	 */
	set_enginetime(way->engine.at, (unsigned)way->engine.len,
		       (unsigned)(began_us / MILLION / BOOT_SECONDS),
		       (unsigned)((now_us - began_us) / MILLION), TRUE);
}

static bool secure(netsnmp_session *session, const struct snmp_way *way)
{
	session->version = way->is_v3 ? SNMP_VERSION_3 : SNMP_VERSION_2c;
	if (!way->is_v3) {
		session->community = (unsigned char *)strdup(way->community);
		session->community_len = strlen(way->community);
		return session->community != NULL;
	}
	session->securityModel = SNMP_SEC_MODEL_USM;
	session->securityName = strdup(way->user);
	session->securityNameLen = strlen(way->user);
	if (!way->is_inform)
		set_engine(session, way);
	return session->securityName != NULL && set_keys(session, way);
}

static void forget(netsnmp_session *session)
{
	if (session->community != NULL)
		explicit_bzero(session->community, session->community_len);
	free(session->community);
	free(session->securityName);
	free(session->securityAuthProto);
	free(session->securityPrivProto);
	free(session->securityEngineID);
	free(session->contextEngineID);
	explicit_bzero(session, sizeof(*session));
}

/* ---- the notification ---- */

/* Nothing is added for what is not known. */
static void add_value(struct buf *out, const struct notice *notice,
		      const struct incident_record *incident, const char *name)
{
	const struct field *field = record_field(RECORD_incident, name);
	if (field != NULL)
		record_value(out, field, incident);
	else if (strcmp(name, "host") == 0)
		buf_text(out, notice->host);
	else if (strcmp(name, "reason") == 0)
		buf_text(out, notice->reason);
	else if (strcmp(name, "key") == 0)
		buf_text(out, notice->key);
	else
		buf_text(out, notice->link);
}

/* The MIB counts from one. */
static long number_of(enum object_kind kind, const char *text)
{
	enum { TEN = 10, FIRING = 1, RESOLVED };
	if (kind == OBJECT_UNSIGNED)
		return (long)strtoul(text, NULL, TEN);
	if (kind == OBJECT_STATE)
		return strcmp(text, "resolved") == 0 ? RESOLVED : FIRING;
	int severity = record_severity(text);
	return 1 + (severity >= 0 ? severity : SEVERITY_MEDIUM);
}

static bool add_object(netsnmp_pdu *pdu, unsigned i, const char *text)
{
	const oid name[] = { BREAKWATER, 1, i + 1, 0 };
	enum object_kind kind = objects[i].kind;
	struct buf line = { 0 };
	bool is_added;
	if (kind != OBJECT_TEXT) {
		long number = number_of(kind, text);
		u_char type = kind == OBJECT_UNSIGNED ? ASN_UNSIGNED : ASN_INTEGER;
		return snmp_pdu_add_variable(pdu, name, OID_LENGTH(name), type, &number,
					     sizeof(number)) != NULL;
	}
	escape_line(&line, text);
	syslog_cut(&line, TEXT_MOST);
	is_added = buf_ok(&line) &&
		   snmp_pdu_add_variable(pdu, name, OID_LENGTH(name), ASN_OCTET_STR,
					 line.len > 0 ? line.at : "", line.len) != NULL;
	buf_free(&line);
	return is_added;
}

/* RFC 3416 4.2.6: since when the sender runs, and what it tells. */
static bool add_head(netsnmp_pdu *pdu, const struct notice *notice,
		     const struct incident_record *incident)
{
	const oid uptime[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
	const oid trap[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
	bool is_test = strcmp(notice->reason, "test") == 0;
	bool is_over =
		incident->state != NULL && strcmp(incident->state, "resolved") == 0;
	const oid what[] = { BREAKWATER, 0,
			     is_test   ? NOTIFICATION_TEST
			     : is_over ? NOTIFICATION_RESOLVED
				       : NOTIFICATION_INCIDENT };
	long ticks = (uint32_t)((clock_us(CLOCK_REALTIME) - began_us) / HUNDREDTH_US);
	return snmp_pdu_add_variable(pdu, uptime, OID_LENGTH(uptime), ASN_TIMETICKS,
				     &ticks, sizeof(ticks)) != NULL &&
	       snmp_pdu_add_variable(pdu, trap, OID_LENGTH(trap), ASN_OBJECT_ID, what,
				     sizeof(what)) != NULL;
}

static bool fill(netsnmp_pdu *pdu, const struct notice *notice,
		 const struct incident_record *incident)
{
	bool is_good = add_head(pdu, notice, incident);
	for (unsigned i = 0; is_good && i < OBJECTS; i++) {
		struct buf text = { 0 };
		add_value(&text, notice, incident, objects[i].name);
		const char *value = buf_cstr(&text);
		is_good = value != NULL && add_object(pdu, i, value);
		buf_free(&text);
	}
	return is_good;
}

/* ---- sending ---- */

/* handle: NULL: the session could not be opened. */
static bool say_failure(void *handle, netsnmp_session *session, struct buf *error)
{
	char *text = NULL;
	int library = 0, system = 0;
	if (handle != NULL)
		snmp_sess_error(handle, &library, &system, &text);
	else
		snmp_error(session, &library, &system, &text);
	buf_text(error, text != NULL ? text : "no memory");
	free(text);
	return false;
}

static bool confirm(void *handle, netsnmp_pdu *pdu, struct buf *error)
{
	netsnmp_pdu *response = NULL;
	int status = snmp_sess_synch_response(handle, pdu, &response);
	bool is_taken = status == STAT_SUCCESS && response != NULL &&
			response->errstat == SNMP_ERR_NOERROR;
	if (status != STAT_SUCCESS)
		say_failure(handle, NULL, error);
	else if (!is_taken)
		buf_printf(error, "refused: %s",
			   response != NULL ? snmp_errstring((int)response->errstat)
					    : "no answer");
	if (response != NULL)
		snmp_free_pdu(response);
	return is_taken;
}

static bool send_incident(void *handle, const struct snmp_way *way,
			  const struct notice *notice,
			  const struct incident_record *incident, struct buf *error)
{
	netsnmp_pdu *pdu =
		snmp_pdu_create(way->is_inform ? SNMP_MSG_INFORM : SNMP_MSG_TRAP2);
	if (pdu == NULL || !fill(pdu, notice, incident)) {
		snmp_free_pdu(pdu);
		buf_text(error, "no memory");
		return false;
	}
	if (way->is_inform)
		return confirm(handle, pdu, error);
	if (snmp_sess_send(handle, pdu) != 0)
		return true;
	snmp_free_pdu(pdu);
	return say_failure(handle, NULL, error);
}

static bool send_all(void *handle, const struct snmp_way *way,
		     const struct notice *notice, struct buf *error)
{
	int64_t end_us = clock_us(CLOCK_MONOTONIC) + ALL_US;
	for (size_t i = 0; i < notice->count; i++) {
		if (!send_incident(handle, way, notice, &notice->incidents[i], error))
			return false;
		if (i + 1 < notice->count && clock_us(CLOCK_MONOTONIC) > end_us) {
			buf_text(error, "the answers take too long");
			return false;
		}
	}
	return true;
}

/* Only what we say counts: no files of the machine's, none of the library's own. */
static void begin(void)
{
	began_us = clock_us(CLOCK_REALTIME);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS,
			       1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
			       1);
	netsnmp_set_mib_directory("");
	/* Without any place for it the library's log goes to standard error. */
	netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
	init_snmp("breakwater");
}

static bool open_and_send(const struct snmp_way *way, const struct notice *notice,
			  struct buf *error)
{
	netsnmp_session session;
	snmp_sess_init(&session);
	session.peername = (char *)way->peer;
	session.timeout = TIMEOUT_US;
	session.retries = RETRIES;
	void *handle = secure(&session, way) ? snmp_sess_open(&session) : NULL;
	bool is_sent = handle != NULL ? send_all(handle, way, notice, error)
				      : say_failure(NULL, &session, error);
	if (handle != NULL)
		snmp_sess_close(handle);
	forget(&session);
	return is_sent;
}

bool snmp_send_notice(const struct snmp_way *way, const struct notice *notice,
		      struct buf *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_once(&once, begin);
	pthread_mutex_lock(&mutex);
	bool is_sent = open_and_send(way, notice, error);
	pthread_mutex_unlock(&mutex);
	return is_sent;
}
