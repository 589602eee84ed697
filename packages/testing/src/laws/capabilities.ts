import assert from "node:assert/strict";
import type { CapabilityName } from "@busbar/core/contract";
import { refusesToPretend } from "../capability-requests.ts";
import type { Law } from "../law.ts";

/** I14: a broker says what it does, and does what it says. */
export const capabilityLaws: readonly Law[] = [
  {
    id: "I14",
    title: "what a broker cannot do is declared, and asking for it is a typed error, never silence",
    everywhere: true,
    deadlines: 8,
    driver: async (scene) => {
      const broker = await scene.broker("main");
      const names = Object.keys(broker.declared) as CapabilityName[];
      assert.deepEqual(Object.keys(scene.supports).sort(), [...names].sort(), "the server answers for each capability");
      for (const name of names)
        if (broker.declared[name] === "unsupported")
          assert.equal(
            scene.supports[name],
            "unsupported",
            `no server does ${name}, which the driver declares that it cannot`,
          );
      for (const facet of ["deadLetters", "lag"] as const)
        assert.equal(
          broker[facet] === undefined,
          broker.declared[facet] === "unsupported",
          `the facet ${facet} is there exactly where it is declared`,
        );
    },
    bus: async (scene) => {
      const unsupported = (Object.keys(scene.supports) as CapabilityName[]).filter((name) => !scene.can(name));
      if (unsupported.length === 0) return;
      const bus = await scene.bus("asking");
      for (const capability of unsupported) await refusesToPretend(scene, bus, capability);
    },
  },
];
