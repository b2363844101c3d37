/**
 * `npm run demo`: a DTLS server and two clients, talking over UDP on the loopback interface, in under ten seconds.
 */
import { ConsoleOutput } from './example/console-output.js';
import { playDemo } from './example/demo-story.js';
import { EXIT, runProgram } from './example/run-program.js';

async function main(): Promise<number> {
  const output = new ConsoleOutput();
  output.info('A DTLS 1.2 server and two clients in this process, over UDP on 127.0.0.1:');
  const { handshakes, pings, answers, shutdowns, missing } = await playDemo(output);
  if (missing.length > 0) {
    output.error(`The demo did not go as it should: ${missing.join('; ')}.`);
    return EXIT.failed;
  }
  output.info(`Done: ${handshakes} handshakes, ${pings} pings, ${answers} answers, ${shutdowns} shutdowns.`);
  output.info('Now on your own: npm run server, and in another terminal: npm run client -- localhost');
  return EXIT.done;
}

void runProgram(main);
