/*
 * CountryBars.tsx: from which countries how much came, the most first; and the country of
 * one address.
 */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { countriesOf, type Countries } from "../countries";
import { useData } from "../data";
import { countryName, ranked, type CountryShare } from "../records/countries";
import type { Source } from "../records/networks";
import { count, percent } from "../words";

const SHOWN = 12;
const HELP = "By the database of geo.database: where an address is used or registered, which need not be where its user is.";

function Bar({ one, most }: { one: CountryShare; most: number }): JSX.Element {
	return (
		<tr>
			<th scope="row">{one.country === undefined ? <span class="quiet">not known</span> : countryName(one.country)}</th>
			<td class="number">{count(one.value)}</td>
			<td class="number">{percent(one.share)}</td>
			<td class="number">{count(one.sources)}</td>
			<td class="bar"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
				<rect class={one.country === undefined ? "unknown" : undefined} width={most > 0 ? one.value / most * 100 : 0} height="10" /></svg></td>
		</tr>
	);
}

interface Props {
	/** What the values are: "Attempts". */
	what: string;
	sources: readonly Source[];
	countries: Countries;
}

export function CountryBars({ what, sources, countries }: Props): JSX.Element {
	const [showsAll, setShowsAll] = useState(false);
	const all = useMemo(() => ranked(sources, (ip) => countries?.get(ip)), [sources, countries]);
	if (countries === undefined)
		return <p class="quiet">For their countries, give the daemon a database of them: <code>geo.database</code> in its configuration.</p>;
	const shown = showsAll ? all : all.filter((one, i) => i < SHOWN || one.country === undefined);
	const most = Math.max(0, ...all.map(({ value }) => value));
	return (
		<>
			<div class="scroll countries-box" tabIndex={0} role="region" aria-label={`${what} by country`}>
				<table class="countries">
					<caption class="hidden">{what} by country of their source</caption>
					<thead><tr><th scope="col" title={HELP}>Country</th><th scope="col" class="number">{what}</th><th scope="col" class="number">Share</th>
						<th scope="col" class="number">Sources</th><th scope="col"><span class="hidden">As a bar</span></th></tr></thead>
					<tbody>{shown.map((one) => <Bar key={one.country?.code ?? ""} one={one} most={most} />)}</tbody>
				</table>
			</div>
			{shown.length < all.length && <button type="button" onClick={() => setShowsAll(true)}>All {count(all.length)}</button>}
		</>
	);
}

/** ", NL Netherlands"; nothing without a database, or if it does not know. */
export function CountryOf({ ip }: { ip: string }): JSX.Element | null {
	const found = useData(`country ${ip}`, (abort) => countriesOf([ip], abort), { every_s: 0 }).value;
	const country = found?.get(ip);
	return country === undefined ? null : <span title={HELP}>, {countryName(country)}</span>;
}
