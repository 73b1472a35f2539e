import { createServer } from "node:http";

// Answers every order with an event of its own: 200 and the ce- headers make it a reply, which goes back to the broker.
createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("ce-specversion", "1.0");
    response.setHeader("ce-id", `confirmed-${request.headers["ce-id"]}`);
    response.setHeader("ce-source", "/functions/confirm");
    response.setHeader("ce-type", "com.example.order.confirmed");
    response.setHeader("ce-subject", request.headers["ce-subject"]);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ confirmed: true }));
  });
}).listen(process.env.PORT, "127.0.0.1");
