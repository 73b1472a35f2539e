/**
 * Which RabbitMQ: a Secret with `uri` (`amqp[s]://[user:password@]host[:port][/vhost]`, or a host alone as Knative has
 * it), and as needed `username`, `password`, `port`, `ca.crt`, `tls.crt` and `tls.key`.
 */
export interface RabbitmqClusterReference {
  readonly connectionSecret: { readonly name: string };
}
