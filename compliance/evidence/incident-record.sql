WITH one AS (SELECT * FROM incident WHERE id = :incident),
fact(number, fact, value) AS (
  SELECT 1, 'Id', id FROM one UNION ALL
  SELECT 2, 'In one sentence', summary FROM one UNION ALL
  SELECT 3, 'Severity', severity FROM one UNION ALL
  SELECT 4, 'State', state FROM one UNION ALL
  SELECT 5, 'First evidence', time_text(first) FROM one UNION ALL
  SELECT 6, 'Detected', time_text(detected) FROM one UNION ALL
  SELECT 7, 'Last evidence', time_text(last) FROM one UNION ALL
  SELECT 8, 'Over', time_text("end") FROM one UNION ALL
  SELECT 9, 'Concerned', target FROM one UNION ALL
  SELECT 10, 'Service', service FROM one UNION ALL
  SELECT 11, 'How many are concerned', targets FROM one UNION ALL
  SELECT 12, 'Who did it', client_ip FROM one UNION ALL
  SELECT 13, 'Most probable cause', cause FROM one UNION ALL
  SELECT 14, 'Owner', owner FROM one UNION ALL
  SELECT 15, 'Acknowledged', time_text(acknowledged) FROM one UNION ALL
  SELECT 16, 'Acknowledged by', acknowledged_by FROM one UNION ALL
  SELECT 17, 'Closed by', closed_by FROM one UNION ALL
  SELECT 18, 'Why it was closed', close_reason FROM one UNION ALL
  SELECT 19, 'A false positive',
         CASE false_positive WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END FROM one UNION ALL
  SELECT 20, 'Answered without a person',
         CASE automatic WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END FROM one
)
SELECT fact, value FROM fact WHERE value IS NOT NULL ORDER BY number
