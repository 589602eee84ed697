// What other scripts and a test runner's global set-up use.
export { BrokerInstance, BrokerStartError } from "./broker-instance.mjs";
export { brokerStatus } from "./broker-status.mjs";
export { BrokersUnavailableError, ensureBrokers } from "./ensure-brokers.mjs";
export { brokerNames, UnknownBrokerError } from "./known-brokers.mjs";
export { canStartInstance, InstanceUnavailableError, startInstance, startInstances } from "./start-instance.mjs";
export { stopBrokers } from "./stop-brokers.mjs";
