SELECT client_ip, server_ip, server_port, transport, max(protocol) AS protocol,
       count(*) AS connections, sum(client_bytes + server_bytes) AS bytes,
       time_text(min(start)) AS first, time_text(max(start)) AS last
FROM flow
WHERE "end" >= :since AND start <= :until AND coalesce(probe, 0) = 0 AND
      (:user IS NULL OR user = :user OR login_user = :user) AND
      CASE WHEN :host IS NULL THEN 1
        ELSE in_net(client_ip, :host) OR in_net(server_ip, :host) END
GROUP BY client_ip, server_ip, server_port, transport
ORDER BY client_ip, server_ip, server_port, transport
