import { parseArgs } from "node:util";
import { connect, memory } from "@busbar/core";

/** What one round moves, as the speed pages of brokers do: 256 bytes of JSON. */
const payload = { station: "seattle", celsius: 21.5, text: "x".repeat(210) };
const window = 256;

const help = `Usage: npm run bench -- [--messages N] [--rounds N]

What the bus itself costs: messages through the broker in memory, from publish to the end of the handler, against a bare loop that
only encodes and decodes the same payload. Both take turns in one run, and the ratio of the medians is what counts.
`;

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) process.stdout.write(help);
else await compare(Number(values.messages), Number(values.rounds));

/** Prints messages per second of both, and their ratio. */
async function compare(messages: number, rounds: number): Promise<void> {
  if (!(Number.isInteger(messages) && messages > 0 && Number.isInteger(rounds) && rounds > 0))
    throw new Error("--messages and --rounds take whole numbers from 1.");
  const bare: number[] = [];
  const bus: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    bare.push(perSecond(messages, bareLoop(messages)));
    bus.push(perSecond(messages, await throughBus(messages, round)));
    console.log(`round ${round} of ${rounds}: bare ${show(bare.at(-1))}/s, bus ${show(bus.at(-1))}/s`);
  }
  console.log(
    `medians: bare ${show(median(bare))}/s, bus ${show(median(bus))}/s, ratio ${(median(bus) / median(bare)).toFixed(2)}`,
  );
}

function bareLoop(messages: number): number {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const begin = performance.now();
  for (let sent = 0; sent < messages; sent++) JSON.parse(decoder.decode(encoder.encode(JSON.stringify(payload))));
  return performance.now() - begin;
}

async function throughBus(messages: number, round: number): Promise<number> {
  const bus = await connect({
    service: "bench",
    instance: "one",
    brokers: { main: memory({ url: `memory://bench-${round}` }) },
  });
  let handled = 0;
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  await bus.subscribe("bench", { group: "bench", concurrency: 16, maxInFlight: 1024 }, () => {
    if (++handled === messages) end();
  });
  const begin = performance.now();
  let sent = 0;
  const publishAll = async (): Promise<void> => {
    while (sent++ < messages) await bus.publish("bench", payload);
  };
  await Promise.all(Array.from({ length: window }, publishAll));
  await done;
  const took = performance.now() - begin;
  await bus.close();
  return took;
}

function perSecond(messages: number, milliseconds: number): number {
  return (messages / milliseconds) * 1000;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

function show(number: number | undefined): string {
  return Math.round(number ?? 0).toLocaleString("en");
}
