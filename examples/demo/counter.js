import { createServer } from "node:http";

let count = 0;
createServer((request, response) => {
  request.resume().on("end", () => {
    count += 1;
    console.log(`event ${count} since I woke: ${request.headers["ce-type"]}`);
    response.writeHead(204).end();
  });
}).listen(process.env.PORT, "127.0.0.1");
