SELECT time_text(at) AS at, outcome, user, client_ip, server_ip, server_port, protocol, method,
       seen_by, source
FROM login
WHERE at >= :since AND at <= :until AND
      (:user IS NULL OR user = :user) AND
      CASE WHEN :host IS NULL THEN 1
        ELSE in_net(client_ip, :host) OR in_net(server_ip, :host) END
ORDER BY login.at, client_ip, client_port, server_ip, server_port, user, seen_by, outcome
