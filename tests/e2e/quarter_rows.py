"""quarter_rows.py: what each piece of evidence has to show of the quarter, row by row.

Made of the facts of quarter_past.py and quarter_traffic.py alone, by other means than the
queries.  Times are as the program writes them; what is not known is absent.
"""
import hashlib
import json

import quarter_past as past
import quarter_traffic as traffic
from driven_store import DAY, HOUR, MINUTE, SECOND, text
from quarter_past import BEGIN, END, OURS, day_text

SEVERITIES = ("critical", "high", "medium", "low", "notice")


def row(**cells):
    return {name: value for name, value in cells.items() if value is not None}


def is_now(when):
    """Within the time that is asked for."""
    return when is not None and BEGIN <= when <= END


def known_by_end(when):
    return when is not None and when <= END


def text_of(when):
    return None if when is None else text(when)


def said(flag):
    return {True: "yes", False: "no"}.get(flag)


def middle(values):
    """The lower of two in the middle."""
    return sorted(values)[(len(values) - 1) // 2] if values else None


def longest(values):
    return max(values, default=None)


def parts(values, unit, digits=1):
    return None if values is None else round(values / unit, digits)


def by_severity(name):
    return SEVERITIES.index(name)


# ---- E1, listeners: ports ----

def shown_ports():
    """In the order of the report; of one that changed hands, who had it last."""
    return sorted((port for port in past.PORTS
                   if port.opened <= END and not (port.closed and port.closed < BEGIN)
                   and not port.given_up),
                  key=lambda port: (port.transport, port.port, port.ip))


def is_allowed(port):
    """Whether the register did, when it was last seen."""
    approval = past.APPROVALS.get(port.approval)
    return False if approval and known_by_end(approval.expires) else port.authorized


def why_not(port):
    approval = past.APPROVALS.get(port.approval)
    if approval and known_by_end(approval.expires):
        return "its approval has expired"
    if port.authorized is False:
        return "the register does not allow it"
    if approval is None:
        return ("nobody approved it: there is no register, or it could not be told whose it is")
    if approval.approver is None:
        return "its approval says no approver"
    if known_by_end(approval.next_review or approval.review):
        return "the review of its approval is overdue"
    return None


def e1():
    for port in shown_ports():
        approval = past.APPROVALS.get(port.approval)
        entry = {}
        if approval:
            entry = {"owner": approval.owner, "reason": approval.reason,
                     "approver": approval.approver, "expires": text_of(approval.expires),
                     "review": text_of(approval.next_review or approval.review),
                     "reviewed": text_of(approval.reviewed), "reviewer": approval.reviewer}
        yield row(transport=port.transport, ip=port.ip, port=port.port,
                  service=port.service or None, process=port.process, exe=port.exe,
                  user=port.user, unit=f"{port.process}.service", reach=port.reach,
                  since=text(port.opened), closed=text_of(port.closed),
                  authorized=said(is_allowed(port)), **entry, deviation=why_not(port))


def listeners():
    for port in shown_ports():
        yield row(transport=port.transport, port=port.port, ip=port.ip,
                  service=port.service or None, process=port.process, exe=port.exe,
                  package=port.process, user=port.user, unit=f"{port.process}.service",
                  reach=port.reach, first_seen=text(port.opened), closed=text_of(port.closed),
                  authorized=said(is_allowed(port)))


# ---- E2, E5, E6, figures, incidents: what was found ----

def findings():
    return [one for one in past.FINDINGS if one.first <= END and one.last >= BEGIN]


INCIDENTS = {one.ident: one for one in past.INCIDENTS}


def acknowledged(one):
    """(when, who) within the time."""
    return one.acknowledged if one.acknowledged and known_by_end(one.acknowledged[0]) else None


def closed(one):
    return one.closed if one.closed and known_by_end(one.closed[0]) else None


def is_closed_by_hand(one):
    return closed(one) is not None and one.closed[1] != "breakwater"


def mitigation(one):
    if one.comment:
        return f"{one.comment[1]}: {one.comment[2]}"
    return f"{one.closed[1]}: {one.closed[2]}" if is_closed_by_hand(one) else None


def read_by_anyone(kind, incident):
    if acknowledged(incident) or mitigation(incident):
        return None
    what = ("a login that anybody can read" if kind == "cleartext_login" else "a weak protocol")
    return f"{what}, and nobody has acknowledged it or said what protects it"


def e2():
    groups = {}
    for one in findings():
        if one.kind in ("cleartext_login", "weak_protocol"):
            groups.setdefault((one.kind, one.severity, one.port, one.incident), []).append(one)
    for (kind, severity, port, ident), group in sorted(groups.items()):
        incident = INCIDENTS[ident]
        when, who = acknowledged(incident) or (None, None)
        clients = {one.client for one in group}
        yield row(seen_as="finding", kind=kind, severity=severity, server_ip=OURS, port=port,
                  transport="tcp", clients=len(clients),
                  client_ip=min(clients) if len(clients) == 1 else None,
                  summary=min(one.summary for one in group),
                  times=sum(one.attempts for one in group),
                  first_seen=text(min(one.first for one in group)),
                  last_seen=text(max(one.last for one in group)), owner=incident.owner,
                  acknowledged_by=who, acknowledged=text_of(when), mitigation=mitigation(incident),
                  reference=min(one.ident for one in group),
                  deviation=read_by_anyone(kind, incident))
    for one in sorted(traffic.CONVERSATIONS, key=lambda one: one.port):
        days = conversation_days(one)
        if one.cleartext and days:
            count = len(days) * one.cleartext
            yield row(seen_as="traffic", kind="cleartext", server_ip=one.server_network,
                      port=one.port, transport="tcp", times=count,
                      summary=f"{count} of {len(days) * one.flows} connections could be read by anyone",
                      first_seen=text(days[0] + 8 * HOUR), last_seen=text(days[-1] + 18 * HOUR))


def stopped_after(finding):
    """Until its source was blocked, in microseconds."""
    return next((block.latency_us for block in past.BLOCKS
                 if block.finding == finding.ident and block.state != "vetoed"), None)


def e5_group(kind, severity, group):
    incidents = [INCIDENTS.get(one.incident) for one in group]
    taken_up = [acknowledged(one)[0] - one.detected for one in incidents if one and acknowledged(one)]
    blocked = [us for us in map(stopped_after, group) if us is not None]
    unanswered = [one for one, incident in zip(group, incidents)
                  if stopped_after(one) is None and not
                  (incident and (acknowledged(incident) or is_closed_by_hand(incident)))]
    latencies = [one.latency_us for one in group]
    grave = severity in ("high", "critical") and unanswered
    return row(kind=kind, severity=severity, findings=len(group),
               sources=len({one.client for one in group if one.client}),
               first_seen=text(min(one.first for one in group)),
               last_seen=text(max(one.last for one in group)),
               still_open=sum(one.closed > END for one in group),
               time_to_detect_median_ms=parts(middle(latencies), 1000),
               time_to_detect_longest_ms=parts(longest(latencies), 1000),
               acknowledged=len(taken_up),
               time_to_acknowledge_median_s=parts(middle(taken_up), SECOND),
               time_to_acknowledge_longest_s=parts(longest(taken_up), SECOND),
               blocked=len(blocked), time_to_block_median_ms=parts(middle(blocked), 1000),
               time_to_block_longest_ms=parts(longest(blocked), 1000),
               false_positives=sum(bool(one and closed(one) and one.false_positive)
                                   for one in incidents),
               unanswered=len(unanswered),
               deviation=f"{len(unanswered)} of {len(group)} were neither acknowledged nor "
                         "blocked nor closed by anybody" if grave else None)


def e5():
    groups = {}
    for one in findings():
        groups.setdefault((one.kind, one.severity), []).append(one)
    for (kind, severity), group in sorted(groups.items(),
                                          key=lambda item: (by_severity(item[0][1]), item[0][0])):
        yield e5_group(kind, severity, group)


def incidents_of_time():
    return [one for one in past.INCIDENTS if is_now(one.detected)]


def told(one):
    """After how long somebody was, and how many messages came to that state."""
    sent = [after for after, _, state in one.told if state == "sent"]
    return (min(sent) if sent else None, len(sent),
            sum(state == "failed" for _, _, state in one.told))


def is_answered(one):
    """Without a person: it was over by itself, or its source was blocked."""
    return (closed(one) is not None and one.automatic) or any(
        stopped_after(finding) is not None for finding in past.FINDINGS
        if finding.incident == one.ident)


def e6_grave(one):
    after, sent, failed = told(one)
    when, who = acknowledged(one) or (None, None)
    over = closed(one)
    deviation = None
    if after is None and not one.suppressed_by:
        deviation = "nobody was told"
    elif when is None and not is_closed_by_hand(one) and not is_answered(one):
        deviation = "nobody acknowledged it" if after is not None else (
            "nobody was told, as it was suppressed, and nobody acknowledged it")
    return row(severity=one.severity, incidents=1, incident=one.ident, rule=one.rule,
               summary=one.summary, detected=text(one.detected),
               told=None if after is None else text(one.detected + after),
               told_after_s=parts(after, SECOND), told_by="mail" if sent else None,
               messages_sent=sent, tries_failed=failed, messages_given_up=0,
               suppressed_by=one.suppressed_by, acknowledged=text_of(when), acknowledged_by=who,
               acknowledged_after_s=None if when is None else parts(when - one.detected, SECOND),
               owner=one.owner, ended=text(over[0]) if over else None,
               closed_by=over[1] if over else None, deviation=deviation)


def e6():
    grave = [one for one in incidents_of_time() if one.severity in ("critical", "high")]
    for one in sorted(grave, key=lambda one: (by_severity(one.severity), one.detected)):
        yield e6_grave(one)
    for severity in SEVERITIES[2:]:
        group = [one for one in incidents_of_time() if one.severity == severity]
        if not group:
            continue
        taken_up = [acknowledged(one)[0] - one.detected for one in group if acknowledged(one)]
        after = [told(one)[0] for one in group if told(one)[0] is not None]
        yield row(severity=severity, incidents=len(group),
                  summary=f"{len(taken_up)} acknowledged, {len(after)} told",
                  detected=text(min(one.detected for one in group)),
                  told_after_s=parts(longest(after), SECOND),
                  messages_sent=sum(told(one)[1] for one in group),
                  tries_failed=sum(told(one)[2] for one in group), messages_given_up=0,
                  acknowledged_after_s=parts(longest(taken_up), SECOND))


def mean(values, unit):
    return round(sum(values) / len(values) / unit, 1) if values else None


def figures():
    group = [one for one in incidents_of_time() if not one.ahead]
    judged = [one for one in group if acknowledged(one) or is_closed_by_hand(one)]
    automatic = [one.automatic for one in group if closed(one)]
    found = [one for one in past.FINDINGS if BEGIN <= one.first < END and one.severity != "notice"]
    blocks = [one for one in past.BLOCKS if BEGIN <= one.start < END and one.state != "vetoed"]
    values = (
        ("Incidents", len(group), None),
        ("of them high or critical", sum(one.severity in ("critical", "high") for one in group), None),
        ("of them still open", sum(closed(one) is None for one in group), None),
        ("From first evidence until said, mean (MTTD)", mean([one.said_after for one in group], SECOND), "s"),
        ("From said until acknowledged, mean (MTTA)",
         mean([acknowledged(one)[0] - one.detected for one in group if acknowledged(one)], MINUTE), "min"),
        ("From said until over, mean (MTTR)",
         mean([closed(one)[0] - one.detected for one in group if closed(one)], MINUTE), "min"),
        ("Answered without a person", round(100 * sum(automatic) / len(automatic), 1), "%"),
        ("False positives, of those that a person judged",
         round(100 * sum(bool(one.false_positive) for one in judged) / len(judged), 1), "%"),
        ("Findings", len(found), None), ("Sources that were blocked", len(blocks), None))
    for figure, value, unit in values:
        yield row(figure=figure, this_time=value, unit=unit)


def incidents():
    for one in sorted(incidents_of_time(), key=lambda one: one.detected):
        over = closed(one)
        if not one.ahead:
            yield row(at=text(one.detected), severity=one.severity, summary=one.summary,
                      cause=f"cause of {one.ident[-2:]}", over=text(over[0]) if over else None,
                      owner=one.owner if acknowledged(one) else None,
                      acknowledged_by=acknowledged(one)[1] if acknowledged(one) else None,
                      closed_by=over[1] if over else None,
                      answered_automatically=said(one.automatic) if over else None,
                      false_positive="yes" if over and one.false_positive else None, id=one.ident)


# ---- E3: the packet filter ----

def e3():
    readings = [one for one in past.ruleset_readings() if one[0] <= END]
    newest = readings[-1][0]
    (reviewed, _, reviewer, review), = [one for one in past.DEPLOYMENTS if one[1] == "firewall-review"]
    before = None
    for when, _, (_, sha256, rules, drops) in readings:
        changed = before is not None and before != sha256
        if (when >= BEGIN and changed) or when == newest:
            announced = next((one for one in past.DEPLOYMENTS if one[1] == "firewall" and changed
                              and abs(one[0] - when) <= HOUR), (None,) * 4)
            last = when == newest
            yield row(at=text(when), change="changed" if changed else "unchanged",
                      ruleset_sha256=sha256, sha256_before=before, tables=1, chains=3, rules=rules,
                      drops_what_no_rule_names=said(drops), announced_by=announced[2],
                      announced_as=announced[3], last_reviewed=text(reviewed) if last else None,
                      reviewed_by=reviewer if last else None, review=review if last else None,
                      deviation="what no rule names is let in: no chain for what comes to this "
                                "machine drops by policy" if last and not drops else None)
        before = sha256


# ---- E4, E11, services: who talked to whom ----

def conversation_days(one):
    return [day for day in one.days() if BEGIN <= day < END]


def e4():
    for one in sorted(traffic.CONVERSATIONS, key=lambda one: (
            one.client_zone, one.client_network, one.server_zone, one.server_network, one.port)):
        days = conversation_days(one)
        if days:
            allowed = None if one.disallowed is None else one.disallowed == 0
            yield row(client_zone=one.client_zone, client_network=one.client_network,
                      server_zone=one.server_zone, server_network=one.server_network,
                      port=one.port, transport="tcp", connections=len(days) * one.flows,
                      readable_by_anyone=len(days) * one.cleartext,
                      client_bytes=len(days) * 1000 * one.flows,
                      server_bytes=len(days) * 5000 * one.flows, days=len(days),
                      first_seen=text(days[0] + 8 * HOUR), last_seen=text(days[-1] + 18 * HOUR),
                      allowed_by_register=said(allowed),
                      deviation=f"the register does not allow {len(days) * one.disallowed} of the "
                                "connections" if allowed is False else None)


def used_services():
    """(service, its days within the time), of those that answered."""
    for one in sorted(traffic.SERVICES, key=lambda one: (one.ip, one.port)):
        days = [day for day in one.days() if BEGIN <= day < END]
        if days and one.flows > one.rejected:
            yield one, days


def e11_service(one, days):
    return row(zone=one.zone, host=one.ip, hosts=1, port=one.port, transport="tcp",
               seen_by="traffic", service=one.service or None, protocol=one.protocol or None,
               program=one.process, connections=len(days) * one.flows,
               client_bytes=len(days) * one.client_bytes, server_bytes=len(days) * one.server_bytes,
               days=len(days), first_seen=day_text(days[0]), last_seen=day_text(days[-1]))


def e11_outside(port, group):
    days = sorted({day for _, some in group for day in some})
    return row(zone="outside", hosts=len(group), port=port, transport="tcp", seen_by="traffic",
               service=group[0][0].service, protocol=group[0][0].protocol,
               connections=sum(len(some) * one.flows for one, some in group),
               client_bytes=sum(len(some) * one.client_bytes for one, some in group),
               server_bytes=sum(len(some) * one.server_bytes for one, some in group),
               days=max(len(some) for _, some in group), first_seen=day_text(days[0]),
               last_seen=day_text(days[-1]))


def e11():
    outside = {}
    for zone in ("own", "home"):
        for one, days in used_services():
            if one.zone == zone:
                yield e11_service(one, days)
    for one, days in used_services():
        if one.zone == "outside":
            outside.setdefault(one.port, []).append((one, days))
    for port, group in sorted(outside.items()):
        yield e11_outside(port, group)
    scans = [one for one in traffic.SCANS if is_now(one[0]) and one[3] == "open"]
    for place in sorted({(ip, port) for _, ip, port, *_ in scans}):
        group = [one for one in scans if one[1:3] == place]
        yield row(host=place[0], hosts=1, port=place[1], transport="tcp", seen_by="scan",
                  service=group[-1][4], program=group[-1][5], first_seen=text(group[0][0]),
                  last_seen=text(group[-1][0]))


def services():
    for one, days in used_services():
        yield row(server_ip=one.ip, port=one.port, transport="tcp", service=one.service or None,
                  protocol=one.protocol or None, process=one.process, first_day=text(days[0]),
                  last_day=text(days[-1]), connections=len(days) * one.flows,
                  bytes=len(days) * (one.client_bytes + one.server_bytes))


# ---- E7: the monitor itself ----

def inside(span, begin, end):
    return max(min(span[1], end) - max(span[0], begin), 0) // SECOND


def e7():
    for start in range(BEGIN, END, DAY):
        hours = [one for one in traffic.hours() if start <= one.start < start + DAY]
        watched, packets = sum(one.seconds for one in hours), sum(one.packets for one in hours)
        dropped = sum(one.dropped for one in hours)
        unsynchronised = sum(one.unsynchronised for one in hours)
        gap = inside(past.STOPPED, start, start + DAY)
        reasons = ["stopped"] if gap else []
        reasons += ["dropped"] if inside(past.LOST, start, start + DAY) else []
        why = ([f"{gap} s were not watched"] if gap else []) + \
              (["more than 1 % of the packets were lost"] if dropped else []) + \
              ([f"the clock was not synchronised for {unsynchronised} s"] if unsynchronised else [])
        yield row(day=day_text(start), watched_s=watched, of_s=86400, gaps=1 if gap else 0,
                  gap_s=gap, gap_longest_s=gap, gap_reasons=", ".join(sorted(reasons)) or None,
                  packets=packets, packets_dropped=dropped,
                  drop_ratio=round(dropped / (packets + dropped), 6), records_dropped=0,
                  packets_undecoded=0, flows_evicted=0, flows_refused=0, contacts_left_out=0,
                  cpu_ratio=round(traffic.CPU, 3), lag_longest_ms=traffic.LAG_US / 1000,
                  memory_most_bytes=traffic.RESIDENT,
                  clock_error_most_ms=traffic.CLOCK_ERROR_US / 1000,
                  clock_unsynchronised_s=unsynchronised, deviation="; ".join(why) or None)


# ---- E8: the audit chain ----

def chain(second_hash):
    """The records, with their hashes: each covers the one before.  The second of the chain is
    about its key, which is new each time."""
    before = second_hash
    for number, (when, actor, action, subject, was, became) in enumerate(past.audit_trail()[1:], 3):
        cells = row(seq=number, at=text(when), actor=actor, action=action, subject=subject,
                    before=was, after=became)
        bare = json.dumps({"record": "audit", **cells}, separators=(",", ":"), ensure_ascii=False)
        before = hashlib.sha256((before + bare).encode()).hexdigest()[:63]
        yield when, {**cells, "hash": before}


def e8(second_hash):
    for when, cells in chain(second_hash):
        if is_now(when):
            yield cells


# ---- E9: retention ----

DAY_S = 86400
KEPT_S = {"flows": 7 * DAY_S, "ports_1m": 90 * DAY_S, "ports_1h": 400 * DAY_S,
          "ports_1d": 3660 * DAY_S, "events": 400 * DAY_S, "probes": 30 * DAY_S}


def e9():
    days = [day for one in traffic.SERVICES for day in one.days()]
    logins = [one.at // DAY * DAY for one in traffic.LOGINS]
    talked = [day for one in traffic.CONVERSATIONS for day in one.days()]
    ports = [record["at"] for record in past.port_records()]
    audit = [line[0] for line in past.audit_trail()]
    probes = [when for when, *_ in traffic.probes()]
    noon = DAY // 2
    tiers = (
        ("flows", "single connections, whole days", min(logins), max(logins)),
        ("ports_1m", "services by the minute", min(days) + noon, max(days) + noon),
        ("ports_1h", "services by the hour", min(days) + noon, max(days) + noon),
        ("ports_1d", "services by the day", min(days), max(days)),
        ("ports_1d", "who was served by what, by the day", min(talked), max(talked)),
        ("events", "audit trail", min(audit), max(audit)),
        ("events", "listening ports", min(ports), max(ports)),
        ("events", "findings", min(one.first for one in past.FINDINGS),
         max(one.last for one in past.FINDINGS)),
        ("events", "the monitor's health", past.FIRST, past.NOW),
        ("probes", "answers of services that are asked", min(probes), max(probes)))
    for tier, holds, oldest, newest in tiers:
        yield row(tier=tier, holds=holds, kept_s=KEPT_S[tier], oldest=text(oldest),
                  newest=text(min(newest, END)), reaches_back_s=(END - oldest) // SECOND,
                  gaps_in_time=1, gap_in_time_s=(past.STOPPED[1] - past.STOPPED[0]) // SECOND)
    for name, tier, holds in (("backup", "backup", "told as a deployment named backup"),
                              ("restore-test", "restore test",
                               "told as a deployment named restore-test")):
        when, _, who, _ = max(one for one in past.DEPLOYMENTS if one[1] == name and one[0] <= END)
        yield row(tier=tier, holds=holds, gap_in_time_s=0, last_told=text(when), told_by=who)


# ---- E10, E12, capacity, service-levels, uptime ----

def e10():
    odd = [one for one in traffic.ANOMALIES if is_now(one[0])]
    for target, metric in sorted({one[1:3] for one in odd}):
        group = [one for one in odd if one[1:3] == (target, metric)]
        worst = max(group, key=lambda one: one[6])
        yield row(target=target, metric=metric, times=len(group), first_seen=text(group[0][0]),
                  last_seen=text(group[-1][0]), most_unusual_at=text(worst[0]),
                  most_unusual_value=worst[3], usual_from=worst[4], usual_to=worst[5],
                  most_unusual_score=worst[6],
                  incidents_about_it=sum(one.target == target for one in incidents_of_time()))


def newest_forecasts():
    """By subject and metric; what is hidden was not told."""
    newest = {}
    for one in sorted(traffic.FORECASTS, key=lambda one: one["at"]):
        if is_now(one["at"]):
            newest[one["subject"], one["metric"]] = one
    return [newest[key] for key in sorted(newest) if "hidden" not in newest[key]]


def e12():
    for one in newest_forecasts():
        crosses = one.get("crosses_at")
        yield row(what="forecast", subject=one["subject"], metric=one["metric"],
                  now_or_most=one["now"], predicted=one["predicted"], limit=one["limit"],
                  expected_to_reach_it=text_of(crosses), probability=round(one["probability"], 3),
                  deviation="expected to reach its limit"
                  if crosses and one["probability"] >= 0.5 else None)
    yield row(what="machine", subject="descriptors of a process", metric="most used of its limit",
              now_or_most=traffic.FILES[0] / traffic.FILES[1], limit=1)
    yield row(what="machine", subject="ports of its clients",
              metric="most used of those there are",
              now_or_most=traffic.CLIENT_PORTS[0] / traffic.CLIENT_PORTS[1], limit=1)
    for port in shown_ports():
        if is_now(port.overflow_at):
            yield row(what="queue of a service", subject=f"{port.ip} {port.port}/{port.transport}",
                      metric="waiting", now_or_most=511, limit=511,
                      last_at_its_limit=text(port.overflow_at),
                      deviation="connections or datagrams were dropped: too many waited")
    for block in past.BLOCKS:
        if block.action == "limit":
            yield row(what="rate limit on sources", subject=f"{block.port}/udp",
                      metric="packets held back", now_or_most=block.packets,
                      last_at_its_limit=text(block.start))


def capacity():
    far = past.NOW * 2
    for one in sorted(newest_forecasts(), key=lambda one: one.get("crosses_at", far)):
        crosses = one.get("crosses_at")
        yield row(subject=one["subject"], metric=one["metric"], value_now=one["now"],
                  limit_of_it=one["limit"], reaches_it=text_of(crosses),
                  probability_share=one["probability"], headroom_share=one["headroom_ratio"],
                  deviation="it is expected to reach its limit" if crosses else None)


def service_levels():
    last = {}
    for one in traffic.LEVELS:
        if is_now(one[0]):
            last[one[1:3]] = one
    for _, name, target, objective, reached, left in sorted(last.values(), key=lambda one: one[1]):
        yield row(name=name, target=target, measure="availability", promised_share=objective,
                  reached_share=reached, window_days=28, budget_left_share=left,
                  deviation="less was reached than promised" if reached < objective else None)


def share(states):
    known = [state for state in states if state != "unknown"]
    return sum(state in ("up", "degraded") for state in known) / len(known) if known else None


def uptime():
    for target in sorted(traffic.STATES):
        asked = [(when, state) for when, of, state, maintenance in traffic.probes()
                 if of == target and not maintenance]
        now = [state for when, state in asked if BEGIN <= when < END]
        before = [state for when, state in asked if when < BEGIN]
        yield row(target=target, answered_share=share(now), before_share=share(before),
                  probes=len(now), degraded=now.count("degraded"), down=now.count("down"),
                  not_known=now.count("unknown"))
