import { createServer } from "node:http";

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { action, pull_request: pull, repository } = JSON.parse(body);
  console.log(`${repository.full_name}#${pull.number} ${action}: ${pull.title}`);
  response.writeHead(204).end();
}).listen(process.env.PORT, "127.0.0.1");
