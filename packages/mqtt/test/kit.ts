import { certificateWriter } from "@busbar/testing";
import type { Harness } from "@busbar/testing";
import { patient } from "../../../tools/conformance/patience.mjs";
import { mqtt } from "../src/index.ts";
import type { MqttOptions } from "../src/index.ts";

/** What the kit needs to know of an adapter with these options, on whatever server. */
export function harnessWith(
  own?: MqttOptions["native"],
): Pick<Harness, "create" | "link" | "deadlineMs" | "onCertificate"> {
  return {
    create: own === undefined ? mqtt : (options) => mqtt({ ...options, native: own }),
    link: "tcp",
    deadlineMs: patient(10_000),
    onCertificate: certificateWriter("BUSBAR_TEST_CERTIFICATES"),
  };
}

/** What mosquitto does not keep, whoever asks. */
export const forgottenByMosquitto: NonNullable<Harness["forgets"]> = {
  groups: "mosquitto keeps no shared subscription over its restart",
};
