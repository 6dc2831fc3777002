-- Each service level as it last stood in the time.
WITH last AS (
  SELECT *, row_number() OVER (PARTITION BY name, target ORDER BY at DESC) AS age
  FROM level WHERE at >= :since AND at <= :until
)
SELECT name, target, measure, objective AS promised_share, reached AS reached_share,
       window_s / 86400 AS window_days, budget_left AS budget_left_share,
       CASE WHEN reached < objective THEN 'less was reached than promised' END AS deviation
FROM last WHERE age = 1 ORDER BY name, target
