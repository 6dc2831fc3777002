#!/usr/bin/env python3
"""depot.py: whether a fleet's records are kept once, in order, and as they were: also when hubs
bring the same ones at once, when a hub or the database is killed at any step, and when a sensor
sends nonsense.  In SQLite; depot_postgresql.py and depot_clickhouse.py ask the same of these.

Runs beside others.
"""
import datetime
import random
import sys
import time

import lab as e2e
from depots import (AGAIN, BAD, BUILD, EXISTS, KEPT, ClickHouse, ClickHouseToday, Driver, Gate,
                    PostgreSQL, Sqlite)

DAY = 86400
RECORDS = 50          # of a batch of bulk
TAKEN_OVER_S = 100    # ClickHouse: how long a dead writer is waited for, and some
NOW = datetime.datetime.now(datetime.timezone.utc)


def text(seconds):
    """A time so many seconds from now, as records have it."""
    at = NOW + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def micros(seconds):
    return int((NOW.timestamp() + seconds) * 1_000_000)


def flow(at=0, **more):
    return {"record": "flow", "start": text(at - 1), "end": text(at), "transport": "tcp",
            "client_ip": "10.1.2.3", "client_port": 50000, "server_ip": "192.0.2.1",
            "server_port": 443, **more}


def batch(sequence, *records, sensor="web-1", lane="flow", epoch=7, **more):
    return {"sensor": sensor, "lane": lane, "epoch": epoch, "sequence": sequence,
            "records": list(records), **more}


def rows_of(driver, sensor):
    """(rows, different ones) of bulk."""
    told = driver.sql("SELECT count(*),count(DISTINCT client_port*100000+server_port) FROM "
                      f"flow WHERE sensor='{sensor}'")
    return tuple(told[0])


# ---- what it keeps ----

def keeps_every_field(tap, _, driver):
    seed = random.randrange(1 << 30)
    wrong = driver.do(do="fields", seed=seed)[1]["wrong"]
    tap.equal(wrong, [], "every field of every kind is read as it was written, texts of "
              f"any bytes and numbers at their limits too (seed {seed})")


def keeps_a_batch_once(tap, _, driver):
    got = [driver.write(batch(1, flow()), batch(1, flow()), batch(2, flow(1), damage=True),
                        batch(3, flow(2), cut=True), batch(4, flow(3)))]
    got.append(driver.write(batch(1, flow(), again=True), batch(2, flow(1))))
    got.append(driver.write(batch(1, flow(9), epoch=8), batch(1, sensor="web-2", lane="flow")))
    tap.equal(got, [[KEPT, EXISTS, BAD, BAD, KEPT], [EXISTS, KEPT], [KEPT, KEPT]],
              "a batch is kept once, by sensor, lane, epoch and number; what is none is told "
              "and stops no other")
    ends = [row["end"] for row in driver.read("flow", sensors=["web-1"])]
    tap.equal(ends, [text(9), text(3), text(1), text(0)],
              "what is kept is read newest first, and nothing of what is no batch is there")
    tap.equal(len(driver.read("flow", sensors=["web-1"], limit=2)), 2, "so many as are asked for")


def finds_what_is_asked(tap, _, driver):
    driver.write(batch(1, flow(client_ip="2001:db8::7", server_port=22),
                       flow(-100, client_ip="10.9.0.1", transport="udp"),
                       flow(-200, client_ip="10.9.1.1"), sensor="asked"))

    def found(**filters):
        return len(driver.read("flow", sensors=["asked"], **filters))

    tap.equal([found(host="10.9.0.0/16"), found(host="10.9.0.0/20"), found(host="10.9.0.1"),
               found(host="2001:db8::/32"), found(host="0.0.0.0/0"), found(host="::/0"),
               found(host="10.9.0.0/16", limit=1)], [2, 2, 1, 1, 3, 3, 1],
              "by an address or a network, of either side")
    tap.equal([found(port=22), found(transport="udp"), found(since=micros(-150)),
               found(until=micros(-150)), found(since=micros(-150), until=micros(-50))],
              [1, 1, 2, 1, 1], "by port, transport and time")


