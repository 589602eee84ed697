import { bodiesOn, families, familyOf, laws, markedId, pendingLaws } from "../src/index.ts";
import type { Law } from "../src/index.ts";

/** The table of the laws, as it stands in `docs/conformance.md`. */
export function lawTable(): string {
  const rows = laws.map(
    (law) => `| ${[markedId(law), families[familyOf(law)], law.title, facesOf(law), needsOf(law)].join(" | ")} |`,
  );
  return ["| law | family | promise | tried on | needs |", "|---|---|---|---|---|", ...rows].join("\n");
}

/** The table of the cases that are no law yet, as it stands in `docs/conformance.md`. */
export function pendingTable(): string {
  const rows = pendingLaws.map(({ law, title, reason }) => `| ${law} | ${title} | ${reason} |`);
  return ["| case | promise | what is missing |", "|---|---|---|", ...rows].join("\n");
}

function facesOf(law: Law): string {
  const faces = (["driver", "bus"] as const).filter((face) => bodiesOn(law, face).length > 0);
  return faces.join(", ");
}

function needsOf({ needs = [], facility }: Law): string {
  const all = [...needs, ...(facility === undefined ? [] : [`the harness's ${facility}`])];
  return all.length === 0 ? "" : all.map((need) => `\`${need}\``).join(", ");
}
