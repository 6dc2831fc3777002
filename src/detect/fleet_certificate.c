/*
 * fleet_certificate.c: one certificate in several places, said once.
 *
 * A place is an address, a port and the name that was asked for; it has the certificate
 * that it showed last.  So a renewal is seen place by place, and the finding of the old
 * certificate ends when one place, or none, still shows it.
 */
#include <stdio.h>
#include <string.h>

#include "detect/fleet_inside.h"

enum {
	CERTIFICATES_MAX = 4096,
	SHOWN_PLACES_MAX = 32768,
	NAMED_MAX = 8,
	PLACES_LEAST = 2,
	LOOK_S = 600,
	/* As the alert certificate-seen has it of one place. */
	END_LOW_DAYS = 21,
	END_MEDIUM_DAYS = 7,
	END_HIGH_DAYS = 1,
};

struct certificate {
	struct roster_entry head; /* key: its SHA-256 */
	char subject[128];
	int64_t not_after_us;
	uint32_t places;
	int told;                   /* severity; -1: nothing */
	struct finding_record last; /* as it was told */
};

struct certificate_place {
	struct roster_entry head; /* key: host, port, name */
	struct roster_key shows;  /* of a certificate */
	struct addr server;
	uint32_t port, sensor;
};

struct certificates {
	struct roster certificates, places;
	int64_t looked_us;
};

/* A place that makes room shows nothing any more, as far as is known. */
static void forget_place(void *to, const void *entry)
{
	struct certificates *all = to;
	const struct certificate_place *place = entry;
	struct certificate *shown = roster_find(&all->certificates, &place->shows);
	if (shown != NULL && shown->places > 0)
		shown->places--;
}

static bool open_certificates(struct detect_fleet *fleet, void *state)
{
	struct certificates *all = state;
	(void)fleet;
	if (!roster_open(&all->certificates, sizeof(struct certificate),
			 CERTIFICATES_MAX) ||
	    !roster_open(&all->places, sizeof(struct certificate_place),
			 SHOWN_PLACES_MAX))
		return false;
	all->places.gone = forget_place;
	all->places.to = all;
	return true;
}

static void close_certificates(void *state)
{
	struct certificates *all = state;
	roster_close(&all->certificates);
	roster_close(&all->places);
}

/* ---- where ---- */

static struct certificate *certificate_of(struct certificates *all,
					  const struct tls_record *tls,
					  struct roster_key *key)
{
	*key = (struct roster_key){ .rest = fleet_text_hash(tls->sha256) };
	struct certificate *certificate = roster_take(&all->certificates, key);
	if (certificate->subject[0] == '\0') {
		certificate->told = -1;
		record_text(certificate->subject, sizeof(certificate->subject),
			    tls->subject[0] != '\0' ? tls->subject : tls->sha256);
		certificate->not_after_us = tls->not_after;
	}
	return certificate;
}

static void take_tls(struct detect_fleet *fleet, void *state,
		     struct fleet_sensor *sensor, const struct tls_record *tls)
{
	struct certificates *all = state;
	bool is_ours = !addr_is_global(&tls->server_ip) ||
		       home_holds(&fleet->home, &tls->server_ip);
	if (tls->sha256[0] == '\0' || tls->server_port == UNKNOWN_U32 ||
	    addr_is_unset(&tls->server_ip) || !is_ours)
		return;
	struct roster_key shows, key = { 0 };
	uint64_t host = fleet_host_of(sensor, &tls->server_ip);
	uint64_t name = fleet_text_hash(tls->sni);
	memcpy(key.first.ip6, &host, sizeof(host));
	memcpy(key.second.ip6, &name, sizeof(name));
	key.rest = tls->server_port;
	struct certificate *certificate = certificate_of(all, tls, &shows);
	struct certificate_place *place = roster_take(&all->places, &key);
	if (memcmp(&place->shows, &shows, sizeof(shows)) == 0)
		return;
	if (place->port != 0)
		forget_place(all, place);
	place->shows = shows;
	place->server = tls->server_ip;
	place->port = tls->server_port;
	place->sensor = fleet_sensor_number(fleet, sensor);
	certificate->places++;
}

/* ---- how it is said ---- */

/* "10.0.0.5:443 at web-1, ..."; the first one is what the finding is about. */
static uint32_t list_places(const struct detect_fleet *fleet,
			    const struct certificates *all,
			    const struct certificate *certificate,
			    struct finding_record *evidence, char *out, size_t size)
{
	uint32_t named = 0, sensors = 0, first = UNKNOWN_U32;
	size_t len = 0;
	for (uint32_t i = 0; i < all->places.used && named < NAMED_MAX; i++) {
		const struct certificate_place *place = roster_at(&all->places, i);
		char text[ADDR_TEXT_MAX];
		if (memcmp(&place->shows, &certificate->head.key,
			   sizeof(place->shows)) != 0)
			continue;
		const struct fleet_sensor *sensor =
			fleet_sensor_at(fleet, place->sensor);
		if (first == UNKNOWN_U32) {
			first = place->sensor;
			evidence->port = place->port;
			evidence->server_ip = place->server;
			record_text(evidence->sensor, sizeof(evidence->sensor),
				    sensor->name);
		}
		sensors += sensors == 0 || place->sensor != first;
		addr_text(&place->server, text);
		int wrote = snprintf(out + len, size - len, "%s%s port %u at %s",
				     named > 0 ? ", " : "", text, place->port,
				     sensor->name);
		if (wrote < 0 || (size_t)wrote >= size - len)
			break;
		len += (size_t)wrote;
		named++;
	}
	out[len] = '\0';
	return sensors;
}