def reads_what_was_last_written(tap, _, driver):
    def finding(number, at, name="f1", **more):
        return batch(number, {"record": "finding", "id": name, "at": text(at),
                              "first": text(-500), "last": text(at), **more}, lane="event")

    driver.write(finding(1, -300, severity="low"), finding(2, -200, severity="high"),
                 finding(3, -250, "it's"))
    got = [(row["id"], row.get("severity")) for row in driver.read("finding", sensors=["web-1"])]
    tap.equal(got, [("f1", "high"), ("it's", None)], "of a finding what was last written")
    got = [[row["id"] for row in driver.read("finding", sensors=["web-1"], **asked)]
           for asked in ({"id": "f1"}, {"id": "f1%"}, {"id": "it", "begins": True},
                         {"id": "it's"}, {"until": micros(-600)}, {"since": micros(-240)})]
    tap.equal(got, [["f1"], [], ["it's"], ["it's"], [], ["f1"]],
              "by its id, by how that begins, and by when there was evidence")


def reads_a_chain(tap, _, driver):
    """By its numbers, whatever their times, then as they came; of one sensor."""
    def audit(seq, at, subject):
        return {"record": "audit", "at": text(at), "action": "block", "subject": subject,
                **({"seq": seq} if seq else {})}

    def signed(number, seq):
        return {"record": "checkpoint", "number": number, "seq": seq, "at": text(0)}
    driver.write(batch(1, audit(9, -900, "it's"), audit(3, 0, "a"), audit(2, -9000000, "b"),
                       audit(None, 0, "none"), sensor="chained", lane="event"),
                 batch(2, audit(3, -50, "c"), audit(4, -1, "d"), signed(2, 4), signed(1, 4),
                       sensor="chained", lane="event"),
                 batch(1, audit(3, 0, "another's"), sensor="chained-2", lane="event"))

    def subjects(**asked):
        return [(row["seq"], row["subject"]) for row in driver.chain("audit", "chained", **asked)]
    tap.equal([subjects(), subjects(after=2, limit=2),
               [row["number"] for row in driver.chain("checkpoint", "chained")]],
              [[(2, "b"), (3, "a"), (3, "c"), (4, "d"), (9, "it's")], [(3, "a"), (3, "c")],
               [1, 2]],
              "a sensor's audit chain by its numbers, each as often as it was told")


def adds_up_ports(tap, _, driver):
    begin = int(NOW.timestamp()) // 600 * 600 - 3600

    def port(second, **more):
        at = datetime.datetime.fromtimestamp(begin + second, datetime.timezone.utc)
        return {"record": "port", "start": at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                "interval_s": 60, "server_ip": "192.0.2.1", "port": 443, "transport": "tcp",
                **more}

    driver.write(batch(1, port(0, flows=1, response_p95_us=70, responses=1, response_mean_us=10,
                               data_packets=10, retransmits=1, state="open"),
                       port(60, flows=2, response_p95_us=90, responses=3, response_mean_us=50,
                            data_packets=30, retransmits=7, state="silent"),
                       port(600, flows=2**63 - 1), port(660, flows=2**63 - 1),
                       lane="port", sensor="adds"))
    rows = driver.read("port", sensors=["adds"], step=600)
    first = rows[0]
    tap.equal([len(rows), first["interval_s"], first["flows"], first["response_p95_us"],
               first["response_mean_us"], first["retransmit_ratio"], first["state"]],
              [2, 600, 3, 90, 40, 0.2, "open"],
              "ports of a step: counters added, means and ratios of all, the greatest percentile")
    rows = driver.read("port", sensors=["adds"], until=(begin + 120) * 1_000_000 - 1)
    tap.equal([(row["interval_s"], row["flows"]) for row in rows], [(120, 3)],
              "and of all the time one")


