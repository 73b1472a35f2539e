import { createServer } from "node:http";

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  console.log(`${JSON.parse(body).greeting} at ${request.headers["ce-time"]}`);
  response.writeHead(204).end();
}).listen(process.env.PORT, "127.0.0.1");
