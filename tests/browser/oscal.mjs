/*
 * oscal.mjs: what of OSCAL's assessment results (NIST, model 1.1) a report may hold, as a
 * JSON schema.
 *
 * Only the part of the model that is written: a member that is not here is an error,
 * whether OSCAL has it or not.  "!" behind a name: it has to be there; [one]: a list that
 * is not empty.
 */
const text = { type: "string" };
const string = { type: "string", pattern: "^\\S(.*\\S)?$" };
const token = { type: "string", pattern: "^[\\p{L}_][\\p{L}\\p{N}._\\-]*$" };
const uuid = {
	type: "string",
	pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[45][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$",
};
/* With its zone; of years from 1900 on. */
const time = { type: "string", format: "date-time", pattern: "^(19|2\\d)" };
const uri = { type: "string", format: "uri" };
const reference = { type: "string", format: "uri-reference" };
const one = (...words) => ({ enum: words });

function object(members) {
	const properties = {}, required = [];
	for (const [key, value] of Object.entries(members)) {
		const name = key.replace("!", "");
		properties[name] = Array.isArray(value) ? { type: "array", minItems: 1, items: value[0] } : value;
		if (key !== name)
			required.push(name);
	}
	return { type: "object", properties, required, additionalProperties: false };
}

const props = [object({ "name!": token, "ns": uri, "value!": string, "remarks": text })];

const component = object({
	"uuid!": uuid, "type!": string, "title!": text, "description!": text, "props": props,
	"status!": object({ "state!": one("under-development", "operational", "disposition", "other") }),
});

const observation = object({
	"uuid!": uuid, "title": text, "description!": text, "props": props, "methods!": [string], "types": [token],
	"subjects": [object({ "subject-uuid!": uuid, "type!": token })],
	"relevant-evidence": [object({ "href": reference, "description!": text })],
	"collected!": time, "expires": time, "remarks": text,
});

const finding = object({
	"uuid!": uuid, "title!": text, "description!": text, "props": props,
	"target!": object({
		"type!": one("statement-id", "objective-id"), "target-id!": token,
		"status!": object({ "state!": one("satisfied", "not-satisfied"), "reason": token, "remarks": text }),
	}),
	"related-observations": [object({ "observation-uuid!": uuid })],
	"remarks": text,
});

const result = object({
	"uuid!": uuid, "title!": text, "description!": text, "start!": time, "end": time,
	"local-definitions": object({ "components": [component] }),
	"reviewed-controls!": object({
		"control-selections!": [object({ "include-controls": [object({ "control-id!": token })], "remarks": text })],
	}),
	"observations": [observation], "findings": [finding],
});

export const schema = object({
	"assessment-results!": object({
		"uuid!": uuid,
		"metadata!": object({
			"title!": text, "last-modified!": time, "version!": string, "oscal-version!": string,
		}),
		"import-ap!": object({ "href!": reference }),
		"results!": [result],
		"back-matter": object({ "resources": [object({ "uuid!": uuid, "title": text, "props": props })] }),
	}),
});

/** Every uuid once, and what is pointed to is there; what is wrong, in words. */
export function danglingOf(document) {
	const { "assessment-results": all } = document, [first] = all.results;
	const here = [all, ...all["back-matter"].resources, first, ...first["local-definitions"].components,
		...(first.observations ?? []), ...(first.findings ?? [])].map((some) => some.uuid);
	const to = [all["import-ap"].href.replace("#", ""),
		...(first.observations ?? []).flatMap((some) => some.subjects.map((subject) => subject["subject-uuid"])),
		...(first.findings ?? []).flatMap((some) => some["related-observations"].map((seen) => seen["observation-uuid"]))];
	return [...here.filter((some, at) => here.indexOf(some) !== at).map((some) => `${some} is there twice`),
		...to.filter((some) => !here.includes(some)).map((some) => `${some} is nowhere`)];
}
