SELECT time_text(at) AS at, kind, actor, severity, summary, about
FROM timeline WHERE incident = :incident
ORDER BY timeline.at, kind, about, actor, summary
