import { createServer } from "node:http";

createServer((request, response) => {
  request.resume().on("end", () => {
    console.log(`${request.url} got ${request.headers["ce-type"]} about ${request.headers["ce-subject"]}`);
    response.writeHead(204).end();
  });
}).listen(process.env.PORT, "127.0.0.1");
