import { brokersFolder, ensureStateFolder } from "./checkout.mjs";
import { withFileLock } from "./file-lock.mjs";
import { lockOf, removeInstance, sharedFolder, sweepOrphans } from "./instance-record.mjs";
import { brokerKind, brokerNames } from "./known-brokers.mjs";

/**
 * Ends the named brokers of this checkout and removes their data, and private instances whose owner is gone; resolves when no
 * process of theirs is left. Brokers named in the environment are left alone.
 *
 * @param {readonly string[]} [names] default all known ones
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<string[]>} the names of those that were there
 */
export async function stopBrokers(names = brokerNames, { log = () => {} } = {}) {
  const kinds = [...new Set(names)].map(brokerKind);
  ensureStateFolder(brokersFolder);
  await sweepOrphans(log);
  const stopped = await Promise.all(
    kinds.map(({ name, stopTimeoutMs }) =>
      withFileLock(
        lockOf(name),
        async () => {
          const begin = performance.now();
          const wasThere = await removeInstance(
            sharedFolder(name),
            stopTimeoutMs === undefined ? {} : { timeoutMs: stopTimeoutMs },
          );
          if (wasThere) {
            log(`${name} stopped in ${((performance.now() - begin) / 1000).toFixed(1)} s, its data is removed`);
          }
          return wasThere ? [name] : [];
        },
        { onWait: (pid) => log(`waiting for process ${pid}, which is at work on ${name} …`) },
      ),
    ),
  );
  return stopped.flat();
}
