/**
 * `npm run server`: the counterpart of Qt's secure UDP server example. Try it with `npm run client -- localhost`.
 */
import { ConsoleOutput } from './example/console-output.js';
import { ExampleServer } from './example/example-server.js';
import { EXIT, onceAskedToStop, runProgram } from './example/run-program.js';
import { parseServerArguments, SERVER_HELP } from './example/server-arguments.js';

async function main(argv: readonly string[]): Promise<number> {
  const given = parseServerArguments(argv);
  if (given.help) {
    process.stdout.write(SERVER_HELP);
    return EXIT.done;
  }
  const output = new ConsoleOutput({ json: given.json });
  const server = new ExampleServer(given.server, output);
  try {
    await server.listen();
  } catch (error) {
    output.error(`Failed to start listening: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failed;
  }
  await new Promise<void>((stop) => onceAskedToStop(stop));
  await server.close();
  return EXIT.done;
}

void runProgram(main);
