-- As they were at the end of the time: an answer that came later is not in it.
WITH told AS (
  SELECT *, acknowledged <= :until AS is_acknowledged, "end" <= :until AS is_over FROM incident
)
SELECT time_text(detected) AS at, severity, summary, cause,
       CASE WHEN is_over THEN time_text("end") END AS over, owner,
       CASE WHEN is_acknowledged THEN acknowledged_by END AS acknowledged_by,
       CASE WHEN is_over THEN closed_by END AS closed_by,
       CASE WHEN "end" > :until THEN NULL WHEN automatic = 1 THEN 'yes'
            WHEN automatic = 0 THEN 'no' END AS answered_automatically,
       CASE WHEN "end" > :until THEN NULL WHEN false_positive = 1 THEN 'yes' END
         AS false_positive, id
FROM told
WHERE detected >= :since AND detected < :until AND coalesce(ahead, 0) = 0 AND
      coalesce(close_reason, '') NOT LIKE 'part of incident %'
ORDER BY detected, id
