import { parseArgs } from "node:util";
import { protocols } from "./bench-broker.ts";

/** What can be measured, as `--only` names it. */
export const sections: Readonly<Record<string, string>> = {
  "end-to-end": "from publish to the end of the handler, as fast as it goes",
  latency: "from publish to handler, at 500 messages a second",
};

/** What `--full` measures beside; most of it changes one thing at a time. */
export const fullSections: Readonly<Record<string, string>> = {
  pipeline: "the bus alone, in memory, with the cost of each stage; needs no broker",
  "one-way": "publishing alone, and reading alone what was kept",
  awaited: "end to end, each publish awaited before the next, by the quick-start client too",
  requests: "requests and answers",
  "half-speed": "how long a message takes at half of what goes through",
  payloads: "16 B, 4 KiB and 64 KiB instead of 256 B",
  keys: "messages of 1, 100 and 10,000 keys",
  concurrency: "1, 16 and 256 handlers at a time, each of one turn of the event loop",
  subscriptions: "1, 10, 100 and 1,000 subscriptions on disjoint topics, one of them loaded (1, 10 and 50 on Kafka)",
  standing:
    "from the start of the process to the first message; memory of a subscription without messages; size of an installation",
};

/** What `--help` prints. */
export const help: string = `Usage: npm run bench -- --on <broker>[,<broker>…] [options]

Compares the bus with the bare client libraries, on brokers of its own: an expert client, which does all that measuring has taught, the client as
its README shows it (quick-start), and the bus. They take turns, each measurement in a process of its own, with the same payload, the same
queue, the same metadata on the wire and the same guarantee. Only the ratios mean something on another machine.

  --on <brokers>       ${protocols.join(", ")} or all
  --only <sections>    these unless told otherwise, with five brokers about 17 minutes:
${listOf(sections)}
  --full               these too, with expert and bus only; about a quarter of an hour a broker:
${listOf(fullSections)}
  --peers              other frameworks too, end to end, installed into an ignored folder the first time
  --rounds <number>    how often each is measured (5 unless told otherwise)
  --quick              one short round, to see that everything works; its numbers mean nothing
  --json <file>        writes everything that was measured
  --from <file>        measures nothing and reports what such a file says
  --write-docs         writes docs/performance.md, its picture, and the summary in README.md
  --gate               measures bus and expert end to end and compares their ratios with bench/baseline.json: exit code 1 when one has
                       fallen by more than the noise explains, 3 when there is too much noise to tell
  --write-baseline     with --gate: writes bench/baseline.json instead
  --help               prints this

Exit code 0 only when every measurement was right: every message confirmed and handled, and the expert at least 5 (MQTT) or 10 times as fast as
the quick-start client, since a slow expert would flatter the bus.
`;

function listOf(known: Readonly<Record<string, string>>): string {
  return Object.entries(known)
    .map(([name, title]) => `                         ${name.padEnd(14)}${title}`)
    .join("\n");
}

/** What the command was asked for. */
export interface Order {
  readonly isHelp: boolean;
  readonly on: readonly string[];
  readonly only: readonly string[];
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly json: string | undefined;
  readonly from: string | undefined;
  readonly writesDocs: boolean;
  readonly hasPeers: boolean;
  readonly isGate: boolean;
  readonly writesBaseline: boolean;
}

/** Reads the arguments of the command, or throws an error that says what was not understood. */
export function parseOrder(args: readonly string[]): Order {
  const { values } = parseArgs({
    args: [...args],
    options: {
      on: { type: "string" },
      only: { type: "string", default: "all" },
      rounds: { type: "string" },
      full: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      from: { type: "string" },
      "write-docs": { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      gate: { type: "boolean", default: false },
      "write-baseline": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const known = Object.keys({ ...sections, ...fullSections });
  const only =
    values.only === "all"
      ? Object.keys({ ...sections, ...(values.full ? fullSections : {}) })
      : chosen("--only", values.only, known);
  const needsBroker = only.some((section) => section !== "pipeline");
  if (!values.help && values.from === undefined && values.on === undefined && !values.gate && needsBroker) {
    throw new Error(`--on is missing: ${protocols.join(", ")} or all.`);
  }
  if (values["write-baseline"] && (!values.gate || values.quick))
    throw new Error(
      "--write-baseline goes with --gate, and not with --quick: what is kept must have been measured well.",
    );
  return {
    isHelp: values.help,
    on: values.on === undefined && !values.gate ? [] : chosen("--on", values.on ?? "all", protocols),
    only,
    rounds: wholeNumber("--rounds", values.rounds ?? (values.quick ? "1" : "5"), 1, 1000),
    isQuick: values.quick,
    json: values.json,
    from: values.from,
    writesDocs: values["write-docs"],
    hasPeers: values.peers,
    isGate: values.gate,
    writesBaseline: values["write-baseline"],
  };
}

function chosen(option: string, text: string, known: readonly string[]): readonly string[] {
  const words = text === "all" ? known : text.split(",");
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`${option} "${unknown}": known are ${known.join(", ")}, all.`);
  return words;
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most)
    throw new Error(`${option} "${text}" is not a whole number from ${least} to ${most}.`);
  return number;
}
