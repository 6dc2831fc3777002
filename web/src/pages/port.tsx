/*
 * port.tsx: one place for all that is known of one port.
 */
import type { JSX } from "preact";
import { useRecords } from "../data";
import { Empty, Loaded } from "../parts/Empty";
import { Figure, Figures } from "../parts/Figure";
import { param } from "../state";
import { count, duration, percent, rate } from "../words";
import { perSecond } from "../records/port";

export default function Port(): JSX.Element {
	const port = param("port"), transport = param("transport"), host = param("host");
	const ports = useRecords("port", port === undefined ? undefined : { port, transport, host }, { live: ["self"] });
	if (port === undefined)
		return <Empty>Which port? Choose one of <a href="/ports">all ports</a>.</Empty>;
	return (
		<Loaded data={ports} what={`port ${port}`}>
			{(rows) => {
				const traffic = rows[0];
				return traffic === undefined
					? <Empty>Port {port} carried nothing in the last minute.</Empty>
					: (
						<Figures>
							<Figure label="Open connections" value={count(traffic.active)} />
							<Figure label="Clients" value={count(traffic.clients)} />
							<Figure label="Response p95" value={duration(traffic.response_p95_us)} />
							<Figure label="Loss" value={percent(traffic.lost_ratio)} />
							<Figure label="Errors" value={percent(traffic.error_ratio)} />
							<Figure label="In" value={rate(perSecond(traffic.client_bytes, traffic))} />
							<Figure label="Out" value={rate(perSecond(traffic.server_bytes, traffic))} />
						</Figures>
					);
			}}
		</Loaded>
	);
}