def files_nonsense_times(tap, place, driver):
    before = len(driver.sql(place.days)) if place.days else 0
    times = [-6 * DAY, -29 * DAY, *(-year * 365 * DAY for year in range(1, 50)),
             *(year * 365 * DAY for year in range(1, 50))]
    driver.write(batch(1, *(flow(at) for at in times), {"record": "flow"}, sensor="clock"))
    after = len(driver.sql(place.days)) if place.days else 2
    tap.ok(after - before == 2 and len(driver.read("flow", sensors=["clock"])) == len(times) + 1,
           "a record a week late has its own day; years off, all are filed under today",
           f"{before} days, then {after}")
    got = len(driver.read("flow", sensors=["clock"], since=micros(-6 * DAY - 60),
                          until=micros(-6 * DAY + 60)))
    tap.equal(got, 1, "one that is late is found at its time")


def removes_what_is_old(tap, place, driver):
    driver.do(do="prune", flows_s=10 * DAY)
    ends = {row["end"] for row in driver.read("flow", sensors=["clock"]) if "end" in row}
    told = driver.do(do="prune", flows_s=2 * DAY)[1]
    after = {row["end"] for row in driver.read("flow", sensors=["clock"]) if "end" in row}
    tap.ok(text(-6 * DAY) in ends and text(-29 * DAY) not in ends and text(-6 * DAY) not in after
           and told["result"] == 0 and len(after) == 98,
           "what is older than it is to be is removed, and nothing else", len(after), told)
    got = driver.write(batch(2, flow(-6 * DAY), sensor="clock"))
    tap.equal(got, [KEPT], "a day that was removed is made again for who is late")
    tap.ok(rows_of(driver, "web-1")[0] == 4 and place, "days of others are as they were")


def forgets_old_batches(tap, place, driver):
    for number in (1, 2, 100, 16384 + 3):
        driver.write(batch(number, sensor="old"))
    told = driver.do(do="prune")[1]
    left = driver.sql("SELECT sequence FROM batch WHERE sensor='old' GROUP BY sequence "
                      "ORDER BY sequence")
    wanted = [[1], [2], [100], [16387]] if place.name == "clickhouse" else [[100], [16387]]
    tap.equal((left, told["result"]), (wanted, 0),
              "which batches there were is forgotten when they can't come again")
    if place.name != "clickhouse":
        forgets_epochs_that_ended(tap, place, driver)


def forgets_epochs_that_ended(tap, place, driver):
    def write(sensor, epoch, days_ago):
        driver.write(batch(1, sensor=sensor, epoch=epoch))
        place.run(f"UPDATE batch SET kept_at={micros(-days_ago * DAY)} "
                  f"WHERE sensor='{sensor}' AND epoch={epoch}")

    # The number of an epoch is a sensor's clock, which may have been set back since.
    for epoch, days_ago in ((50, 9), (90, 4), (40, 2), (60, 1)):
        write("began", epoch, days_ago)
    write("quiet", 50, 9)
    # It was away for long: that the new epoch has come does not mean that the old one has.
    write("back", 50, 9)
    write("back", 60, 0)
    driver.do(do="prune")
    left = driver.sql("SELECT sensor,epoch FROM batch WHERE sensor IN('began','quiet','back') "
                      "ORDER BY 1,2")
    tap.equal(left, [["back", 50], ["back", 60], ["began", 40], ["began", 60], ["quiet", 50]],
              "and so are those of epochs that ended days ago, and no others")


def others_have_other_columns(tap, place, driver):
    """A hub of an earlier version made the table, one of a later one has changed it."""
    indexes = {"sqlite": "SELECT count(*) FROM sqlite_master WHERE name='finding_incident'",
               "postgresql": "SELECT count(*) FROM pg_class WHERE relname='finding_incident'"}
    table = dict.fromkeys(indexes, "DROP INDEX probe_target;"
                          "CREATE INDEX finding_incident ON finding(incident);")
    probe = {"record": "probe", "at": text(0), "target": "tcp://a", "state": "up",
             "reason": "it answers"}
    place.run(f"{table.get(place.name, '')}ALTER TABLE probe DROP COLUMN reason")
    kind = "Nullable(String)" if place.name == "clickhouse" else "text"
    place.run(f"ALTER TABLE probe ADD COLUMN of_tomorrow {kind}")
    newer = Driver(place)
    got = [newer.write(batch(1, probe, lane="event", sensor="new")),
           newer.read("probe", sensors=["new"])[0].get("reason"),
           driver.read("probe", sensors=["new"])[0].get("state")]
    tap.equal(got, [[KEPT], "it answers", "up"],
              "a column that is missing is added, one that nobody knows is no trouble, and "
              "who had it open goes on")
    if place.name in indexes:
        tap.equal(newer.sql(indexes[place.name]), [[0]], "an index of before is removed")
    newer.kill()


