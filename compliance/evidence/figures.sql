-- Figures of incidents, of this time and of one as long before it, as they were at the
-- end of the time: an answer that came later is not in it. Of a time of which there are
-- no records nothing is said.
WITH begun AS (
  SELECT min(t) AS t FROM (
    SELECT min(at) AS t FROM audit UNION ALL SELECT min(at) FROM listener
    UNION ALL SELECT min(start) + 86400000000 FROM port_1d UNION ALL SELECT min(start) FROM gap)
),
period(name, since, until) AS (
  VALUES ('now', :since, :until), ('before', 2 * :since - :until, :since)
),
counted AS (
  SELECT period.name, id, severity, first, detected, "end" > :until AS is_over_later,
         CASE WHEN "end" <= :until THEN "end" END AS ended,
         CASE WHEN acknowledged <= :until THEN acknowledged END AS acknowledged,
         automatic, false_positive,
         coalesce(acknowledged <= :until, 0)
           OR coalesce("end" <= :until AND closed_by <> 'breakwater', 0) AS judged
  FROM period JOIN incident ON detected >= period.since AND detected < period.until
  WHERE coalesce(ahead, 0) = 0 AND coalesce(close_reason, '') NOT LIKE 'part of incident %'
),
sums AS (
  SELECT period.name, count(id) AS incidents,
         coalesce(sum(severity IN ('high', 'critical')), 0) AS grave,
         avg(detected - first) / 1e6 AS detect_s,
         avg(acknowledged - detected) / 6e7 AS acknowledge_min,
         avg(ended - detected) / 6e7 AS resolve_min,
         count(id) - count(ended) AS open,
         100.0 * sum(CASE WHEN is_over_later = 1 THEN NULL ELSE automatic END)
           / count(CASE WHEN is_over_later = 1 THEN NULL ELSE automatic END) AS automatic,
         100.0 * sum(judged AND coalesce(false_positive, 0)) / nullif(sum(judged), 0)
           AS false_positives,
         (SELECT count(*) FROM finding WHERE finding.first >= period.since AND
          finding.first < period.until AND severity <> 'notice') AS findings,
         (SELECT count(*) FROM block WHERE start >= period.since AND start < period.until
          AND action <> 'observe' AND state NOT IN ('observed', 'vetoed', 'asked'))
           AS blocks
  FROM period JOIN begun ON begun.t <= period.since OR period.name = 'now'
  LEFT JOIN counted ON counted.name = period.name
  GROUP BY period.name
),
row(number, figure, unit) AS (
  VALUES (1, 'Incidents', NULL), (2, 'of them high or critical', NULL),
         (3, 'of them still open', NULL),
         (4, 'From first evidence until said, mean (MTTD)', 's'),
         (5, 'From said until acknowledged, mean (MTTA)', 'min'),
         (6, 'From said until over, mean (MTTR)', 'min'),
         (7, 'Answered without a person', '%'),
         (8, 'False positives, of those that a person judged', '%'),
         (9, 'Findings', NULL), (10, 'Sources that were blocked', NULL)
),
value AS (
  SELECT name, number,
         CASE number WHEN 1 THEN incidents WHEN 2 THEN grave WHEN 3 THEN open
           WHEN 4 THEN round(detect_s, 1) WHEN 5 THEN round(acknowledge_min, 1)
           WHEN 6 THEN round(resolve_min, 1) WHEN 7 THEN round(automatic, 1)
           WHEN 8 THEN round(false_positives, 1) WHEN 9 THEN findings ELSE blocks
         END AS value
  FROM sums CROSS JOIN row
)
SELECT figure,
       (SELECT value FROM value WHERE value.number = row.number AND name = 'now')
         AS this_time,
       (SELECT value FROM value WHERE value.number = row.number AND name = 'before')
         AS time_before,
       unit
FROM row ORDER BY number
