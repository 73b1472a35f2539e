// Starts a server of the tests for a person: in the foreground, until Ctrl-C.

function portWanted(given, port) {
  if (given.length === 0) return port;
  const [flag, value] = given[0].startsWith("--port=") ? ["--port", given[0].slice(7)] : given;
  const wanted = Number(value);
  return flag === "--port" && Number.isInteger(wanted) && wanted > 0 && wanted < 65_536 ? wanted : undefined;
}

/**
 * Obtains a server, starts it on the port of `--port` (else `port`), says so in one line and ends it on SIGINT or SIGTERM.
 * With `--obtain` it is only obtained. Its data goes with it.
 */
export async function runInForeground({ name, port, hint, obtain, start, more = () => "" }) {
  const given = process.argv.slice(2).filter((argument) => argument !== "--");
  const onlyObtain = given[0] === "--obtain";
  const wanted = onlyObtain ? port : portWanted(given, port);
  if (wanted === undefined) {
    console.error(`takes --port <number> (default ${port}), or --obtain to only get ${name}; got ${given.join(" ")}`);
    process.exit(2);
  }
  const installation = await obtain();
  if (!installation) {
    console.error(`no ${name}: ${hint}`);
    process.exit(1);
  }
  if (onlyObtain) {
    console.log(`${name} ${installation.version}`);
    process.exit(0);
  }
  const told = new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => done(undefined));
  });
  const starting = start(wanted).then(
    (server) => ({ server }),
    (failure) => ({ failure }),
  );
  const first = await Promise.race([starting, told]);
  // Told to stop while it starts: what ties the server to us ends it.
  if (first === undefined) process.exit(0);
  if (first.failure) {
    console.error(first.failure.message);
    process.exit(1);
  }
  const { server } = first;
  console.log(`${name} ${server.version} listens on 127.0.0.1:${wanted}${more(server)}; stop it with Ctrl-C`);
  const ended = await Promise.race([told, server.exited]);
  if (ended !== undefined) console.error(`${name} ended with ${ended}`);
  await server[Symbol.asyncDispose]();
  process.exit(ended === undefined ? 0 : 1);
}
