-- Whether people were told of incidents, and took them up. Each grave one has a line;
-- of the lesser ones those of a severity together.  As things stood at the end of the
-- time: what was over later, by itself, was not answered yet, unless by a block.
WITH RECURSIVE message AS (
  SELECT rowid AS number, incident, others, at, sink, state FROM notification
  WHERE at >= :since - 86400000000 AND at <= :until
),
-- A message may tell of several: the others are one text, separated by commas.
other(id, rest, number) AS (
  SELECT NULL, others || ',', number FROM message WHERE others IS NOT NULL
  UNION ALL
  SELECT trim(substr(rest, 1, instr(rest, ',') - 1)), substr(rest, instr(rest, ',') + 1),
         number
  FROM other WHERE rest <> ''
),
told AS (
  SELECT incident AS id, at, sink, state FROM message WHERE incident IS NOT NULL
  UNION ALL
  SELECT o.id, m.at, m.sink, m.state
  FROM other o JOIN message m ON m.number = o.number WHERE o.id <> ''
),
said AS (
  SELECT id, min(CASE WHEN state = 'sent' THEN at END) AS told_at,
         sum(state = 'sent') AS sent, sum(state = 'failed') AS failed,
         sum(state = 'dropped') AS dropped
  FROM told GROUP BY id
),
sinks AS (
  SELECT id, group_concat(sink, ', ') AS sinks
  FROM (SELECT DISTINCT id, sink FROM told WHERE state = 'sent' ORDER BY id, sink)
  GROUP BY id
),
each AS (
  SELECT i.id, i.severity, i.rule, i.summary, i.first, i.detected, i.owner,
         i.suppressed_by, i.ahead,
         i.automatic = 1 AND (coalesce(i."end" <= :until, 1) OR EXISTS (
           SELECT 1 FROM finding f JOIN block b ON b.finding = f.id
           WHERE f.incident = i.id AND b.start <= :until
             AND b.state IN ('active', 'expired', 'removed', 'removing', 'unconfirmed')))
           AS automatic,
         CASE WHEN i.acknowledged <= :until THEN i.acknowledged END AS acknowledged,
         CASE WHEN i.acknowledged <= :until THEN i.acknowledged_by END AS acknowledged_by,
         CASE WHEN i."end" <= :until THEN i."end" END AS ended,
         CASE WHEN i."end" <= :until THEN i.closed_by END AS closed_by,
         s.told_at, coalesce(s.sent, 0) AS sent, coalesce(s.failed, 0) AS failed,
         coalesce(s.dropped, 0) AS dropped, k.sinks,
         i.severity IN ('high', 'critical') AS is_grave
  FROM incident i
  LEFT JOIN said s ON s.id = i.id
  LEFT JOIN sinks k ON k.id = i.id
  WHERE i.detected >= :since AND i.detected <= :until
),
lines AS (
  SELECT severity, 1 AS incidents, id AS incident, rule, summary, detected, told_at,
         sinks, sent, failed, dropped, suppressed_by, acknowledged, acknowledged_by,
         owner, ended, closed_by,
         told_at - detected AS told_after_us, acknowledged - detected AS ack_after_us,
         CASE
           WHEN told_at IS NULL AND suppressed_by IS NULL AND failed + dropped > 0
             THEN 'no message about it arrived'
           WHEN told_at IS NULL AND suppressed_by IS NULL
             THEN 'nobody was told'
           WHEN acknowledged IS NULL
            AND (closed_by IS NULL OR closed_by = 'breakwater')
            AND coalesce(automatic, 0) = 0
             THEN CASE WHEN told_at IS NULL
                    THEN 'nobody was told, as it was suppressed, and nobody acknowledged it'
                  ELSE 'nobody acknowledged it' END
         END AS deviation
  FROM each WHERE is_grave
  UNION ALL
  SELECT severity, count(*), NULL, NULL,
         count(acknowledged) || ' acknowledged, ' || count(told_at) || ' told',
         min(detected), NULL, NULL, sum(sent), sum(failed), sum(dropped), NULL, NULL,
         NULL, NULL, NULL, NULL, max(told_at - detected), max(acknowledged - detected),
         NULL
  FROM each WHERE NOT is_grave GROUP BY severity
)
SELECT severity, incidents, incident, rule, summary, time_text(detected) AS detected,
       time_text(told_at) AS told, round(told_after_us / 1000000.0, 1) AS told_after_s,
       sinks AS told_by, sent AS messages_sent, failed AS tries_failed,
       dropped AS messages_given_up, suppressed_by,
       time_text(acknowledged) AS acknowledged, acknowledged_by,
       round(ack_after_us / 1000000.0, 1) AS acknowledged_after_s, owner,
       time_text(ended) AS ended, closed_by, deviation
FROM lines
ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2
                       WHEN 'low' THEN 3 WHEN 'notice' THEN 4 ELSE 5 END,
         severity, detected, incident