/* More than the sentence has room for: the one that it is about is the first. */
static void add_sensors(const struct detect_fleet *fleet,
			const struct certificates *all,
			const struct certificate *certificate,
			struct finding_record *evidence)
{
	for (uint32_t i = 0; i < all->places.used; i++) {
		const struct certificate_place *place = roster_at(&all->places, i);
		if (memcmp(&place->shows, &certificate->head.key,
			   sizeof(place->shows)) == 0)
			fleet_add_sensor(evidence,
					 fleet_sensor_at(fleet, place->sensor));
	}
}

static int severity_of(const struct certificate *certificate, int64_t now_us)
{
	const int64_t day_us = FLEET_DAY_S * SECOND_US;
	int64_t left_us = certificate->not_after_us == UNKNOWN_TIME
				  ? INT64_MAX
				  : certificate->not_after_us - now_us;
	if (left_us <= END_HIGH_DAYS * day_us)
		return SEVERITY_HIGH;
	if (left_us <= END_MEDIUM_DAYS * day_us)
		return SEVERITY_MEDIUM;
	return left_us <= END_LOW_DAYS * day_us ? SEVERITY_LOW : SEVERITY_NOTICE;
}

static void end(struct detect_fleet *fleet, struct certificate *certificate)
{
	struct finding *finding = findings_find(&fleet->findings, &certificate->last);
	certificate->told = -1;
	if (finding != NULL)
		findings_close(&fleet->findings, finding, fleet->now_us);
}

static void tell(struct detect_fleet *fleet, const struct certificates *all,
		 struct certificate *certificate, int severity)
{
	char places[224], until[TIME_TEXT_MAX] = "";
	struct finding_record evidence;
	detect_attack(&evidence, "weak_protocol", "shared_certificate", fleet->now_us);
	if (list_places(fleet, all, certificate, &evidence, places, sizeof(places)) < 2)
		return;
	if (certificate->told >= 0) {
		evidence.server_ip = certificate->last.server_ip;
		evidence.port = certificate->last.port;
		memcpy(evidence.sensor, certificate->last.sensor,
		       sizeof(evidence.sensor));
	} else if (findings_find(&fleet->findings, &evidence) != NULL) {
		return; /* another certificate of that very place: after it */
	}
	if (certificate->not_after_us != UNKNOWN_TIME)
		record_time_text(certificate->not_after_us, until);
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "The certificate of %.100s is used in %u places%s%.10s.",
		 certificate->subject, certificate->places,
		 until[0] != '\0' ? ", until " : "", until);
	snprintf(evidence.evidence, sizeof(evidence.evidence), "%u places: %s",
		 certificate->places, places);
	record_text(evidence.advice, sizeof(evidence.advice),
		    severity > SEVERITY_NOTICE
			    ? "Renew it in all places, and have each server load it."
			    : "Renewed once, it is to be loaded in all places; who has "
			      "the key of one has that of all.");
	add_sensors(fleet, all, certificate, &evidence);
	evidence.hosts = certificate->places;
	evidence.confidence = 1.0;
	evidence.detector = "fleet_certificate";
	certificate->told = severity;
	certificate->last = evidence;
	findings_take(&fleet->findings, &evidence, (unsigned)severity, HOLD_OPEN);
}

static void look(struct detect_fleet *fleet, void *state, int64_t now_us)
{
	struct certificates *all = state;
	if (all->looked_us != 0 && now_us - all->looked_us < LOOK_S * SECOND_US)
		return;
	all->looked_us = now_us;
	for (uint32_t i = 0; i < all->certificates.used; i++) {
		struct certificate *certificate =
			(struct certificate *)(all->certificates.at +
					       i * all->certificates.entry_size);
		int severity = severity_of(certificate, now_us);
		if (certificate->told >= 0 && certificate->places < PLACES_LEAST)
			end(fleet, certificate);
		else if (certificate->places >= PLACES_LEAST &&
			 (severity > certificate->told ||
			  certificate->last.hosts != certificate->places))
			tell(fleet, all, certificate, severity);
	}
}

const struct fleet_detector fleet_detector_certificate = {
	.state_size = sizeof(struct certificates),
	.open = open_certificates,
	.close = close_certificates,
	.tls = take_tls,
	.tick = look,
};
