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
  let toldToEnd = false;
  const told = new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      process.on(signal, () => {
        toldToEnd = true;
        done();
      });
    }
  });
  const starting = start(wanted);
  starting.catch(() => undefined);
  await Promise.race([starting.catch(() => undefined), told]);
  // Our end is its end: what ties it to us ends it when it is told to stop while it starts.
  if (toldToEnd) process.exit(0);
  const server = await starting.catch((failure) => {
    console.error(failure.message);
    process.exit(1);
  });
  console.log(`${name} ${server.version} listens on 127.0.0.1:${wanted}${more(server)}; stop it with Ctrl-C`);
  const ended = await Promise.race([told.then(() => undefined), server.exited]);
  if (ended !== undefined) console.error(`${name} ended with ${ended}`);
  await server[Symbol.asyncDispose]();
  process.exit(ended === undefined ? 0 : 1);
}
