-- Detections by kind and severity, with how long it took until one was said, until
-- somebody acknowledged it, and until its source was blocked; as things stood at the end
-- of the time.
WITH stopped AS (
  SELECT finding, min(latency_us) AS latency_us,
         max(state IN ('active', 'expired', 'removed', 'removing', 'unconfirmed'))
           AS was_stopped
  FROM block
  WHERE finding IS NOT NULL AND start <= :until AND action IN ('drop', 'reset', 'limit', 'program')
  GROUP BY finding
),
each AS (
  SELECT f.kind, f.severity, f.id, f.client_ip, f.first, f.last,
         f.state = 'open' OR f.at > :until AS is_open,
         f.latency_us AS detect_us,
         CASE WHEN i.acknowledged <= :until
              THEN max(i.acknowledged - coalesce(i.detected, i.first), 0) END AS ack_us,
         CASE WHEN s.was_stopped = 1 THEN s.latency_us END AS block_us,
         coalesce(s.was_stopped, 0) AS is_blocked,
         coalesce(i.false_positive, 0) AND NOT coalesce(i."end" > :until, 0) AS is_false,
         coalesce(i.acknowledged <= :until, 0) AS is_acknowledged,
         coalesce(i."end" <= :until AND i.closed_by <> 'breakwater', 0) AS is_closed_by_hand
  FROM finding f
  LEFT JOIN incident i ON i.id = f.incident
  LEFT JOIN stopped s ON s.finding = f.id
  WHERE f.first <= :until AND f.last >= :since
),
placed AS (
  SELECT *,
         row_number() OVER (PARTITION BY kind, severity ORDER BY detect_us IS NULL, detect_us) AS detect_place,
         count(detect_us) OVER (PARTITION BY kind, severity) AS detect_count,
         row_number() OVER (PARTITION BY kind, severity ORDER BY ack_us IS NULL, ack_us) AS ack_place,
         count(ack_us) OVER (PARTITION BY kind, severity) AS ack_count,
         row_number() OVER (PARTITION BY kind, severity ORDER BY block_us IS NULL, block_us) AS block_place,
         count(block_us) OVER (PARTITION BY kind, severity) AS block_count
  FROM each
),
summed AS (
  SELECT kind, severity, count(*) AS findings, count(DISTINCT client_ip) AS sources,
         min(first) AS first, max(last) AS last, sum(is_open) AS open,
         max(CASE WHEN detect_place = (detect_count + 1) / 2 THEN detect_us END) AS detect_median_us,
         max(detect_us) AS detect_max_us,
         sum(is_acknowledged) AS acknowledged,
         max(CASE WHEN ack_place = (ack_count + 1) / 2 THEN ack_us END) AS ack_median_us,
         max(ack_us) AS ack_max_us,
         sum(is_blocked) AS blocked,
         max(CASE WHEN block_place = (block_count + 1) / 2 THEN block_us END) AS block_median_us,
         max(block_us) AS block_max_us,
         sum(is_false) AS false_positives,
         sum(is_acknowledged = 0 AND is_blocked = 0 AND is_false = 0
             AND is_closed_by_hand = 0) AS unanswered
  FROM placed GROUP BY kind, severity
)
SELECT kind, severity, findings, sources, time_text(first) AS first_seen,
       time_text(last) AS last_seen, open AS still_open,
       round(detect_median_us / 1000.0, 1) AS time_to_detect_median_ms,
       round(detect_max_us / 1000.0, 1) AS time_to_detect_longest_ms,
       acknowledged,
       round(ack_median_us / 1000000.0, 1) AS time_to_acknowledge_median_s,
       round(ack_max_us / 1000000.0, 1) AS time_to_acknowledge_longest_s,
       blocked,
       round(block_median_us / 1000.0, 1) AS time_to_block_median_ms,
       round(block_max_us / 1000.0, 1) AS time_to_block_longest_ms,
       false_positives, unanswered,
       CASE WHEN severity IN ('high', 'critical') AND unanswered > 0
            THEN unanswered || ' of ' || findings
                 || ' were neither acknowledged nor blocked nor closed by anybody'
       END AS deviation
FROM summed
ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2
                       WHEN 'low' THEN 3 WHEN 'notice' THEN 4 ELSE 5 END,
         kind, severity
