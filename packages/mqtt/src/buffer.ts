/** Node's own, and in a browser the package of that name: with `node:` in front a bundler would not find it. */
// oxlint-disable-next-line unicorn/prefer-node-protocol
export { Buffer } from "buffer";
