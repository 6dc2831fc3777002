/*
 * usual.c: see usual.h.
 *
 * The rules are text as anybody would write it: what docs/alerts.md says of files holds
 * for them, and who wants another one begins with a copy.
 */
#include "limit/usual.h"

#include "base/buf.h"

/* What is well again after slowness; what swings around the limit is one alert. */
static const double RECOVERS_AT = 0.8;
/* Of a link: queues grow before it is full (a mean hides bursts). */
static const double LINK_FULL = 0.8;
static const double PERCENT = 100;

static const char of_services[] =
	"rules:\n"
	"- name: response\n"
	"  field: port.response_p95_us\n"
	"  hosts: home\n"
	"  above: {medium: %gms}\n"
	"  recover: %gms\n"
	"  samples: 10\n"
	"  for: 2m\n"
	"  advice: \"breakwater explain PORT says where the time goes: network, server "
	"or "
	"client\"\n"
	"- name: loss\n"
	"  field: port.lost_ratio\n"
	"  hosts: home\n"
	"  above: {medium: %g %%}\n"
	"  samples: 200\n"
	"  for: 3m\n"
	"  what: share of payload that was lost\n"
	"  advice: look for a full link, a bad cable or duplex, or a full queue on the "
	"way "
	"to it\n"
	"- name: retransmits\n"
	"  field: port.retransmit_ratio\n"
	"  hosts: home\n"
	"  above: {medium: %g %%}\n"
	"  samples: 200\n"
	"  for: 3m\n"
	"  what: share of segments that were sent again\n"
	"  advice: look for a full link, a bad cable or duplex, or a full queue on the "
	"way "
	"to it\n"
	"- name: errors\n"
	"  field: port.error_ratio\n"
	"  hosts: home\n"
	"  where: {unused: no}\n"
	"  above: {medium: %g %%}\n"
	"  samples: 20\n"
	"  samples_of: flows\n"
	"  for: 3m\n"
	"  what: share of connections and answers that failed\n"
	"  advice: \"breakwater explain PORT says which; the service's own log says "
	"why\"\n";

