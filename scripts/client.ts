/**
 * `npm run client`: the counterpart of Qt's secure UDP client example, for a terminal. Try it with `npm run server`.
 */
import { CLIENT_HELP, parseClientArguments } from './example/client-arguments.js';
import { ClientRun } from './example/client-run.js';
import { ConsoleOutput } from './example/console-output.js';
import { EXIT, onceAskedToStop, runProgram } from './example/run-program.js';

async function main(argv: readonly string[]): Promise<number> {
  const given = parseClientArguments(argv);
  if (given.help) {
    process.stdout.write(CLIENT_HELP);
    return EXIT.done;
  }
  const run = new ClientRun(given.run, new ConsoleOutput({ json: given.json }));
  onceAskedToStop(() => run.stop());
  return (await run.run()) ? EXIT.done : EXIT.failed;
}

void runProgram(main);
