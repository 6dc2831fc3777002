SELECT time_text(start) AS at, time_text("end") AS over, severity, rule, target, metric, value,
       "limit" AS limit_of_it, summary, id
FROM alert WHERE incident = :incident
ORDER BY start, id
