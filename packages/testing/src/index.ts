/** The conformance kit: the laws that every broker under the bus has to keep, ready for any test runner. */
export { certificateWriter, contractVersion, summaryOf } from "./certificate.ts";
export type { CaseName, CaseResult, Certificate } from "./certificate.ts";
export { conformance } from "./conformance.ts";
export type { Bounds } from "./bounds.ts";
export type { Face } from "./face.ts";
export type { Facility } from "./facility.ts";
export type { CreateOptions, Harness, Runner } from "./harness.ts";
export { laws } from "./laws/index.ts";
export { bodiesOn, families, familyOf, markedId } from "./law.ts";
export type { Family, Law, LawBody } from "./law.ts";
export type { Link } from "./link.ts";
export type { OwnServer, ProxyPorts } from "./own-server.ts";
export { Scene } from "./scene/scene.ts";
export type { SceneSettings } from "./scene/scene.ts";
export { Skip } from "./skip.ts";
export { Suite } from "./suite.ts";
export type { Case } from "./suite.ts";
export { TcpLink } from "./tcp-link.ts";