static const char of_the_rest[] =
	/* A target may be asked as seldom as once a day. */
	"- name: down\n"
	"  field: probe.hard_state\n"
	"  is: {low: degraded, high: down}\n"
	"  where: {maintenance: no}\n"
	"  hold: flapping\n"
	"  forget: 25h\n"
	"  advice: \"breakwater probe TARGET asks once more; docs/probes.md explains "
	"the "
	"reason\"\n"
	"- name: certificate\n"
	"  field: probe.cert_not_after\n"
	"  below: {low: 21d, medium: 7d, high: 1d}\n"
	"  forget: 25h\n"
	"  what: time until the certificate ends\n"
	"  advice: renew it, and have the server load it\n"
	"- name: review\n"
	"  field: approval.review\n"
	"  below: {low: 14d, medium: 0s}\n"
	"  forget: 25h\n"
	"  what: time until the review of an approval is due\n"
	"  advice: \"ask its owner whether it is still needed; breakwater policy "
	"reviewed PORT --by NAME writes the answer down\"\n"
	/* Several may be shown by one port; seldom, so that a week without is no end.
	 */
	"- name: certificate-seen\n"
	"  field: tls.not_after\n"
	"  hosts: home\n"
	"  below: {low: 21d, medium: 7d, high: 1d}\n"
	"  recover_for: 1d\n"
	"  forget: 7d\n"
	"  what: time until the certificate ends\n"
	"  advice: renew it, and have the server load it\n"
	"- name: backlog\n"
	"  field: listener.backlog\n"
	"  share_of: backlog_max\n"
	"  above: {medium: 80 %}\n"
	"  for: 10s\n"
	"  recover_for: 1m\n"
	"  what: share of the backlog that waits\n"
	"  advice: the process accepts too slowly; give it more workers, or a longer "
	"backlog (somaxconn)\n"
	"- name: overflows\n"
	"  field: listener.overflows\n"
	"  above: {medium: 0}\n"
	"  recover_for: 5m\n"
	"  what: connections or datagrams dropped for lack of room\n"
	"  advice: the process takes too slowly what waits; give it more workers, a "
	"longer "
	"backlog or a larger buffer\n"
	"- name: store\n"
	"  field: self.store_state\n"
	"  is: {high: full, critical: failed}\n"
	"  for: 30s\n"
	"  what: state of the store\n"
	"  advice: \"breakwater status says what is wrong; retention.* say how much is "
	"kept\"\n"
	"- name: client-ports\n"
	"  field: self.client_ports\n"
	"  share_of: client_ports_max\n"
	"  above: {medium: 80 %}\n"
	"  recover_for: 5m\n"
	"  what: share of the ports for connections to one address and port that are "
	"taken\n"
	"  advice: \"breakwater query 'SELECT client_ports_to FROM self ORDER BY at "
	"DESC "
	"LIMIT 1' says which; keep connections open, use more addresses, or widen "
	"net.ipv4.ip_local_port_range\"\n"
	"- name: descriptors\n"
	"  field: self.files\n"
	"  share_of: files_max\n"
	"  above: {medium: 80 %}\n"
	"  recover_for: 5m\n"
	"  what: share of its descriptors that a listening process has open\n"
	"  advice: \"breakwater query 'SELECT files_of FROM self ORDER BY at DESC "
	"LIMIT "
	"1' says which; raise LimitNOFILE of its unit, or find what it never closes\"\n"
	"- name: drops\n"
	"  field: self.dropped\n"
	"  share_of: packets\n"
	"  above: {low: 0.1 %, medium: 1 %}\n"
	"  for: 10s\n"
	"  recover_for: 5m\n"
	"  what: share of packets that were not seen\n"
	"  advice: \"the machine is too busy; docs/performance.md says what helps\"\n"
	"- name: records-lost\n"
	"  field: self.records_dropped\n"
	"  above: {medium: 0}\n"
	"  recover_for: 5m\n"
	"  what: records lost between threads\n"
	"  advice: \"the machine is too busy; docs/performance.md says what helps\"\n";

static const char of_the_link[] = "- name: link-in\n"
				  "  field: port.client_bytes\n"
				  "  hosts: home\n"
				  "  above: {medium: %g}\n"
				  "  for: 5m\n"
				  "  what: traffic to the service\n"
				  "  advice: the link is nearly full; limit who uses "
				  "it most (breakwater ports), or "
				  "get a faster one\n"
				  "- name: link-out\n"
				  "  field: port.server_bytes\n"
				  "  hosts: home\n"
				  "  above: {medium: %g}\n"
				  "  for: 5m\n"
				  "  what: traffic from the service\n"
				  "  advice: the link is nearly full; limit who uses "
				  "it most (breakwater ports), or "
				  "get a faster one\n";

/* Nobody is told: of a target that is down the rule tells, and once is enough. */
static const char levels[] = "levels:\n"
			     "- name: available\n"
			     "  measure: availability\n"
			     "  objective: 99.9 %\n"
			     "  window: 30d\n"
			     "  alerts: no\n";

void limit_usual_text(const struct limit_usual *usual, struct buf *out)
{
	double full = usual->link_bytes * LINK_FULL;
	buf_printf(out, of_services, usual->response_ms,
		   usual->response_ms * RECOVERS_AT, PERCENT * usual->loss,
		   PERCENT * usual->loss, PERCENT * usual->errors);
	buf_text(out, of_the_rest);
	if (full > 0)
		buf_printf(out, of_the_link, full, full);
	buf_text(out, levels);
}

bool limit_usual_add(struct limit_rules *rules, const struct limit_usual *usual)
{
	struct buf text = { 0 }, errors = { 0 };
	limit_usual_text(usual, &text);
	bool ok = buf_ok(&text) &&
		  limit_rules_parse(rules, text.at, text.len, "usual", &errors);
	limit_rules_mark_usual(rules);
	buf_free(&text);
	buf_free(&errors);
	return ok;
}
