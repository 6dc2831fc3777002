-- A month later is the same day of the next month, or its last day.
WITH one AS (SELECT detected FROM incident WHERE id = :incident),
month AS (
  SELECT min(strftime('%s', detected / 1000000, 'unixepoch', '+1 month'),
             strftime('%s', detected / 1000000, 'unixepoch', 'start of month', '+2 months',
                      '-1 second')) * 1000000 + detected % 1000000 AS due
  FROM one
),
step(number, step, due) AS (
  SELECT 1, 'Early warning, within 24 hours', detected + 24 * 3600000000 FROM one UNION ALL
  SELECT 2, 'Notification, within 72 hours', detected + 72 * 3600000000 FROM one UNION ALL
  SELECT 3, 'Final report, within a month', due FROM month
)
SELECT step, time_text(due) AS due,
       CASE WHEN due > :now THEN CAST((due - :now) / 3600000000 AS INTEGER) END AS hours_left,
       CASE WHEN due <= :now THEN 'past' ELSE 'ahead' END AS state
FROM step ORDER BY number
