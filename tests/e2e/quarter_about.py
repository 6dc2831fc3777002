"""quarter_about.py: what documents about one incident, user or host of the quarter have to
show; see quarter_rows.py.
"""
import datetime

import quarter_past as past
import quarter_traffic as traffic
from driven_store import EPOCH, HOUR, text
from quarter_past import OURS
from quarter_rows import is_now, row, said, text_of

# ---- an incident ----


def a_month_later(when):
    """The same day of the next month, or its last one."""
    start = EPOCH + datetime.timedelta(microseconds=when)
    first = (start.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
    last = (first + datetime.timedelta(days=32)).replace(day=1) - datetime.timedelta(days=1)
    due = first.replace(day=min(start.day, last.day))
    return int((due - EPOCH) / datetime.timedelta(microseconds=1))


def deadlines(one, made):
    """As they stood when the report was made."""
    for step, due in (("Early warning, within 24 hours", one.detected + 24 * HOUR),
                      ("Notification, within 72 hours", one.detected + 72 * HOUR),
                      ("Final report, within a month", a_month_later(one.detected))):
        is_ahead = due > made
        yield row(step=step, due=text(due), hours_left=(due - made) // HOUR if is_ahead else None,
                  state="ahead" if is_ahead else "past")


def record(one):
    when, who = one.acknowledged or (None, None)
    over, by, why = one.closed or (None, None, None)
    for fact, value in (
            ("Id", one.ident), ("In one sentence", one.summary), ("Severity", one.severity),
            ("State", "resolved" if one.closed else "firing"), ("First evidence", text(one.first)),
            ("Detected", text(one.detected)), ("Last evidence", text(one.first)),
            ("Over", text_of(over)), ("Concerned", one.target), ("How many are concerned", 1),
            ("Most probable cause", f"cause of {one.ident[-2:]}"), ("Owner", one.owner),
            ("Acknowledged", text_of(when)), ("Acknowledged by", who), ("Closed by", by),
            ("Why it was closed", why), ("A false positive", said(one.false_positive)),
            ("Answered without a person", said(one.automatic))):
        if value is not None:
            yield row(fact=fact, value=value)


def findings(one):
    for found in past.FINDINGS:
        if found.incident == one.ident:
            yield row(at=text(found.first), last=text(found.last), kind=found.kind,
                      technique="listener" if found.client is None else "syn",
                      client_ip=found.client, server_ip=OURS, port=found.port,
                      severity=found.severity, confidence_share=0.875, proof="dialogue",
                      mitre="T1110.001", attempts=found.attempts, summary=found.summary,
                      evidence=f"{found.attempts} times", advice="look at it", id=found.ident)


def alerts(one):
    alert = past.ALERT
    if alert["incident"] == one.ident:
        yield row(at=text(alert["start"]), over=text(alert["end"]), severity=alert["severity"],
                  rule=alert["rule"], target=alert["target"], metric=alert["metric"],
                  value=alert["value"], limit_of_it=alert["limit"], summary=alert["summary"],
                  id=alert["id"])


def timeline(one):
    for when, kind, who, what in sorted(past.incident_lines(one), key=lambda line: line[:2]):
        yield row(at=text(when), kind=kind, actor=who, summary=what)


def blocks(one):
    found = {finding.ident for finding in past.FINDINGS if finding.incident == one.ident}
    for block in past.BLOCKS:
        if block.finding in found:
            yield row(at=text(block.start), until=text(block.start + HOUR), address=block.address,
                      prefix_len=32, port=block.port, action=block.action, state=block.state,
                      vetoed_by="served" if block.state == "vetoed" else None, actor="breakwater",
                      reason=f"why {block.ident}", packets=block.packets, sessions=0,
                      id=block.ident)


def notifications(one):
    for number, (after, sink, state) in enumerate(one.told, 1):
        yield row(at=text(one.detected + after), sink=sink, reason="new", state=state,
                  tries=number, error="no answer" if state == "failed" else None)


def incident(ident, made):
    one = next(one for one in past.INCIDENTS if one.ident == ident)
    pieces = {"deadlines": deadlines(one, made), "record": record(one), "findings": findings(one),
              "alerts": alerts(one), "timeline": timeline(one), "blocks": blocks(one),
              "notifications": notifications(one)}
    return {f"incident-{name}": list(rows) for name, rows in pieces.items()}


# ---- a user or host ----

def logins(of):
    return [one for one in traffic.LOGINS if is_now(one.at) and of(one)]


def access_logins(of):
    for one in logins(of):
        yield row(at=text(one.at), outcome=one.outcome, user=one.user, client_ip=one.client_ip,
                  server_ip=OURS, server_port=one.port, protocol=one.protocol, method="password",
                  seen_by=one.seen_by)


def access_connections(of):
    for one in logins(of):
        yield row(at=text(one.at), until=text(one.at + traffic.LASTS), client_ip=one.client_ip,
                  client_port=one.client_port, server_ip=OURS, server_port=one.port,
                  transport="tcp", protocol=one.protocol, user=one.user if one.cleartext else None,
                  process="daemon", state="SF", client_bytes=traffic.FLOW_BYTES[0],
                  server_bytes=traffic.FLOW_BYTES[1])


def access_peers(of):
    groups = {}
    for one in logins(of):
        groups.setdefault((one.client_ip, one.port, one.protocol), []).append(one.at)
    for (client, port, protocol), times in sorted(groups.items()):
        yield row(client_ip=client, server_ip=OURS, server_port=port, transport="tcp",
                  protocol=protocol, connections=len(times),
                  bytes=len(times) * sum(traffic.FLOW_BYTES), first=text(min(times)),
                  last=text(max(times)))


def access(of):
    return {"access-logins": list(access_logins(of)), "access-peers": list(access_peers(of)),
            "access-connections": list(access_connections(of))}
