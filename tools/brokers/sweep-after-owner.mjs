// Run by the guard of private instances when the pipe from their owner is closed: the process ended, or the thread in it that
// started them did.
import { setTimeout as sleep } from "node:timers/promises";

import { ephemeralRecords, sweepOrphans } from "./instance-record.mjs";

const owner = Number(process.argv[2]);

while (ephemeralRecords().some((record) => record.owner?.pid === owner)) {
  await sweepOrphans(() => {});
  await sleep(200);
}