def sql_only_reads(tap, place, driver):
    tries = ["DELETE FROM flow", "DROP TABLE flow", "SELECT 1; DROP TABLE flow",
             "INSERT INTO batch(sensor)VALUES('x')", "COMMIT", "SELECT nosuch FROM flow",
             "WITH x AS(DELETE FROM flow RETURNING 1)SELECT * FROM x", "", "-- nothing"]
    if place.name == "postgresql":
        tries += ["SELECT setval('x',1)", "COPY flow TO PROGRAM 'true'", "SET search_path=x",
                  "CREATE TEMP TABLE x(a int)"]
    if place.name == "clickhouse":
        tries += ["SET max_execution_time=0", "KILL QUERY WHERE 1", "SELECT 1 FORMAT JSON"]
    got = {one: driver.do(do="sql", text=one)[1]["result"] for one in tries}
    tap.ok(all(result == -22 for result in got.values()), "SQL can't do but read", got)
    long = {"sqlite": "WITH RECURSIVE n(i)AS(SELECT 1 UNION ALL SELECT i+1 FROM n)SELECT max(i)"
                      "FROM n", "postgresql": "SELECT pg_sleep(30)",
            "clickhouse": "SELECT count()FROM system.numbers"}[place.name]
    begin = time.monotonic()
    told = driver.do(do="sql", text=long, limit_ms=500)[1]
    tap.ok(told["result"] == -62 and time.monotonic() - begin < 10, "and not for long", told)
    rows = driver.sql("SELECT ':port' AS a,:name AS b,:port+0 AS c,:nosuch AS d,NULL AS e,"
                      "1.5 AS f -- :port")
    tap.equal(rows, [[":port", "it's", 443, None, None, 1.5]],
              "parameters stand for values, but not in texts and comments")


# ---- many at once, and the end of some ----

def write_until_kept(drivers, sensor, count, seconds=TAKEN_OVER_S, records=RECORDS):
    """Both bring all of them, again and again, as a stream would; how often each was kept."""
    kept = [0] * count
    end = time.monotonic() + seconds
    while True:
        for driver in drivers:
            driver.tell(do="bulk", sensor=sensor, lane="flow", epoch=3, sequence=1, count=count,
                        records=records, at=micros(0))
        again = 0
        for driver in drivers:
            for number in range(count):
                told = driver.answer()[1]
                if told is None or told["result"] != 0 or told["results"] == [AGAIN]:
                    again += 1
                else:
                    kept[number] += told["results"] == [KEPT]
        if again == 0:
            return kept
        if time.monotonic() > end:
            raise e2e.Failure(f"{again} batches are not kept yet")


def two_hubs_at_once(tap, place, driver):
    drivers = [Driver(place), Driver(place)]
    kept = write_until_kept(drivers, "race", 30)
    tap.equal((kept, rows_of(driver, "race")), ([1] * 30, (30 * RECORDS, 30 * RECORDS)),
              "two hubs that write the same batches at once keep one of each")
    for one in drivers:
        one.kill()


def a_hub_dies(tap, place, driver):
    """Anywhere: of many, some are written, one is being written."""
    for life in range(5):
        one = Driver(place)
        one.tell(do="bulk", sensor="dies", lane="flow", epoch=3, sequence=1, count=200,
                 records=RECORDS, at=micros(0))
        for _ in range(20 * life + random.randrange(10)):
            one.answer()
        one.kill()
    yield
    write_until_kept([Driver(place)], "dies", 200)
    tap.equal(rows_of(driver, "dies"), (200 * RECORDS, 200 * RECORDS),
              "hubs that die while they write leave each batch once")


