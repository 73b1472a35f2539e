export { type Certificates, makeCertificates } from "./certificates.testing.ts";
export { findKafka, type KafkaInstallation, kafkaHint, kafkaInstallations } from "./kafka-installation.testing.ts";
export { type KafkaOptions, type KafkaServer, startKafka } from "./kafka-server.testing.ts";
export {
  findRabbitmq,
  type RabbitmqInstallation,
  rabbitmqHint,
  rabbitmqInstallations,
} from "./rabbitmq-installation.testing.ts";
export { type RabbitmqOptions, type RabbitmqServer, startRabbitmq } from "./rabbitmq-server.testing.ts";
export { freePorts, type ProcessOptions, type ServerProcess, startProcess } from "./server-process.testing.ts";
