SELECT time_text(detected) AS at, severity, summary, cause, time_text("end") AS over,
       owner, acknowledged_by, closed_by,
       CASE automatic WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS answered_automatically,
       CASE false_positive WHEN 1 THEN 'yes' END AS false_positive, id
FROM incident
WHERE detected >= :since AND detected < :until AND coalesce(ahead, 0) = 0 AND
      coalesce(close_reason, '') NOT LIKE 'part of incident %'
ORDER BY detected, id