def a_hub_dies_at_each_step(tap, place, driver):
    """At each message that it sends: before it arrives, and before its answer does."""
    gate, steps = Gate(place), []
    for before in (True, False):
        for step in range(1, 100):
            sensor = f"step-{'before' if before else 'after'}-{step}"
            whole = batch(1, *(flow(-at * DAY, client_port=at, server_port=at)
                               for at in range(3)),
                          {"record": "flow", "client_port": 9, "server_port": 9}, sensor=sensor)
            victim = Driver(place, gate.where)
            gate.arm(victim, step, before)
            told = victim.write(whole)
            gate.left = None
            victim.kill()
            steps.append((sensor, whole))
            if told is not None:
                break
    yield
    writer, results, end = Driver(place), {}, time.monotonic() + TAKEN_OVER_S
    while len(results) < len(steps) and time.monotonic() < end:
        for sensor, whole in steps:
            told = writer.write({**whole, "again": True})
            if sensor not in results and told in ([KEPT], [EXISTS]):
                results[sensor] = told
    counts = {sensor: rows_of(driver, sensor) for sensor, _ in steps}
    tap.ok(len(steps) > 8 and len(results) == len(steps) and
           set(counts.values()) == {(4, 4)},
           f"one that is killed at any of {len(steps)} steps leaves what comes again to be kept "
           "once", counts, results)


def the_server_dies(tap, place, driver):
    for life in range(3):
        one = Driver(place)
        one.tell(do="bulk", sensor="server", lane="flow", epoch=3, sequence=1, count=300,
                 records=RECORDS, at=micros(0))
        for _ in range(30 * life + random.randrange(20)):
            one.answer()
        place.kill()
        one.kill()
        place.start()
    yield
    write_until_kept([Driver(place)], "server", 300)
    e2e.until(lambda: driver.write(batch(99, sensor="live")) in ([KEPT], [EXISTS]),
              "a driver that had it open goes on")
    tap.equal(rows_of(driver, "server"), (300 * RECORDS, 300 * RECORDS),
              "a database that is killed while it is written into has each batch once")


def writes_at_once(tap, place, driver):
    """What 18.16 has no setting for."""
    yield
    left = driver.sql("SELECT name FROM system.tables WHERE database=currentDatabase() AND "
                      "create_table_query NOT LIKE '%fsync_after_insert = 1%'")
    tap.equal(left, [], "every table is on the disk before a batch is acknowledged")
    tap.equal(place.program.err(), "", "and no INSERT waits for others")


ANYWHERE = (keeps_every_field, keeps_a_batch_once, finds_what_is_asked,
            reads_what_was_last_written, reads_a_chain, adds_up_ports, files_nonsense_times,
            removes_what_is_old, forgets_old_batches, sql_only_reads,
            others_have_other_columns, two_hubs_at_once)
OF_SERVERS = (a_hub_dies, a_hub_dies_at_each_step, the_server_dies)


def judge(tap, place, deaths):
    """Of deaths all the harm is done first: what may be alive still is waited for once."""
    print(f"# {place.name}", flush=True)
    driver = Driver(place)
    for part in ANYWHERE:
        part(tap, place, driver)
    parts = [death(tap, place, driver) for death in deaths]
    for part in parts:
        next(part)
    for part in parts:
        next(part, None)


def sqlite(tap, lab):
    judge(tap, Sqlite(lab), (a_hub_dies,))


def postgresql(tap, lab):
    judge(tap, PostgreSQL(lab), OF_SERVERS)


def clickhouse(tap, lab):
    judge(tap, ClickHouse(lab), OF_SERVERS)


def clickhouse_today(tap, lab):
    place = ClickHouseToday(lab)
    judge(tap, place, (*OF_SERVERS, writes_at_once))


def main(part):
    random.seed(seed := random.randrange(1 << 30))
    print(f"# seed {seed}", flush=True)
    if not e2e.has_tree("clickhouse-server"):
        print("1..0 # SKIP build/tree has no clickhouse-server: run scripts/test-tree")
        return e2e.EXIT_SKIPPED
    if not (BUILD / "tests/depot_driver").exists():
        print("1..0 # SKIP tests/depot_driver is not built")
        return e2e.EXIT_SKIPPED
    return e2e.main(part)


if __name__ == "__main__":
    sys.exit(main(sqlite))
