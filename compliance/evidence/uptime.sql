-- Of each target, the share of its probes that it answered; maintenance left out.
WITH probed AS (
  SELECT target, at >= :since AS is_now, state
  FROM probe
  WHERE at >= 2 * :since - :until AND at < :until AND coalesce(maintenance, 0) = 0
)
SELECT target,
       1.0 * sum(is_now AND state IN ('up', 'degraded')) /
         nullif(sum(is_now AND state <> 'unknown'), 0) AS answered_share,
       1.0 * sum(NOT is_now AND state IN ('up', 'degraded')) /
         nullif(sum(NOT is_now AND state <> 'unknown'), 0) AS before_share,
       sum(is_now) AS probes, sum(is_now AND state = 'degraded') AS degraded,
       sum(is_now AND state = 'down') AS down,
       sum(is_now AND state = 'unknown') AS not_known
FROM probed GROUP BY target ORDER BY target
