import type { DeadLetterStore, OutboundRecord } from "../contract/index.ts";

/** The dead letters of a broker in memory: a map by group, then by slot. */
export function memoryDeadLetters(groups: Map<string, Map<string, OutboundRecord>>): DeadLetterStore {
  return {
    put(group, slot, record) {
      let letters = groups.get(group);
      if (letters === undefined) groups.set(group, (letters = new Map()));
      letters.set(slot, { ...record, body: new Uint8Array(record.body), headers: { ...record.headers } });
      return Promise.resolve();
    },
    async *list(group) {
      for (const [handle, { body, headers, ...rest }] of [...(groups.get(group) ?? [])])
        yield { handle, record: { ...rest, body: new Uint8Array(body), headers: { ...headers } } };
    },
    remove(group, handles) {
      const letters = groups.get(group);
      return Promise.resolve(handles.filter((handle) => letters?.delete(handle) === true).length);
    },
  };
}
