-- The last forecast of each value; if that is hidden nothing is foretold any more.
WITH last AS (
  SELECT *, row_number() OVER (PARTITION BY subject, metric ORDER BY at DESC) AS age
  FROM forecast WHERE at >= :since AND at <= :until
)
SELECT subject, service, metric, round("now", 6) AS value_now,
       round("limit", 6) AS limit_of_it, time_text(crosses_at) AS reaches_it,
       probability AS probability_share, headroom_ratio AS headroom_share,
       CASE WHEN crosses_at IS NOT NULL THEN 'it is expected to reach its limit' END
         AS deviation
FROM last WHERE age = 1 AND hidden IS NULL ORDER BY crosses_at IS NULL, crosses_at, subject, metric
