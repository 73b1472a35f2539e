import { createServer } from "node:http";

createServer(async (request, response) => {
  let word = "";
  for await (const chunk of request) word += chunk;
  console.log(`heard ${word}`);
  response.writeHead(204).end();
}).listen(process.env.PORT, "127.0.0.1");
