/** A file that `rouse init` writes. */
export interface StarterFile {
  readonly name: string;
  readonly text: string;
}

const manifest = `# A broker, a function that sleeps until there is something for it, a trigger between the two, and a clock.
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: default
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: hello
  annotations:
    rouse.dev/command: node hello.mjs
    rouse.dev/idle-timeout: PT10S
spec: {}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: hello
spec:
  broker: default
  filters:
    - any:
        - exact: { type: com.example.hello }
        - exact: { type: dev.knative.sources.ping }
  subscriber:
    ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: hello }
---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata:
  name: every-minute
spec:
  schedule: "* * * * *"
  contentType: application/json
  data: '{"name": "clock"}'
  sink:
    ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }
`;

const program = `import { createServer } from "node:http";

// Woken with the first event; told in PORT where to listen. Attributes come as ce-* headers, data as the body.
createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  console.log(\`\${request.headers["ce-type"]}: \${body}\`);
  response.writeHead(204).end();
}).listen(process.env.PORT, "127.0.0.1");
`;

/** The files, ready to run with \`rouse dev\`. The function is a module by its name, whatever lies around it. */
export const starterFiles: readonly StarterFile[] = [
  { name: "eventing.yaml", text: manifest },
  { name: "hello.mjs", text: program },
];
