-- What was not as usual, by service and value; what usual was is in low and high.
WITH odd AS (
  SELECT target, metric, count(*) AS times, min(at) AS first, max(at) AS last,
         max(score) AS score
  FROM anomaly WHERE at >= :since AND at <= :until
  GROUP BY target, metric
),
worst AS (
  SELECT *, row_number() OVER (PARTITION BY target, metric
                               ORDER BY score DESC, at, rowid) AS place
  FROM anomaly WHERE at >= :since AND at <= :until
)
SELECT o.target, o.metric, o.times, time_text(o.first) AS first_seen,
       time_text(o.last) AS last_seen, time_text(w.at) AS most_unusual_at,
       w.value AS most_unusual_value, w.low AS usual_from, w.high AS usual_to,
       round(o.score, 3) AS most_unusual_score,
       (SELECT count(*) FROM incident i
        WHERE i.target = o.target AND i.detected >= :since AND i.detected <= :until)
         AS incidents_about_it
FROM odd o
JOIN worst w ON w.target = o.target AND w.metric = o.metric AND w.place = 1
ORDER BY o.target, o.metric
