import { createServer } from "node:http";

createServer(async (request, response) => {
  let word = "";
  for await (const chunk of request) word += chunk;
  const reply = {
    specversion: "1.0",
    id: request.headers["ce-id"],
    source: "/functions/shout",
    type: "com.example.word.loud",
  };
  response.setHeader("content-type", "application/cloudevents+json");
  response.end(JSON.stringify({ ...reply, datacontenttype: "text/plain", data: `${word.toUpperCase()}!` }));
}).listen(process.env.PORT, "127.0.0.1");
