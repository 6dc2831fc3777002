-- The monitor's own health, day by day: how long it watched, what it lost, what it is
-- known to have missed, and whether the clock was right.
WITH RECURSIVE
hour AS (SELECT min(start) AS began FROM health),
-- Within its first hour the monitor began when its audit trail says so.
watched AS (
  SELECT coalesce((SELECT min(at) FROM audit
                   WHERE at >= began AND at < began + 3600000000), began) AS first
  FROM hour
),
day(start) AS (
  SELECT max(:since, first) / 86400000000 * 86400000000 FROM watched
  WHERE first <= :until
  UNION ALL
  SELECT start + 86400000000 FROM day WHERE start + 86400000000 <= min(:until, :now)
),
part AS (
  SELECT day.start, max(day.start, :since, first) AS since,
         min(day.start + 86400000000, :until, :now) AS until
  FROM day, watched
),
hours AS (
  SELECT start / 86400000000 * 86400000000 AS day, sum(seconds) AS seconds,
         sum(packets) AS packets, sum(dropped) AS dropped,
         sum(records_dropped) AS records_dropped, sum(undecoded) AS undecoded,
         sum(flows_evicted) AS flows_evicted, sum(flows_refused) AS flows_refused,
         sum(contacts_left_out) AS contacts_left_out,
         avg(cpu_ratio) AS cpu_ratio, max(lag_max_us) AS lag_max_us,
         max(rss_max_bytes) AS rss_max_bytes,
         sum(unsynchronised) AS unsynchronised,
         max(clock_error_max_us) AS clock_error_max_us
  FROM health
  WHERE start > :since - 3600000000 AND start < :until
  GROUP BY 1
),
missed AS (
  SELECT p.start AS day,
         sum(g.reason <> 'dropped') AS gaps,
         sum(CASE WHEN g.reason <> 'dropped'
                  THEN max(min(g."end", p.until) - max(g.start, p.since), 0) ELSE 0 END)
           AS gap_us,
         max(CASE WHEN g.reason <> 'dropped'
                  THEN max(min(g."end", p.until) - max(g.start, p.since), 0) ELSE 0 END)
           AS gap_longest_us,
         (SELECT group_concat(reason, ', ') FROM
           (SELECT DISTINCT reason FROM gap
            WHERE "end" > p.since AND start < p.until ORDER BY reason)) AS reasons
  FROM part p
  JOIN gap g ON g."end" > p.since AND g.start < p.until
  GROUP BY p.start
),
line AS (
  SELECT p.start, (p.until - p.since) / 1000000 AS wanted_s,
         min(coalesce(h.seconds, 0), (p.until - p.since) / 1000000) AS watched_s,
         h.packets, h.dropped,
         CASE WHEN h.packets + h.dropped > 0
              THEN h.dropped * 1.0 / (h.packets + h.dropped) END AS drop_ratio,
         h.records_dropped, h.undecoded, h.flows_evicted, h.flows_refused,
         h.contacts_left_out, h.cpu_ratio, h.lag_max_us, h.rss_max_bytes,
         h.unsynchronised, h.clock_error_max_us,
         coalesce(m.gaps, 0) AS gaps, coalesce(m.gap_us, 0) / 1000000 AS gap_s,
         coalesce(m.gap_longest_us, 0) / 1000000 AS gap_longest_s, m.reasons
  FROM part p
  LEFT JOIN hours h ON h.day = p.start
  LEFT JOIN missed m ON m.day = p.start
  WHERE p.until > p.since
)
SELECT substr(time_text(start), 1, 10) AS day, watched_s, wanted_s AS of_s, gaps, gap_s,
       gap_longest_s, reasons AS gap_reasons, packets, dropped AS packets_dropped,
       round(drop_ratio, 6) AS drop_ratio, records_dropped, undecoded AS packets_undecoded,
       flows_evicted, flows_refused, contacts_left_out,
       round(cpu_ratio, 3) AS cpu_ratio, round(lag_max_us / 1000.0, 1) AS lag_longest_ms,
       rss_max_bytes AS memory_most_bytes,
       round(clock_error_max_us / 1000.0, 1) AS clock_error_most_ms,
       unsynchronised AS clock_unsynchronised_s,
       nullif(substr(
         CASE WHEN max(gap_s, wanted_s - watched_s) >= 60
              THEN '; ' || max(gap_s, wanted_s - watched_s) || ' s were not watched'
              ELSE '' END ||
         CASE WHEN drop_ratio > 0.01 THEN '; more than 1 % of the packets were lost'
              ELSE '' END ||
         CASE WHEN records_dropped > 0
              THEN '; ' || records_dropped || ' records were lost' ELSE '' END ||
         CASE WHEN unsynchronised > 3600
              THEN '; the clock was not synchronised for ' || unsynchronised || ' s'
              ELSE '' END, 3), '') AS deviation
FROM line
ORDER BY start
