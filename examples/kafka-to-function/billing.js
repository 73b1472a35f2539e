import { createServer } from "node:http";

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { amount } = JSON.parse(body);
  const customer = request.headers["ce-partitionkey"];
  console.log(`${customer} orders for ${amount}`);
  if (amount <= 0) {
    response.writeHead(422).end("an order has to be about something");
    return;
  }
  response.setHeader("content-type", "application/json");
  response.setHeader("ce-specversion", "1.0");
  response.setHeader("ce-type", "com.example.invoice");
  response.setHeader("ce-source", "/functions/billing");
  response.setHeader("ce-id", request.headers["ce-id"]);
  // A KafkaSink makes it the key of the record.
  response.setHeader("ce-partitionkey", customer);
  response.end(JSON.stringify({ customer, amount, vat: amount / 5 }));
}).listen(process.env.PORT, "127.0.0.1");
